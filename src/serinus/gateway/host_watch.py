"""The host directory as a worker sees it: the snapshot it follows, the lease it serves candidates under, its status."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from pathlib import Path

import msgspec

from serinus.core.errors import SerinusError
from serinus.core.fleet import WorkerStatus
from serinus.core.routing import lease, snapshot
from serinus.gateway.log import Log
from serinus.gateway.routes import Routes

_STATUS_NS = 1_000_000_000
_LEASE_WITHOUT_RELEASE_S = 30.0
_OWNER_ONLY = 0o600


class LeaseWatch:
    """The lease of candidate shares. Not before a renewal was seen after the start: a lease found on disk proves
    nothing about who is alive now."""

    def __init__(self, path: Path, boot: int) -> None:
        self._path = path
        self._boot = boot
        self._found: int | None = None
        self._fresh = False
        self._renewed_ns = -1

    def poll(self) -> None:
        """Read the file."""
        try:
            fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        try:
            decoded = lease.decode(os.read(fd, lease.SIZE + 1))
        finally:
            os.close(fd)
        if decoded is None or decoded[2] != self._boot:
            return
        counter, renewed_ns, _ = decoded
        if self._found is None:
            self._found = counter
        self._fresh = self._fresh or counter != self._found
        self._renewed_ns = renewed_ns

    def until_ns(self, now_ns: int, lease_s: float) -> int:
        """Until when candidates may be served under a lease of so many seconds (monotonic); 0: not now."""
        if not self._fresh or not lease.valid(self._renewed_ns, now_ns, lease_s):
            return 0
        return self._renewed_ns + int(lease_s * 1e9)


class HostWatch:
    """Polls the directory, loads new snapshots off the loop, and writes the worker's status.

    `adopt` is called on the loop with each new set of routes; a snapshot that does not read, or is older than the one
    that serves, is logged and passed over, and the old one stays. It may hold a candidate that was withdrawn since:
    while the file is another than the one adopted, no lease is taken up, and once it is passed over none holds.
    """

    def __init__(
        self,
        directory: Path,
        instance: str,
        *,
        boot: int,
        loop: asyncio.AbstractEventLoop,
        executor: Executor,
        environment: Mapping[str, str],
        adopt: Callable[[Routes], None],
        status: Callable[[], WorkerStatus],
        log: Log,
    ) -> None:
        self.lease = LeaseWatch(directory / "lease", boot)
        self._snapshot = directory / "snapshot"
        self._status_path = directory / "workers" / f"{instance}.json"
        self._loop = loop
        self._executor = executor
        self._environment = environment
        self._missed: set[tuple[str, str]] = set()  # endpoints and variables that were told not to be set
        self._adopt = adopt
        self._status = status
        self._log = log
        self._routes: Routes | None = None
        self._seen: tuple[int, int, int] | None = None
        self._loading = self._outdated = False
        self._writing: Future[None] | None = None
        self._written_ns = 0
        self._news = self.leased = False

    def poll(self, now_ns: int) -> None:
        """Look at snapshot and lease, and report when it is time. Cheap: call it every 20 ms."""
        if not self._loading:
            self._look_at_snapshot()
        if not self._loading:  # a worker that was stopped wakes up with old routes beside a fresh lease
            self.lease.poll()
        leased = self._routes is not None and self.grant(self._routes, now_ns)
        if leased != self.leased:
            self.leased, self._news = leased, True
        if self._news or now_ns - self._written_ns >= _STATUS_NS:
            self._report(now_ns)

    def load_now(self) -> None:
        """Load the snapshot at once, on the calling thread: at the start there is nobody to keep waiting."""
        self._seen = self._signature()
        if self._seen is not None:
            self._take(self._load())

    def grant(self, routes: Routes, now_ns: int) -> bool:
        """Tell each app until when its candidate may be served; whether that is beyond now for some release (with no
        release: whether it could be)."""
        found: list[int] = []
        for app in routes.apps.values():
            if app.app.release is not None:
                app.serve_until_ns = self._until_ns(now_ns, app.app.release.lease_s)
                found.append(app.serve_until_ns)
        return any(found) if found else self._until_ns(now_ns, _LEASE_WITHOUT_RELEASE_S) > 0

    def _until_ns(self, now_ns: int, lease_s: float) -> int:
        return 0 if self._outdated else self.lease.until_ns(now_ns, lease_s)

    def _look_at_snapshot(self) -> None:
        signature = self._signature()
        if signature is None or signature == self._seen:
            return
        self._seen = signature
        self._loading = True
        future = self._executor.submit(self._load)
        future.add_done_callback(lambda done: self._loop.call_soon_threadsafe(self._loaded, done))

    def _signature(self) -> tuple[int, int, int] | None:
        try:
            found = os.stat(self._snapshot)
        except FileNotFoundError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size

    def _load(self) -> Routes | SerinusError | OSError:
        try:
            return Routes(snapshot.decode(self._snapshot.read_bytes()), self._environment, self._routes)
        except (SerinusError, OSError) as error:
            return error

    def _loaded(self, future: Future[Routes | SerinusError | OSError]) -> None:
        self._loading = False
        self._outdated = True  # whatever comes now, but for routes that are adopted
        self._take(future.result())

    def _take(self, loaded: Routes | SerinusError | OSError) -> None:
        refusal = self._refusal(loaded)
        self._outdated = bool(refusal)
        if isinstance(loaded, OSError):
            self._seen = None  # not the snapshot's fault: it is read again
            self._log.write_spaced("error", "snapshot_not_read", "snapshot", reason=refusal)
            return
        if refusal or isinstance(loaded, SerinusError):
            self._log.write("error", "snapshot_refused", reason=refusal)
            return
        self._routes = loaded
        self._adopt(loaded)
        self._log.write("info", "snapshot_adopted", revision=loaded.revision)
        self._tell_missing_keys(loaded)
        self._news = True

    def _tell_missing_keys(self, routes: Routes) -> None:
        """Once for each variable that an endpoint's key should be in and that is not set here."""
        for name, target in routes.targets.items():
            variable = target.endpoint.api_key_env
            if variable and not self._environment.get(variable) and (name, variable) not in self._missed:
                self._missed.add((name, variable))
                mend = f"set {variable} where the gateway starts, and start it again"
                self._log.write("warning", "key_not_set", endpoint=name, variable=variable, mend=mend)

    def _refusal(self, loaded: Routes | SerinusError | OSError) -> str:
        """Why a snapshot is passed over; empty: it is not."""
        if not isinstance(loaded, Routes):
            return str(loaded) or type(loaded).__name__
        if self._routes is not None and loaded.revision < self._routes.revision:
            return f"revision {loaded.revision} is older than {self._routes.revision}, which serves"
        return ""

    def _report(self, now_ns: int) -> None:
        if self._writing is not None and not self._writing.done():
            return
        self._news = False
        self._written_ns = now_ns
        self._writing = self._executor.submit(self._write_status, msgspec.json.encode(self._status()))

    def _write_status(self, raw: bytes) -> None:
        temporary = self._status_path.with_suffix(".tmp")
        try:
            fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _OWNER_ONLY)
            try:
                os.write(fd, raw)
            finally:
                os.close(fd)
            os.rename(temporary, self._status_path)
        except OSError as error:
            self._log.write_spaced("error", "status_not_written", "status", reason=str(error))
