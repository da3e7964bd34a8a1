"""Propose answers that scored high, those first that are asked most often (J5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from serinus.control.lookup import app_of
from serinus.control.propose_answer import propose_found, texts_of
from serinus.core.errors import Conflict
from serinus.core.pipeline.stored_answer import StoredAnswer
from serinus.core.records import call_id
from serinus.core.records.call import Call
from serinus.core.records.payload import LoggedPayload
from serinus.core.routing.cached import normalised
from serinus.core.wire.redaction import Redaction
from serinus.ports.control_store import ControlStore
from serinus.ports.event_log import CallQuery, CallReader
from serinus.ports.payloads import Payloads
from serinus.ports.telemetry_store import TelemetryStore

SEARCHED = 1000
"""Calls of the live version that are looked at, the newest first."""
READ = 200
"""Of those that scored high enough, so many texts are read."""
_MICRO = 1_000_000


class Good(NamedTuple):
    """A call whose answer scored high enough, with its texts; `why` it is proposed."""

    row: Call
    value: float
    found: LoggedPayload
    asked: str
    why: str = ""


def high_scored(
    store: ControlStore,
    telemetry: TelemetryStore,
    log: CallReader,
    payloads: Payloads,
    app: str,
    metric: str,
    at_least: float,
) -> list[Good]:
    """Calls of the live version whose every score of `metric` is at least this and whose answers can stand for others:
    of each question the one that scored highest, in the order of how often it was asked."""
    with store.tx() as tx:
        state = app_of(tx, app)
    if state.live is None:
        raise Conflict(f"{app} has no live version", where="version", mend="make one live first")
    redaction = Redaction(state.config.redact, state.config.redact_patterns)
    rows = log.calls(CallQuery(app=app, version=state.live, error="none", limit=SEARCHED))
    scored = _scored(telemetry, log, rows, metric, at_least)
    good = list(_good(payloads, redaction, scored[:READ]))
    counts = Counter(one.asked for one in good)
    best = {one.asked: one for one in sorted(good, key=lambda one: (one.value, one.row.at_us, one.row.call))}
    ordered = sorted(counts, key=lambda asked: (-counts[asked], asked))
    return [best[asked]._replace(why=_why(metric, best[asked].value, counts[asked])) for asked in ordered]


def propose_scored(store: ControlStore, now_us: int, actor: str, good: list[Good], most: int) -> list[StoredAnswer]:
    """Up to `most` new proposals of these, in their order; what is there already stays as it is. Conflict as in
    `propose_found`, when the app has too many already, or its version is not served any more."""
    proposed = list[StoredAnswer]()
    for one in good:
        if len(proposed) == most:
            break
        entry, is_new = propose_found(store, now_us, actor, one.row, one.found, "", why=one.why)
        if is_new:
            proposed.append(entry)
    return proposed


def _why(metric: str, value: float, count: int) -> str:
    return f"{metric} {value:.2f}" + (f", asked {count} times" if count > 1 else "")


def _scored(
    telemetry: TelemetryStore, log: CallReader, rows: list[Call], metric: str, at_least: float
) -> list[tuple[Call, float]]:
    """The calls whose lowest score is high enough, with it: of users and apps, and of live judges."""
    lowest: dict[str, float] = {}
    for score in log.scores([row.call for row in rows], ()):
        if score.metric == metric:
            value = score.value_micro / _MICRO
            lowest[score.call] = min(value, lowest.get(score.call, value))
    with telemetry.tx() as tx:
        for row in rows:
            for one in tx.judgements(call_id.raw_of(row.call)):
                value_or_none = one.verdict.value
                if one.key.metric == metric and value_or_none is not None:
                    lowest[row.call] = min(value_or_none, lowest.get(row.call, value_or_none))
    return [(row, lowest[row.call]) for row in rows if lowest.get(row.call, -1.0) >= at_least]


def _good(payloads: Payloads, redaction: Redaction, scored: Iterable[tuple[Call, float]]) -> Iterable[Good]:
    for row, value in scored:
        found = payloads.payload(row.call, row.begun_at_us)
        if found is None:
            continue
        try:
            texts = texts_of(row, found, redaction)
        except Conflict:
            continue
        yield Good(row, value, found, normalised(texts.question))
