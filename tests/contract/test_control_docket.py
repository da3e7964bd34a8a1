"""The tick's docket, on every store."""

from __future__ import annotations

import msgspec
import pytest

from serinus.core.errors import Conflict
from serinus.core.pipeline.app import AppConfig, AppState
from serinus.core.release.release import Progress
from serinus.core.release.table import State
from serinus.ports.control_store import ControlStore
from tests.contract.values import a_release


def test_the_docket_has_all_that_is_active_with_what_belongs_to_it(control_store: ControlStore) -> None:
    """Oldest first, each with its progress and its app where there are any; ended ones are not in it."""
    first, second = a_release(id="rel_1", app="a", seq=0), a_release(id="rel_2", app="b", seq=3)
    ended = a_release(id="rel_3", app="c", seq=0, state=State.ABORTED)
    app, progress = AppState(config=AppConfig(name="b"), live="l"), Progress(release="rel_2", step=1, dwell_ms=5)
    with control_store.tx() as tx:
        for release in (first, second, ended):
            tx.insert_release(release)
        tx.put_app(app)
        tx.put_progress(progress)
    with control_store.tx() as tx:
        found = tx.docket()
    assert [(one.id, one.app_name, one.seq, one.release) for one in found] == [
        ("rel_1", "a", 0, first),
        ("rel_2", "b", 3, second),
    ]
    assert [(one.progress, one.app, one.fault) for one in found] == [(None, None, ""), (progress, app, "")]


def test_progress_is_stored_only_for_a_release_that_has_not_changed(control_store: ControlStore) -> None:
    """Of several at once, those at their seq; one that somebody changed, or that has ended, is passed over."""
    with control_store.tx() as tx:
        for number in (1, 2):
            tx.insert_release(a_release(id=f"rel_{number}", app=f"app-{number}", seq=0))
        tx.insert_release(a_release(id="rel_3", app="c", seq=0, state=State.ABORTED))
    made = [Progress(release=f"rel_{number}", step=0, dwell_ms=9) for number in (1, 2, 3)]
    with control_store.tx() as tx:
        tx.put_progress_at([(made[0], 0), (made[1], 1), (made[2], 0)])
        tx.put_progress_at([])
    with control_store.tx() as tx:
        assert [tx.progress(f"rel_{number}") for number in (1, 2, 3)] == [made[0], None, None]


def test_ending_an_unreadable_release_frees_its_app(control_store: ControlStore) -> None:
    """Rolled back at the next seq; not when somebody was quicker, and not twice."""
    release = a_release(id="rel_1", app="a", seq=4)
    with control_store.tx() as tx:
        tx.insert_release(release)
    with pytest.raises(Conflict), control_store.tx() as tx:
        tx.end_unreadable("rel_1", 3)
    with control_store.tx() as tx:
        tx.end_unreadable("rel_1", 4)
        assert tx.release("rel_1") == msgspec.structs.replace(release, state=State.ROLLED_BACK, seq=5)
        assert tx.active_releases() == []
        tx.insert_release(a_release(id="rel_2", app="a", seq=0))
    with pytest.raises(Conflict), control_store.tx() as tx:
        tx.end_unreadable("rel_1", 5)
