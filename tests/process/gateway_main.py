"""`python -m tests.process.gateway_main ROOT WORKERS`: a gateway host over SQLite in this folder."""

from __future__ import annotations

import sys
from pathlib import Path

from serinus.bootstrap.supervisor import GatewaySettings, run_gateway


def main(root: str, workers: str) -> int:
    """Run it until a signal; the exit code."""
    base = Path(root)
    return run_gateway(
        GatewaySettings(
            host_dir=base / "host",
            store=f"sqlite:///{base / 'stores'}",
            segments=base / "segments",
            host_id="host-1",
            workers=int(workers),
            drain_s=5.0,
            segment_mb=0.25,
        )
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
