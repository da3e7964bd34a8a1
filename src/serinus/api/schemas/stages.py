"""Stages of a release on the wire: how each stands, and what people sign."""

from datetime import datetime
from typing import Any, Literal

import msgspec
from pydantic import BaseModel, Field

from serinus.api.schemas.app import VersionRef
from serinus.api.schemas.plan import Declared, PlanBody
from serinus.api.schemas.release import ReleaseView
from serinus.api.schemas.risk import ChangeView, RiskView
from serinus.api.schemas.times import when
from serinus.core.pipeline.stages import StageResult
from serinus.core.release.approval import Approval

DIGEST = r"^[0-9a-f]{64}$"


class ApprovalView(BaseModel):
    """What one person said."""

    role: str
    actor: str
    verdict: str = Field(description="`approve` or `reject`.")
    reason: str
    evidence: str = Field(description="Digest of what was shown.")
    lapsed: bool = Field(description="Something else is shown by now, so it counts no more.")
    at: datetime

    @classmethod
    def of(cls, approval: Approval, lapsed: bool) -> "ApprovalView":
        """The view of an approval."""
        return cls(
            role=approval.role,
            actor=approval.actor,
            verdict=approval.verdict,
            reason=approval.reason,
            evidence=approval.evidence,
            lapsed=lapsed,
            at=when(approval.at_us),
        )


class ResultView(BaseModel):
    """What the measurement of a stage came to."""

    stage: int
    name: str
    attempt: int = Field(description="Counts runs, from 1.")
    outcome: str = Field(description="`pass`, `inconclusive`, `no-data`, `error` or `fail`.")
    text: str = Field(description="One sentence with the numbers.")
    evidence_digest: str
    counts: bool = Field(description="It is that of the newest attempt.")
    at: datetime

    @classmethod
    def of(cls, result: StageResult, name: str, counts: bool) -> "ResultView":
        """The view of a result."""
        return cls(
            stage=result.stage,
            name=name,
            attempt=result.attempt,
            outcome=result.outcome,
            text=result.text,
            evidence_digest=result.evidence_digest,
            counts=counts,
            at=when(result.at_us),
        )


class ResultDetail(ResultView):
    """A result with all its numbers."""

    evidence: Any = Field(description="The numbers and digests it used, as JSON.")

    @classmethod
    def of_all(cls, result: StageResult, name: str, counts: bool) -> "ResultDetail":
        """The whole of a result."""
        evidence = msgspec.json.decode(result.evidence) if result.evidence else None
        return cls(**ResultView.of(result, name, counts).model_dump(), evidence=evidence)


class StageView(BaseModel):
    """A stage and how it stands."""

    name: str
    kind: str = Field(description="`offline`, `shadow`, `approval` or `rollout`.")
    standing: Literal["done", "current", "ahead"]
    attempt: int = Field(description="How often it was asked for; 0: not measured, or not yet.")
    result: ResultView | None = Field(description="Of the newest attempt; null: none yet.")
    roles: list[str] = Field(description="Who must sign; empty but for approvals.")
    approvals: list[ApprovalView] = Field(description="All that was said at this stage, oldest first.")
    steps: list[int] = Field(description="The steps it takes, as indexes of the plan's; empty but for rollouts.")


class SigningView(BaseModel):
    """The approval that a release waits for."""

    stage: str
    evidence: str = Field(description="Digest of all that is shown now; send it with an approval.")
    lacking: list[str] = Field(description="Roles that nobody has signed for yet.")
    barred: list[str] = Field(description="Who cannot approve: the version's author, and who started the release.")


class StagesView(BaseModel):
    """All stages of a release."""

    stages: list[StageView]
    signing: SigningView | None = Field(description="Null when it waits for nobody's approval.")
    waiting: str = Field(description="What the release lacked at the last look, as a sentence.")


class ApproveBody(Declared):
    """Sign for what was shown."""

    evidence: str = Field(pattern=DIGEST, description="`signing.evidence` of the release as it was looked at.")
    role: str = Field(default="", max_length=40, description="In which role; empty: the only one that fits.")
    reason: str = Field(default="", max_length=2000, description="Kept with the audit entry.")


class RejectBody(Declared):
    """Refuse."""

    role: str = Field(default="", max_length=40, description="In which role; empty: the only one that fits.")
    reason: str = Field(default="", max_length=2000, description="Kept with the audit entry.")


class RerunBody(Declared):
    """Run a measured stage again."""

    stage: str = Field(default="", max_length=63, description="Its name; empty: the newest it was in.")
    reason: str = Field(default="", max_length=2000, description="Kept with the audit entry.")


class SignedView(BaseModel):
    """An approval as it was taken."""

    release: ReleaseView
    role: str
    lacking: list[str] = Field(description="Roles that nobody has signed for yet.")


class PlannedView(BaseModel):
    """What a release of a version would be, were it started now."""

    app: str
    candidate: VersionRef
    control: VersionRef | None = Field(description="Null: nothing is live, so it would be the app's first release.")
    lineage: str = Field(description="Which attempt of its lineage it would be, and what counts on; empty: the first.")
    plan: PlanBody
    not_compared: list[str] = Field(
        default=[], description="Declared metrics and monitors that a first release has nothing to compare with."
    )
    risk: RiskView | None = Field(default=None, description="Null: nothing is live, and nobody says what it is.")
    changes: list[ChangeView] = Field(
        default=[], description="How `plan` differs from the declared one, by history and by risk, and why."
    )
