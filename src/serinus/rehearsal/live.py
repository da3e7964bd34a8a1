"""One release from start to end: the real `decide` and transitions, on a virtual clock that jumps."""

from __future__ import annotations

import msgspec
import numpy as np

from serinus.core.decision.commands import (
    Advance,
    Command,
    Confirm,
    EnterStage,
    Pause,
    Promote,
    Reject,
    RequestApproval,
    Resume,
    RollBack,
)
from serinus.core.decision.decision import Decision, decide
from serinus.core.decision.observations import LONGEST_ROUND_MS, Fleet, Flow, Observations, Units
from serinus.core.pipeline.plan import Plan
from serinus.core.records.sums import ENROLLED
from serinus.core.release.release import Hold, Progress, Release
from serinus.core.release.table import FINAL, Event, State
from serinus.core.release.transitions import (
    advanced,
    confirmed,
    entered,
    paused,
    promoted,
    rejected,
    resumed,
    started,
    withdrawn,
)
from serinus.rehearsal.bars import Bars
from serinus.rehearsal.calls import MINUTE_S
from serinus.rehearsal.gaps import after_gap
from serinus.rehearsal.looks import Telling, next_look, telling
from serinus.rehearsal.outcome import End, Outcome
from serinus.rehearsal.scenario import DAY_S, Scenario
from serinus.rehearsal.stretch import Stretch, seen_buckets
from serinus.rehearsal.world import World

START_US = 1_767_225_600_000_000
"""Where virtual time begins: any moment will do, since nothing is measured by wall clocks."""
HOST = "host"
LATE_MS = 5_000
EXTRA_BUCKETS = 10
_MOST_CALLS = 60_000
_LONGEST_MINUTES = 120
_WATCH_MINUTES = 1440


