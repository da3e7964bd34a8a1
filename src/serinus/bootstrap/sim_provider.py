"""`python -m serinus.bootstrap.sim_provider`: the simulated provider as a process."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from serinus.core.errors import SerinusError
from serinus.sim.faults import KINDS
from serinus.sim.serve import provider_main


def main(argv: Sequence[str] | None = None) -> int:
    """Run the provider with the options of this command line; the exit code."""
    parser = argparse.ArgumentParser(prog="serinus sim provider", description="A simulated OpenAI-compatible provider.")
    parser.add_argument("--host", default="127.0.0.1", help="where to listen (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port (default)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other answers (default: 1)")
    parser.add_argument("--speed", type=float, default=1.0, help="divides every latency; inf for none")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        dest="faults",
        metavar="KIND[:SHARE[:VALUE]]",
        help=f"a fault on demand, such as 500:0.01; may be repeated; kinds: {', '.join(KINDS)}",
    )
    parser.add_argument("--api-key", default="", help="answer 401 to any other key")
    parser.add_argument("--requests-per-minute", type=int, default=0, help="a rate limit; 0 for none (default)")
    parser.add_argument("--chunk-tokens", type=int, default=4, help="tokens in one stream event")
    parser.add_argument("--tls-cert", default="", help="PEM file: serve https with this certificate")
    parser.add_argument("--tls-key", default="", help="PEM file of its key")
    try:
        return provider_main(**vars(parser.parse_args(argv)))
    except SerinusError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
