"""Labels of units in SQL: rows from enrolment on, each labelled once, read in the order of exposure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from sqlalchemy import and_, bindparam, delete, func, select, tuple_, update

from serinus.adapters.schema_telemetry import labels
from serinus.adapters.sql_tx import SqlTx
from serinus.core.records.labels import NO_LABEL, AwaitedUnit, Label, LabelKey

_LABEL = (
    update(labels)
    .where(
        and_(
            labels.c.project_id == bindparam("key_project"),
            labels.c.release == bindparam("key_release"),
            labels.c.metric == bindparam("key_metric"),
            labels.c.unit == bindparam("key_unit"),
            labels.c.value == NO_LABEL,
        )
    )
    .values(value=bindparam("label_value"), at_us=bindparam("label_at_us"))
)


class SqlLabels(SqlTx):
    """The part of a telemetry transaction about labels.

    New rows are of units that this transaction has enrolled, which nobody else can have seen; labels lock rows in the
    order of their keys. So nobody waits in a circle.
    """

    def label(self, awaited: Sequence[AwaitedUnit], labels_come: Mapping[LabelKey, Label]) -> None:
        if awaited:
            rows = [self._label_row(one) for one in sorted(awaited, key=lambda one: one.key)]
            self._connection.execute(self._insert(labels).on_conflict_do_nothing(), rows)
        if labels_come:
            self._connection.execute(_LABEL, [self._label_change(key, labels_come[key]) for key in sorted(labels_come)])

    def awaited(
        self, release: str, metric: str, after: tuple[int, bytes], until_us: int, most: int
    ) -> list[AwaitedUnit]:
        place = tuple_(labels.c.exposed_at_us, labels.c.unit)
        query = (
            select(labels)
            .where(self._own(labels, release=release, metric=metric), labels.c.exposed_at_us <= until_us, place > after)
            .order_by(labels.c.exposed_at_us, labels.c.unit)
            .limit(most)
        )
        return [
            AwaitedUnit(
                LabelKey(release, metric, bytes(row.unit)),
                row.exposed_at_us,
                row.stratum,
                row.arm,
                None if row.value == NO_LABEL else Label(row.at_us, row.value),
            )
            for row in self._all(query)
        ]

    def forget_labels(self, active: Collection[str], before_us: int, most: int) -> int:
        left = most
        for release in self._labelled():
            if release not in active and left:
                left -= self._forget_labels(release, before_us, left)
        return most - left

    def _labelled(self) -> Iterator[str]:
        """The releases that have rows, each found by one step in the index."""
        query = select(func.min(labels.c.release)).where(self._own(labels), labels.c.release > bindparam("last"))
        last = ""
        while (found := self._connection.execute(query, {"last": last}).scalar_one()) is not None:
            last = str(found)
            yield last

    def _forget_labels(self, release: str, before_us: int, most: int) -> int:
        over = (
            select(labels.c.metric, labels.c.unit)
            .where(self._own(labels, release=release), labels.c.exposed_at_us < before_us)
            .limit(most)
        )
        mine = self._own(labels, release=release)
        return self._connection.execute(
            delete(labels).where(mine, tuple_(labels.c.metric, labels.c.unit).in_(over))
        ).rowcount

    def _label_row(self, one: AwaitedUnit) -> dict[str, object]:
        return {
            "project_id": self._project,
            "release": one.key.release,
            "metric": one.key.metric,
            "unit": one.key.unit,
            "exposed_at_us": one.exposed_at_us,
            "stratum": one.stratum,
            "arm": one.arm,
            "value": one.label.value if one.label else NO_LABEL,
            "at_us": one.label.at_us if one.label else 0,
        }

    def _label_change(self, key: LabelKey, label: Label) -> dict[str, object]:
        return {
            "key_project": self._project,
            "key_release": key.release,
            "key_metric": key.metric,
            "key_unit": key.unit,
            "label_value": label.value,
            "label_at_us": label.at_us,
        }