class Living:
    """A release being lived through. `every_minute`: look at all minutes, not only at those that can tell something."""

    def __init__(self, scenario: Scenario, plan: Plan, bars: Bars, index: int, seed: int, every_minute: bool) -> None:
        self._scenario = scenario
        self._bars = bars
        self._every_minute = every_minute
        self._world = World(scenario, plan, np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(index,))))
        self._index = index
        self._revision = 1
        self._release = started(_created(plan), self._revision, "rehearsed")
        self._progress: Progress | None = None
        self._horizon = int(horizon_s(scenario, plan) // MINUTE_S)
        self._steps_s: list[float] = [0.0]
        self._looked_ms = 0
        self._exposed_watch = 0
        self._pauses = self._looks = 0
        self._last: Decision | None = None
        self._stretch: Stretch | None = None

    def outcome(self) -> Outcome:
        """Live to the end, or to the horizon."""
        minute = 0
        while minute < self._horizon and self._release.state not in FINAL:
            minute += self._live_stretch(minute)
        return self._summed(minute)

    def _live_stretch(self, first: int) -> int:
        """Draw a stretch and go through it until the step changes or it is over; how many minutes were lived."""
        step = self._release.step
        stretch = self._stretch = self._world.ahead(
            first, stretch_minutes(self._scenario, self._release.plan, step, first, self._horizon), step
        )
        told = self._telling(stretch)
        minute = 0
        while (minute := self._next_look(stretch, told, minute)) < stretch.minutes:
            rearmed = self._release.rearmed
            self._round(stretch, minute)
            minute += 1
            if self._release.step != step or self._release.state in FINAL:
                break
            if self._release.rearmed != rearmed:
                told = self._telling(stretch)
        lived = min(minute, stretch.minutes)
        self._world.live(lived)
        self._exposed_watch += self._world.exposed(first, first + lived, step)
        return lived

    def _next_look(self, stretch: Stretch, told: Telling, minute: int) -> int:
        if self._every_minute:
            return minute
        return next_look(self._release, self._progress, self._looked_ms, stretch, told, minute)

    def _telling(self, stretch: Stretch) -> Telling:
        return telling(self._release, stretch, self._world.metrics, self._bars)

    def _round(self, stretch: Stretch, minute: int) -> None:
        """What the tick does, at the end of this minute."""
        self._looks += 1
        now_ms = round(stretch.end_s(minute) * 1000)
        seen = self._observed(stretch, minute, now_ms - self._looked_ms)
        stored = passed(self._release, self._progress, now_ms - self._looked_ms - LONGEST_ROUND_MS)
        now_us = START_US + now_ms * 1000
        decision = decide(self._release, stored, seen, now_us)
        self._looked_ms = now_ms
        self._progress = decision.progress
        for command in decision.commands:
            self._last = decision
            self._carry_out(command, now_us, now_ms / 1000)
        if self._release.state is State.ROLLING_BACK:
            self._confirm(now_us)

    def _confirm(self, now_us: int) -> None:
        """The hosts follow within a second: the release has ended."""
        flow = Flow(age_ms=0, seen=False)
        seen = Observations(elapsed_ms=0, candidate=flow, control=flow, fleet=Fleet(live=1))
        for command in decide(self._release, self._progress, seen, now_us + 1_000_000).commands:
            self._carry_out(command, now_us, 0.0)

    def _carry_out(self, command: Command, now_us: int, now_s: float) -> None:
        release, step = self._release, self._release.step
        assert self._progress is not None
        positions = self._progress.positions
        match command:
            case Pause():
                self._pauses += 1
                self._release = paused(release, _hold(command, now_us))
            case Resume():
                self._release = resumed(release, self._progress, command.reason)
            case Advance():
                self._release = advanced(release, self._next_revision(), positions, command.reason)
            case EnterStage():
                self._release = entered(release, command.stage, positions, command.reason)
            case RollBack():
                self._release = withdrawn(release, Event.ROLL_BACK, self._next_revision(), command.reason)
            case Promote():
                self._release = promoted(release, self._next_revision(), command.reason)
            case Reject():
                self._release = rejected(release, self._next_revision(), command.reason)
            case Confirm():
                self._release = confirmed(release)
            case RequestApproval():
                pass
        if self._release.step != step:
            self._steps_s.append(now_s)
            step = self._release.step
            self._progress = msgspec.structs.replace(self._progress, step=step, dwell_ms=0, pending_ms=0)

    def _next_revision(self) -> int:
        self._revision += 1
        return self._revision

    def _observed(self, stretch: Stretch, minute: int, elapsed_ms: int) -> Observations:
        plan, metrics = self._release.plan, self._world.metrics
        now_us = START_US + round(stretch.end_s(minute) * 1e6)
        silent_ms = int(stretch.gap_ms[minute])
        units = stretch.units[minute].tolist()
        positions = {name: tuple(pair) for name, pair in zip(metrics, stretch.positions[minute].tolist(), strict=True)}
        positions = {name: pair for name, pair in positions.items() if any(pair)}
        total = (sum(pair[0] for pair in units), sum(pair[1] for pair in units))
        if any(total):
            positions[ENROLLED] = total
        flows = [
            Flow(age_ms=int(stretch.age_ms[minute, arm]), seen=bool(stretch.answered[minute, arm])) for arm in range(2)
        ]
        return Observations(
            elapsed_ms=min(elapsed_ms, LONGEST_ROUND_MS),
            candidate=flows[0],
            control=flows[1],
            fleet=Fleet(
                live=1,
                watermark_us=now_us - silent_ms * 1000,
                late=(HOST,) if silent_ms > LATE_MS else (),
                stuck=(HOST,) if silent_ms > plan.freshness_s * 1000 else (),
            ),
            units=tuple(Units(s, *pair) for s, pair in enumerate(units) if any(pair)),
            positions={name: (pair[0], pair[1]) for name, pair in sorted(positions.items())},
            limits=tuple(
                seen_buckets(
                    stretch,
                    limit,
                    metrics.index(limit.metric) if limit.metric in metrics else None,
                    minute,
                    (limit.buckets + EXTRA_BUCKETS) * limit.bucket_s + MINUTE_S,
                    START_US,
                )
                for limit in plan.limits
            ),
        )

    def _summed(self, minutes: int) -> Outcome:
        stretch, world = self._stretch, self._world
        assert stretch is not None
        last = minutes - stretch.first - 1
        began = [at for at, effect in zip(world.harm_began, map(world.effect, range(len(world.metrics))), strict=True)
                 if at is not None and effect is not None and effect.ratio > 1 and effect.segment > 0]  # fmt: skip
        end_s = minutes * MINUTE_S
        harm_s = min((at for at in began if at <= end_s), default=None)
        finding = self._last.findings[-1] if self._last else None
        return Outcome(
            index=self._index,
            end=_end(self._release),
            end_s=end_s,
            steps_s=tuple(self._steps_s),
            harm_s=harm_s,
            exposed=int(stretch.units[last, :, 0].sum()) + self._exposed_watch,
            calls=int(stretch.harmed.calls[last]),
            bad=int(stretch.harmed.bad[last]),
            extra=round(float(stretch.harmed.extra[last]), 3),
            question=finding.question if finding else "",
            reason=self._release.reason,
            pauses=self._pauses,
            looks=self._looks,
        )


def stretch_minutes(scenario: Scenario, plan: Plan, step: int, first: int, horizon: int) -> int:
    """How many minutes to draw at a time: not much more than the step lasts, nor than fits into memory, and never to an
    end within a gap."""
    longest = _WATCH_MINUTES
    if not plan.is_watch(step):
        per_minute = scenario.traffic.requests_per_day / 1440 * 2 * plan.candidate_share(step)
        longest = min(_LONGEST_MINUTES, int(_MOST_CALLS / per_minute))
    longest = max(5, min(longest, int(plan.steps[step].dwell_s / MINUTE_S) + 2))
    return max(1, min(after_gap(scenario.gaps, first + longest), horizon) - first)


def passed(release: Release, progress: Progress | None, ms: int) -> Progress | None:
    """The tick's memory after rounds that were not judged one by one, since each would only have counted its time: as
    health when the release goes on, else as waiting."""
    if progress is None or ms <= 0 or progress.step != release.step:
        return progress
    if release.hold is None:
        return msgspec.structs.replace(progress, pending_ms=progress.pending_ms + ms, stage_ms=progress.stage_ms + ms)
    held = progress.held_ms + ms if progress.held_at_us == release.hold.at_us else progress.held_ms
    return msgspec.structs.replace(progress, held_ms=held)


def horizon_s(scenario: Scenario, plan: Plan) -> float:
    """When the rehearsal of a release ends, whatever has become of it: the scenario's, or twice all dwells and
    a day."""
    return scenario.horizon_s or 2 * sum(step.dwell_s for step in plan.steps) + DAY_S


def _hold(pause: Pause, now_us: int) -> Hold:
    return Hold(
        trigger=pause.trigger,
        reason=pause.reason,
        at_us=now_us,
        auto_resume=pause.auto_resume,
        deadline_us=now_us + int(pause.deadline_s * 1e6) if pause.deadline_s else 0,
    )


def _end(release: Release) -> End:
    if release.state is State.PROMOTED:
        return "promoted"
    if release.state is State.ROLLED_BACK:
        return "rolled_back"
    waits = release.hold is not None and not release.hold.auto_resume
    return "paused" if waits else "unfinished"


def _created(plan: Plan) -> Release:
    return Release(
        id="rel_rehearsed",
        app="rehearsed",
        seq=0,
        state=State.CREATED,
        candidate="candidate",
        control="baseline",
        salt="",
        plan=plan,
        created_at_us=START_US,
        created_by="rehearsal",
    )
