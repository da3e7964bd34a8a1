"""How the stages of a release stand, for people: read from the same rows and by the same functions as the tick's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from serinus.api.schemas.stages import ApprovalView, ResultView, SigningView, StagesView, StageView
from serinus.core.decision.observations import Gates
from serinus.core.decision.shown import asked_for
from serinus.core.decision.signing import Signing, signing
from serinus.core.pipeline.stages import ApprovalStage, StageResult
from serinus.core.release.release import Progress, Release
from serinus.core.release.table import SERVING, State

_FINISHED = frozenset({State.PROMOTED})


def stages(release: Release, gates: Gates, progress: Progress | None) -> StagesView:
    """The stages in the plan's order, what is to be signed, and what the release waits for."""
    now = signing(release, gates) if release.state in SERVING else None
    return StagesView(
        stages=[_stage(release, i, gates, now) for i in range(len(release.plan.stages))],
        signing=_signing(now) if now else None,
        waiting=progress.waiting if progress and release.state in SERVING else "",
    )


def results(release: Release, found: Sequence[StageResult]) -> list[tuple[StageResult, str, bool]]:
    """Each result with the name of its stage and whether it counts."""
    named = ((r, release.plan.stages[r.stage].name) for r in found if r.stage < len(release.plan.stages))
    return [(result, name, asked_for(release, result)) for result, name in named]


def _stage(release: Release, index: int, gates: Gates, now: Signing | None) -> StageView:
    stage = release.plan.stages[index]
    result = next((r for r in gates.results if r.stage == index and asked_for(release, r)), None)
    counting = {id(a) for a in now.approvals} if now else set()
    done = index < release.stage
    return StageView(
        name=stage.name,
        kind=str(msgspec.to_builtins(stage)["kind"]),
        standing=_standing(release, index),
        attempt=release.attempt_of(index),
        result=ResultView.of(result, stage.name, counts=True) if result else None,
        roles=list(stage.roles) if isinstance(stage, ApprovalStage) else [],
        approvals=[
            ApprovalView.of(a, lapsed=not done and release.state in SERVING and id(a) not in counting)
            for a in gates.approvals
            if a.stage == index
        ],
        steps=list(release.plan.steps_of(index)),
    )


def _standing(release: Release, index: int) -> Literal["done", "current", "ahead"]:
    if index < release.stage or release.state in _FINISHED:
        return "done"
    return "current" if index == release.stage else "ahead"


def _signing(now: Signing) -> SigningView:
    return SigningView(
        stage=now.stage.name,
        evidence=now.evidence,
        lacking=list(now.lacking),
        barred=sorted({name for name in (now.author, now.starter) if name}),
    )
