"""An approval stage as it stands: what is shown, who has signed it, and who still must."""

from __future__ import annotations

import msgspec

from serinus.core.decision.observations import Gates
from serinus.core.decision.shown import Shown, shown
from serinus.core.pipeline.stages import ApprovalStage
from serinus.core.release.approval import Approval, identity_of, open_roles
from serinus.core.release.release import Release


class Signing(msgspec.Struct, frozen=True, kw_only=True):
    """`approvals` are those for this candidate and for `evidence`, the digest of all that is `shown` now; others have
    lapsed. Neither the `author` of the version nor the `starter` of the release can approve."""

    stage: ApprovalStage
    shown: Shown
    evidence: str
    author: str
    starter: str
    approvals: tuple[Approval, ...] = ()

    @property
    def lacking(self) -> tuple[str, ...]:
        """The roles that nobody has signed for yet."""
        return open_roles(self.stage.roles, self.approvals, {identity_of(self.author), identity_of(self.starter)})

    @property
    def refusal(self) -> Approval | None:
        """What a person said who refused the candidate."""
        return next((one for one in self.approvals if one.verdict == "reject"), None)


def signing(release: Release, gates: Gates) -> Signing | None:
    """The signing that the release waits for; None when it is in no approval stage."""
    stage = release.plan.stages[release.stage]
    if not isinstance(stage, ApprovalStage):
        return None
    seen = shown(release, gates.results)
    evidence = seen.digest
    bound = (release.id, release.stage, release.candidate, evidence)
    return Signing(
        stage=stage,
        shown=seen,
        evidence=evidence,
        author=gates.author,
        starter=release.created_by,
        approvals=tuple(a for a in gates.approvals if (a.release, a.stage, a.version, a.evidence) == bound),
    )
