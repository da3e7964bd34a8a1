"""Stored answers in memory."""

from __future__ import annotations

from collections.abc import Collection

from serinus.adapters import cursors
from serinus.adapters.memory_rows import ControlRows
from serinus.core.pipeline.stored_answer import StoredAnswer
from serinus.ports.page import Page


class MemoryAnswers:
    """The answers part of a control transaction."""

    _rows: ControlRows

    def stored_answer(self, id: str) -> StoredAnswer | None:
        return next((one for one in self._rows.answers.values() if one.id == id), None)

    def put_stored_answer(self, one: StoredAnswer) -> None:
        known = (ordinal for ordinal, row in self._rows.answers.items() if row.id == one.id)
        self._rows.answers.put(next(known, max(self._rows.answers, default=0) + 1), one)

    def stored_answers(self, page: Page, app: str, approved: bool | None = None) -> tuple[list[StoredAnswer], str]:
        end = cursors.before(page)
        fitting = [
            (ordinal, one)
            for ordinal, one in self._rows.answers.items()
            if ordinal < end and one.app == app and approved in (None, bool(one.approved_at_us))
        ]
        fitting.sort(key=lambda row: -row[0])
        shown, cursor = cursors.cut(fitting[: page.limit + 1], page, lambda row: row[0])
        return [one for _, one in shown], cursor

    def approved_answers(self, app: str, behaviours: Collection[str]) -> list[StoredAnswer]:
        return [
            one for one in self._in_order() if one.app == app and one.behaviour in behaviours and one.approved_at_us
        ]

    def answers_of(self, *, app: str = "", version: str = "", unit: str = "") -> list[StoredAnswer]:
        if unit:
            return [one for one in self._in_order() if one.unit == unit]
        return [one for one in self._in_order() if (one.app, one.version) == (app, version)]

    def count_proposals(self, app: str) -> int:
        return sum(one.app == app and not one.approved_at_us for one in self._rows.answers.values())

    def drop_answers(self, ids: Collection[str]) -> None:
        for ordinal in [ordinal for ordinal, one in self._rows.answers.items() if one.id in ids]:
            self._rows.answers.drop(ordinal)

    def drop_proposals(self, app: str, before_us: int) -> int:
        stale = {
            one.id
            for one in self._rows.answers.values()
            if one.app == app and one.call and not one.approved_at_us and one.proposed_at_us < before_us
        }
        self.drop_answers(stale)
        return len(stale)

    def _in_order(self) -> list[StoredAnswer]:
        return [self._rows.answers[ordinal] for ordinal in sorted(self._rows.answers)]
