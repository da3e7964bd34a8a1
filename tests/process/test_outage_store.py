"""PostgreSQL is stopped under load and started again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import postgres
from tests.process import outage
from tests.process.production import production

pytestmark = [pytest.mark.process, pytest.mark.postgres]


def test_J4_H7_without_the_store_all_are_on_the_baseline_and_nothing_is_lost(
    tmp_path: Path, postgres_server: postgres.Server
) -> None:
    """200s throughout, the baseline alone from the lease on; when the store is back, every record of the outage is
    shipped exactly once, and the release goes on with the same step, whose dwell the outage did not fill."""
    with production(tmp_path, store=postgres_server.database("outage")) as found:
        id = outage.climbing(found)
        try:
            suffered = outage.suffer(found, id, postgres_server.stop, postgres_server.start)
        finally:
            postgres_server.start()
        found.stack.wait_release(id, "promoted")
        assert found.end()["incomplete"] == 0
        outage.assert_dwell_was_not_filled(found, id, suffered)
        outage.assert_nothing_is_lost(found, id)
        outage.assert_baseline_only(found.stack.calls(), suffered)
