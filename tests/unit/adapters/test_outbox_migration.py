"""Notices of an older Serinus survive the migration that gives them deliveries, and are not told again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Engine, text

from serinus.adapters.sql_engine import begun, postgres_engine, postgres_url, sqlite_engine
from serinus.adapters.sql_migrate import _config, migrate
from serinus.adapters.sql_outbox import SqlOutbox
from serinus.ports.page import Page
from tests import postgres
from tests.contract.values import a_notice

OLD = "INSERT INTO outbox_notice VALUES ('default', {id}, 'rel_1', {id}, 'pause', 'ada', 'it’s “late”', 9, {delivered})"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database as the first version left it, with a notice that was delivered and one that was not."""
    if request.param == "sqlite":
        made = sqlite_engine(tmp_path / "old.db", "NORMAL")
    else:
        server: postgres.Server = request.getfixturevalue("postgres_server")
        made = postgres_engine(postgres_url(server.database(f"{tmp_path.name} old")))
    config = _config("control")
    with made.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "control_0001")
        for id, delivered in ((1, 12), (2, 0)):
            connection.execute(text(OLD.format(id=id, delivered=delivered)))
    yield made
    made.dispose()


def test_old_notices_are_kept_and_count_as_told(engine: Engine) -> None:
    """All that they say is there; none is routed or sent after the upgrade, and new ones get the next number."""
    migrate(engine, "control")
    with begun(engine) as connection:
        outbox = SqlOutbox(connection, "default")
        kept, _ = outbox.notices(Page())
        assert [(n.id, n.release, n.seq, n.body, n.at_us) for n in kept] == [
            (2, "rel_1", 2, "it’s “late”", 9),
            (1, "rel_1", 1, "it’s “late”", 9),
        ]
        assert outbox.unrouted(9) == outbox.undelivered(9) == []
        assert not outbox.enqueue(kept[0])
        assert outbox.enqueue(a_notice(seq=77))
        assert [notice.id for notice in outbox.unrouted(9)] == [3]
