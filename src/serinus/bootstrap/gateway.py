"""`python -m serinus.bootstrap.gateway`: the workers and the agent of one gateway host."""

from __future__ import annotations

import argparse
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from serinus.bootstrap import settings as environment
from serinus.bootstrap.supervisor import GatewaySettings, run_gateway
from serinus.core.errors import InvalidInput, SerinusError


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="serinus gateway", description="Gateway workers and their host agent.")
    parser.add_argument("--host-dir", type=Path, required=True, help="the directory that workers and agent share")
    parser.add_argument("--store", default=environment.read().store, help="sqlite:///DIR or postgresql://…")
    parser.add_argument("--segments", type=Path, required=True, help="where the event log's Parquet files go")
    parser.add_argument("--host-id", default=socket.gethostname(), help="unique among hosts, the same after a restart")
    parser.add_argument("--host", default="127.0.0.1", help="the address callers use")
    parser.add_argument("--port", type=int, default=environment.GATEWAY_PORT, help="0 takes a free one")
    parser.add_argument("--workers", type=int, default=2, help="worker processes; one for each core")
    parser.add_argument("--drain-s", type=float, default=30.0, help="seconds that open calls may go on when stopping")
    parser.add_argument("--spool-limit-mb", type=float, help="unshipped records that a worker keeps at most")
    parser.add_argument("--segment-mb", type=float, help="size of one spool segment")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a gateway with the options of this command line; the exit code."""
    options = _parser().parse_args(argv)
    try:
        if not options.store:
            raise InvalidInput("no store is named", where="--store", mend="e.g. --store sqlite:///var/serinus")
        if not 1 <= options.workers <= 256:
            raise InvalidInput(f"{options.workers} workers", where="--workers", mend="one for each core")
        return run_gateway(GatewaySettings(**vars(options)))
    except SerinusError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, InvalidInput) else 1


if __name__ == "__main__":
    sys.exit(main())
