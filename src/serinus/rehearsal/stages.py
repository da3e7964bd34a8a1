"""What comes to a release at stages without traffic: results of measurements, and signatures, when they are due."""

from __future__ import annotations

import math

import numpy as np

from serinus.core.decision.commands import Conclude
from serinus.core.decision.observations import Gates
from serinus.core.decision.shadow_dwell import shadow_stage
from serinus.core.decision.signing import signing
from serinus.core.judging.report import result_of
from serinus.core.pipeline.plan import Plan
from serinus.core.pipeline.stages import ApprovalStage, OfflineStage, RolloutStage, ShadowStage, StageResult
from serinus.core.release.approval import Approval
from serinus.core.release.release import Release
from serinus.rehearsal.golden import Golden
from serinus.rehearsal.scenario import Scenario

AUTHOR = "the author"


class Stages:
    """The stages of one release, and what was measured and signed at them."""

    def __init__(self, scenario: Scenario, golden: Golden, rng: np.random.Generator) -> None:
        self._scenario = scenario
        self._golden = golden
        self._rng = rng
        self._stage = -1
        self._since_s = 0.0
        self._results: tuple[StageResult, ...] = ()
        self._approvals: tuple[Approval, ...] = ()

    def seen(self, release: Release, now_s: float, now_us: int) -> Gates:
        """What a round sees; what is due by now has come. Nothing while a rollout takes its steps."""
        stage = release.plan.stages[release.stage]
        if isinstance(stage, RolloutStage):
            return Gates()
        if self._stage != release.stage:
            self._stage, self._since_s = release.stage, now_s
        if self.due_s(release) <= now_s:
            if isinstance(stage, OfflineStage):
                found = self._golden.measured(
                    self._rng, release.id, release.stage, release.attempt_of(release.stage), now_us
                )
                self._results = (*self._results, found)
            elif isinstance(stage, ApprovalStage):
                self._approvals = (*self._approvals, *self._signed(release, stage, now_us))
        return Gates(results=self._results, approvals=self._approvals, author=AUTHOR)

    def due_s(self, release: Release) -> float:
        """When the next result or signature comes; infinite when none does."""
        stage = release.plan.stages[release.stage]
        if isinstance(stage, OfflineStage) and not self._done(release):
            return self._since_s + self._scenario.judge.takes_s
        if isinstance(stage, ApprovalStage) and not any(one.stage == release.stage for one in self._approvals):
            return self._since_s + self._scenario.people.approve_after_s
        return math.inf

    def mirroring(self, release: Release) -> ShadowStage | None:
        """The shadow stage that is going on."""
        return None if self._done(release) else shadow_stage(release)

    def conclude(self, release: Release, command: Conclude, now_us: int) -> None:
        """Keep what a shadow stage came to."""
        found = result_of(
            release.id, command.stage, command.attempt, now_us, command.outcome, command.reason, command.evidence
        )
        self._results = (*self._results, found)

    def _done(self, release: Release) -> bool:
        attempt = release.attempt_of(release.stage)
        return any((one.stage, one.attempt) == (release.stage, attempt) for one in self._results)

    def _signed(self, release: Release, stage: ApprovalStage, now_us: int) -> list[Approval]:
        now = signing(release, Gates(results=self._results, author=AUTHOR))
        assert now is not None
        return [
            Approval(
                release=release.id,
                stage=release.stage,
                role=role,
                actor=f"{role} {number}",
                verdict="approve",
                version=release.candidate,
                evidence=now.evidence,
                reason="rehearsed",
                at_us=now_us,
            )
            for number, role in enumerate(stage.roles)
        ]


def unserved_s(scenario: Scenario, plan: Plan) -> float:
    """How long the stages without traffic may take at most."""
    found = 0.0
    for stage in plan.stages:
        if isinstance(stage, ApprovalStage):
            found += scenario.people.approve_after_s
        elif not isinstance(stage, RolloutStage):
            found += stage.budget_s
    return found
