"""One app in production, every part a real process: for tests and benches that need users and a release."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from serinus.adapters.clock import SystemClock, system_random
from serinus.adapters.host_dir import HostDir
from serinus.adapters.stores import open_stores
from serinus.bootstrap.children import start_module, stop_all
from serinus.core.audit.entry import Entry
from serinus.core.fleet import WorkerStatus
from serinus.core.records import call_id
from serinus.core.release.release import Progress, Release
from serinus.demo.process import Process
from serinus.demo.stack import Stack
from serinus.ports.control_store import ControlStore
from serinus.ports.telemetry_store import TelemetryStore

APP = "support-bot"
_SYSTEM = """You are the customer-support assistant of an online shop.
Answer in JSON with the keys "answer" and "category".
The category is one of: order, delivery, payment, refund, other."""
_ENTRIES = 10_000


class Production:
    """The processes, the app's plan, its users. `control` and `gateway` are the newest of their kind."""

    control: Process
    gateway: Process

    def __init__(
        self, stack: Stack, workers: int, gateway_options: Sequence[str], control_options: Sequence[str]
    ) -> None:
        self.stack = stack
        self.answers = stack.directory / "answers.jsonl"
        self._workers = workers
        self._gateway_options = gateway_options
        self._control_options = control_options
        self._ports: dict[str, str] = {}
        self._traffic: subprocess.Popen[bytes] | None = None
        self.stores: tuple[ControlStore, TelemetryStore]

    def begin(self, plan: dict[str, Any], *provider_options: str) -> str:
        """Start everything and make a first version live; the name of a second one, ready to be released."""
        stack = self.stack
        provider = stack.provider("--speed", "4", *provider_options)
        self.start_control()
        self.start_gateway()
        self.stores = open_stores(stack.store, now_us=stack.clock.now_us, random_bytes=system_random)
        stack.api("PUT", "/endpoints/sim", {"base_url": f"http://127.0.0.1:{provider.ready['port']}/v1"})
        rule = {"kind": "json_object", "required_keys": ["answer", "category"]}
        stack.api("PUT", f"/apps/{APP}", {"plan": plan, "format_rule": rule, "overdue_s": 60.0})
        names = [self._push(f"version {number}") for number in (1, 2)]
        stack.api("POST", f"/apps/{APP}/live", {"version": names[0], "reason": "first version"})
        self.versions = names
        return names[1]

    def start_control(self) -> None:
        """A control process, always on the same port. One that stands by takes over after a second."""
        options = ["--takeover-s", "1", "--port", self._ports.get("control", "0"), *self._control_options]
        self.control = self.stack.control(*options)
        self._ports["control"] = str(self.control.ready["port"])

    def start_gateway(self) -> None:
        """A gateway host, always on the same port."""
        options = ["--port", self._ports.get("gateway", "0"), *self._gateway_options]
        self.gateway = self.stack.gateway(*options, workers=self._workers)
        self._ports["gateway"] = str(self.gateway.ready["port"])

    def release(self, version: str) -> str:
        """Start a release; its id."""
        body = {"app": APP, "version": version, "reason": "a change"}
        id: str = self.stack.api("POST", "/releases", body)["id"]
        return id

    def start_traffic(self, *options: str, rate: float = 120.0, users: int = 3000) -> None:
        """Users who go on until they are stopped; every worker knows their key when the first one calls."""
        key = self.stack.caller_key(APP)
        self.await_true(self._follow, "the workers do not follow")
        arguments = ["--base-url", f"http://127.0.0.1:{self._ports['gateway']}/v1", "--app", APP, "--json"]
        arguments += ["--api-key", key, "--log", str(self.answers), "--duration", "3600"]
        arguments += ["--rate", str(rate), "--users", str(users), "--timeout", "20", *options]
        with (self.stack.directory / "traffic.log").open("wb") as log:
            self._traffic = start_module("serinus.bootstrap.sim_traffic", arguments, stdout=subprocess.PIPE, stderr=log)

    def end_traffic(self) -> dict[str, Any]:
        """Send nothing more, wait for the open answers; what the users saw."""
        traffic, self._traffic = self._traffic, None
        assert traffic is not None
        assert traffic.stdout is not None
        assert stop_all([traffic], 40.0, self.stack.clock.mono_ns), "the users never got their last answers"
        with traffic.stdout:
            result: dict[str, Any] = json.loads(traffic.stdout.read())
        return result

    def end(self) -> dict[str, Any]:
        """Stop users, gateway and control, in this order; what the users saw. Everything is shipped then."""
        result = self.end_traffic()
        assert self.gateway.stop() == 0, "the gateway did not ship its last records"
        assert self.control.stop() == 0, "the control did not end well"
        assert not any((self.stack.host_dir / "spool").iterdir()), "records are left in the spool"
        return result

    def close(self) -> None:
        """End the users, who are no part of the stack."""
        if self._traffic is not None:
            self._traffic.kill()
            self._traffic.wait()
            if self._traffic.stdout:
                self._traffic.stdout.close()
        if hasattr(self, "stores"):
            for store in self.stores:
                store.close()

    # what can be seen

    def mark(self) -> int:
        """How much the users have logged: `seen` from here on is what they saw later."""
        return self.answers.stat().st_size if self.answers.exists() else 0

    def seen(self, mark: int = 0) -> list[dict[str, Any]]:
        """What users saw since a mark, as far as whole lines are there."""
        with self.answers.open("rb") as log:
            log.seek(mark)
            text = log.read()
        return [json.loads(line) for line in text[: text.rfind(b"\n") + 1].splitlines()]

    def await_answers(self, count: int, within_s: float = 60.0) -> list[dict[str, Any]]:
        """The next answers that users get, at least so many."""
        mark = self.mark()
        self.await_true(lambda: self.mark() > mark and len(self.seen(mark)) >= count, "users got no answers", within_s)
        return self.seen(mark)

    def await_begun(self, count: int, from_us: int, within_s: float = 40.0) -> list[dict[str, Any]]:
        """The next answers to calls that were assigned from `from_us` on, at least so many, recorded or not: their ids
        tell."""
        mark = self.mark()
        found: list[dict[str, Any]] = []

        def enough() -> bool:
            found[:] = [line for line in self.seen(mark) if line["call"] and _begun_us(line["call"]) >= from_us]
            return len(found) >= count

        self.await_true(enough, "users got no answers", within_s)
        return found

    def await_true(self, what: Callable[[], bool], otherwise: str, within_s: float = 60.0) -> None:
        """Wait for a condition; AssertionError with `otherwise` when it does not come true in time."""
        assert self.stack.wait(what, within_s), otherwise

    def statuses(self) -> list[WorkerStatus]:
        """What living workers say of themselves."""
        present = HostDir(self.stack.host_dir, self.stack.clock.now_us).workers()
        return [presence.status for presence in present if presence.alive and presence.status]

    def leased(self) -> bool:
        """Whether every worker may serve the candidate."""
        return bool(self.statuses()) and all(status.leased for status in self.statuses())

    def _follow(self) -> bool:
        latest = self.stores[0].latest_snapshot()
        return latest is not None and bool(self.statuses()) and all(s.acked >= latest[0] for s in self.statuses())

    def stored(self, id: str) -> tuple[Release, Progress]:
        """A release and its progress as the store has them."""
        with self.stores[0].tx() as tx:
            release, progress = tx.release(id), tx.progress(id)
        assert release is not None
        return release, progress or Progress(release=id, step=release.step)

    def audit(self) -> list[Entry]:
        """The whole trail, oldest first."""
        with self.stores[0].tx() as tx:
            return tx.audit_entries(0, _ENTRIES)

    def _push(self, notes: str) -> str:
        content = {
            "schema": 1,
            "endpoint": "sim",
            "model": "sim-small",
            "messages": [{"role": "system", "template": _SYSTEM}],
            "parameters": {"temperature": 1.0},
            "response_format": {"type": "json_object"},
            "notes": notes,
        }
        name: str = self.stack.api("POST", f"/apps/{APP}/versions", content)["name"]
        return name


def _begun_us(call: str) -> int:
    return call_id.parse(call_id.raw_of(call)).at_ms * 1000


def plan(steps: Sequence[tuple[float, float]], lease_s: float, freshness_s: float = 10.0) -> dict[str, Any]:
    """A plan over steps of (share, dwell in seconds). Its guardrail errs once in 10,000 releases of equal versions."""
    return {
        "owner": "ada@example.com",
        "steps": [{"share": share, "dwell_s": dwell_s, "min_units": 1} for share, dwell_s in steps],
        "guardrails": [{"metric": "call.error", "design_ratio": 3.0}],
        "limits": [{"metric": "call.error", "above": 0.98, "bucket_s": 1, "min_requests": 1}],
        "alpha": 0.0001,
        "lease_s": lease_s,
        "freshness_s": freshness_s,
    }


@contextmanager
def production(
    directory: Path,
    store: str | None = None,
    workers: int = 2,
    gateway_options: Sequence[str] = (),
    control_options: Sequence[str] = (),
) -> Iterator[Production]:
    """A production under a directory; ended with all its processes."""
    with Stack(directory, SystemClock(), store) as stack:
        found = Production(stack, workers, gateway_options, control_options)
        try:
            yield found
        finally:
            found.close()
