"""Kept answers and scores in SQL, beside the control store: a run writes much, and no release should wait for it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Engine, Row, and_, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError

from serinus.adapters.memory_results import MemoryResults
from serinus.adapters.schema_evaluation import results
from serinus.adapters.sql_engine import READ_ONLY, begun, postgres_engine, postgres_url, sqlite_engine
from serinus.adapters.sql_migrate import migrate
from serinus.adapters.stores import MEMORY, POSTGRESQL, SQLITE
from serinus.core.errors import InvalidInput
from serinus.core.judging.answer import Answer
from serinus.core.judging.score import Score
from serinus.ports.results import Result, ResultKey, ResultStore

_answers = msgspec.msgpack.Decoder(Answer)
_scores = msgspec.msgpack.Decoder(dict[str, Score])
_AT_ONCE = 200


def _result(row: Row[Any]) -> Result:
    return Result(
        key=ResultKey(row.target, row.case_digest, row.repeat),
        answer=_answers.decode(row.answer),
        scores=_scores.decode(row.scores),
    )


def _portions(items: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]


class SqlResults:
    """One project's results in one database."""

    def __init__(self, engine: Engine, project: str) -> None:
        self._engine = engine
        self._project = project

    def kept(self, keys: Collection[ResultKey]) -> list[Result]:
        # By target and case, which lead in the key: row values in a list of rows would be looked for in all of them.
        wanted, cases = set(keys), dict[str, set[str]]()
        for key in keys:
            cases.setdefault(key.target, set()).add(key.case)
        found: list[Result] = []
        with begun(self._engine, **READ_ONLY) as connection:
            for target, digests in cases.items():
                for some in _portions(sorted(digests)):
                    mine = and_(results.c.project_id == self._project, results.c.target == target)
                    query = select(results).where(mine, results.c.case_digest.in_(some))
                    found += [one for row in connection.execute(query) if (one := _result(row)).key in wanted]
        return found

    def keep(self, results_: Sequence[Result], at_us: int) -> None:
        rows = [
            {
                "project_id": self._project,
                "target": one.key.target,
                "case_digest": one.key.case,
                "repeat": one.key.repeat,
                "answer": msgspec.msgpack.encode(one.answer),
                "scores": msgspec.msgpack.encode(one.scores),
                "at_us": at_us,
            }
            for one in results_
        ]
        if not rows:
            return
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(results)
        changed = {name: statement.excluded[name] for name in ("answer", "scores", "at_us")}
        upsert = statement.on_conflict_do_update(index_elements=list(results.primary_key), set_=changed)
        with begun(self._engine) as connection:
            connection.execute(upsert, rows)

    def forget(self, before_us: int) -> int:
        old = delete(results).where(results.c.project_id == self._project, results.c.at_us < before_us)
        with begun(self._engine) as connection:
            return int(connection.execute(old).rowcount)

    def close(self) -> None:
        self._engine.dispose()


def open_results(url: str, project: str = "default") -> ResultStore:
    """The results beside the stores at `url` (`sqlite:///DIR`: DIR/evaluation.db), brought up to this version's schema.
    InvalidInput for another URL, StoreUnavailable when the server cannot be reached."""
    if url == MEMORY:
        return MemoryResults()
    if url.startswith(SQLITE) and len(url) > len(SQLITE):
        return _opened(lambda: sqlite_engine(Path(url.removeprefix(SQLITE)) / "evaluation.db", "NORMAL"), project)
    if url.startswith(POSTGRESQL):
        try:
            parsed = postgres_url(url)
        except ArgumentError as error:
            raise InvalidInput(
                "not a PostgreSQL URL", where="store URL", mend="use postgresql://user@host/database"
            ) from error
        return _opened(lambda: postgres_engine(parsed), project)
    raise InvalidInput(
        f"not a store: {url.partition('://')[0]}", where="store URL", mend="use sqlite:///DIR or postgresql://…"
    )


def _opened(engine_of: Callable[[], Engine], project: str) -> SqlResults:
    engine = engine_of()
    try:
        migrate(engine, "evaluation")
    except BaseException:
        engine.dispose()
        raise
    return SqlResults(engine, project)
