"""Which rung of the fallback ladder answered an app's calls, as one question."""

from __future__ import annotations

from collections.abc import Sequence

from serinus.adapters.call_sql import Statement

_COUNTED = (
    "SELECT rung, count(*) FROM read_parquet($calls, union_by_name = true) WHERE app = $app AND at_us >= $from_us"
    " AND at_us < $to_us AND arm <> 'shadow' GROUP BY rung ORDER BY rung"
)


def fallback_statement(app: str, from_us: int, to_us: int, calls: Sequence[str]) -> Statement:
    """The question: rows of (rung in words, calls that ended within this time). Copies for the candidate's shadow are
    nobody's calls."""
    return _COUNTED, {"calls": list(calls), "app": app, "from_us": from_us, "to_us": to_us}
