"""What reviewers are shown at an approval, frozen, with the digest that their approvals are bound to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from serinus.core.decision.harm import Harm, judge_harm
from serinus.core.pipeline.stages import Outcome, StageResult
from serinus.core.release.release import Positions, Release


class ShownResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a stage came to, and the digest of all its numbers."""

    stage: int
    name: str
    attempt: int
    outcome: Outcome
    text: str
    evidence_digest: str


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """The results of all stages before the approval, and the comparison at the moment the release came to it (None:
    no user has seen the candidate yet, or there is nothing to compare with)."""

    release: str
    stage: int
    candidate: str
    control: str
    results: tuple[ShownResult, ...]
    positions: Positions = {}
    harm: Harm | None = None

    @property
    def digest(self) -> str:
        """Hex SHA-256 of its JSON with sorted keys."""
        return hashlib.sha256(self.encoded()).hexdigest()

    def encoded(self) -> bytes:
        """The JSON that is digested, and kept with each approval."""
        return msgspec.json.encode(self, order="sorted")


def shown(release: Release, results: Iterable[StageResult]) -> Shown:
    """What the release's present stage shows. It changes when a stage is run again, and with nothing else."""
    counted = sorted((r for r in results if asked_for(release, r) and r.stage < release.stage), key=lambda r: r.stage)
    return Shown(
        release=release.id,
        stage=release.stage,
        candidate=release.candidate,
        control=release.control,
        results=tuple(
            ShownResult(
                stage=result.stage,
                name=release.plan.stages[result.stage].name,
                attempt=result.attempt,
                outcome=result.outcome,
                text=result.text,
                evidence_digest=result.evidence_digest,
            )
            for result in counted
        ),
        positions=release.shown,
        harm=judge_harm(release, release.shown, scores=release.shown_labels, renewals=release.shown_renewals)
        if release.exposed and not release.plan.first
        else None,
    )


def asked_for(release: Release, result: StageResult) -> bool:
    """Whether a result is that of the newest attempt; older ones, and ones nobody asked for, count for nothing."""
    return result.release == release.id and release.attempt_of(result.stage) == result.attempt
