"""Real control processes over SQLite, and one made-up host that answers calls, ships and follows in a thread."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from serinus.adapters.clock import SystemClock, system_random
from serinus.adapters.stores import open_stores
from serinus.control.configure_app import configure_app
from serinus.control.configure_endpoint import configure_endpoint
from serinus.control.make_live import make_live
from serinus.control.push_version import push_version
from serinus.control.start_release import start_release
from serinus.core.fleet import HostStatus, WorkerStatus
from serinus.core.ids import IdSource
from serinus.core.pipeline.app import AppConfig
from serinus.core.pipeline.plan import Guardrail, Limit, Plan, Step
from serinus.core.records.record import Event
from serinus.core.records.sums import ENROLLED, Enrolment, Rollup, Sum, SumKey
from serinus.core.release.release import Release
from serinus.core.routing import snapshot
from serinus.core.routing.assignment import Arm
from serinus.core.versions.content import VersionContent
from serinus.ports.control_store import Page

ROOT = Path(__file__).parents[2]
PERSON = "ada@example.com"
PLAN = Plan(
    owner=PERSON,
    steps=(
        Step(share=0.05, dwell_s=0.5, min_units=5),
        Step(share=0.5, dwell_s=0.5, min_units=5),
        Step(share=1.0, dwell_s=0.5, min_units=5),
    ),
    guardrails=(Guardrail(metric="call.error"), Guardrail(metric="call.invalid_format")),
    limits=(Limit(metric="call.error", above=0.98, buckets=5, bucket_s=1, min_requests=1),),
    alpha=0.001,
    lease_s=2,
)


class Control:
    """A control process."""

    def __init__(self, store: str, *options: str) -> None:
        arguments = ["--store", store, "--port", "0", "--takeover-s", "0.6", "--period-s", "0.1", *options]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "serinus.bootstrap.control", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        self.port = int(json.loads(self.process.stdout.readline())["port"])

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


class Rig:
    """Stores with an app that can be released, its controls, and the host. Close it."""

    def __init__(self, root: Path, plan: Plan = PLAN) -> None:
        self.url = f"sqlite:///{root / 'stores'}"
        self.clock = SystemClock()
        self.control, self.telemetry = open_stores(self.url, now_us=self.clock.now_us, random_bytes=system_random)
        self._ids = IdSource(self.clock.now_us, system_random)
        self.controls: list[Control] = []
        self.error_rate = {Arm.CANDIDATE: 0.0, Arm.CONTROL: 0.0}
        self.acknowledging = True
        self._prepare(plan)
        self._stop = threading.Event()
        self._beat = 0
        self._host = threading.Thread(target=self._be_host, daemon=True)
        self._host.start()

    def _prepare(self, plan: Plan) -> None:
        now_us = self.clock.now_us()
        configure_app(self.control, now_us, PERSON, AppConfig(name="shop", plan=plan))
        endpoint = snapshot.Endpoint(name="main", base_url="http://127.0.0.1:1/v1")
        configure_endpoint(self.control, now_us, PERSON, endpoint)
        first, self.candidate = (self._push(text) for text in ("You are a shop.", "You are a kind shop."))
        make_live(self.control, now_us, PERSON, "shop", first, "first")

    def _push(self, text: str) -> str:
        content = VersionContent(endpoint="main", model="m", messages=(snapshot.Message(role="system", template=text),))
        return push_version(self.control, self.clock.now_us(), PERSON, "shop", content)[0].name

    def start_control(self, *options: str) -> Control:
        """One more control process."""
        self.controls.append(Control(self.url, *options))
        return self.controls[-1]

    def start_release(self, set_aside: str = "") -> Release:
        """The candidate's release."""
        now_us = self.clock.now_us()
        return start_release(
            self.control, now_us, PERSON, self._ids, "salt", "shop", self.candidate, "try", set_aside=set_aside
        )

    def release(self) -> Release:
        """The newest release."""
        with self.control.tx() as tx:
            return tx.releases(Page(limit=1))[0][0]

    def actions(self) -> list[str]:
        """What ticks did to releases and leadership, in order."""
        with self.control.tx() as tx:
            entries = tx.audit_entries(0, 10_000)
        return [e.action.partition(":")[2] for e in entries if e.action.startswith("tick:")]

    def wait(self, condition: Callable[[], bool], within_s: float = 60.0) -> None:
        """Until the condition holds; a failure when it does not in time."""
        end = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < end, f"not within {within_s} s: {self.release()}"
            time.sleep(0.02)

    def close(self) -> None:
        """End everything."""
        self._stop.set()
        self._host.join()
        for control in self.controls:
            control.kill()
        self.control.close()
        self.telemetry.close()

    def _be_host(self) -> None:
        units = 0
        while not self._stop.wait(0.05):
            latest = self.control.latest_snapshot()
            assert latest is not None
            routing = snapshot.decode(latest[1])
            release = routing.apps["shop"].release
            if release is not None and release.serving and release.ramp:
                units += self._answer(release, units)
            if self.acknowledging:
                self._report(routing.revision)

    def _answer(self, release: snapshot.Release, first: int, each: int = 5) -> int:
        """Calls of new units in both arms, all shipped."""
        stratum = release.ramp[-1].step
        start_us = self.clock.now_us() // 1_000_000 * 1_000_000
        with self.telemetry.tx() as tx:
            numbers = range(first, first + 2 * each)
            arms = [Arm.CANDIDATE if number % 2 else Arm.CONTROL for number in numbers]
            tx.enrol(
                [
                    Enrolment(release.id, n.to_bytes(8, "big"), arm, stratum)
                    for n, arm in zip(numbers, arms, strict=True)
                ]
            )
            for arm in (Arm.CANDIDATE, Arm.CONTROL):
                bad = round(each * self.error_rate[arm])
                tx.add_sums([(SumKey(release.id, stratum, ENROLLED, arm), Sum(total=each))])
                tx.add_sums([(SumKey(release.id, stratum, "call.error", arm), Sum(total=bad))])
                tx.add_rollups([_rollup(release.id, stratum, arm, start_us, each, bad)])
        return 2 * each

    def _report(self, revision: int) -> None:
        self._beat += 1
        worker = WorkerStatus(instance="w1", pid=1, acked=revision, leased=True, dropped=0)
        shipped_us = self.clock.now_us()
        with self.telemetry.tx() as tx:
            tx.put_host(HostStatus(host="h1", beat=self._beat, shipped_until_us=shipped_us, workers=(worker,)))


def _rollup(release: str, stratum: int, arm: Arm, start_us: int, requests: int, bad: int) -> Rollup:
    return Rollup(
        host="h1",
        app="shop",
        release=release,
        stratum=stratum,
        arm=arm,
        version="v",
        start_us=start_us,
        width_s=1,
        requests=requests,
        events={int(Event.ERROR): bad} if bad else {},
    )
