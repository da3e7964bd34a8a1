"""Wall clocks that step an hour, forth and back, while a release is under way, in real processes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from serinus.bootstrap.children import start_module, stop_all
from serinus.core.ids import uuid7
from tests.process.gateway_rig import free_port
from tests.process.live_rig import APP, FAST, Live, plan
from tests.process.stepped import step

pytestmark = pytest.mark.process
HOUR_S = 3600.0
LIMIT = {"metric": "call.error", "above": 0.5, "buckets": 3, "bucket_s": 1, "min_requests": 5}
DWELL_S = 1800
BUSY_S = 120.0
"""So long a busy machine may take: nothing here may depend on how fast it is."""
STEPS = [(HOUR_S, HOUR_S), (0.0, 0.0), (-HOUR_S, -HOUR_S), (0.0, -HOUR_S), (0.0, 0.0), (HOUR_S, 0.0), (0.0, HOUR_S)]


class Stepping(Live):
    """Control on one clock, agent and worker of a host on another."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.control_clock, self.host_clock = directory / "control-clock", directory / "host-clock"
        step(self.control_clock, 0)
        step(self.host_clock, 0)
        self._parts: list[subprocess.Popen[bytes]] = []

    def start(self, declared: dict[str, Any], **_: Any) -> Stepping:
        """Everything, with one worker."""
        self.provider = self.stack.provider(*FAST)
        self._start_control()
        self.port = free_port()
        host_dir = str(self.stack.host_dir)
        shared = ["--store", self.stack.store, "--segments", str(self.stack.segments), "--host-id", "here"]
        self._start("agent", self.host_clock, "--host-dir", host_dir, *shared)
        instance = uuid7(self.clock.now_us(), os.urandom(10)).hex()
        at = ["--port", str(self.port), "--instance", instance, "--drain-s", "2"]
        self._start("worker", self.host_clock, "--host-dir", host_dir, *at)
        self.configure(declared)
        self.api("POST", f"/apps/{APP}/live", {"version": self.push("You are a shop."), "reason": "first"})
        self.key = self.stack.caller_key(APP)
        newest = self.revision()
        assert self.stack.wait(lambda: self.all_follow(newest), BUSY_S)
        return self

    def stop(self) -> None:
        """End the host's parts."""
        stop_all(self._parts[::-1], 20, self.clock.mono_ns)

    def dwell_s(self, id: str) -> float:
        """What the step has served."""
        served: float = self.stack.release(id)["standing"]["dwell"]["served_s"]
        return served

    def _start_control(self) -> None:
        key_file = self.stack.directory / "admin-key"
        options = ["--store", self.stack.store, "--port", "0", "--admin-key-file", str(key_file), "--period-s", "0.2"]
        arguments = [str(self.control_clock), "control", *options]
        self.control = self.stack.start("control", "tests.process.stepped", arguments)
        self.stack.use_api(int(self.control.ready["port"]))
        self.stack.key = key_file.read_text().strip()

    def _start(self, part: str, clock: Path, *options: str) -> None:
        with (self.stack.directory / f"{part}.log").open("wb") as log:
            self._parts.append(start_module("tests.process.stepped", [str(clock), part, *options], stderr=log))


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Stepping]:
    """Nothing started yet."""
    with Stepping(tmp_path) as made:
        yield made
        made.stop()


def test_H2_a_clock_that_steps_an_hour_fills_no_dwell_and_rolls_nothing_back(live: Stepping) -> None:
    """Control and host step together or alone, forth and back: after each step the dwell goes on by the seconds that
    really passed, the release runs on where it was, and no call is answered with an error."""
    steps = [{"share": 0.25, "dwell_s": DWELL_S}, {"share": 0.5, "dwell_s": DWELL_S}, {"share": 1.0, "dwell_s": 1}]
    live.start(plan(steps=steps, limits=[LIMIT], veto_deadline_s=60, lease_s=60, freshness_s=BUSY_S))
    with live.users(rate=50) as users:
        id = live.release(live.push("You are a kind shop."))
        began_ns = live.clock.mono_ns()
        assert live.stack.wait(lambda: live.dwell_s(id) > 0, BUSY_S)
        for control_s, host_s in STEPS:
            step(live.control_clock, control_s)
            step(live.host_clock, host_s)
            enough_s = live.dwell_s(id) + 1
            served = partial(lambda enough_s: live.dwell_s(id) > enough_s, enough_s)
            assert live.stack.wait(served, BUSY_S), live.stack.release(id)
        release = live.stack.release(id)
        passed_s = (live.clock.mono_ns() - began_ns) / 1e9
    assert (release["state"], release["step"]) == ("running", 0)
    assert release["standing"]["dwell"]["served_s"] <= passed_s
    assert [action for action in live.actions(id) if action.startswith("tick:")] == []
    assert {answer.status for answer in users.answers} == {200}
    assert live.api("POST", "/audit/verify", {})["whole"]
