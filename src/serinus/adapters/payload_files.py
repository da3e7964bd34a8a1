"""Kept texts in Parquet, apart from calls and scores: read one by one, and deleted by writing files anew without them.

A file that is written anew takes the place and the name of the old one in one step, so that what its name says is
covered stays true. The turn (`payload_lock`) keeps an agent from gathering a file that is just being replaced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from serinus.adapters import payload_lock
from serinus.adapters.durable import publish, sync_directory
from serinus.adapters.parquet_names import PAYLOADS, listed, settled
from serinus.adapters.parquet_rows import Rows
from serinus.core.errors import StoreUnavailable
from serinus.core.records.payload import LoggedPayload
from serinus.ports.clock import Clock
from serinus.ports.payloads import Erasure

_ROWS = Rows(LoggedPayload)
_DAY_US = 86_400_000_000
_TURN_S = 10.0
_GONE = "EXISTS (SELECT 1 FROM gone WHERE gone.unit = batch.unit AND batch.at_us <= gone.at_us)"
_OLD = (
    "batch.at_us < coalesce((SELECT kept.before_us FROM kept WHERE kept.app = batch.app), CAST(getvariable('others') AS"
    " BIGINT))"
)


class PayloadFiles:
    """The texts under the event log's `root`. From any thread."""

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root = root / PAYLOADS
        self._clock = clock

    def payload(self, call: str, begun_us: int) -> LoggedPayload | None:
        """Those of a call that began at `begun_us`; None when none are kept."""
        day = _day(begun_us)
        days = {(day + timedelta(days=offset)).isoformat() for offset in (-1, 0, 1, 2)}
        for _ in range(3):
            paths = [str(part.path) for part in settled(self._root) if part.path.parent.name in days]
            if not paths:
                return None
            try:
                return self._one(paths, call)
            except duckdb.IOException:
                continue  # gathered after it was listed
        raise _busy()

    def erase(self, erasures: Sequence[Erasure]) -> int:
        """Delete what these name; how many calls' texts."""
        gone = [(one.unit, one.at_us) for one in erasures]
        return self._rewrite("gone", "unit VARCHAR, at_us BIGINT", gone, _GONE, 0) if gone else 0

    def expire(self, before_us: Mapping[str, int], others_before_us: int) -> int:
        """Delete texts of an app from before its time, and of apps that are not named from before the other; how
        many. Whole days of UTC."""
        kept = [(app, _midnight(at_us)) for app, at_us in before_us.items()]
        others_us = _midnight(others_before_us)
        oldest = max([others_us, *(at_us for _, at_us in kept)])
        return self._rewrite("kept", "app VARCHAR, before_us BIGINT", kept, _OLD, others_us, _day(oldest).isoformat())

    def _one(self, paths: list[str], call: str) -> LoggedPayload | None:
        sql = f"SELECT {_ROWS.names} FROM {_ROWS.source('$paths')} WHERE call = $call LIMIT 1"  # noqa: S608 - constants
        with duckdb.connect() as connection:
            connection.execute("SET threads = 1")
            found = _ROWS.read(connection.execute(sql, {"paths": paths, "call": call}).fetchall())
        return found[0] if found else None

    def _rewrite(
        self, table: str, columns: str, values: Sequence[tuple[str, int]], where: str, others_us: int, until: str = ""
    ) -> int:
        """Write all files anew that hold rows for which `where` is true; of folders up to a day, if one is given."""
        if not self._root.is_dir():
            return 0
        end_ns = self._clock.mono_ns() + int(_TURN_S * 1e9)
        while True:
            with payload_lock.held(self._root) as free, duckdb.connect() as connection:
                if free:
                    connection.execute("SET threads = 1")
                    connection.execute(f"CREATE TABLE {table} ({columns})")
                    if values:
                        connection.executemany(f"INSERT INTO {table} VALUES (?, ?)", [list(one) for one in values])  # noqa: S608 - constants
                    connection.execute("SET VARIABLE others = ?", [others_us])
                    return sum(_without(connection, part.path, where, bool(until)) for part in self._parts(until))
            if self._clock.mono_ns() >= end_ns:
                raise _busy()
            self._clock.sleep(0.05)

    def _parts(self, until: str) -> list[Any]:
        return [part for part in listed(self._root) if not until or part.path.parent.name <= until]


def _without(connection: duckdb.DuckDBPyConnection, path: Path, where: str, is_old: bool) -> int:
    """Write a file anew without the rows for which `where` is true; how many those were. A file keeps its place without
    any row, since its name says what is covered, until it is old."""
    counting = f"SELECT count(*) FILTER ({where}), count(*) FROM read_parquet(?) AS batch"  # noqa: S608 - constants
    count = connection.execute(counting, [str(path)]).fetchone()
    if not count or (not count[0] and not (is_old and not count[1])):
        return 0
    if is_old and count[0] == count[1]:
        path.unlink()
        sync_directory(path.parent)
        return int(count[0])
    temporary = path.with_name(f".{path.name}.new")
    target = str(temporary).replace("'", "''")
    kept = f"SELECT * FROM read_parquet(?) AS batch WHERE NOT coalesce({where}, false)"  # noqa: S608 - constants
    connection.execute(f"COPY ({kept}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)", [str(path)])
    temporary.chmod(path.stat().st_mode & 0o777)
    publish(temporary, path)
    return int(count[0])


def _midnight(at_us: int) -> int:
    return at_us // _DAY_US * _DAY_US


def _day(at_us: int) -> Any:
    return datetime.fromtimestamp(at_us / 1e6, UTC).date()


def _busy() -> StoreUnavailable:
    return StoreUnavailable("kept texts are being written by another process", where="payloads", mend="try again")
