"""Kept texts in Parquet as they come, for those who judge a sample of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

from serinus.adapters.parquet_names import PAYLOADS, settled
from serinus.adapters.parquet_rows import Rows
from serinus.core.errors import StoreUnavailable
from serinus.core.judging.judgement import begun_at_us
from serinus.core.records import call_id
from serinus.core.records.payload import LoggedPayload
from serinus.ports.kept_texts import TextPart

_ROWS = Rows(LoggedPayload)
_TRIES = 3
_SET_BACK_US, _LONGEST_US = 3_600_000_000, 86_400_000_000
"""By so much the clock may have been set back while a call was served, and so long it may have taken."""


class PayloadLooks:
    """The texts under the event log's `root`. From any thread."""

    def __init__(self, root: Path) -> None:
        self._root = root / PAYLOADS

    def parts(self, from_us: int) -> Sequence[TextPart]:
        first = datetime.fromtimestamp(from_us / 1e6, UTC).date().isoformat()
        found = (part for part in settled(self._root) if part.path.parent.name >= first)
        return [TextPart(spool=part.spool, end=part.end, place=str(part.path)) for part in found]

    def calls_of(self, part: TextPart) -> list[tuple[str, str]] | None:
        try:
            with duckdb.connect() as connection:
                connection.execute("SET threads = 1")
                found = connection.execute("SELECT call, app FROM read_parquet(?)", [part.place]).fetchall()
        except duckdb.IOException:
            return None
        return [(str(call), str(app)) for call, app in found]

    def texts_of(self, calls: Collection[str]) -> dict[str, LoggedPayload]:
        if not calls:
            return {}
        days = {day for call in calls for day in _days(call)}
        begun_us = [begun_at_us(call_id.raw_of(call)) for call in calls]
        wanted = {"calls": sorted(calls), "low": min(begun_us) - _SET_BACK_US, "high": max(begun_us) + _LONGEST_US}
        # Parquet passes over row groups by their times: a batch is of a few minutes, and the folders hold days.
        near = "at_us BETWEEN $low AND $high AND list_contains($calls, call)"
        sql = f"SELECT {_ROWS.names} FROM {_ROWS.source('$paths')} WHERE {near}"  # noqa: S608 - constants
        for _ in range(_TRIES):
            paths = [str(part.path) for part in settled(self._root) if part.path.parent.name in days]
            if not paths:
                return {}
            try:
                with duckdb.connect() as connection:
                    connection.execute("SET threads = 1")
                    rows = connection.execute(sql, {"paths": paths, **wanted}).fetchall()
            except duckdb.IOException:
                continue  # gathered after it was listed
            return {one.call: one for one in _ROWS.read(rows)}
        raise StoreUnavailable("kept texts are being written by another process", where="payloads", mend="try again")


def _days(call: str) -> set[str]:
    """The folders in which a call's texts can lie: they are kept with its end."""
    day: date = datetime.fromtimestamp(begun_at_us(call_id.raw_of(call)) / 1e6, UTC).date()
    return {(day + timedelta(days=offset)).isoformat() for offset in (-1, 0, 1, 2)}
