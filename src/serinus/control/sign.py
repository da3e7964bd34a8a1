"""Sign at an approval stage: what approving and refusing have in common."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from serinus.control.apply import ACTOR
from serinus.control.read_gates import read_gates
from serinus.core.decision.signing import Signing, signing
from serinus.core.decision.wording import listed
from serinus.core.errors import Conflict, Forbidden, InvalidInput
from serinus.core.release.approval import identity_of
from serinus.core.release.release import Release
from serinus.core.release.table import SERVING
from serinus.ports.control_store import ControlTx


def signing_of(tx: ControlTx, release: Release) -> Signing:
    """The signing that the release waits for; Conflict when it waits for none."""
    now = signing(release, read_gates(tx, release)) if release.state in SERVING else None
    if now is None:
        stage = release.plan.stages[release.stage].name
        where = f"in {stage}" if release.state in SERVING else release.state.value
        raise Conflict(
            f"the release is {where} and waits for nobody's approval",
            where="release",
            mend=f"look at it: `serinus release status {release.id}`",
        )
    return now


def refuse_involved(deeds: Sequence[tuple[str, str]], actor: str, verb: str, where: str) -> None:
    """Forbidden for whoever did one of `deeds` (what was done, by whom): they do not judge their own work (G1)."""
    who = identity_of(actor)
    for deed, doer in deeds:
        if identity_of(doer) == who:
            raise Forbidden(
                f"{doer} {deed}, so they cannot {verb} it", where=where, mend="ask somebody else to look at it"
            )


def check_evidence(now: Signing, evidence: str) -> None:
    """Conflict, with the digest of now, when something else was looked at."""
    if evidence != now.evidence:
        raise Conflict(
            f"the evidence has changed; it is {now.evidence} now",
            where="evidence",
            mend=f"look at it again: `serinus release status {now.shown.release}`",
        )


def chosen_role(now: Signing, actor: str, held: Collection[str], asked: str) -> str:
    """The role to sign in: the one asked for, or the only open one that is held. Forbidden when it is not held and
    for the tick, since nothing automatic ever signs (G4); InvalidInput when several fit."""
    if actor == ACTOR:
        raise Forbidden("only people sign", where="actor", mend="sign with a person's key")
    if asked and asked not in now.stage.roles:
        raise InvalidInput(
            f"{now.stage.name} asks for no {asked}", where="role", mend=f"it asks for {listed(now.stage.roles)}"
        )
    fitting = [asked] if asked else _fitting(now, held)
    if not fitting or fitting[0] not in held:
        raise Forbidden(
            f"{now.stage.name} is for {listed(now.stage.roles)}; this key holds {listed(sorted(held)) or 'no role'}",
            where="role",
            mend="ask somebody who holds such a role",
        )
    if len(fitting) > 1:
        raise InvalidInput(f"this key could sign as {listed(fitting)}", where="role", mend="say as which")
    return fitting[0]


def _fitting(now: Signing, held: Collection[str]) -> Sequence[str]:
    lacking = [name for name in now.lacking if name in held]
    return lacking or [name for name in now.stage.roles if name in held]
