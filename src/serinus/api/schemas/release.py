"""Releases on the wire."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from serinus.api.schemas.app import VersionRef, named_ref
from serinus.api.schemas.risk import ChangeView, RiskView, effect_fields
from serinus.api.schemas.times import when
from serinus.control.name_versions import Names
from serinus.core.release.release import Hold, Release
from serinus.core.release.table import FINAL, SERVING


class HoldView(BaseModel):
    """Why a release is paused."""

    trigger: str = Field(description="What paused it: `guardrail:…`, `limit:…`, `no_data`, `person`, …")
    reason: str
    since: datetime
    auto_resume: bool = Field(description="It resumes by itself when data return.")
    deadline: datetime | None = Field(description="When it rolls back unless resumed; null: never.")

    @classmethod
    def of(cls, hold: Hold) -> "HoldView":
        """The view of a hold."""
        return cls(
            trigger=hold.trigger,
            reason=hold.reason,
            since=when(hold.at_us),
            auto_resume=hold.auto_resume,
            deadline=when(hold.deadline_us) if hold.deadline_us else None,
        )


class ReleaseView(BaseModel):
    """A release and where it stands."""

    id: str
    app: str
    seq: int = Field(description="Counts every change; give it as If-Match to act on what you saw.")
    state: str
    final: bool = Field(description="It has ended.")
    candidate: VersionRef
    control: VersionRef | None = Field(
        description="Null: the first release of its app; whom the candidate is not for gets the fallback message."
    )
    stage: str = Field(description="Name of the stage it is in.")
    exposed: bool = Field(description="Users may have seen the candidate.")
    step: int = Field(description="From 0; -1 before the first traffic.")
    steps: int
    share: float = Field(description="The candidate's share of units now.")
    reason: str = Field(description="Why it stands where it stands.")
    hold: HoldView | None
    owner: str
    created_at: datetime
    created_by: str
    attempt: int = Field(description="Which attempt of its lineage: nearly the same content, on the same base.")
    earlier: list[str] = Field(description="The attempts before it, oldest first.")
    carried_log_e: float = Field(description="Evidence of harm that counts on from the attempt before it.")
    risk: RiskView | None = Field(description="The risk it was started with; null: unknown, or of earlier Serinus.")
    changes: list[ChangeView] = Field(description="How its plan differed from the declared one at its start, and why.")

    @classmethod
    def of(cls, release: Release, names: Names) -> "ReleaseView":
        """The view of a release."""
        return cls(**release_fields(release, names))


def release_fields(release: Release, names: Names) -> dict[str, Any]:
    """What every view of a release has."""
    serving = release.state in SERVING and release.step >= 0
    return {
        "id": release.id,
        "app": release.app,
        "seq": release.seq,
        "state": release.state.value,
        "final": release.state in FINAL,
        "candidate": named_ref(release.app, release.candidate, names),
        "control": named_ref(release.app, release.control, names) if release.control else None,
        "stage": release.plan.stages[release.stage].name,
        "exposed": release.exposed,
        "step": release.step,
        "steps": len(release.plan.steps),
        "share": release.plan.candidate_share(release.step) if serving else 0.0,
        "reason": release.reason,
        "hold": HoldView.of(release.hold) if release.hold else None,
        "owner": release.plan.owner,
        "created_at": when(release.created_at_us),
        "created_by": release.created_by,
        "attempt": release.lineage.attempt,
        "earlier": list(release.lineage.earlier),
        "carried_log_e": release.lineage.carried,
        **effect_fields(release.plan.effect),
    }
