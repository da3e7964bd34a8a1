"""Every control store keeps notices, their deliveries, and what became of them."""

from __future__ import annotations

import msgspec

from serinus.ports.control_store import ControlStore, Delivery, Notice, Page
from tests.contract.values import a_notice


def a_delivery(notice: int = 1, target: str = "env:SLACK", next_at_us: int = 5) -> Delivery:
    """A delivery on its way."""
    return Delivery(notice=notice, target=target, route="on_call", next_at_us=next_at_us)


def enqueue(store: ControlStore, *notices: Notice) -> list[Notice]:
    """These notices as they are kept, oldest first."""
    with store.tx() as tx:
        for notice in notices:
            assert tx.enqueue(notice)
        return tx.notices(Page(limit=100))[0][::-1]


def test_a_notice_enters_without_progress(control_store: ControlStore) -> None:
    """Nobody can enqueue a notice as delivered or acknowledged; all that it tells is kept."""
    told = msgspec.structs.replace(a_notice(), app="shop", actor="ada", body="“later” – 後で")
    done = msgspec.structs.replace(told, routed_at_us=1, acknowledged_at_us=2, acknowledged_by="x", delivered_at_us=3)
    kept = enqueue(control_store, done)[0]
    assert kept == msgspec.structs.replace(told, id=kept.id)
    with control_store.tx() as tx:
        assert tx.notice(kept.id) == kept
        assert tx.notice(kept.id + 1) is None


def test_progress_is_replaced_and_the_telling_is_not(control_store: ControlStore) -> None:
    """replace_notice changes times and people, never the text or the kind."""
    kept = enqueue(control_store, a_notice())[0]
    following = msgspec.structs.replace(
        kept, routed_at_us=10, acknowledge_by_us=20, acknowledged_at_us=15, acknowledged_by="ada", escalated_at_us=21
    )
    with control_store.tx() as tx:
        tx.replace_notice(msgspec.structs.replace(following, body="forged", kind="promote", app="other"))
    with control_store.tx() as tx:
        assert tx.notice(kept.id) == following


def test_new_notices_are_unrouted(control_store: ControlStore) -> None:
    """unrouted gives those without deliveries, oldest first, at most so many."""
    first, second, third = enqueue(control_store, *(a_notice(seq=n) for n in (1, 2, 3)))
    with control_store.tx() as tx:
        assert tx.unrouted(2) == [first, second]
        tx.replace_notice(msgspec.structs.replace(first, routed_at_us=9))
        assert tx.unrouted(9) == [second, third]


def test_I1_overdue_notices_are_unseen_ones_past_their_time(control_store: ControlStore) -> None:
    """A deadline that has come, without acknowledgement or escalation; without a deadline never."""
    kept = enqueue(control_store, *(a_notice(seq=n) for n in range(5)))
    progress: list[dict[str, int]] = [
        {"acknowledge_by_us": 100},
        {"acknowledge_by_us": 101},
        {"acknowledge_by_us": 50, "acknowledged_at_us": 40},
        {"acknowledge_by_us": 50, "escalated_at_us": 60},
        {},
    ]
    with control_store.tx() as tx:
        for notice, changed in zip(kept, progress, strict=True):
            tx.replace_notice(msgspec.structs.replace(notice, **changed))
        assert [notice.seq for notice in tx.overdue(100, 9)] == [0]
        assert [notice.seq for notice in tx.overdue(101, 9)] == [0, 1]
        assert [notice.seq for notice in tx.overdue(101, 1)] == [0]


def test_notices_are_listed_by_app_and_by_what_waits(control_store: ControlStore) -> None:
    """Newest first, in pages; of one app; only those that somebody must still acknowledge."""
    shop = [msgspec.structs.replace(a_notice(seq=n), app="shop") for n in (1, 2, 3)]
    kept = enqueue(control_store, *shop, msgspec.structs.replace(a_notice(seq=4), app="bank"))
    with control_store.tx() as tx:
        tx.replace_notice(msgspec.structs.replace(kept[1], acknowledge_by_us=5))
        tx.replace_notice(msgspec.structs.replace(kept[2], acknowledge_by_us=5, acknowledged_at_us=4))
        page, cursor = tx.notices(Page(limit=2), app="shop")
        rest, end = tx.notices(Page(limit=2, cursor=cursor), app="shop")
        waiting, _ = tx.notices(Page(), waiting=True)
    assert [notice.seq for notice in page + rest] == [3, 2, 1]
    assert end == ""
    assert [notice.seq for notice in waiting] == [2]


def test_deliveries_come_back_by_notice(control_store: ControlStore) -> None:
    """One row for each target of a notice, replaced as it goes on."""
    first, second = a_delivery(), a_delivery(target="file:/run/x")
    done = msgspec.structs.replace(first, attempts=3, next_at_us=0, delivered_at_us=7, fault="“no” – いいえ")
    with control_store.tx() as tx:
        tx.put_deliveries([second, first, a_delivery(notice=2)])
        tx.put_deliveries([done])
    with control_store.tx() as tx:
        assert tx.deliveries([1]) == [done, second]
        assert tx.deliveries([]) == []
        assert len(tx.deliveries([1, 2, 3])) == 3


def test_due_is_one_delivery_for_each_target(control_store: ControlStore) -> None:
    """The one that waits longest; none before its time, none that is over; a slow target hides no other."""
    with control_store.tx() as tx:
        tx.put_deliveries(a_delivery(notice=n, next_at_us=10 + n) for n in range(1, 30))
        tx.put_deliveries([a_delivery(notice=40, target="env:MAIL", next_at_us=20)])
        tx.put_deliveries([a_delivery(notice=41, target="env:OVER", next_at_us=0)])
        assert tx.due_deliveries(10) == []
        assert [(d.notice, d.target) for d in tx.due_deliveries(19)] == [(1, "env:SLACK")]
        assert [(d.notice, d.target) for d in tx.due_deliveries(99)] == [(40, "env:MAIL"), (1, "env:SLACK")]
        tx.put_deliveries([a_delivery(notice=1, next_at_us=50)])
        assert [(d.notice, d.target) for d in tx.due_deliveries(99)] == [(40, "env:MAIL"), (2, "env:SLACK")]
