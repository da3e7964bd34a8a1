"""How a release stands, on the wire."""

from collections.abc import Sequence

import msgspec
from pydantic import BaseModel, Field

from serinus.api.schemas.plan import PlanBody
from serinus.api.schemas.release import ReleaseView, release_fields
from serinus.api.schemas.shadow import ShadowStandingView
from serinus.api.schemas.stages import SigningView, StagesView, StageView
from serinus.api.schemas.suspicion import SuspicionView
from serinus.control.name_versions import Names
from serinus.core.decision.side_by_side import Beside
from serinus.core.release.release import Release


class EventsView(BaseModel):
    """First bad events of one metric in one arm."""

    metric: str
    units: int = Field(description="Units with at least one such event.")
    rate: float | None = Field(description="Share of the arm's units; null without units.")


class ArmView(BaseModel):
    """One compared arm."""

    arm: str = Field(description="`candidate` or `control`.")
    units: int = Field(description="Enrolled units, exact.")
    events: list[EventsView]
    in_flight: int = Field(description="Calls begun and not ended.")
    oldest_in_flight_s: float | None = Field(description="Age of the oldest of them; null without any.")


class EvidenceView(BaseModel):
    """Evidence of harm by one guardrail."""

    metric: str
    role: str
    dry_run: bool
    candidate: int = Field(
        description="Units that count for the candidate: with the event, beyond the threshold, or with a value."
    )
    control: int
    log_e: float = Field(description="Natural logarithm of the e-value: 0 says nothing.")
    culprit: bool = Field(description="Named as a cause.")
    kind: str = Field(default="events", description="`events`, `quantile`, `ratio` or `score`.")
    unit: str = Field(default="share", description="Unit of the values below.")
    no_data: str = Field(default="", description="Why nothing can be said yet.")
    threshold: float | None = Field(default=None, description="Of a quantile: the control's own.")
    candidate_value: float | None = Field(
        default=None, description="Of a ratio: the candidate's; of a score: its mean, on the scale."
    )
    control_value: float | None = Field(default=None, description="As above, of the control.")
    text: str = Field(default="", description="All of it as a sentence.")


class DwellView(BaseModel):
    """What the step still asks for."""

    served_s: float
    needed_s: float
    min_units: int = Field(description="Units that each arm needs.")
    candidate_units: int = Field(description="Units that count for it: of this step, all in the watch.")
    control_units: int


class FollowersView(BaseModel):
    """Which gateway workers follow the newest snapshot, or the one that took the candidate out."""

    revision: int
    workers: int
    following: int
    leased: int = Field(description="Those that may serve candidates now.")
    behind: list[str] = Field(description="`host/instance` of the others.")


class SampleRatioView(BaseModel):
    """Whether units come to both arms alike."""

    candidate: int = Field(description="Units that count.")
    control: int
    log_e: float = Field(description="Against equal shares.")
    needed_log_e: float = Field(description="Where it pauses.")
    verdict: str = Field(description="`pass`, `fail` or `no_data`.")


class ControlHealthView(BaseModel):
    """One metric of the live version against its own past."""

    metric: str
    calls: int = Field(description="Its calls since users saw the candidate, or a person resumed.")
    events: int = Field(description="Those with the event, or that took longer than its own quantile.")
    expected: float = Field(description="How many of them its past lets expect at most, at these hours of the day.")
    log_e: float = Field(description="Against the plan's `control_ratio` times as many.")
    needed_log_e: float = Field(description="Where it pauses.")
    ill: bool
    no_data: str = Field(description="Why nothing can be said; empty when something can.")
    past_hours: int = Field(default=0, description="Hours with calls that are known; 72 are needed.")
    past_from_us: int | None = Field(default=None, description="When they begin, in µs UTC; null: unknown.")
    text: str = Field(description="All of it as a sentence.")


class ClockView(BaseModel):
    """A host whose clock is wrong."""

    host: str
    offset_s: float = Field(description="Its clock minus the store's.")


class StandingView(BaseModel):
    """How the arms compare now. What nobody knows is null."""

    arms: list[ArmView]
    evidence: list[EvidenceView] = Field(description="In the plan's order.")
    log_e: float = Field(description="Of the release: the weighted evidence of all guardrails.")
    needed_log_e: float = Field(description="Where it rolls back: log(1/alpha).")
    dwell: DwellView | None = Field(description="Null when no candidate is served.")
    data_age_s: float | None = Field(description="Age of the watermark: all records before it are counted.")
    followers: FollowersView
    sample_ratio: SampleRatioView | None = Field(description="Null while no user has seen the candidate.")
    shadow: ShadowStandingView | None = Field(description="Its shadow stage, or the last that ended; null: none.")
    control_health: list[ControlHealthView] = Field(
        default=[], description="The live version against its own past; empty where none is kept."
    )
    clocks: list[ClockView] = Field(
        default=[], description="Hosts more than 60 s off: their calls count, but absolute limits do not see them."
    )
    not_compared: list[str] = Field(
        default=[], description="Of a first release: declared metrics and monitors that have nothing to compare with."
    )


class SeenView(BaseModel):
    """What one place has seen of a metric."""

    n: int = Field(description="Cases, pairs, or users of the candidate.")
    candidate: float | None = Field(description="In the metric's unit; null: the place only knows the ratio.")
    baseline: float | None
    ratio: float | None = Field(description="Candidate over baseline; in shadow of sizes: the mean over pairs.")
    low: float | None = Field(description="Its confidence sequence at 1 - alpha; null: none is known.")
    high: float | None = Field(description="Null where nothing bounds it from above, too.")


class BesideView(BaseModel):
    """One metric offline, in shadow and live. A place is null while it has seen nothing of it."""

    metric: str = Field(description="A metric, or a criterion of a suite that no metric counts.")
    title: str
    unit: str = Field(description="`score`: higher is better; `ratio`: no place knows values.")
    margin: float | None = Field(description="By how many times two places may lie apart; null: they are not compared.")
    offline: SeenView | None
    shadow: SeenView | None
    live: SeenView | None
    gap: str = Field(description="Which two places lie further apart, with both bounds; empty: none is seen.")


class ReleaseDetail(ReleaseView):
    """A release with its plan and how it stands."""

    plan: PlanBody
    stages: list[StageView] = Field(description="In the plan's order.")
    signing: SigningView | None = Field(description="Null when it waits for nobody's approval.")
    waiting: str = Field(description="What the release lacked at the last look, as a sentence.")
    standing: StandingView
    side_by_side: list[BesideView] = Field(description="Each metric in each place; those with a gap come first.")
    suspicions: list[SuspicionView] = Field(
        default=[], description="What is suspected of the candidate and keeps it from going on, oldest first."
    )

    @classmethod
    def of_standing(
        cls,
        release: Release,
        names: Names,
        stages: StagesView,
        standing: StandingView,
        side_by_side: Sequence[Beside] = (),
    ) -> "ReleaseDetail":
        """The view of a release, its stages and its standing."""
        return cls(
            **release_fields(release, names),
            plan=PlanBody.of(release.plan),
            stages=stages.stages,
            signing=stages.signing,
            waiting=stages.waiting,
            standing=standing,
            side_by_side=[BesideView.model_validate(msgspec.to_builtins(one)) for one in side_by_side],
        )
