"""Sign one of the duties without which an incident is not closed (product.md K1)."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from serinus.control.answer_incident import incident_of
from serinus.control.apply import ACTOR
from serinus.control.open_incident import audit_incident
from serinus.core.audit.entry import Action
from serinus.core.errors import Forbidden, InvalidInput, NotFound
from serinus.core.release.approval import identity_of
from serinus.core.release.incident import Incident, Signed, done
from serinus.core.release.incident_duty import check_duty, chosen_role, signed
from serinus.ports.control_store import ControlStore, ControlTx
from serinus.ports.retry import run


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """What a signature says. `reason` always; `cause` is the class of a root cause; `case` (`SUITE/CASE`), `monitor` or
    `waive` is what guards against a regression, or that nothing has to. `role`: the one to sign in; empty: the first
    that fits."""

    reason: str
    role: str = ""
    cause: str = ""
    case: str = ""
    monitor: str = ""
    waive: bool = False


def sign_incident(
    store: ControlStore,
    now_us: int,
    actor: str,
    roles: Collection[str],
    id: str,
    duty: str,
    word: Word,
    expected_seq: int | None = None,
) -> Incident:
    """The incident with this signature; the same word of the same identity twice is one.

    `roles` are those the actor holds. A named case exists in a suite of the app and a named monitor in its plan, else
    NotFound; that the case fails on the bad version and passes on the good one is the signer's word, and not run here.
    The root cause of a rejection is its review (F4). Forbidden for roles that the duty does not ask for and, by the
    full list, for a second role of one identity, the author of the version and who started the release.
    """
    check_duty(duty)
    if actor == ACTOR:
        raise Forbidden("only people sign", where="actor", mend="sign with a person's key")

    def work(tx: ControlTx) -> Incident:
        known = incident_of(tx, id)
        role = chosen_role(known, duty, roles, word.role)
        sign = Signed(
            duty=duty,
            role=role,
            by=actor,
            at_us=now_us,
            text=word.reason,
            cause=word.cause,
            case=word.case,
            monitor=word.monitor,
            waived=word.waive,
        )
        if any(_same(one, sign) for one in known.signed):
            return known
        incident_of(tx, id, expected_seq)
        following = signed(known, sign)
        _check_guard(tx, known, word)
        if duty == "root_cause" and known.kind == "rejection":
            seq = following.seq
            following = msgspec.structs.replace(done(following, "review", now_us, actor), seq=seq)
        tx.put_incident(following)
        text = f"{actor} signed {duty} as {role}: {word.reason}"
        audit_incident(tx, now_us, actor, Action.INCIDENT_SIGNED, known, following, text)
        return following

    return run(store, work)


def _same(one: Signed, other: Signed) -> bool:
    """Whether the same identity said the same before."""
    unsaid = {"at_us": 0, "by": ""}
    return identity_of(one.by) == identity_of(other.by) and msgspec.structs.replace(
        one, **unsaid
    ) == msgspec.structs.replace(other, **unsaid)


def _check_guard(tx: ControlTx, known: Incident, word: Word) -> None:
    if word.case:
        _check_case(tx, known.app, word.case)
    if word.monitor:
        app = tx.app(known.app)
        plan = app.config.plan if app is not None else None
        names = [one.name for one in plan.monitors] if plan is not None else []
        if word.monitor not in names:
            raise NotFound(
                f"{known.app} has no monitor {word.monitor[:60]!r}",
                where="monitor",
                mend=f"known: {', '.join(names) or 'none: declare one under `monitors`'}",
            )


def _check_case(tx: ControlTx, app: str, case: str) -> None:
    suite, separator, id = case.partition("/")
    if not separator or not suite or not id:
        raise InvalidInput(
            f"{case[:60]!r} is no case", where="case", mend="name its suite and its id: golden/refund-17"
        )
    stored = tx.suite(app, suite)
    if stored is None:
        known = ", ".join(one.name for one in tx.suites(app)) or "none: `serinus suite push`"
        raise NotFound(f"{app} has no suite {suite[:60]!r}", where="case", mend=f"known: {known}")
    data = tx.data_set(app, msgspec.json.decode(stored.content, type=_Named).data)
    ids = (
        {msgspec.json.decode(line, type=_Line).id for line in data.raw.splitlines() if line.strip()} if data else set()
    )
    if id not in ids:
        raise NotFound(
            f"suite {suite} has no case {id[:60]!r}",
            where="case",
            mend="add it to the suite's data set and push that: `serinus suite push`",
        )


class _Named(msgspec.Struct, frozen=True):
    data: str


class _Line(msgspec.Struct, frozen=True):
    id: str
