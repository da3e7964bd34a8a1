"""What is signed before an incident is closed: duties, who may sign each, and what still lacks (product.md K1)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import msgspec

from serinus.core.access import Role
from serinus.core.errors import Conflict, Forbidden, InvalidInput
from serinus.core.release.approval import identity_of
from serinus.core.release.incident import Incident, Signed, changed, check_open

DutyName = Literal["root_cause", "regression", "engine", "no_impact", "reentry"]
Cause = Literal["candidate", "configuration", "data", "provider", "false_alarm"]
CAUSES: tuple[Cause, ...] = ("candidate", "configuration", "data", "provider", "false_alarm")
WAIVABLE: tuple[str, ...] = ("provider", "false_alarm")
"""No change of the app would have prevented these: a false alarm must not block it for ever."""
_TIMED = ("latency.", "ttft.", "speed.")
_RELEASERS = (Role.RELEASE_MANAGER, Role.ML_LEAD, Role.OPS_LEAD)


class Duty(msgspec.Struct, frozen=True, kw_only=True):
    """`title` says what the signature stands for; one of `roles` gives it."""

    title: str
    roles: tuple[str, ...]


DUTIES: dict[str, Duty] = {
    "root_cause": Duty(title="the root cause is known", roles=(Role.ML_LEAD,)),
    "regression": Duty(
        title="a case fails on the bad version and passes on the good one",
        roles=(Role.ML_LEAD, Role.QUALITY_LEAD, Role.ML_ENGINEER),
    ),
    "engine": Duty(
        title="it was reviewed whether the decision engine should have caught it",
        roles=(Role.QUALITY_LEAD, Role.ML_LEAD),
    ),
    "no_impact": Duty(title="no customer impact remains", roles=(Role.OPS_LEAD,)),
    "reentry": Duty(title="the app may release again", roles=(Role.RELEASE_MANAGER,)),
}


def duties_of(incident: Incident) -> tuple[str, ...]:
    """What must be signed: the root cause alone by the short list and of a rejection, whose review it is; all of K1 by
    the full one."""
    return tuple(DUTIES) if incident.sign_off == "full" and incident.kind == "rollback" else ("root_cause",)


def roles_for(incident: Incident, duty: str) -> tuple[str, ...]:
    """Who may sign it. By the short list, which is for small teams, whoever may release anything, `admin` included."""
    return DUTIES[duty].roles if incident.sign_off == "full" else (*_RELEASERS, Role.ADMIN)


def cause_of(incident: Incident) -> str:
    """The class of its root cause; empty while nobody has signed that."""
    return next((one.cause for one in incident.signed if one.duty == "root_cause"), "")


def lacking(incident: Incident) -> tuple[str, ...]:
    """The duties that still have to be signed, in their order. A waiver holds only for the causes that allow one."""
    standing = {one.duty for one in incident.signed if not one.waived or cause_of(incident) in WAIVABLE}
    return tuple(duty for duty in duties_of(incident) if duty not in standing)


def check_duty(duty: str) -> None:
    """InvalidInput for what is no duty."""
    if duty not in DUTIES:
        raise InvalidInput(f"{duty[:60]!r} is nothing to sign", where="duty", mend=f"known: {', '.join(DUTIES)}")


def chosen_role(incident: Incident, duty: str, held: Collection[str], asked: str) -> str:
    """The role to sign a duty in: the one asked for, or the first that is held. Forbidden where it is not held or the
    duty asks for another."""
    allowed = roles_for(incident, duty)
    fitting = [role for role in allowed if role in held and asked in ("", role)]
    if not fitting:
        names = ", ".join(allowed)
        raise Forbidden(
            f"{duty} is signed by {names}; this key holds {', '.join(sorted(held)) or 'no role'}",
            where="role",
            mend="ask somebody who holds such a role",
        )
    return fitting[0]


def signed(known: Incident, sign: Signed) -> Incident:
    """With this signature. The same identity may sign a duty anew, which replaces what it said; another one's stands.
    By the full list an identity signs in one role only (Forbidden), neither the author of the version nor who started
    the release. Conflict when it is closed or somebody else has signed; InvalidInput for a signature that says too
    little."""
    check_open(known)
    who = identity_of(sign.by)
    before = next((one for one in known.signed if one.duty == sign.duty), None)
    if before is not None and identity_of(before.by) != who:
        raise Conflict(f"{before.by} signed {sign.duty} already", where="duty", mend="their signature stands")
    if known.sign_off == "full":
        _refuse_second_role(known, sign, who)
    _check_said(known, sign)
    others = tuple(one for one in known.signed if one.duty != sign.duty)
    return changed(known, signed=(*others, sign))


def _refuse_second_role(known: Incident, sign: Signed, who: str) -> None:
    for deed, doer in (("pushed this version", known.author), ("started this release", known.starter)):
        if identity_of(doer) == who:
            raise Forbidden(f"{doer} {deed}, so they cannot sign", where="duty", mend="ask somebody else to look at it")
    other = next((one for one in known.signed if identity_of(one.by) == who and one.role != sign.role), None)
    if other is not None:
        raise Forbidden(
            f"{other.by} signed {other.duty} as {other.role}: one identity signs in one role",
            where="role",
            mend="ask somebody else",
        )


def _check_said(known: Incident, sign: Signed) -> None:
    if not sign.text.strip():
        raise InvalidInput("no reason", where="reason", mend="say what you found")
    if (sign.duty == "root_cause") != bool(sign.cause):
        what = "no class" if sign.duty == "root_cause" else f"{sign.duty} has no class"
        raise InvalidInput(what, where="class", mend=f"`root_cause` has one of {', '.join(CAUSES)}")
    if sign.cause and sign.cause not in CAUSES:
        raise InvalidInput(f"{sign.cause[:60]!r} is no class", where="class", mend=f"use one of {', '.join(CAUSES)}")
    guards = [one for one in (sign.case, sign.monitor, "waived" if sign.waived else "") if one]
    if (sign.duty == "regression") != (len(guards) == 1):
        what = "nothing guards" if not guards else "too much"
        raise InvalidInput(
            f"regression: {what}" if sign.duty == "regression" else f"{sign.duty} names no case",
            where="case",
            mend="`regression` has one of: a case (SUITE/CASE), a monitor, a waiver; nothing else has any",
        )
    cause = cause_of(known)
    if sign.waived and cause not in WAIVABLE:
        raise Conflict(
            f"the root cause is {cause or 'not signed'}: only {' and '.join(WAIVABLE)} may be waived",
            where="waive",
            mend="sign the root cause first, or name a case",
        )
    if sign.monitor and cause != "provider" and not known.trigger.metric.startswith(_TIMED):
        raise Conflict(
            f"a monitor guards against slowness and providers; the root cause is {cause or 'not signed'}",
            where="monitor",
            mend="name a case that fails on the bad version: SUITE/CASE",
        )
