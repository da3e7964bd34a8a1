"""What waits for the visitor: suspicions, signatures, paused releases, notices to acknowledge, critical monitors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

from serinus.console.monitor_view import MonitorLine
from serinus.console.review_view import barrier
from serinus.console.visitor import Visitor
from serinus.console.words import role_text
from serinus.core.access import Operation
from serinus.core.decision.signing import Signing
from serinus.core.decision.wording import listed
from serinus.core.notices.kinds import kind_of
from serinus.core.records.suspicion import Kind
from serinus.core.release.release import Release
from serinus.core.release.suspicion import WORDS, Suspicion
from serinus.ports.control_store import Notice

_ANSWERS: dict[Kind, tuple[Operation, ...]] = {
    "suspected_violation": (Operation.CONFIRM_SUSPICION, Operation.DISMISS_SUSPICION),
    "adversarial_pattern": (Operation.REVIEW_PATTERN,),
}


class OnItsWay(Protocol):
    """A release that has not ended, with the signing that it waits for, and what its reason does not tell."""

    @property
    def release(self) -> Release: ...

    @property
    def signing(self) -> Signing | None: ...
    @property
    def waiting(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something that waits for a person: a release to look at, a notice to acknowledge, a monitor to look into.
    `due_us` (0: never): when its release rolls back without an answer."""

    kind: str
    what: str
    why: str
    href: str
    link: str
    tone: str = "held"
    due_us: int = 0


def needs(
    visitor: Visitor,
    underway: Sequence[OnItsWay],
    notices: Iterable[Notice],
    monitors: Iterable[tuple[str, MonitorLine]],
    names: Mapping[str, str],
    suspicions: Iterable[Sequence[Suspicion]] = (),
) -> tuple[Need, ...]:
    """What needs this visitor, in the order in which to look at it. `monitors` are lines with their app,
    `suspicions` those of each release, oldest first."""
    signatures = [need for one in underway for need in _signature(visitor, one, names)]
    told = [_notice(one) for one in notices] if visitor.may(Operation.ACKNOWLEDGE_NOTICE) else []
    critical = [_monitor(app, line) for app, line in monitors if line.level == "critical"]
    suspected = {need.href: need for held in suspicions for need in _suspected(visitor, held)}
    told_already = {f"/releases/{one.release.id}" for one in underway if _answers(one.release.id) in suspected}
    paused = [need for one in underway for need in _paused(one, names) if need.href not in told_already]
    return (*suspected.values(), *signatures, *paused, *told, *critical)


def _signature(visitor: Visitor, one: OnItsWay, names: Mapping[str, str]) -> Iterator[Need]:
    """Only where the visitor's own signature would help: for a role of theirs that is still open."""
    signing, release = one.signing, one.release
    if signing is None or barrier(signing, visitor) or not set(signing.lacking) & set(visitor.key.roles):
        return
    yield Need(
        kind="Approval",
        what=f"{_name(release, names)} of {release.app}",
        why=f"{signing.stage.name} waits for {listed([role_text(role) for role in signing.lacking])}",
        href=f"/releases/{release.id}/review",
        link="Look and sign",
    )


def _paused(one: OnItsWay, names: Mapping[str, str]) -> Iterator[Need]:
    release = one.release
    if release.hold is not None and not release.hold.auto_resume:
        yield Need(
            kind="Paused",
            what=f"{_name(release, names)} of {release.app}",
            why=one.waiting or release.hold.reason,
            href=f"/releases/{release.id}",
            link="Decide",
        )


def _answers(release: str) -> str:
    """Where the suspicions of a release are answered."""
    return f"/releases/{release}#suspicions"


def _suspected(visitor: Visitor, held: Sequence[Suspicion]) -> Iterator[Need]:
    """One for each release: the oldest that this visitor may answer, and how many more."""
    waiting = [one for one in held if one.pending and any(visitor.may(act) for act in _ANSWERS[one.kind])]
    if not waiting:
        return
    one = waiting[0]
    more = f"; {len(waiting) - 1} more" if len(waiting) > 1 else ""
    yield Need(
        kind="Suspicion",
        what=f"{WORDS[one.kind].capitalize()} of {one.app}",
        why=f"Suspected {one.words}{more}",
        href=_answers(one.release),
        link="Answer",
        tone="bad",
        due_us=min((each.due_at_us for each in waiting if each.due_at_us), default=0),
    )


def _notice(notice: Notice) -> Need:
    return Need(
        kind=kind_of(notice.kind).title,
        what=notice.app,
        why=notice.body,
        href=f"/notices/{notice.id}/acknowledge",
        link="Acknowledge",
        tone="bad",
    )


def _monitor(app: str, line: MonitorLine) -> Need:
    return Need(
        kind="Critical",
        what=f"{line.name} of {app}",
        why=f"{line.on}: {line.text}" if line.on else line.text,
        href=f"/apps/{quote(app, safe='')}/monitors",
        link="Look",
        tone="bad",
    )


def _name(release: Release, names: Mapping[str, str]) -> str:
    return names.get(release.candidate, release.candidate[:12])
