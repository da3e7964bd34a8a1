"""Limits and monitors on scores, lived through by the real tick over the real stores' rows (J1, H4, I3)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import pytest

from serinus.control.export_audit import export_audit
from serinus.control.observe_scores import ScoreMemory, ScoreWindow, score_windows
from serinus.control.resume_release import resume_release
from serinus.control.sample_monitors import SampleMonitors
from serinus.control.tick import Tick
from serinus.core.audit.entry import Entry
from serinus.core.decision.replay import replayed
from serinus.core.monitoring.reading import Reading
from serinus.core.pipeline.acceleration import Acceleration, Pace
from serinus.core.pipeline.limit import Limit
from serinus.core.pipeline.monitor import MetricSource, Monitor
from serinus.core.pipeline.plan import Plan
from serinus.core.pipeline.threshold import Threshold
from serinus.core.records.score_sums import ScoreKey, ScoreSum
from serinus.core.records.sums import Enrolment
from serinus.core.release.release import Release
from serinus.core.release.table import State
from serinus.core.routing.assignment import Arm
from tests.unit.control.production import LOOSE, PERSON, PLAN, START_US, Production
from tests.unit.control.test_sample_monitors import Outside
from tests.unit.core.decision.cases import running

METRIC = "judge.correctness"
J1 = Limit(metric=METRIC, below=0.80, buckets=1, min_requests=100, by_chance=0.01)
MINUTE_US = 60_000_000


def plan(*limits: Limit) -> Plan:
    """Guarded by these alone."""
    return msgspec.structs.replace(PLAN, stages=(), guardrails=(), limits=(*LOOSE, *limits))


class Scored(Production):
    """Every answer is judged at once, right or wrong in turn, so that the means are those of `right`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.right = {Arm.CANDIDATE: 0.9, Arm.CONTROL: 0.9}
        self._judged: Counter[Arm] = Counter()
        super().__init__(*args, **kwargs)

    def _ship(self, release: str, enrolments: list[Enrolment], counts: Counter[Any], bad: Counter[Any]) -> None:
        super()._ship(release, enrolments, counts, bad)
        now_us, found = self.clock.now_us(), {}
        for arm, part in self.right.items():
            answers = sum(n for (_, of), n in counts.items() if of is arm)
            before, after = (int(part * n) for n in (self._judged[arm], self._judged[arm] + answers))
            self._judged[arm] += answers
            good = (after - before) * 1_000_000
            key = ScoreKey("shop", release, METRIC, int(arm), now_us - now_us % MINUTE_US)
            found[key] = ScoreSum(answers, good, good)
        with self.telemetry.tx() as tx:
            tx.add_score_sums(found)

    def identical(self) -> set[str]:
        """How every decision on the trail comes out when it is decided anew."""
        trail = export_audit(self.control, subject=self.release().id)
        return {one.outcome for one in replayed(msgspec.json.decode(line, type=Entry) for line in trail)}


def test_J1_a_candidate_whose_correctness_is_070_is_rolled_back() -> None:
    """Nothing else differs; the reason has the mean and the control's, and the decision replays to the same byte."""
    world = Scored(plan(J1))
    world.right[Arm.CANDIDATE] = 0.70
    world.start()
    release = world.until(State.PROMOTED, State.ROLLED_BACK)
    assert release.state is State.ROLLED_BACK
    assert release.reason.startswith("correctness was 0.7")
    assert "below 0.8 is too little; control: 0.9" in release.reason
    assert world.identical() == {"identical"}


def test_J1_a_candidate_whose_correctness_is_090_is_promoted() -> None:
    """No minute of it stops anything."""
    world = Scored(plan(J1))
    world.start()
    assert world.until(State.PROMOTED, State.ROLLED_BACK, State.PAUSED).state is State.PROMOTED
    assert world.identical() == {"identical"}


def test_I3_a_candidate_whom_nobody_scores_is_not_promoted() -> None:
    """It waits in the watch, saying for what, and goes on by itself once scores come."""
    world = Scored(plan(J1))
    world.right.clear()
    world.start()
    assert world.seconds(300).state is State.WATCHING
    assert "no limit on correctness without 100 scores" in world.progress().waiting
    world.right = {Arm.CANDIDATE: 0.9}
    assert world.until(State.PROMOTED, within_s=130).state is State.PROMOTED


def test_J1_a_control_that_is_as_bad_makes_it_a_pause() -> None:
    """It may be the judge or the provider: a person decides, until the deadline."""
    world = Scored(plan(J1))
    world.right = {Arm.CANDIDATE: 0.70, Arm.CONTROL: 0.70}
    world.start()
    release = world.until(State.PAUSED, State.ROLLED_BACK, State.PROMOTED)
    assert release.state is State.PAUSED
    assert "Candidate and control are both beyond a limit" in release.reason


