"""Answer a suspicion: confirm a violation, dismiss it, or record the red team's review of a pattern."""

from __future__ import annotations

from serinus.control.change import change_release
from serinus.control.lookup import release_of
from serinus.control.sign import refuse_involved
from serinus.control.take_in_suspicions import audit_suspicion
from serinus.core.audit.entry import Action
from serinus.core.errors import FormatError, InvalidInput, NotFound
from serinus.core.release.release import Release
from serinus.core.release.suspicion import AnswerWord, Suspicion, answered
from serinus.core.release.table import SERVING, Event
from serinus.core.release.transitions import withdrawn
from serinus.core.release.trigger import Trigger
from serinus.ports.control_store import ControlStore, ControlTx, Notice
from serinus.ports.retry import run

_ACTIONS: dict[AnswerWord, Action] = {
    "confirmed": Action.SUSPICION_CONFIRMED,
    "dismissed": Action.SUSPICION_DISMISSED,
    "reviewed": Action.SUSPICION_REVIEWED,
}


def answer_suspicion(
    store: ControlStore,
    now_us: int,
    actor: str,
    id: str,
    answer: AnswerWord,
    reason: str,
    expected_seq: int | None = None,
) -> Suspicion:
    """The suspicion with its answer, which stands; the same answer twice is one. `expected_seq`: of its release.

    A confirmed violation rolls the release back in the same transaction (J1). Once dismissed or reviewed, the release
    stays paused until a person resumes it (H4). After the release has ended an answer is for the record. Forbidden to
    dismiss or review for the author of the version and for who started the release (G1); InvalidInput without a
    reason; Conflict where another answer stands, or none is asked for.
    """
    if not reason.strip():
        raise InvalidInput("no reason", where="reason", mend="say what you saw in the answer")

    def work(tx: ControlTx) -> Suspicion:
        known = suspicion_of(tx, id)
        following = answered(known, answer, actor, now_us, reason)
        if following is known:
            return known
        release = release_of(tx, known.release, expected_seq)
        if answer != "confirmed":
            _refuse_involved(tx, release, actor, "dismiss" if answer == "dismissed" else "review")
        tx.put_suspicion(following)
        text = f"{actor} {answer} the suspected {known.words}: {reason}"
        audit_suspicion(tx, now_us, actor, _ACTIONS[answer], known, following, text)
        if answer == "confirmed" and release.state in SERVING:
            back = withdrawn(release, Event.ROLL_BACK, tx.revision() + 1, text)
            trigger = Trigger(kind="suspicion", calls=(known.call,))
            change_release(tx, now_us, actor, Action.RELEASE_ROLLED_BACK, release, back, trigger=trigger)
        elif release.state in SERVING:
            _tell(tx, now_us, actor, answer, release, following, text)
        return following

    return run(store, work)


def suspicion_of(tx: ControlTx, id: str) -> Suspicion:
    """The suspicion; NotFound when there is none."""
    found = tx.suspicion(id)
    if found is None:
        raise NotFound(f"no suspicion {id[:60]!r}", where="suspicion", mend="list them: `serinus suspicions`")
    return found


def release_or_none(tx: ControlTx, id: str) -> Release | None:
    """The release of a suspicion; None without one, and for one that cannot be read: the tick takes that back."""
    try:
        return tx.release(id) if id else None
    except FormatError:
        return None


def _refuse_involved(tx: ControlTx, release: Release, actor: str, verb: str) -> None:
    version = tx.find_version(release.app, release.candidate)
    deeds = [
        ("pushed this version", version.created_by if version else ""),
        ("started this release", release.created_by),
    ]
    refuse_involved(deeds, actor, verb, "suspicion")


def _tell(
    tx: ControlTx, now_us: int, actor: str, answer: AnswerWord, release: Release, one: Suspicion, text: str
) -> None:
    tx.enqueue(
        Notice(
            release=release.id,
            seq=release.seq,
            kind=_ACTIONS[answer].value.rpartition(":")[2],
            subject=one.id,
            body=text,
            at_us=now_us,
            app=release.app,
            actor=actor,
        )
    )
