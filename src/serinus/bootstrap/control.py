"""`python -m serinus.bootstrap.control`: a control process: tick and API. Any number may run; one leads."""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec
import structlog
import uvicorn

from serinus.adapters.clock import SystemClock, system_random
from serinus.adapters.genai_table import GenaiPrices
from serinus.adapters.parquet_search import ParquetSearch, ReadLimits
from serinus.adapters.probes import Probes
from serinus.adapters.stores import open_stores
from serinus.bootstrap import settings as environment
from serinus.bootstrap.admin_key import create_admin_key
from serinus.bootstrap.collector import settle_collector
from serinus.bootstrap.faces import Faces
from serinus.bootstrap.gaps import start_gaps
from serinus.bootstrap.incidents import start_incidents
from serinus.bootstrap.listening import mend_listening
from serinus.bootstrap.loops import Health, keep_going, log_to_stderr, stop_on_signals
from serinus.bootstrap.monitors import start_monitors
from serinus.bootstrap.notices import start_notices
from serinus.bootstrap.pruning import start_pruning
from serinus.bootstrap.texts import start_texts
from serinus.control.lead import TAKEOVER_S
from serinus.control.prune_units import KEPT_DAYS
from serinus.control.tick import PERIOD_S, Tick
from serinus.core.access import Role
from serinus.core.errors import InvalidInput, SerinusError, StoreUnavailable
from serinus.core.ids import INSTANCE, IdSource
from serinus.ports.clock import Clock
from serinus.ports.control_store import ControlStore
from serinus.ports.telemetry_store import TelemetryStore

_LOOK_S = 0.5
_STOP_S = 10.0
_HINT_WAIT_S = 0.5
_MOST_DAYS = 3650


class ControlSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One control process. `port` 0 takes a free one. `admin_key_file`: where the text of a first admin key goes
    when the store has none yet (mode 0600). `public_url` is where people reach this API, for links in notices; empty:
    where it listens. `segments`: where the event log lies; None where it cannot be read. `units_kept_days`: how long it
    is known, after the end of a release, who was enrolled in it."""

    store: str
    host: str = "127.0.0.1"
    port: int = environment.API_PORT
    takeover_s: float = TAKEOVER_S
    period_s: float = PERIOD_S
    admin_key_file: Path | None = None
    segments: Path | None = None
    public_url: str = ""
    units_kept_days: float = KEPT_DAYS

    def __post_init__(self) -> None:
        """Refuse to forget units of which something may yet be told, or that are to be kept for ever."""
        if not 1 <= self.units_kept_days <= _MOST_DAYS:
            what = f"{self.units_kept_days:g} days"
            raise InvalidInput(
                what, where="--units-kept-days", mend=f"use 1 to {_MOST_DAYS}; {KEPT_DAYS} is the default"
            )


def run_control(settings: ControlSettings, stop: threading.Event, clock: Clock) -> int:
    """Tick and serve until `stop` is set; the exit code. Prints one JSON line on standard output when the API
    listens: `{"ready", "port", "pid"}`."""
    with _listen(settings.host, settings.port) as listener:
        stores = _open(settings.store, clock, stop)
        if stores is None:
            return 0
        ids = IdSource(clock.now_us, system_random)
        if settings.admin_key_file is not None:
            _first_key(stores[0], clock, settings.admin_key_file)
        log = ParquetSearch(settings.segments, ReadLimits()) if settings.segments else None
        holder = ids.new(INSTANCE)
        tick = Tick(*stores, clock, holder, takeover_s=settings.takeover_s, period_s=settings.period_s)
        probe = Probes(settings.segments, environment.variable)
        texts = start_texts(stores[0], settings.segments, clock, stop)
        faces = Faces(*stores, clock, ids, tick.wake, log, stop.is_set, probe, texts)
        server = _server(faces)
        _wake_on_changes(stores[0], tick, stop)
        start_monitors(*stores, probe, clock, tick.epoch, stop)
        start_gaps(*stores, clock, tick.epoch, stop)
        start_incidents(*stores, log, clock, tick.epoch, stop)
        start_pruning(*stores, clock, tick.epoch, settings.units_kept_days, stop)
        start_notices(stores[0], clock, tick.epoch, _public_url(settings, listener), stop)
        settle_collector()
        try:
            return _run_parts(tick, server, listener, stop)
        finally:
            faces.close()
            probe.close()
            for store in stores:
                store.close()


def _public_url(settings: ControlSettings, listener: socket.socket) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return settings.public_url or f"http://{host}:{listener.getsockname()[1]}"


def _server(app: Faces) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=5)
    )


def _run_parts(tick: Tick, server: uvicorn.Server, listener: socket.socket, stop: threading.Event) -> int:
    """Both parts in a thread each; when one ends unasked, so does the other, and the exit code is 1."""
    parts = (
        threading.Thread(target=tick.run, name="tick", daemon=True),
        threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="api", daemon=True),
    )
    for part in parts:
        part.start()
    print(json.dumps({"ready": True, "port": listener.getsockname()[1], "pid": os.getpid()}), flush=True)
    while not stop.wait(_LOOK_S) and all(part.is_alive() for part in parts):
        pass
    asked = stop.is_set()
    if not asked:
        structlog.get_logger().error("a part of the control process has ended, so the process ends")
    tick.stop()
    server.should_exit = True
    for part in parts:
        part.join(_STOP_S)
    return 0 if asked else 1


def _wake_on_changes(control: ControlStore, tick: Tick, stop: threading.Event) -> None:
    """Let the tick look at once when the store has changed: a person may have acted through another control's API."""

    def step() -> float:
        if control.wait_change(_HINT_WAIT_S):
            tick.wake()
        return 0.0

    threading.Thread(target=keep_going, args=("changes", step, stop), name="changes", daemon=True).start()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(256)
    except OSError as error:
        listener.close()
        mend = mend_listening(error, "--port")
        raise InvalidInput(f"cannot listen: {error.strerror}", where=f"{host}:{port}", mend=mend) from error
    return listener


