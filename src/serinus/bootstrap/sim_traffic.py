"""`python -m serinus.bootstrap.sim_traffic`: simulated traffic as a process."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from serinus.core.errors import SerinusError
from serinus.sim.drive import traffic_main


def main(argv: Sequence[str] | None = None) -> int:
    """Send the traffic that this command line describes; the exit code."""
    parser = argparse.ArgumentParser(prog="serinus sim traffic", description="Simulated users in an open loop.")
    parser.add_argument("--base-url", required=True, help="of the gateway, such as http://127.0.0.1:8700/v1")
    parser.add_argument("--app", required=True, help="the application; a model name to call a provider itself")
    parser.add_argument("--api-key", default="", help="sent as bearer key")
    parser.add_argument("--rate", type=float, default=20.0, help="requests per second")
    parser.add_argument("--spacing", default="poisson", help="poisson or even")
    parser.add_argument("--shape", default="flat", help="flat or day")
    parser.add_argument("--day-s", type=float, default=86_400.0, help="length of a day of shape `day`")
    parser.add_argument("--duration", type=float, default=60.0, dest="duration_s", help="seconds")
    parser.add_argument("--requests", type=int, default=0, help="end after so many; 0 for no limit")
    parser.add_argument("--concurrency", type=int, default=1000, help="most requests open at once")
    parser.add_argument("--timeout", type=float, default=60.0, dest="timeout_s", help="seconds for one request")
    parser.add_argument("--users", type=int, default=2000, help="how many there are (default: 2000)")
    parser.add_argument("--stream-share", type=float, default=0.3, help="share of streamed requests")
    parser.add_argument("--go-on", type=float, default=0.4, help="chance that a conversation has another turn")
    parser.add_argument("--csv", default="", help="a file with your own queries")
    parser.add_argument("--text-column", default="text", help="the column of the file that holds them")
    parser.add_argument("--seed", type=int, default=1, help="other users, queries and times")
    parser.add_argument("--log", default="", help="append a JSON line for each completed request")
    parser.add_argument("--feedback", action="store_true", help="send thumbs to /v1/feedback")
    parser.add_argument("--attributes", action="store_true", help="send segment, region and staff of each user")
    parser.add_argument("--json", action="store_true", dest="as_json", help="the result as one JSON line")
    try:
        return traffic_main(**vars(parser.parse_args(argv)))
    except SerinusError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
