"""Answers that may stand in where no version answers: proposed and approved. Part of a control transaction."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from serinus.core.pipeline.stored_answer import StoredAnswer
from serinus.ports.page import Page


class AnswerTx(Protocol):
    """The answers part of a control transaction."""

    def stored_answer(self, id: str) -> StoredAnswer | None: ...
    def put_stored_answer(self, one: StoredAnswer) -> None:
        """Insert, or replace by id; where it is listed stays."""
        ...

    def stored_answers(self, page: Page, app: str, approved: bool | None = None) -> tuple[list[StoredAnswer], str]:
        """An app's, newest first, and the next cursor. `approved`: only those that are, or are not (None: all)."""
        ...

    def approved_answers(self, app: str, behaviours: Collection[str]) -> list[StoredAnswer]:
        """The app's approved ones of these behaviours, oldest first."""
        ...

    def answers_of(self, *, app: str = "", version: str = "", unit: str = "") -> list[StoredAnswer]:
        """Those of a version of an app, or of a unit's calls in any app, oldest first."""
        ...

    def count_proposals(self, app: str) -> int:
        """How many of the app wait for approval."""
        ...

    def drop_answers(self, ids: Collection[str]) -> None:
        """Take these out; those that are not there are no fault."""
        ...

    def drop_proposals(self, app: str, before_us: int) -> int:
        """Take out what came from calls, was proposed before that time and is not approved; how many."""
        ...
