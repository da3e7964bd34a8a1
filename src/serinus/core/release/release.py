"""The release as a value: all of it is stored as one JSON document beside its state and sequence number."""

from __future__ import annotations

import msgspec

from serinus.core.pipeline.plan import Plan
from serinus.core.records.label_sums import LabelSums
from serinus.core.records.live_calls import Past, Watched
from serinus.core.records.pair_totals import PairTotals
from serinus.core.release.lineage import Lineage
from serinus.core.release.table import State
from serinus.core.release.yardstick import Yardstick
from serinus.core.routing.assignment import ASSIGN_V, RampPoint

STATS_V = 3
"""2: evidence on events is renewed between steps, and labels are awaited. 3: that on scores too, with weights by level.
A release keeps what it began with."""

Positions = dict[str, tuple[int, int]]
"""How far the data of a release had come: metric → (candidate, control) units with a first event; `enrolled` too."""
Renewals = dict[str, tuple[tuple[int, int, int], ...]]
"""Where evidence was renewed: metric → `core.stats.renewal.Start`s, oldest first."""


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """Why a release is paused. `auto_resume`: paused for missing data, resumes by itself when data return.

    `trigger` names what paused it (`guardrail:call.error`, `limit:0`, `stage:1`, `no_data`, `person`, …);
    `deadline_us` (0: none) is when a vetoed limit becomes a rollback. The instant shown is an estimate: the time
    is counted on the tick's monotonic clock (`Progress.held_ms`). `closed_from`: the snapshot revision from which on a
    first release takes nobody new (0: it does).
    """

    trigger: str
    reason: str
    at_us: int
    auto_resume: bool = False
    deadline_us: int = 0
    closed_from: int = 0


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to make `candidate` the live version of `app` in place of `control` (digests; empty: nothing was
    live, and users whom the candidate is not for get the app's fallback message).

    `seq` counts every change; all writers compare and swap on it. `stage` is the index of the plan's stage it is in,
    `attempts` how often each stage was asked to be measured, `step` the index of the traffic step it is on (−1 before
    the first). `shown` are the positions of the data when it came to an approval: what reviewers judge is frozen there.
    `ramp` is the history of shares by snapshot revision. `restarts[s]` is the data's position when step `s` began: the
    evidence process restarted there counts from it (statistics 5). `rearmed` maps a trigger to the position from which
    it counts again after a person resumed: `{"candidate", "control"}` events of a guardrail or units of the sample
    ratio, `{"after_us"}` of a limit or monitor. `final_revision` is the snapshot that took the candidate out. `reason`
    says why it stands where it stands. `lineage`: which attempt it is, and what counts on from the one before. `past`:
    what the control usually did, by which its own health is judged.
    `ended_at_us`: when it came to a final state; 0 before, and for those of earlier Serinus.
    """

    id: str
    app: str
    seq: int
    state: State
    candidate: str
    control: str
    salt: str
    plan: Plan
    created_at_us: int
    created_by: str
    project: str = "default"
    stage: int = 0
    attempts: tuple[int, ...] = ()
    shown: Positions = {}
    shown_renewals: Renewals = {}
    shown_labels: tuple[LabelSums, ...] = ()
    step: int = -1
    ramp: tuple[RampPoint, ...] = ()
    restarts: tuple[Positions, ...] = ()
    hold: Hold | None = None
    rearmed: dict[str, dict[str, int]] = {}
    final_revision: int = 0
    reason: str = ""
    lineage: Lineage = Lineage()
    yardsticks: tuple[Yardstick, ...] = ()
    assign_v: int = ASSIGN_V
    stats_v: int = STATS_V
    ended_at_us: int = 0
    past: tuple[Past, ...] = ()

    @property
    def exposed(self) -> bool:
        """Whether users may have seen the candidate: a traffic step was taken."""
        return self.step >= 0

    @property
    def closed_from(self) -> int:
        """Conversations begun at this snapshot revision or later are not the candidate's for now; 0: all may be."""
        return self.hold.closed_from if self.hold is not None else 0

    def attempt_of(self, stage: int) -> int:
        """How often a stage was asked to be measured; 0: not yet."""
        return self.attempts[stage] if stage < len(self.attempts) else 0


class ShadowProgress(msgspec.Struct, frozen=True, kw_only=True):
    """What the tick keeps of an attempt of a shadow stage. `floor` is what all pairs said when it began: only what came
    later counts; `totals` and `at_us` (the watermark) are those of the last round.

    `dwell_ms` was spent with pairs coming in, `pending_ms` since the last one came; `peak_units` got their pair inside
    the peak window.
    """

    stage: int
    attempt: int
    floor: PairTotals = PairTotals()
    totals: PairTotals = PairTotals()
    at_us: int = 0
    dwell_ms: int = 0
    pending_ms: int = 0
    peak_units: int = 0


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """What the tick keeps between its rounds: served dwell of the current step in ms, and the data positions
    (units per arm) at which it last grew. Survives restarts; outages cannot fill it.

    `positions`, `watermark_us` and `monitors_us` (newest reading of a monitor) are those of the last round: a
    resume re-arms its trigger from there. `dropped`
    is the count of records each worker had dropped by then. `held_ms` counts a pause begun at `held_at_us`.
    `pending_ms` was spent in health since both arms last answered; it is served once they answer again. `waiting`
    is what the release lacked at the last round, as a sentence. `stage_ms` was spent in the attempt `attempt` of stage
    `stage`; `requested` and `reminded` are the evidence digests for which approval was asked.
    Of guardrails on ratios, `information` is the largest seen; of those and of scores, `log_e` is that of the last
    round. `labels` are how far labels of units were read, and what they add up to. `renewals`: of guardrails on events.
    `suspected_ms`: for how long each suspicion that waits for an answer has done so, by its id. `live`: how the control
    did against its past, in minutes that began before `live_until_us`.
    """

    release: str
    step: int
    dwell_ms: int = 0
    pending_ms: int = 0
    seen_candidate: int = 0
    seen_control: int = 0
    positions: Positions = {}
    watermark_us: int = 0
    monitors_us: int = 0
    dropped: dict[str, int] = {}
    held_at_us: int = 0
    held_ms: int = 0
    waiting: str = ""
    stage: int = 0
    attempt: int = 0
    stage_ms: int = 0
    requested: str = ""
    reminded: str = ""
    shadow: ShadowProgress | None = None
    information: dict[str, float] = {}
    log_e: dict[str, float] = {}
    labels: tuple[LabelSums, ...] = ()
    renewals: Renewals = {}
    suspected_ms: dict[str, int] = {}
    live: tuple[Watched, ...] = ()
    live_until_us: int = 0
