"""A whole Serinus on this machine, each part a real process: for the demo, the process tests and the benchmarks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from serinus.adapters.event_log import ParquetLog
from serinus.core.errors import SerinusError
from serinus.core.records.call import Call
from serinus.demo.process import Process
from serinus.ports.clock import Clock
from serinus.ports.event_log import CallQuery

# Soon at first, then seldom: what is asked works for the answer, on the cores that what is awaited needs too.
_POLL_S = 0.02
_SLOWEST_POLL_S = 0.1
_CALL_S = 30.0


class Stack:
    """The processes of one project under `directory`. `store` defaults to SQLite there.

    Parts are started one by one; `close` ends those that still run, the last started first.
    """

    def __init__(self, directory: Path, clock: Clock, store: str | None = None) -> None:
        self.directory = directory
        self.clock = clock
        self.store = store or f"sqlite:///{directory / 'store'}"
        self.host_dir = directory / "host"
        self.segments = directory / "events"
        self.processes: list[Process] = []
        self.key = ""
        self._url = ""
        self._http = httpx.Client(timeout=_CALL_S, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(
        self, name: str, module: str, arguments: Sequence[str], environ: Mapping[str, str] | None = None
    ) -> Process:
        """Start a module that prints a line when it is ready."""
        process = Process(name, module, arguments, directory=self.directory, clock=self.clock, environ=environ)
        self.processes.append(process)
        return process

    def provider(self, *options: str) -> Process:
        """The simulated provider; `ready["port"]` is its port."""
        return self.start("provider", "serinus.bootstrap.sim_provider", options)

    def control(self, *options: str, name: str = "control") -> Process:
        """A control process; the first one's API is used from then on, with an admin key of its making."""
        key_file = self.directory / "admin-key"
        arguments = ["--store", self.store, "--port", "0", "--admin-key-file", str(key_file)]
        arguments += ["--segments", str(self.segments), *options]
        process = self.start(name, "serinus.bootstrap.control", arguments)
        self.use_api(int(process.ready["port"]))
        self.key = self.key or key_file.read_text().strip()
        return process

    def use_api(self, port: int) -> None:
        """Talk to the control process that listens on this port."""
        self._url = f"http://127.0.0.1:{port}"

    @property
    def url(self) -> str:
        """The API's address without its path."""
        return self._url

    def gateway(self, *options: str, workers: int = 2, environ: Mapping[str, str] | None = None) -> Process:
        """A gateway host: workers and agent; `ready["port"]` is its port."""
        arguments = ["--host-dir", str(self.host_dir), "--store", self.store]
        arguments += ["--segments", str(self.segments), "--host-id", "here", "--port", "0", "--workers", str(workers)]
        return self.start("gateway", "serinus.bootstrap.gateway", [*arguments, *options], environ)

    def worker(self) -> Process:
        """A worker for offline stages and live judges."""
        arguments = ["--store", self.store, "--segments", str(self.segments)]
        return self.start("worker", "serinus.bootstrap.evaluation_worker", arguments)

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """Call the API; the document, or SerinusError with the problem's text."""
        headers = {"authorization": f"Bearer {self.key}"}
        answer = self._http.request(method, f"{self._url}/api/v1{path}", json=body, headers=headers)
        if answer.is_error:
            problem = answer.json() if "json" in answer.headers.get("content-type", "") else {"detail": answer.text}
            raise SerinusError(str(problem.get("detail") or problem), where=f"{method} {path}")
        return answer.json() if answer.content else None

    def caller_key(self, *apps: str) -> str:
        """A new key that may call these apps and nothing else."""
        text: str = self.api("POST", "/keys", {"name": "caller", "roles": [], "apps": list(apps)})["secret"]
        return text

    def release(self, id: str) -> dict[str, Any]:
        """A release as the API shows it."""
        document: dict[str, Any] = self.api("GET", f"/releases/{id}")
        return document

    def wait_release(self, id: str, *states: str, within_s: float = 60.0) -> dict[str, Any]:
        """The release once it is in one of these states; SerinusError says where it stood when the time was over."""
        found: dict[str, Any] = {}

        def arrived() -> bool:
            found.update(self.release(id))
            return found["state"] in states

        if not self.wait(arrived, within_s):
            raise SerinusError(
                f"not {' or '.join(states)} within {within_s:.0f} s: {found['state']}, {found['reason']}"
            )
        return found

    def wait(self, true: Callable[[], bool], within_s: float = 60.0) -> bool:
        """Whether `true()` became so in time."""
        end_ns = self.clock.mono_ns() + int(within_s * 1e9)
        pause_s = _POLL_S
        while not true():
            if self.clock.mono_ns() >= end_ns:
                return False
            self.clock.sleep(pause_s)
            pause_s = min(1.5 * pause_s, _SLOWEST_POLL_S)
        return True

    def calls(self, query: CallQuery | None = None) -> list[Call]:
        """Calls in the event log."""
        return ParquetLog(self.segments).calls(query or CallQuery())

    def close(self) -> None:
        """End what still runs."""
        for process in reversed(self.processes):
            process.stop()
        self.processes.clear()
        self._http.close()
