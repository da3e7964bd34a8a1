"""Incidents, opened and closed, on every store."""

from __future__ import annotations

import msgspec
import pytest

from serinus.core.release.incident import Incident, Item, Note, closed, noted, told_late
from serinus.core.release.trigger import Trigger
from serinus.ports.control_store import ControlStore, Page
from tests.contract.values import BrokenOffError

S = 1_000_000


def an_incident(id: str, app: str = "shop", due_s: int = 60) -> Incident:
    return Incident(
        id=id, kind="rollback", app=app, release=f"rel_{id}", version="später – 後で", digest="d" * 64, severity="high",
        trigger=Trigger(kind="harm", metric="call.error", unit="share", value=0.2, threshold=0.1, calls=("call_1",)),
        reason="<b>", opened_at_us=S, opened_by="tick", clock=(Item(name="review", due_at_us=due_s * S),),
    )  # fmt: skip


def test_K2_an_incident_comes_back_whole_and_keeps_its_place(control_store: ControlStore) -> None:
    """Replacing it changes all but where it is listed; listings are pages, newest first."""
    later = noted(an_incident("inc_1"), Note(at_us=9 * S, by="ada", kind="hypothesis", text="<i>"))
    with control_store.tx() as tx:
        assert tx.incident("inc_1") is None
        for number in (1, 2, 3):
            tx.put_incident(an_incident(f"inc_{number}"))
        tx.put_incident(later)
    with control_store.tx() as tx:
        assert tx.incident("inc_1") == later
        first, cursor = tx.incidents(Page(limit=2))
        rest, end = tx.incidents(Page(limit=2, cursor=cursor))
    assert [one.id for one in (*first, *rest)] == ["inc_3", "inc_2", "inc_1"]
    assert end == ""


def test_K1_open_ones_are_listed_by_app(control_store: ControlStore) -> None:
    """What blocks an app is found without those that were closed, and without those of others."""
    with control_store.tx() as tx:
        for number, app in ((1, "shop"), (2, "bakery"), (3, "shop")):
            tx.put_incident(an_incident(f"inc_{number}", app))
        tx.put_incident(closed(an_incident("inc_3"), 5 * S, "ada", "done"))
    with control_store.tx() as tx:
        assert [one.id for one in tx.incidents(Page(limit=9), "shop", is_open=True)[0]] == ["inc_1"]
        assert [one.id for one in tx.incidents(Page(limit=9), is_open=True)[0]] == ["inc_2", "inc_1"]
        assert [one.id for one in tx.incidents(Page(limit=9), "shop")[0]] == ["inc_3", "inc_1"]


def test_J6_late_ones_are_found_until_it_was_told(control_store: ControlStore) -> None:
    """Oldest first; neither those that are not due yet nor closed ones."""
    with control_store.tx() as tx:
        for number, due_s in ((1, 60), (2, 30), (3, 90), (4, 10)):
            tx.put_incident(an_incident(f"inc_{number}", due_s=due_s))
        tx.put_incident(closed(an_incident("inc_4", due_s=10), 5 * S, "ada", "done"))
    with control_store.tx() as tx:
        assert tx.late_incidents(29 * S, 9) == []
        late = tx.late_incidents(60 * S, 9)
        assert [one.id for one in late] == ["inc_1", "inc_2"]
        assert [one.id for one in tx.late_incidents(60 * S, 1)] == ["inc_1"]
        tx.put_incident(told_late(late[0], 60 * S))
    with control_store.tx() as tx:
        assert [one.id for one in tx.late_incidents(60 * S, 9)] == ["inc_2"]


def test_J4_a_transaction_that_breaks_off_leaves_no_incident(control_store: ControlStore) -> None:
    """Neither a new one nor a change."""
    with control_store.tx() as tx:
        tx.put_incident(an_incident("inc_1"))

    def broken_off() -> None:
        with control_store.tx() as tx:
            tx.put_incident(msgspec.structs.replace(an_incident("inc_1"), severity="low"))
            tx.put_incident(an_incident("inc_2"))
            raise BrokenOffError

    with pytest.raises(BrokenOffError):
        broken_off()
    with control_store.tx() as tx:
        assert tx.incident("inc_1") == an_incident("inc_1")
        assert tx.incident("inc_2") is None
