"""The gateway against nginx as plain proxy, in one run: `python -m bench.gateway [--json] [--quick]`.

One core carries the gateway or nginx, the other the upstream and the load. Rounds of the two alternate; figures are
medians. `--litellm PATH` measures the proxy of LiteLLM at PATH in the same run. CPU per request is on-CPU time of the
process divided by the requests of the same window. Spool, stickiness and a release at 10 % are on, the lease is
renewed. Latency is added over a direct call, from the intended send time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import programs
from bench.native import mkreq

_CONNECTIONS = 32
_OPEN_RATE = 500
_STREAMS = 1000
_WARM_S = 1.0


class Plan:
    """How long everything takes."""

    def __init__(self, *, quick: bool) -> None:
        self.rounds = 3 if quick else 7
        self.closed_s = 2.0 if quick else 4.0
        self.open_s = 3.0 if quick else 10.0
        self.stream_s = 4.0 if quick else 10.0
        self.stream_rounds = 1 if quick else 3


class Load:
    """Runs `lg` and reads what it measured."""

    def __init__(self, root: Path, core: str = programs.LOAD_CORE) -> None:
        self._core = core
        self._files: dict[tuple[str, bool], Path] = {}
        for app, stream in (("assistant", False), ("slow", True)):
            path = root / f"{app}.req"
            mkreq.write(path, mkreq.requests(app, programs.KEY, stream=stream))
            self._files[app, stream] = path

    def closed(self, port: int, pid: int, seconds: float) -> tuple[float, float]:
        """(requests per second, CPU µs per request) at full load."""
        found, cpu = self._run(port, self._files["assistant", False], _CONNECTIONS, seconds, 0, pid, stream=False)
        return found["rps"], cpu / 1e3 / found["ok"]

    def open(self, port: int, seconds: float) -> tuple[float, float]:
        """(p50, p99) in µs at a constant rate."""
        found, _ = self._run(port, self._files["assistant", False], 64, seconds, _OPEN_RATE, None, stream=False)
        return found["lat"]["p50"], found["lat"]["p99"]

    def streams(self, port: int, pid: int, seconds: float) -> tuple[float, float]:
        """(p99 of the chunk delay in ms, CPU µs per chunk) with a thousand slow streams."""
        found, cpu = self._run(port, self._files["slow", True], _STREAMS, seconds, 0, pid, stream=True)
        return found["chunk"]["p99"] / 1e3, cpu / 1e3 / found["chunks"]

    def _run(
        self, port: int, file: Path, connections: int, seconds: float, rate: int, pid: int | None, *, stream: bool
    ) -> tuple[dict[str, Any], float]:
        warm_s = 2 * _WARM_S if stream else _WARM_S
        arguments = [port, file, connections, seconds, rate, warm_s, int(stream), 1000 if stream else 0]
        command = ["taskset", "-c", self._core, str(programs.compiled("lg")), *map(str, arguments)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            time.sleep(warm_s)
            before = programs.cpu_ns(pid) if pid else 0
            time.sleep(seconds)
            after = programs.cpu_ns(pid) if pid else 0
            out, _ = process.communicate()
        found = json.loads(out)
        if found["err"] or found["non200"] or found["bad_stream"] or not found["ok"]:
            raise programs.Missing(f"the load on port {port} met errors: {found}")
        return found, after - before


def measure(plan: Plan, root: Path, litellm: str = "") -> dict[str, float]:
    """All figures; `litellm` is the path of a peer to measure as well."""
    load = Load(root)
    port = programs.free_ports(10)
    upstream, proxy, ours = port, port + 4, port + 6
    with (
        programs.mock(upstream),
        programs.nginx(root, proxy, upstream) as nginx_pid,
        programs.gateway(root, ours, upstream) as (pid, ready_s),
    ):
        rounds = [
            (load.closed(proxy, nginx_pid, plan.closed_s), load.closed(ours, pid, plan.closed_s))
            for _ in range(plan.rounds)
        ]
        opened = [(load.open(upstream, plan.open_s), load.open(proxy, plan.open_s), load.open(ours, plan.open_s))]
        streamed = [
            (load.streams(proxy + 1, nginx_pid, plan.stream_s), load.streams(ours, pid, plan.stream_s))
            for _ in range(plan.stream_rounds)
        ]
        rss = programs.rss_mb(pid)
        peer = _measure_litellm(load, plan, root, litellm, port + 8, upstream) if litellm else {}
    return (
        _closed_figures(rounds)
        | _open_figures(opened)
        | _stream_figures(streamed)
        | {
            "rss_mb": rss,
            "ready_s": ready_s,
        }
        | peer
    )


def _measure_litellm(load: Load, plan: Plan, root: Path, executable: str, port: int, upstream: int) -> dict[str, float]:
    with programs.litellm(executable, root, port, upstream) as pid:
        rounds = [load.closed(port, pid, plan.closed_s) for _ in range(plan.rounds)]
        return {
            "cpu_us_per_request_litellm": statistics.median(cpu for _, cpu in rounds),
            "rps_litellm": statistics.median(rps for rps, _ in rounds),
            "rss_mb_litellm": programs.rss_mb(pid),
        }


def _closed_figures(rounds: list[tuple[tuple[float, float], tuple[float, float]]]) -> dict[str, float]:
    return {
        "cpu_us_per_request": statistics.median(ours[1] for _, ours in rounds),
        "cpu_us_per_request_nginx": statistics.median(nginx[1] for nginx, _ in rounds),
        "cpu_ratio_nginx": statistics.median(ours[1] / nginx[1] for nginx, ours in rounds),
        "rps": statistics.median(ours[0] for _, ours in rounds),
        "rps_nginx": statistics.median(nginx[0] for nginx, _ in rounds),
    }


def _open_figures(rounds: Sequence[tuple[tuple[float, float], ...]]) -> dict[str, float]:
    figures = {}
    for place, name in ((2, ""), (1, "_nginx")):
        for index, quantile in enumerate(("p50", "p99")):
            added = [round_[place][index] - round_[0][index] for round_ in rounds]
            figures[f"added_ms_{quantile}{name}"] = statistics.median(added) / 1e3
    return figures


def _stream_figures(rounds: list[tuple[tuple[float, float], tuple[float, float]]]) -> dict[str, float]:
    return {
        "chunk_delay_p99_ms": statistics.median(ours[0] for _, ours in rounds),
        "chunk_delay_p99_ms_nginx": statistics.median(nginx[0] for nginx, _ in rounds),
        "cpu_us_per_chunk": statistics.median(ours[1] for _, ours in rounds),
        "cpu_per_chunk_ratio_nginx": statistics.median(ours[1] / nginx[1] for nginx, ours in rounds),
    }


def main() -> int:
    """Measure and print; 2 when something needed is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="about a minute instead of five")
    parser.add_argument("--litellm", default="", metavar="PATH", help="measure this executable of LiteLLM too")
    arguments = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as root:
            figures = measure(Plan(quick=arguments.quick), Path(root), arguments.litellm)
    except programs.Missing as missing:
        sys.stderr.write(f"bench: {missing}\n")
        return 2
    if arguments.json:
        sys.stdout.write(json.dumps({name: round(value, 4) for name, value in figures.items()}) + "\n")
    else:
        sys.stdout.writelines(f"{name:28} {value:10.3f}\n" for name, value in figures.items())
    return 0


if __name__ == "__main__":
    sys.exit(main())