def test_H4_a_low_mean_pauses_and_what_was_acknowledged_does_not_count_again() -> None:
    """After the resume only scores that came later do: better ones let it go on, as bad ones pause it again."""
    world = Scored(plan(msgspec.structs.replace(J1, below=0.82, action="pause", buckets=5)))
    world.right[Arm.CANDIDATE] = 0.70
    world.start()
    paused = world.until(State.PAUSED, State.ROLLED_BACK)
    assert paused.state is State.PAUSED
    assert paused.hold is not None
    assert paused.hold.trigger == "limit:1"
    resume_release(world.control, world.clock.now_us(), PERSON, paused.id, "looked at")
    assert world.seconds(45).state is not State.PAUSED
    assert world.until(State.PAUSED).hold is not None
    world.right[Arm.CANDIDATE] = 0.95
    resume_release(world.control, world.clock.now_us(), PERSON, paused.id, "mended")
    world.seconds(1)
    assert world.until(State.PROMOTED, State.PAUSED, State.ROLLED_BACK).state is State.PROMOTED


class Asked:
    """A store that counts its questions."""

    def __init__(self) -> None:
        self.questions: list[tuple[frozenset[str], int, int]] = []

    def score_sums_of(self, releases: Any, metrics: Any, from_us: int, to_us: int) -> Any:
        self.questions.append((frozenset(releases), from_us, to_us))
        return {name: {(METRIC, 1): ScoreSum(1, 1, 1)} for name in releases}


def test_the_tick_asks_for_a_window_once_and_for_all_releases_together() -> None:
    """Rounds within the same minute ask nothing; another window or a new release is one question."""
    store, memory = Asked(), ScoreMemory()
    first, later = ScoreWindow(0, METRIC, 0, MINUTE_US), ScoreWindow(0, METRIC, MINUTE_US, 2 * MINUTE_US)
    for _ in range(3):
        memory.read(store, {"a": (first,), "b": (first,)})  # type: ignore[arg-type]
    memory.read(store, {"a": (later,), "b": (first,), "c": (later,)})  # type: ignore[arg-type]
    assert store.questions == [
        (frozenset("ab"), 0, MINUTE_US),
        (frozenset("ac"), MINUTE_US, 2 * MINUTE_US),
    ]
    assert memory.of("b", first) == {(METRIC, 1): ScoreSum(1, 1, 1)}
    assert memory.of("a", first) == {}
    memory.forget_ended({"a"})
    memory.read(store, {"b": (first,)})  # type: ignore[arg-type]
    assert len(store.questions) == 3


