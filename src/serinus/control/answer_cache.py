"""The approved answers of an app, as its gateways are to have them; and when they have to go."""

from __future__ import annotations

from serinus.core.audit.entry import Action, Draft
from serinus.core.pipeline.app import AppState, CachedFallback
from serinus.core.pipeline.stored_answer import StoredAnswer
from serinus.core.release.release import Release
from serinus.core.release.table import SERVING
from serinus.core.routing.cached import MOST, MOST_BYTES, AnswerCache, CachedAnswer
from serinus.ports.control_store import ControlTx, StoredVersion


def answer_cache(tx: ControlTx, app: AppState, release: Release | None) -> AnswerCache:
    """Those of the versions that the app serves, the live one's first, up to the bounds of a snapshot."""
    declared = app.config.fallback_cached or CachedFallback()
    behaviours = list(dict.fromkeys(version.behaviour for version in served_versions(tx, app, release)))
    approved = tx.approved_answers(app.config.name, behaviours) if behaviours else []
    approved.sort(key=lambda one: (behaviours.index(one.behaviour), one.approved_at_us, one.id))
    answers: dict[str, tuple[CachedAnswer, ...]] = {}
    for one in within_bounds(approved):
        answers[one.behaviour] = (*answers.get(one.behaviour, ()), one.cached())
    return AnswerCache(confidence=declared.confidence, after_s=declared.after_s, answers=answers)


def within_bounds(answers: list[StoredAnswer]) -> list[StoredAnswer]:
    """The first of these, as many as an app may have in a snapshot."""
    size, found = 0, list[StoredAnswer]()
    for one in answers[:MOST]:
        size += one.bytes
        if size > MOST_BYTES:
            break
        found.append(one)
    return found


def served_versions(tx: ControlTx, app: AppState, release: Release | None) -> list[StoredVersion]:
    """The live version, the one it is pinned to, and the candidate that users are served or may soon be."""
    candidate = release.candidate if release is not None and release.state in SERVING else None
    wanted = [digest for digest in (app.live, app.override, candidate) if digest]
    known = {version.digest: version for version in tx.versions_of(wanted)}
    return [known[digest] for digest in dict.fromkeys(wanted) if digest in known]


def purge_answers(tx: ControlTx, now_us: int, actor: str, app: str, version: str, reason: str) -> None:
    """Take out every answer of a version that was taken back, before the snapshot is made that goes without it. On the
    trail each by its id, which is a digest of its texts."""
    drop(tx, now_us, actor, Action.ANSWERS_PURGED, tx.answers_of(app=app, version=version), reason)


def drop(tx: ControlTx, now_us: int, actor: str, action: Action, answers: list[StoredAnswer], reason: str) -> None:
    """Take these out, with an entry for each; never a word of their texts."""
    tx.drop_answers({one.id for one in answers})
    for one in answers:
        tx.append_audit(Draft(at_us=now_us, actor=actor, action=action, subject=one.id, before=one.id, reason=reason))
