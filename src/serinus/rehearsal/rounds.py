"""How a rehearsed release meets the rounds of the tick: stretches, clocks, hosts, and how it ends."""

from __future__ import annotations

import msgspec
import numpy as np

from serinus.core.decision.commands import Pause
from serinus.core.decision.observations import LONGEST_ROUND_MS, Fleet, Flow, Gates, Observations
from serinus.core.decision.shadow_dwell import shadow_stage
from serinus.core.pipeline.plan import Plan
from serinus.core.release.release import Hold, Progress, Release
from serinus.core.release.table import State
from serinus.core.release.yardstick import Yardstick
from serinus.rehearsal.gaps import after_gap
from serinus.rehearsal.made import MIDNIGHT_US
from serinus.rehearsal.outcome import End
from serinus.rehearsal.scenario import DAY_S, Scenario
from serinus.rehearsal.stages import unserved_s

START_US = MIDNIGHT_US
"""Where virtual time begins: any moment will do, since nothing is measured by wall clocks."""
HOST = "host"
LATE_MS = 5_000
_MOST_CALLS = 60_000
_LONGEST_S = 7200
_WATCH_S = 86_400
_MOST_BEATS = 1440


def stretch_beats(scenario: Scenario, plan: Plan, step: int, first: int, horizon: int, beat_s: int) -> int:
    """How many beats to draw at a time: not much more than the step lasts, nor than fits into memory, and never to an
    end within a gap."""
    longest = _WATCH_S // beat_s
    if not plan.is_watch(step):
        per_beat = scenario.traffic.requests_per_day * beat_s / DAY_S * 2 * plan.candidate_share(step)
        longest = min(_LONGEST_S // beat_s, int(_MOST_CALLS / per_beat))
    longest = max(5, min(longest, _MOST_BEATS, int(plan.steps[step].dwell_s / beat_s) + 2))
    return max(1, min(after_gap(scenario.gaps, first + longest, beat_s), horizon) - first)


def passed(release: Release, progress: Progress | None, ms: int) -> Progress | None:
    """The tick's memory after rounds that were not judged one by one, since each would only have counted its time: as
    health when the release goes on, else as waiting."""
    if progress is None or ms <= 0 or progress.step != release.step:
        return progress
    if release.hold is None:
        shadow = progress.shadow
        if shadow is not None:
            shadow = msgspec.structs.replace(shadow, pending_ms=shadow.pending_ms + ms)
        return msgspec.structs.replace(
            progress, pending_ms=progress.pending_ms + ms, stage_ms=progress.stage_ms + ms, shadow=shadow
        )
    held = progress.held_ms + ms if progress.held_at_us == release.hold.at_us else progress.held_ms
    if release.hold.auto_resume and shadow_stage(release) is not None:
        return msgspec.structs.replace(progress, held_ms=held, stage_ms=progress.stage_ms + ms)
    return msgspec.structs.replace(progress, held_ms=held)


def waits_for_a_person(release: Release) -> bool:
    """Whether it is paused, and neither data nor time end that."""
    hold = release.hold
    return hold is not None and not hold.auto_resume and not hold.deadline_us


def horizon_s(scenario: Scenario, plan: Plan) -> float:
    """When the rehearsal of a release ends, whatever has become of it: the scenario's, or all that stages without
    traffic may take, twice all dwells, and a day."""
    return scenario.horizon_s or unserved_s(scenario, plan) + 2 * sum(step.dwell_s for step in plan.steps) + DAY_S


def hold(pause: Pause, now_us: int) -> Hold:
    return Hold(
        trigger=pause.trigger,
        reason=pause.reason,
        at_us=now_us,
        auto_resume=pause.auto_resume,
        deadline_us=now_us + int(pause.deadline_s * 1e6) if pause.deadline_s else 0,
    )


def unserved(now_ms: int, looked_ms: int, gates: Gates) -> Observations:
    """What a round sees while no user gets the candidate."""
    nothing = Flow(age_ms=0, seen=False)
    return Observations(
        elapsed_ms=min(now_ms - looked_ms, LONGEST_ROUND_MS),
        candidate=nothing,
        control=nothing,
        fleet=Fleet(live=1, watermark_us=START_US + now_ms * 1000),
        gates=gates,
    )


def end_of(release: Release) -> End:
    if release.state is State.PROMOTED:
        return "promoted"
    if release.state is State.ROLLED_BACK:
        return "rolled_back"
    if release.state is State.REJECTED:
        return "rejected"
    waits = release.hold is not None and not release.hold.auto_resume
    return "paused" if waits else "unfinished"


def fleet(plan: Plan, now_us: int, silent_ms: int) -> Fleet:
    """One host, which has shipped nothing for so long."""
    return Fleet(
        live=1,
        watermark_us=now_us - silent_ms * 1000,
        late=(HOST,) if silent_ms > LATE_MS else (),
        stuck=(HOST,) if silent_ms > plan.freshness_s * 1000 else (),
    )


def chance_of(seed: int, index: int, *part: int) -> np.random.Generator:
    """The luck of a release, and of a part of it: from the seed and its number alone."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(index, *part)))


def created(plan: Plan, yardsticks: tuple[Yardstick, ...] = ()) -> Release:
    """A release of the plan, not begun."""
    return Release(
        id="rel_rehearsed",
        app="rehearsed",
        seq=0,
        state=State.CREATED,
        candidate="candidate",
        control="" if plan.first else "baseline",
        salt="",
        plan=plan,
        yardsticks=yardsticks,
        created_at_us=START_US,
        created_by="rehearsal",
    )
