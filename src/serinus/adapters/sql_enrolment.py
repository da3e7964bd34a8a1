"""Enrolling units in SQL: insert once, set first-event bits, say what changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import msgspec
from sqlalchemy import Row, and_, bindparam, select, text, update

from serinus.adapters.enrolment import first_of_each
from serinus.adapters.schema_telemetry import enrolments
from serinus.adapters.sql_tx import SqlTx
from serinus.core.records.sums import Enrolment
from serinus.core.routing.assignment import Arm
from serinus.ports.telemetry_store import Fresh

# Units looked up in one statement: SQLite takes 32,766 parameters, and long lists plan slowly.
CHUNK = 500

_SET_EVENTS = (
    update(enrolments)
    .where(
        and_(
            enrolments.c.project_id == bindparam("key_project"),
            enrolments.c.release == bindparam("key_release"),
            enrolments.c.unit == bindparam("key_unit"),
        )
    )
    .values(events=bindparam("all_events"))
)

# PostgreSQL takes the columns as five arrays: a thousand rows of parameters take about three times as long. `unnest`
# keeps the order of the arrays, which is the order of the locks.
_INSERT_ARRAYS = text("""
    INSERT INTO enrolled_unit (project_id, release, unit, arm, stratum, events)
    SELECT :project, batch.*
    FROM unnest(
        CAST(:release AS text[]), CAST(:unit AS bytea[]), CAST(:arm AS int[]), CAST(:stratum AS int[]),
        CAST(:events AS int[])
    ) AS batch
    ON CONFLICT DO NOTHING
    RETURNING release, unit
""")


class SqlEnrolment(SqlTx):
    """The enrolment part of a telemetry transaction.

    Two hosts may enrol one unit at the same time. First all new units are inserted in the order of their keys: whoever
    comes second waits there for the first to commit, and then finds the unit enrolled. Then the rows that exist and
    may get a new event are locked in the same order. No transaction in the first phase holds a row that one in the
    second waits for, other than in that order, so they cannot wait for each other in a circle.
    """

    def enrol(self, batch: Sequence[Enrolment]) -> list[Fresh]:
        candidates = first_of_each(batch)
        new = self._insert_new(candidates)
        fresh = [Fresh(enrolment=e, is_new=True) for e in candidates if (e.release, e.unit) in new]
        known = [e for e in candidates if e.events and (e.release, e.unit) not in new]
        return fresh + self._set_events(known)

    def _insert_new(self, candidates: Sequence[Enrolment]) -> set[tuple[str, bytes]]:
        if not candidates:
            return set()
        postgres = self._connection.dialect.name == "postgresql"
        inserted = self._insert_arrays(candidates) if postgres else self._insert_rows(candidates)
        return {(row.release, bytes(row.unit)) for row in inserted}

    def _insert_arrays(self, candidates: Sequence[Enrolment]) -> Sequence[Row[Any]]:
        columns = {
            "project": self._project,
            "release": [e.release for e in candidates],
            "unit": [e.unit for e in candidates],
            "arm": [int(e.arm) for e in candidates],
            "stratum": [e.stratum for e in candidates],
            "events": [e.events for e in candidates],
        }
        return self._connection.execute(_INSERT_ARRAYS, columns).all()

    def _insert_rows(self, candidates: Sequence[Enrolment]) -> Sequence[Row[Any]]:
        rows = [
            {
                "project_id": self._project,
                "release": e.release,
                "unit": e.unit,
                "arm": int(e.arm),
                "stratum": e.stratum,
                "events": e.events,
            }
            for e in candidates
        ]
        insert = self._insert(enrolments).on_conflict_do_nothing()
        return self._connection.execute(insert.returning(enrolments.c.release, enrolments.c.unit), rows).all()

    def _set_events(self, known: Sequence[Enrolment]) -> list[Fresh]:
        fresh, changes = [], []
        for asked, stored in self._locked(known):
            news = asked.events & ~stored.events
            if news:
                fresh.append(Fresh(enrolment=msgspec.structs.replace(stored, events=news), is_new=False))
                changes.append(
                    {
                        "key_project": self._project,
                        "key_release": stored.release,
                        "key_unit": stored.unit,
                        "all_events": stored.events | news,
                    }
                )
        if changes:
            self._connection.execute(_SET_EVENTS, changes)
        return fresh

    def _locked(self, known: Sequence[Enrolment]) -> Iterator[tuple[Enrolment, Enrolment]]:
        """What was asked and what is stored, its row locked, in the order of keys."""
        for release, group in groupby(known, key=lambda e: e.release):
            asked = {e.unit: e for e in group}
            units = list(asked)
            for start in range(0, len(units), CHUNK):
                query = (
                    select(enrolments)
                    .where(self._own(enrolments, release=release), enrolments.c.unit.in_(units[start : start + CHUNK]))
                    .order_by(enrolments.c.unit)
                    .with_for_update()
                )
                for row in self._all(query):
                    unit = bytes(row.unit)
                    yield asked[unit], Enrolment(release, unit, Arm(row.arm), row.stratum, row.events)