@pytest.mark.parametrize(("buckets", "slides"), [(1, 1), (60, 1), (1440, 24)])
def test_a_window_slides_by_a_sixtieth_of_its_length(buckets: int, slides: int) -> None:
    """Whole minutes of one length that lie before the watermark; a day's window moves every 24 minutes."""
    release = running(plan(msgspec.structs.replace(J1, buckets=buckets)))
    found = {score_windows(release, START_US + minute * MINUTE_US + 5)[0] for minute in range(48)}
    assert len(found) in (48 // slides, 48 // slides + 1)
    for window in found:
        assert (window.to_us - window.from_us, window.from_us % MINUTE_US) == (buckets * MINUTE_US, 0)
        assert window.to_us <= START_US + 48 * MINUTE_US
    assert score_windows(release, 0) == ()


def test_a_window_begins_after_what_was_acknowledged() -> None:
    """At the next whole minute; a wall clock that was set back acknowledges nothing."""
    release, now_us = running(plan(msgspec.structs.replace(J1, buckets=60))), START_US - START_US % MINUTE_US
    after = msgspec.structs.replace(release, rearmed={"limit:1": {"after_us": now_us - 90_000_000}})
    [window] = score_windows(after, now_us)
    assert (window.from_us, window.to_us) == (now_us - MINUTE_US, now_us)
    assert score_windows(after, now_us - 80_000_000) == ()
    [window] = score_windows(after, now_us - 100_000_000)
    assert window.to_us - window.from_us == 60 * MINUTE_US


RIGHT = Monitor(
    name="right", source=MetricSource(metric=METRIC), required=True, every_s=5, window_s=60, min_samples=50
)  # fmt: skip
BESIDE = Monitor(
    name="beside", source=MetricSource(metric=METRIC), every_s=5, window_s=60, min_samples=50,
    critical=Threshold(side="below", factor=1.0, bound=-0.05), action="pause",
)  # fmt: skip


class Watched(Scored):
    """Its leader samples monitors every second, too."""

    def __init__(self, *monitors: Monitor, **changes: Any) -> None:
        super().__init__(msgspec.structs.replace(plan(), monitors=monitors, **changes))
        self.sampler = SampleMonitors(self.control, self.telemetry, Outside(), self.clock, lambda job: job())

    def second(self, *ticks: Tick) -> Release:
        release = super().second(*ticks)
        self.sample()
        return release

    def sample(self) -> None:
        epoch = self.tick.epoch()
        assert epoch is not None
        self.sampler.once(epoch)

    def newest(self, monitor: Monitor, subject: str) -> Reading:
        with self.control.tx() as tx:
            return next(r for r in tx.newest_readings("shop") if (r.monitor, r.subject) == (monitor.name, subject))


def test_H4_a_monitor_of_scores_pauses_a_candidate_that_is_less_often_right() -> None:
    """By the usual threshold, with the mean and the control's; a person resumes."""
    world = Watched(RIGHT)
    world.right[Arm.CANDIDATE] = 0.70
    world.start()
    release = world.until(State.PAUSED, State.PROMOTED, State.ROLLED_BACK)
    assert release.state is State.PAUSED
    assert release.hold is not None
    assert release.hold.trigger == "monitor:right"
    assert "right: 0.697" in release.hold.reason
    assert "below 0.82" in release.hold.reason
    assert "scores" in release.hold.reason


def test_I_scores_are_held_against_the_concurrent_control() -> None:
    """9 points below it are more than 5, though no absolute bound is near; 1 point is not."""
    world = Watched(BESIDE)
    world.right = {Arm.CANDIDATE: 0.55, Arm.CONTROL: 0.75}
    world.start()
    assert world.until(State.PAUSED, State.PROMOTED).state is State.PAUSED
    text = world.newest(BESIDE, "candidate").text
    assert "below baseline − 0.05" in text
    assert "control: 0.7" in text
    near = Watched(BESIDE)
    near.right = {Arm.CANDIDATE: 0.55, Arm.CONTROL: 0.56}
    near.start()
    assert near.seconds(40).state is State.RUNNING
    assert near.newest(BESIDE, "candidate").level == "ok"


def test_I3_a_required_monitor_of_scores_without_any_lets_no_step_be_left() -> None:
    """It says how many there are; once they come it goes on by itself."""
    world = Watched(RIGHT)
    world.right.clear()
    world.start()
    release = world.seconds(90)
    assert (release.state, release.step) == (State.RUNNING, 0)
    assert "no data of the required monitor right" in world.progress().waiting
    assert world.newest(RIGHT, "candidate").text == "No data: 0 of 50 scores are in the window"
    world.right = {Arm.CANDIDATE: 0.9, Arm.CONTROL: 0.9}
    assert world.until(State.PROMOTED, within_s=300).state is State.PROMOTED


def test_H3_correctness_near_the_control_makes_later_steps_shorter() -> None:
    """Within 2 % of the baseline at the last early step; a candidate that is further off keeps the dwells."""

    def dwell(right: float) -> float:
        pace = Pace(monitor="right", threshold=Threshold(side="above", factor=0.98))
        world = Watched(RIGHT, accelerate=Acceleration(up_to=0.05, when=(pace,), later_cut=0.3))
        world.right[Arm.CANDIDATE] = right
        world.start()
        for _ in range(200):
            if (release := world.second()).step == 1:
                return release.plan.steps[1].dwell_s
        raise AssertionError("it never left its first step")

    assert dwell(0.90) == pytest.approx(0.7 * PLAN.steps[1].dwell_s)
    assert dwell(0.86) == PLAN.steps[1].dwell_s


def test_I_the_live_version_is_held_against_this_hour_a_week_ago() -> None:
    """All arms in which it answers, shadow and candidate left out; without scores then there is no baseline."""
    world = Watched(BESIDE)
    now_us, week_us = world.clock.now_us(), 7 * 86_400_000_000

    def scores(at_us: int, arm: Arm, mean: float) -> dict[ScoreKey, ScoreSum]:
        good = round(400 * mean) * 1_000_000
        return {ScoreKey("shop", "", METRIC, int(arm), at_us - at_us % MINUTE_US): ScoreSum(400, good, good)}

    with world.telemetry.tx() as tx:
        tx.add_score_sums(scores(now_us, Arm.REST, 0.8) | scores(now_us, Arm.SHADOW, 0.1))
    world.clock.sleep(1)
    world.report()
    world.tick.once()
    world.sample()
    assert world.newest(BESIDE, "live").text.startswith("No data: this hour a week ago has 0 of 50 scores")
    with world.telemetry.tx() as tx:
        tx.add_score_sums(scores(now_us - week_us, Arm.CONTROL, 0.95))
    world.clock.sleep(6)
    world.report()
    world.tick.once()
    world.sample()
    found = world.newest(BESIDE, "live")
    assert (found.level, found.value, found.baseline) == ("critical", 0.8, 0.95)
