"""One release from start to end: the real `decide` and transitions, on a virtual clock that jumps."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from serinus.core.decision.commands import (
    Advance,
    Calibrate,
    Command,
    Conclude,
    Confirm,
    EnterStage,
    Pause,
    Promote,
    Reject,
    RequestApproval,
    Resume,
    RollBack,
)
from serinus.core.decision.control_ill import CONTROL_HEALTH
from serinus.core.decision.decision import Decision, decide
from serinus.core.decision.observations import LONGEST_ROUND_MS, Fleet, Flow, Observations, Units
from serinus.core.decision.verdict import Verdict
from serinus.core.pipeline.stages import MeasuredStage, OfflineStage, RolloutStage
from serinus.core.records.sums import ENROLLED
from serinus.core.release.release import Progress
from serinus.core.release.table import FINAL, Event, State
from serinus.core.release.transitions import (
    advanced,
    calibrated,
    confirmed,
    entered,
    paused,
    promoted,
    rejected,
    resumed,
    started,
    withdrawn,
)
from serinus.rehearsal.beats import LONGEST_S, beat_of, end_ms
from serinus.rehearsal.chances import slow
from serinus.rehearsal.grades import Grades
from serinus.rehearsal.labels import LOOK_BEATS, Labels
from serinus.rehearsal.looks import Telling, first_look, next_look, next_pair_look, telling
from serinus.rehearsal.made import Made
from serinus.rehearsal.mirror import Mirrored, mirrored, pair_looks
from serinus.rehearsal.noted import Noted
from serinus.rehearsal.outcome import Outcome
from serinus.rehearsal.own_past import OwnPast, past_of, waits_for_control
from serinus.rehearsal.population import Bools
from serinus.rehearsal.renewals import Renewing
from serinus.rehearsal.rounds import (
    START_US,
    chance_of,
    created,
    end_of,
    fleet,
    hold,
    horizon_s,
    passed,
    stretch_beats,
    unserved,
    waits_for_a_person,
)
from serinus.rehearsal.scenario import Scenario
from serinus.rehearsal.stages import Stages
from serinus.rehearsal.stretch import Stretch, seen_buckets
from serinus.rehearsal.watching import Watched, Watching
from serinus.rehearsal.world import World

STAGES, MIRROR, LABELS, GRADES = 1, 2, 3, 4
"""Parts of a release that have their own luck."""
EXTRA_BUCKETS = 10


class Living:
    """A release being lived through. `every_beat`: look at all beats, not only at those that can tell something."""

    def __init__(self, scenario: Scenario, made: Made, index: int, seed: int, every_beat: bool) -> None:
        plan = made.plan
        self._scenario = scenario
        self._made = made
        self._every_beat = every_beat
        self._beat_s = made.beat_s
        self._world = World(scenario, plan, chance_of(seed, index), made.beat_s)
        self._stages = Stages(scenario, made.golden, chance_of(seed, index, STAGES))
        self._mirror_rng = chance_of(seed, index, MIRROR)
        self._labels = Labels(scenario, plan, lambda beat: chance_of(seed, index, LABELS, beat), made.beat_s)
        self._grades = Grades(scenario.judge, plan, lambda minute: chance_of(seed, index, GRADES, minute))
        self._kinds = tuple(kind.name for kind in self._world.kinds)
        self._index = index
        self._revision = 1
        made_up = msgspec.structs.replace(created(plan, made.yardsticks), past=past_of(scenario, plan))
        self._release = started(made_up, self._revision, "rehearsed")
        self._progress: Progress | None = None
        self._horizon = int(horizon_s(scenario, plan) // made.beat_s)
        self._steps_s: list[float] = [0.0] if self._release.exposed else []
        self._served_s: float | None = 0.0 if self._release.exposed else None
        self._looked_ms = 0
        self._exposed_watch = 0
        self._pauses = self._looks = 0
        self._last: Decision | None = None
        self._stretch: Stretch | None = None
        self._renewing: Renewing | None = None
        self._watching: Watching | None = None
        self._watched: Watched | None = None
        self._own: OwnPast | None = None
        self._ill: Bools = np.zeros(0, dtype=np.bool_)
        self._noted = Noted()

    def outcome(self) -> Outcome:
        """Live to the end, or to the horizon."""
        beat = 0
        while beat < self._horizon and self._release.state not in FINAL:
            if not self._release.exposed and waits_for_a_person(self._release):
                break
            if self._release.exposed:
                beat += self._live_stretch(beat)
            elif self._stages.mirroring(self._release):
                beat += self._live_mirrored(beat)
            else:
                beat += self._wait(beat)
        return self._summed(min(beat, self._horizon))

    def _wait(self, beat: int) -> int:
        """One round before traffic, and how many beats until the next one can tell more."""
        now_ms, stood = end_ms(beat, self._beat_s), self._release.stage
        self._look(self._unserved(now_ms), now_ms)
        release = self._release
        gone = release.exposed or release.state in FINAL or waits_for_a_person(self._release) or release.stage != stood
        if gone or self._every_beat or self._stages.mirroring(release):
            return 1
        stage = release.plan.stages[release.stage]
        due_s = self._stages.due_s(release)
        if isinstance(stage, MeasuredStage):
            assert self._progress is not None
            due_s = min(due_s, now_ms / 1000 + stage.budget_s - self._progress.stage_ms / 1000)
        return max(1, min(beat_of(due_s, self._beat_s), self._horizon) - beat)

    def _live_mirrored(self, first: int) -> int:
        """A shadow stage, until it has come to its end; how many beats were lived."""
        release = self._release
        stage = self._stages.mirroring(release)
        assert stage is not None
        beats = min(int(stage.budget_s // self._beat_s) + 2, self._horizon - first)
        peaks = self._made.peaks(self._scenario, stage, first, beats)
        found = mirrored(self._mirror_rng, self._world, stage, first, beats, peaks)
        told = pair_looks(release.plan, stage, found, self._made.bars)
        self._served_s = float(first * self._beat_s) if self._served_s is None else self._served_s
        at = 0
        while at < beats:
            if not self._every_beat:
                at = next_pair_look(self._release, self._progress, self._looked_ms, stage, found, told, at)
            if at >= beats:
                break
            now_ms = end_ms(first + at, self._beat_s)
            self._look(self._mirrored_round(found, at, now_ms), now_ms)
            at += 1
            if not self._stages.mirroring(self._release):
                # The result is read in the round after the one that wrote it down.
                self._look(self._mirrored_round(found, at - 1, now_ms), now_ms)
                break
            if waits_for_a_person(self._release) or self._release.state in FINAL:
                break
        return min(at, beats)

    def _mirrored_round(self, found: Mirrored, beat: int, now_ms: int) -> Observations:
        seen = self._unserved(now_ms)
        silent_ms = int(found.gap_ms[beat])
        return msgspec.structs.replace(
            seen,
            fleet=fleet(self._release.plan, seen.fleet.watermark_us, silent_ms),
            shadow=found.seen(beat),
        )

    def _unserved(self, now_ms: int) -> Observations:
        """What a round sees while no user gets the candidate."""
        gates = self._stages.seen(self._release, now_ms / 1000, START_US + now_ms * 1000)
        return unserved(now_ms, self._looked_ms, gates)

    def _live_stretch(self, first: int) -> int:
        """Draw a stretch and go through it until the step changes or it is over; how many beats were lived."""
        step = self._release.step
        length = stretch_beats(self._scenario, self._release.plan, step, first, self._horizon, self._beat_s)
        stretch = self._stretch = self._world.ahead(first, length, step)
        monitors = self._release.plan.monitors
        if monitors:
            self._watching = self._watching or Watching(self._scenario, monitors, first)
            self._watched = self._watching.over(stretch, self._release.plan.is_watch(step))
        if self._release.past:
            self._own = self._own or OwnPast(self._release, self._kinds, first, self._beat_s)
            self._ill = self._own.over(stretch)
        before = self._progress.renewals if self._progress else {}
        self._renewing = Renewing(self._release, before, self._world.metrics, stretch.positions)
        told = self._telling(stretch)
        beat = 0
        while (beat := self._next_look(stretch, told, beat)) < stretch.beats:
            rearmed, well = self._release.rearmed, not waits_for_control(self._release)
            self._round(stretch, beat)
            beat += 1
            if self._release.step != step or self._release.state in FINAL:
                break
            if self._release.rearmed != rearmed or (well and waits_for_control(self._release)):
                told = self._telling(stretch)
        lived = min(beat, stretch.beats)
        if self._progress is not None:
            self._progress = msgspec.structs.replace(self._progress, renewals=self._renewing.before(lived))
        self._labels.came(first, stretch.units[:lived])
        self._world.live(lived)
        self._exposed_watch += self._world.exposed(first, first + lived, step)
        return lived

    def _next_look(self, stretch: Stretch, told: Telling, beat: int) -> int:
        if self._every_beat:
            return beat
        looked = self._soon(stretch, told, beat)
        watching = self._release.plan.is_watch(self._release.step)
        if self._grades.asked or (self._labels.scored and not watching):
            looked = min(looked, beat + -(stretch.first + beat) % LOOK_BEATS)
        # The very last round is looked at whatever it tells: it says what was waited for.
        return max(beat, min(looked, self._horizon - 1 - stretch.first))

    def _soon(self, stretch: Stretch, told: Telling, beat: int) -> int:
        release = self._release
        stage = release.plan.stages[release.stage]
        if isinstance(stage, RolloutStage) or release.state is State.PAUSED:
            return next_look(release, self._progress, self._looked_ms, stretch, told, beat)
        if self._progress is None or self._progress.stage != release.stage:
            return beat
        due_s = self._stages.due_s(release)
        if isinstance(stage, MeasuredStage):
            due_s = min(due_s, (self._looked_ms - self._progress.stage_ms) / 1000 + stage.budget_s)
        return first_look(told, beat, beat_of(due_s, self._beat_s) - stretch.first)

    def _telling(self, stretch: Stretch) -> Telling:
        renewals = self._renewing.followed() if self._renewing else ()
        told = telling(
            self._release, stretch, self._world.metrics, self._kinds, self._made.bars, renewals, self._watched
        )
        ill = self._own is not None and not waits_for_control(self._release)
        return told._replace(acting=told.acting | self._ill) if ill else told

    def _round(self, stretch: Stretch, beat: int) -> None:
        """What the tick does, at the end of this beat."""
        now_ms = round(stretch.end_s(beat) * 1000)
        self._labels.came(stretch.first, stretch.units[: beat + 1])
        if self._progress is not None and self._renewing is not None:
            self._progress = msgspec.structs.replace(self._progress, renewals=self._renewing.before(beat))
        seen = self._observed(stretch, beat, now_ms)
        if self._own is not None:
            self._progress, seen = self._own.looked(stretch.first + beat, self._progress, seen)
        self._look(seen, now_ms)

    def _look(self, seen: Observations, now_ms: int) -> None:
        """A round of the tick that sees this."""
        self._looks += 1
        stored = passed(self._release, self._progress, now_ms - self._looked_ms - LONGEST_ROUND_MS)
        now_us = START_US + now_ms * 1000
        decision = decide(self._release, stored, seen, now_us)
        self._looked_ms = now_ms
        self._noted.note(self._release, decision, seen, now_ms / 1000)
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
                self._release = paused(release, hold(command, now_us))
            case Resume():
                self._release = resumed(release, self._progress, command.reason)
            case Advance():
                self._release = advanced(release, self._next_revision(), positions, command.reason, command.cut)
            case EnterStage():
                self._release = entered(release, command.stage, positions, command.reason, self._progress.renewals)
            case RollBack():
                self._release = withdrawn(release, Event.ROLL_BACK, self._next_revision(), command.reason)
            case Promote():
                self._release = promoted(release, self._next_revision(), command.reason)
            case Reject():
                self._release = rejected(release, self._next_revision(), command.reason)
            case Confirm():
                self._release = confirmed(release)
            case Calibrate():
                self._release = calibrated(release, command.yardsticks, command.reason)
            case Conclude():
                self._stages.conclude(release, command, now_us)
            case RequestApproval():
                pass
        if self._release.step != step:
            self._steps_s.append(now_s)
            self._served_s = now_s if self._served_s is None else self._served_s
            step = self._release.step
            self._progress = msgspec.structs.replace(self._progress, step=step, dwell_ms=0, pending_ms=0)

    def _next_revision(self) -> int:
        self._revision += 1
        return self._revision

    def _observed(self, stretch: Stretch, beat: int, now_ms: int) -> Observations:
        plan, metrics = self._release.plan, self._world.metrics
        now_us = START_US + now_ms * 1000
        silent_ms = int(stretch.gap_ms[beat])
        units = stretch.units[beat].tolist()
        positions = {name: tuple(pair) for name, pair in zip(metrics, stretch.positions[beat].tolist(), strict=True)}
        positions = {name: pair for name, pair in positions.items() if any(pair)}
        total = (sum(pair[0] for pair in units), sum(pair[1] for pair in units))
        if any(total):
            positions[ENROLLED] = total
        flows = [
            Flow(age_ms=int(stretch.age_ms[beat, arm]), seen=bool(stretch.answered[beat, arm])) for arm in range(2)
        ]
        return Observations(
            elapsed_ms=min(now_ms - self._looked_ms, LONGEST_ROUND_MS),
            candidate=flows[0],
            control=flows[1],
            fleet=fleet(plan, now_us, silent_ms),
            gates=self._stages.seen(self._release, now_ms / 1000, now_us),
            monitors=self._watched.seen(beat, START_US) if self._watched else (),
            labels=self._labels.seen(
                self._release, stretch.first + beat - math.ceil(silent_ms / (1000 * self._beat_s))
            ),
            units=tuple(Units(s, *pair) for s, pair in enumerate(units) if any(pair)),
            positions={name: (pair[0], pair[1]) for name, pair in sorted(positions.items())},
            limits=tuple(
                self._grades.window(limit, stretch, beat, START_US)
                if limit.of_scores
                else seen_buckets(
                    stretch,
                    limit,
                    self._kinds.index(slow(limit)) if slow(limit) in self._kinds else None,
                    beat,
                    (limit.buckets + EXTRA_BUCKETS) * limit.bucket_s + LONGEST_S,
                    START_US,
                    self._scenario.latency,
                )
                for limit in plan.limits
            ),
        )

    def _summed(self, beats: int) -> Outcome:
        began = self._harm_began()
        end_s = float(beats * self._beat_s)
        # What harms nobody yet, as no request has come to it, has not begun.
        came = [max(at, self._served_s) for at in began if self._served_s is not None]
        harm_s = min((at for at in came if at <= end_s), default=None)
        exposed, calls, bad, extra = self._stretch.suffered(beats) if self._stretch else (0, 0, 0, 0.0)
        finding = self._last.findings[-1] if self._last else None
        waits = self._release.state is State.PAUSED and waits_for_a_person(self._release)
        return Outcome(
            index=self._index,
            end=end_of(self._release),
            end_s=end_s,
            steps_s=tuple(self._steps_s),
            harm_s=harm_s,
            exposed=exposed + self._exposed_watch,
            calls=calls,
            bad=bad,
            extra=extra,
            question=finding.question if finding else "",
            accused=finding is not None and finding.verdict is Verdict.FAIL and finding.question != CONTROL_HEALTH,
            reason=self._release.reason,
            pauses=self._pauses,
            looks=self._looks,
            held_s=(self._release.hold.at_us - START_US) / 1e6 if waits and self._release.hold else None,
            acted=self._noted.acted,
            delayed=self._noted.delayed,
            lacks=() if self._release.state in FINAL else self._noted.lacks,
        )

    def _harm_began(self) -> list[float]:
        """When each harm of the candidate begins, also one that nothing of the pipeline looks at."""
        scenario = self._scenario
        began = self._world.harms()
        if scenario.judge.drop > 0:
            began.append(0.0)
            if any(isinstance(one, OfflineStage) for one in self._release.plan.stages):
                self._served_s = 0.0
        elif scenario.judge.drop_live > 0:
            began.append(scenario.judge.live_drop_from_s)
        return began
