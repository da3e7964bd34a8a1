"""Monitors of a production on a virtual clock: read when due, announced once, seen by the tick, kept over restarts."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from serinus.adapters.memory_store import memory_stores
from serinus.control.configure_app import configure_app
from serinus.control.resume_release import resume_release
from serinus.control.sample_monitors import AT_ONCE, SampleMonitors
from serinus.core.errors import Deposed
from serinus.core.monitoring.reading import Measured, Reading
from serinus.core.pipeline.app import AppConfig
from serinus.core.pipeline.monitor import HttpSource, MetricSource, Monitor
from serinus.core.pipeline.threshold import Threshold
from serinus.core.records.record import Event
from serinus.core.records.sums import Rollup
from serinus.core.release.table import State
from serinus.core.routing.assignment import Arm
from serinus.ports.control_store import Notice, Page
from serinus.ports.monitors import Question
from tests.unit.control.production import HOST, PERSON, PLAN, Production

HEALTH = Monitor(name="kb", source=HttpSource(url="http://kb/"), required=True, every_s=5, timeout_s=1)
ERRORS = Monitor(
    name="errors", source=MetricSource(metric="call.error"), every_s=5, window_s=10, min_samples=5,
    alert=Threshold(side="above", factor=2.0), critical=Threshold(side="above", factor=20.0), action="pause",
)  # fmt: skip


class Outside:
    """The world that HTTP checks ask: what it says, and what it was asked."""

    def __init__(self) -> None:
        self.says = Measured(value=1.0)
        self.asked: list[Question] = []

    def measure(self, asked: Question) -> Measured:
        self.asked.append(asked)
        return self.says

    def check_query(self, where: str, query: str) -> None:
        """Nothing is refused."""


class Watched(Production):
    """A production whose leader samples monitors every second."""

    def __init__(self, *monitors: Monitor) -> None:
        super().__init__(msgspec.structs.replace(PLAN, monitors=monitors))
        self.outside = Outside()
        self.sampler = self.new_sampler()

    def new_sampler(self, start: Callable[[Callable[[], None]], None] = lambda job: job()) -> SampleMonitors:
        return SampleMonitors(self.control, self.telemetry, self.outside, self.clock, start)

    def watch(self) -> None:
        """One second of everything, the sampler included."""
        self.clock.sleep(1)
        self.users_call()
        self.report()
        self.tick.once()
        epoch = self.tick.epoch()
        assert epoch is not None
        self.sampler.once(epoch)

    def newest(self, monitor: Monitor, subject: str) -> Reading:
        with self.control.tx() as tx:
            return next(r for r in tx.newest_readings("shop") if (r.monitor, r.subject) == (monitor.name, subject))

    def told(self, *kinds: str) -> list[Notice]:
        with self.control.tx() as tx:
            found, _ = tx.notices(Page(limit=200))
        return [one for one in reversed(found) if one.kind in kinds]

    def run(self, seconds: int) -> None:
        for _ in range(seconds):
            self.watch()


LEVELS = ("alert", "critical", "recover", "no_data")


def live(production: Watched) -> None:
    """Run one second, so that the tick leads."""
    production.tick.once()


def test_I_a_check_is_read_when_it_is_due_and_each_change_is_told_once() -> None:
    """Every five seconds; down and up again are two notices however often it is read."""
    one = Watched(HEALTH)
    live(one)
    one.run(10)
    assert len(one.outside.asked) == 2
    one.outside.says = Measured(value=0.0)
    one.run(20)
    one.outside.says = Measured(value=1.0)
    one.run(10)
    assert [notice.kind for notice in one.told(*LEVELS)] == ["critical", "recover"]
    assert "did not answer 200" in one.told("critical")[0].body
    assert one.newest(HEALTH, "app").level == "ok"
    told = [entry for entry in one.audit() if entry[0].startswith("tick:monitor:")]
    assert [action for action, _ in told] == ["tick:monitor:critical", "tick:monitor:recover"]
    assert "did not answer 200" in told[0][1]
    with one.control.tx() as tx:
        history, _ = tx.readings("shop", "kb", Page())
    assert [r.level for r in history][-3:] == ["ok", "critical", "ok"]


def test_I_a_critical_check_pauses_a_release_and_a_person_resumes() -> None:
    """The tick sees the reading of the app; after the resume and the recovery the release goes on."""
    one = Watched(HEALTH)
    live(one)
    one.run(6)
    one.start()
    one.outside.says = Measured(value=0.0)
    one.run(10)
    release = one.release()
    assert release.state is State.PAUSED
    assert release.hold is not None
    assert release.hold.trigger == "monitor:kb"
    one.outside.says = Measured(value=1.0)
    one.run(6)
    resume_release(one.control, one.clock.now_us(), PERSON, release.id, "it is back")
    one.run(60)
    assert one.release().step > 0


def test_I3_without_data_of_a_required_monitor_no_step_is_left() -> None:
    """A source that fails is told once, asked more and more seldom, and never ok; then the release goes on."""
    one = Watched(HEALTH)
    live(one)
    one.start()
    one.outside.says = Measured(fault="it cannot be reached")
    one.run(100)
    assert one.release().state is State.RUNNING
    assert one.release().step == 0
    assert [notice.kind for notice in one.told(*LEVELS)] == ["no_data"]
    assert 4 <= len(one.outside.asked) <= 6
    one.outside.says = Measured(value=1.0)
    one.run(200)
    assert one.release().step > 0
    assert [notice.kind for notice in one.told(*LEVELS)] == ["no_data", "recover"]


def test_I3_a_sampler_that_stands_still_leaves_no_data() -> None:
    """What is older than two readings holds the step, though the last level was ok."""
    one = Watched(HEALTH)
    live(one)
    one.start()
    one.run(6)
    step = one.release().step
    for _ in range(60):
        Production.second(one)
    release = one.release()
    assert (release.state, release.step) == (State.RUNNING, step)
    with one.control.tx() as tx:
        progress = tx.progress(release.id)
    assert progress is not None
    assert "its last reading is" in progress.waiting


def test_I_a_candidate_is_compared_with_its_control() -> None:
    """Twenty times the control's errors pause it; the live version has no baseline yet, and says so."""
    monitors = (ERRORS,)
    plan = msgspec.structs.replace(PLAN, monitors=monitors, guardrails=(), limits=PLAN.limits)
    one = Watched(ERRORS)
    configure_app(one.control, one.clock.now_us(), PERSON, AppConfig(name="shop", plan=plan))
    live(one)
    one.rates[Event.ERROR] = lambda arm: 0.18 if arm is Arm.CANDIDATE else 0.001
    one.start()
    for _ in range(120):
        one.watch()
        if one.release().state is not State.RUNNING:
            break
    release = one.release()
    assert release.hold is not None
    assert release.hold.trigger == "monitor:errors"
    reading = one.newest(ERRORS, "candidate")
    assert reading.release == release.id
    assert "control: " in reading.text
    assert one.newest(ERRORS, "live").level == "no-data"


