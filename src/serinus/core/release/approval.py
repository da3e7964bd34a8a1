"""A signature of a person at an approval stage, and when enough of them are there."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal

import msgspec


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """What one identity said in one role, once. `version` is the candidate's digest and `evidence` the digest of all
    that was shown: it counts for these two and nothing else."""

    release: str
    stage: int
    role: str
    actor: str
    verdict: Literal["approve", "reject"]
    version: str
    evidence: str
    reason: str
    at_us: int


def identity_of(actor: str) -> str:
    """Who an actor is: `ada` of `ada (1f2e3d4c)`. Two keys of one name are one identity."""
    name, separator, _ = actor.rpartition(" (")
    return (name if separator and actor.endswith(")") else actor).strip().casefold()


def open_roles(roles: Iterable[str], approvals: Iterable[Approval], barred: Collection[str]) -> tuple[str, ...]:
    """The roles that nobody has signed for yet, in the stage's order, when every identity counts for one role only and
    those of `barred` (identities) for none. As many roles as possible are filled."""
    signers: dict[str, list[str]] = {}
    for approval in approvals:
        identity = identity_of(approval.actor)
        if approval.verdict == "approve" and identity not in barred:
            signers.setdefault(approval.role, []).append(identity)
    taken: dict[str, str] = {}
    return tuple(name for name in roles if not _filled(name, signers, taken, set()))


def _filled(role: str, signers: dict[str, list[str]], taken: dict[str, str], tried: set[str]) -> bool:
    """Whether a signer is found for the role, others giving way where they can sign for another role (Kuhn 1955)."""
    for identity in signers.get(role, ()):
        if identity in tried:
            continue
        tried.add(identity)
        if identity not in taken or _filled(taken[identity], signers, taken, tried):
            taken[identity] = role
            return True
    return False
