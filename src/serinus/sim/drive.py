"""Running simulated traffic: read the queries, send, write the log and the result."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any, get_args

import msgspec
import orjson
import uvloop

from serinus.core.errors import InvalidInput
from serinus.sim.arrivals import Shape, Spacing
from serinus.sim.queries import own_queries, read_queries
from serinus.sim.traffic import Load, Log, Traffic
from serinus.sim.users import Habits, Population


def traffic_main(
    base_url: str,
    app: str,
    api_key: str = "",
    rate: float = 20.0,
    spacing: str = "poisson",
    shape: str = "flat",
    day_s: float = 86_400.0,
    duration_s: float = 60.0,
    requests: int = 0,
    concurrency: int = 1000,
    timeout_s: float = 60.0,
    users: int = 2000,
    stream_share: float = 0.3,
    go_on: float = 0.4,
    csv: str = "",
    text_column: str = "text",
    seed: int = 1,
    log: str = "",
    feedback: bool = False,
    attributes: bool = False,
    as_json: bool = False,
) -> int:
    """Send traffic and print the result: a table, or one JSON line. SIGINT and SIGTERM end it early, with the result.

    Returns 0 when at least one request was completed, else 1. InvalidInput or NotFound for values that cannot be used.
    """
    result = run_traffic(
        Load(
            base_url=_base_url(base_url),
            app=app,
            api_key=api_key,
            rate=_above_zero("rate", rate),
            spacing=_one_of("spacing", spacing, get_args(Spacing)),
            shape=_one_of("shape", shape, get_args(Shape)),
            day_s=_above_zero("day-s", day_s),
            duration_s=_above_zero("duration", duration_s),
            requests=requests,
            concurrency=int(_above_zero("concurrency", concurrency)),
            timeout_s=_above_zero("timeout", timeout_s),
            feedback=feedback,
            attributes=attributes,
            seed=seed,
        ),
        Habits(
            users=int(_above_zero("users", users)),
            stream_share=_share("stream-share", stream_share),
            go_on=_share("go-on", go_on),
        ),
        csv=csv,
        text_column=text_column,
        log=log,
    )
    sys.stdout.write(orjson.dumps(result).decode() + "\n" if as_json else table(result))
    sys.stdout.flush()
    return 0 if result["completed"] else 1


def run_traffic(load: Load, habits: Habits, csv: str = "", text_column: str = "text", log: str = "") -> dict[str, Any]:
    """Send this load to its end and return the result; for callers that have a process of their own."""
    queries = read_queries(csv, text_column) if csv else own_queries()
    population = Population(habits, queries, load.seed)
    with _log_file(log) as write:
        return uvloop.run(_drive(Traffic(load, population, write)))


async def _drive(traffic: Traffic) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return await traffic.run(stop)


@contextlib.contextmanager
def _log_file(file: str) -> Iterator[Log]:
    """Writes one line per completed request, handed to the system at once: a kill loses no finished line."""
    if not file:
        yield lambda seen: None
        return
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    except OSError as error:
        raise InvalidInput(f"cannot be written: {error.strerror}", where=file, mend="check the path") from error
    encoder = msgspec.json.Encoder()

    try:
        yield lambda seen: _write(descriptor, encoder.encode(seen) + b"\n")
    finally:
        os.close(descriptor)


def _write(descriptor: int, line: bytes) -> None:
    while line:
        line = line[os.write(descriptor, line) :]


def table(result: dict[str, Any]) -> str:
    """The result for people."""
    lines = [
        f"{result['sent']} sent in {result['elapsed_s']} s ({result['sent_per_s']}/s), {result['completed']} completed",
        f"{result['incomplete']} incomplete, {result['overloaded']} not sent (overload)",
        f"{'arm':<12}{'completed':>10}{'ok':>10}{'thumbs up':>12}{'down':>8}",
    ]
    for arm, counts in result["arms"].items():
        lines.append(
            f"{arm:<12}{counts['completed']:>10}{counts['ok']:>10}{counts['thumbs_up']:>12}{counts['thumbs_down']:>8}"
        )
    for title, name in (("latency", "latency_ms"), ("first byte", "first_byte_ms")):
        shown = "  ".join(f"{quantile} {value:.0f} ms" for quantile, value in result[name].items())
        lines.append(f"{title:<12}{shown or 'no data'}")
    for title, name in (("status", "statuses"), ("incomplete", "incomplete_by_reason"), ("version", "versions")):
        lines.extend(f"{title:<12}{key}: {count}" for key, count in result[name].items())
    return "\n".join(lines) + "\n"


def _base_url(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise InvalidInput(f"{url!r} is not a URL", where="--base-url", mend="such as http://127.0.0.1:8700/v1")
    bare = url.rstrip("/")
    return bare if bare.endswith("/v1") else f"{bare}/v1"


def _above_zero(name: str, value: float) -> float:
    if not value > 0:
        raise InvalidInput(f"{value} is not above 0", where=f"--{name}", mend="give a number above 0")
    return value


def _share(name: str, value: float) -> float:
    if not 0.0 <= value <= 1.0:
        raise InvalidInput(f"{value} is not in [0, 1]", where=f"--{name}", mend="0.3 is three in ten")
    return value


def _one_of(name: str, value: str, known: tuple[str, ...]) -> Any:
    if value not in known:
        raise InvalidInput(f"{value!r} is not known", where=f"--{name}", mend=f"known: {', '.join(known)}")
    return value