def test_I_the_live_version_is_compared_with_this_hour_a_week_ago() -> None:
    """From the rollups of then, of whatever version was live."""
    one = Watched(ERRORS)
    live(one)
    now_s = one.clock.now_us() // 1_000_000

    def rollup(at_s: int, width_s: int, requests: int, errors: int, version: str) -> Rollup:
        return Rollup(
            host=HOST, app="shop", release="", stratum=-1, arm=Arm.REST, version=version,
            start_us=at_s // width_s * width_s * 1_000_000, width_s=width_s, requests=requests,
            events={int(Event.ERROR): errors},
        )  # fmt: skip

    with one.telemetry.tx() as tx:
        tx.add_rollups([rollup(now_s - 7 * 86_400, 60, 1000, 10, "former")])
        tx.add_rollups([rollup(now_s, 1, 100, 3, one.baseline.digest), rollup(now_s, 1, 100, 99, "other")])
    one.run(2)
    reading = one.newest(ERRORS, "live")
    assert (reading.level, reading.value, reading.baseline, reading.samples) == ("alert", 0.03, 0.01, 100)
    assert "a week ago" in reading.text


def test_a_restart_neither_forgets_nor_repeats() -> None:
    """A new sampler reads when the old one would have, and tells nothing again."""
    one = Watched(HEALTH)
    live(one)
    one.outside.says = Measured(value=0.0)
    one.run(2)
    asked = len(one.outside.asked)
    one.sampler = one.new_sampler()
    one.run(2)
    assert len(one.outside.asked) == asked
    one.run(10)
    assert len(one.outside.asked) > asked
    assert len(one.told("critical")) == 1


def test_a_changed_monitor_is_read_at_once_and_a_dropped_one_never() -> None:
    """By its new declaration."""
    one = Watched(HEALTH)
    live(one)
    one.run(2)
    asked = len(one.outside.asked)
    for monitors, expected in (((msgspec.structs.replace(HEALTH, window_s=60),), asked + 1), ((), asked + 1)):
        plan = msgspec.structs.replace(PLAN, monitors=monitors)
        configure_app(one.control, one.clock.now_us(), PERSON, AppConfig(name="shop", plan=plan))
        one.run(1)
        assert len(one.outside.asked) == expected
    one.run(20)
    assert len(one.outside.asked) == asked + 1


def test_only_so_many_are_read_at_once_and_none_twice() -> None:
    """Slow sources hold only their own slots; each is started when one is free."""
    monitors = tuple(msgspec.structs.replace(HEALTH, name=f"kb {n}") for n in range(AT_ONCE + 2))
    one = Watched(*monitors)
    live(one)
    waiting: list[Callable[[], None]] = []
    one.sampler = one.new_sampler(waiting.append)
    epoch = one.tick.epoch()
    assert epoch is not None
    assert one.sampler.once(epoch) == AT_ONCE
    assert one.sampler.once(epoch) == 0
    for job in waiting:
        job()
    one.clock.sleep(1)
    assert one.sampler.once(epoch) == 2


def test_who_leads_no_more_samples_nothing() -> None:
    """A deposed process keeps no reading."""
    one = Watched(HEALTH)
    live(one)
    epoch = one.tick.epoch()
    assert epoch is not None
    with pytest.raises(Deposed):
        one.sampler.once(epoch + 1)
    late: list[Callable[[], None]] = []
    one.sampler = one.new_sampler(late.append)
    one.sampler.once(epoch)
    seen = one.control.leader()
    assert one.control.claim("other", seen) is not None
    late[0]()
    with one.control.tx() as tx:
        assert tx.newest_readings() == []


def test_stores_in_memory_need_no_monitors() -> None:
    """An empty project samples nothing."""
    control, telemetry = memory_stores(lambda n: bytes(n))
    one = Watched()
    leader = control.claim("me", None)
    assert leader is not None
    assert SampleMonitors(control, telemetry, one.outside, one.clock, lambda job: job()).once(leader.epoch) == 0
