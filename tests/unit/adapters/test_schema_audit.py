"""The database itself refuses to rewrite the audit log."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from serinus.adapters.sql_control import SqlControlStore
from serinus.adapters.sql_engine import begun
from serinus.core.errors import SerinusError
from tests.conftest import Place
from tests.contract.values import a_draft


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_entry SET reason = 'nothing'", "DELETE FROM audit_entry", "TRUNCATE audit_entry"],
)
def test_audit_entries_are_never_changed(shared_place: Place, statement: str) -> None:
    """UPDATE, DELETE and TRUNCATE fail, whoever sends them over Serinus's own connection."""
    control, _ = shared_place.open()
    assert isinstance(control, SqlControlStore)
    with control.tx() as tx:
        entry = tx.append_audit(a_draft())

    def rewrite() -> None:
        with begun(control._engine) as connection:
            connection.execute(text(statement))

    with pytest.raises(SerinusError):
        rewrite()
    with control.tx() as tx:
        assert tx.audit_entries(0, 10) == [entry]
