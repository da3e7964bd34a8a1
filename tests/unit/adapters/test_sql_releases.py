"""Snapshots in SQL: old ones are dropped, and PostgreSQL tells of new ones."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy import func, select

from serinus.adapters.schema import snapshots
from serinus.adapters.sql_control import SqlControlStore
from serinus.adapters.sql_engine import begun
from serinus.adapters.sql_releases import CHANNEL
from tests.conftest import Place
from tests.contract.values import publish


def test_a_hundred_snapshots_are_kept(shared_place: Place) -> None:
    """The newest hundred are in the table, no more."""
    control, _ = shared_place.open()
    assert isinstance(control, SqlControlStore)
    for _ in range(103):
        with control.tx() as tx:
            publish(tx)
    own = snapshots.c.project_id == shared_place.project
    query = select(func.count(), func.min(snapshots.c.revision), func.max(snapshots.c.revision)).where(own)
    with begun(control._engine) as connection:
        assert tuple(connection.execute(query).one()) == (100, 4, 103)


@pytest.mark.postgres
@pytest.mark.parametrize("shared_place", ["postgres"], indirect=True)
def test_a_notification_carries_the_revision(shared_place: Place) -> None:
    """LISTEN hears the revision once it is committed, and nothing of a transaction that changes no routing."""
    control, _ = shared_place.open()
    with psycopg.connect(shared_place.url, autocommit=True) as listener:
        listener.execute(f"LISTEN {CHANNEL}")
        with control.tx() as tx:
            tx.next_version_number("shop", "2026-W47")
        with control.tx() as tx:
            publish(tx)
        heard = [notify.payload for notify in listener.notifies(timeout=10, stop_after=1)]
    assert heard == ["1"]