def _open(url: str, clock: Clock, stop: threading.Event) -> tuple[ControlStore, TelemetryStore] | None:
    """The stores, waited for while they are away; None when told to stop first."""
    health = Health("store")
    while not stop.is_set():
        try:
            return open_stores(url, now_us=clock.now_us, random_bytes=system_random, prices=GenaiPrices(clock.now_us))
        except StoreUnavailable as error:
            health.failed(error)
            stop.wait(0.5)
    return None


def _first_key(control: ControlStore, clock: Clock, path: Path) -> None:
    """Without any admin nobody could make one: the first key is made here, and its text is only in this file."""
    with control.tx() as tx:
        known = tx.keys()
    if any(Role.ADMIN in key.roles and not key.revoked_at_us for key in known):
        return
    text = create_admin_key(control, clock, "first admin")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="serinus control", description="A control process: tick and API.")
    parser.add_argument("--store", default=environment.read().store, help="sqlite:///DIR or postgresql://…")
    parser.add_argument("--host", default="127.0.0.1", help="the address the API listens on")
    parser.add_argument("--port", type=int, default=environment.API_PORT, help="the API's port; 0 takes a free one")
    parser.add_argument("--takeover-s", type=float, default=TAKEOVER_S, help="silence after which a standby leads")
    parser.add_argument("--period-s", type=float, default=PERIOD_S, help="seconds between two rounds of the tick")
    parser.add_argument(
        "--public-url", default=environment.read().public_url, help="where people reach this API: links in notices"
    )
    parser.add_argument("--admin-key-file", type=Path, help="write a first admin key here when there is none yet")
    parser.add_argument(
        "--units-kept-days", type=float, default=KEPT_DAYS, help="how long units of an ended release are known"
    )
    parser.add_argument("--segments", type=Path, help="where the event log's Parquet files lie; without it, no calls")
    return parser


def main(argv: Sequence[str] | None = None, clock: Clock | None = None) -> int:
    """Run a control process with the options of this command line, by the machine's clock; the exit code."""
    options = _parser().parse_args(argv)
    log_to_stderr()
    stop = stop_on_signals()
    try:
        if not options.store:
            raise InvalidInput("no store is named", where="--store", mend="e.g. --store sqlite:///var/serinus")
        return run_control(ControlSettings(**vars(options)), stop, clock or SystemClock())
    except SerinusError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, InvalidInput) else 1


if __name__ == "__main__":
    sys.exit(main())
