"""Queries of the event log as SQL: made of constants alone, every value a parameter."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, TypeAlias

from serinus.adapters.parquet_rows import Rows
from serinus.core.records.call import Call
from serinus.core.records.pair_score import WORSE
from serinus.core.records.score import LoggedScore
from serinus.ports.event_log import CallQuery, ExposedQuery, Exposure, ScoreQuery

Statement: TypeAlias = tuple[str, dict[str, Any]]

CALLS = Rows(Call)
SCORES = Rows(LoggedScore)
_CALL_CONDITIONS = {
    "call": "call = $call",
    "app": "app = $app",
    "release": "release = $release",
    "arm": "arm = $arm",
    "version": "version = $version",
    "unit": "unit = $unit",
    "conversation": "conversation = $conversation",
    "error": "error = $error",
    "status": "status = $status",
    "rule": "list_contains(rules, $rule)",
    "rung": "rung = $rung",
    "min_latency_us": "latency_us >= $min_latency_us",
    "from_us": "at_us >= $from_us",
    "to_us": "at_us < $to_us",
}
_SCORE_CONDITIONS = {
    "app": "app = $app",
    "release": "release = $release",
    "arm": "arm = $arm",
    "unit": "unit = $unit",
    "metric": "metric = $metric",
    "from_us": "at_us >= $from_us",
    "to_us": "at_us < $to_us",
}
_ABOUT = (
    "(call IN (SELECT call FROM scores WHERE {0})"
    " OR conversation IN (SELECT conversation FROM scores WHERE {0} AND conversation <> ''))"
)
_ANY_SCORE = _ABOUT.format("true")
_EVENT = f"(list_contains(events, $event) OR {_ABOUT.format('metric = $event AND value_micro > 0')})"
_WORSE = "(call IN (SELECT call FROM scores WHERE metric = $worse AND value_micro > 0))"
_BY_HOW_MUCH = (
    "(SELECT call AS worse_call, max(value_micro) AS worse_by FROM scores WHERE metric = $worse GROUP BY call)"
)
_BEHIND = "(at_us < $before_us OR (at_us = $before_us AND call > $before_call))"
_EXPOSED = "release = $release AND arm = 'candidate'"
_USERS = (
    "unit, count(DISTINCT conversation) AS sessions, count(*) AS calls, min(at_us) AS first_at_us,"
    " max(at_us) AS last_at_us"
)
# Of scores with one name the first one written counts. Ties are of one batch that was cut in two: equal rows.
_FIRST = "QUALIFY row_number() OVER (PARTITION BY score ORDER BY at_us, host) = 1"


def calls_statement(query: CallQuery, calls: Sequence[str], scores: Sequence[str]) -> Statement:
    """The calls in these files that fulfil a query, in the order of the port. `scores` are the files of scores."""
    where, values = _where_calls(query)
    order = "at_us, call"
    if query.limit is not None:
        order = "at_us DESC, call LIMIT $limit"
        values["limit"] = query.limit
    head, files = _scores_relation(query, scores)
    source = CALLS.source("$calls")
    if query.limit is not None and query.worst_first:
        source, order = f"{source} LEFT JOIN {_BY_HOW_MUCH} ON call = worse_call", f"worse_by DESC NULLS LAST, {order}"
        values["worse"] = WORSE
    sql = f"{head}SELECT {CALLS.names} FROM {source} WHERE {where} ORDER BY {order}"  # noqa: S608 - constants
    return sql, {"calls": list(calls), **files, **values}


def scores_statement(calls: Collection[str], conversations: Collection[str], scores: Sequence[str]) -> Statement:
    """The scores in these files about some calls or conversations."""
    source = "read_parquet($scores, union_by_name = true)"
    about = "list_contains($about, call) OR list_contains($talks, conversation)"
    sql = f"SELECT {SCORES.names} FROM {source} WHERE {about} {_FIRST} ORDER BY at_us, score"  # noqa: S608 - constants
    return sql, {"scores": list(scores), "about": list(calls), "talks": list(conversations)}


def exposure_statement(release: str, calls: Sequence[str]) -> Statement:
    """How many users, sessions and calls the candidate of a release answered."""
    counts = "count(DISTINCT unit), count(DISTINCT conversation), count(*)"
    sql = f"SELECT {counts} FROM {CALLS.source('$calls')} WHERE {_EXPOSED}"  # noqa: S608 - constants
    return sql, {"calls": list(calls), "release": release}


def exposure(rows: Sequence[tuple[Any, ...]]) -> Exposure:
    """What the answer says; zeros where there was nothing to ask."""
    units, sessions, calls = rows[0] if rows else (0, 0, 0)
    return Exposure(units=units, sessions=sessions, calls=calls)


def stage_statement(
    query: CallQuery | ScoreQuery | ExposedQuery, parts: Sequence[str], scores: Sequence[str]
) -> Statement:
    """The rows of an export that lie in some files, in any order."""
    if isinstance(query, ExposedQuery):
        sql = f"SELECT {CALLS.names} FROM {CALLS.source('$parts')} WHERE {_EXPOSED}"  # noqa: S608 - constants
        return sql, {"parts": list(parts), "release": query.release}
    if isinstance(query, ScoreQuery):
        where, values = _where(query, _SCORE_CONDITIONS)
        source = "read_parquet($parts, union_by_name = true)"
        return f"SELECT {SCORES.names} FROM {source} WHERE {where}", {"parts": list(parts), **values}  # noqa: S608
    where, values = _where_calls(query)
    head, files = _scores_relation(query, scores)
    sql = f"{head}SELECT {CALLS.names} FROM {CALLS.source('$parts')} WHERE {where}"  # noqa: S608 - constants
    return sql, {"parts": list(parts), **files, **values}


def whole_statement(query: CallQuery | ScoreQuery | ExposedQuery, staged: Sequence[str]) -> Statement:
    """All staged rows of an export, in order of time; nothing but the columns when nothing was staged."""
    if isinstance(query, ExposedQuery):
        source = "read_parquet($staged)" if staged else CALLS.none
        sql = f"SELECT {_USERS} FROM {source} GROUP BY unit ORDER BY first_at_us, unit"  # noqa: S608 - constants
        return sql, {"staged": list(staged)} if staged else {}
    is_calls = isinstance(query, CallQuery)
    names, none = (CALLS.names, CALLS.none) if is_calls else (SCORES.names, SCORES.none)
    first, tie = ("", "call") if is_calls else (_FIRST, "score")
    source = "read_parquet($staged)" if staged else none
    sql = f"SELECT {names} FROM {source} {first} ORDER BY at_us, {tie}"  # noqa: S608 - constants
    return sql, {"staged": list(staged)} if staged else {}


def _where_calls(query: CallQuery) -> Statement:
    where, values = _where(query, _CALL_CONDITIONS)
    if query.event is not None:
        where += f" AND {_EVENT}"
        values["event"] = query.event
    if query.scored is not None:
        where += f" AND {_ANY_SCORE}" if query.scored else f" AND NOT {_ANY_SCORE}"
    if query.worse is not None:
        where += f" AND {_WORSE}" if query.worse else f" AND NOT {_WORSE}"
        values["worse"] = WORSE
    if query.before is not None:
        where += f" AND {_BEHIND}"
        values["before_us"], values["before_call"] = query.before
    return where, values


def _where(query: CallQuery | ScoreQuery, conditions: dict[str, str]) -> Statement:
    values = {name: value for name in conditions if (value := getattr(query, name)) is not None}
    return " AND ".join(["true", *(conditions[name] for name in values)]), values


def _scores_relation(query: CallQuery, scores: Sequence[str]) -> Statement:
    if query.event is None and query.scored is None and query.worse is None and not query.worst_first:
        return "", {}
    if not scores:
        return f"WITH scores AS {SCORES.none} ", {}
    return "WITH scores AS (SELECT * FROM read_parquet($scores, union_by_name = true)) ", {"scores": list(scores)}
