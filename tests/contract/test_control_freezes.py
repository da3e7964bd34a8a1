"""The freeze and the releases that wait, on every store."""

from __future__ import annotations

import msgspec
import pytest

from serinus.core.pipeline.freeze import Freeze
from serinus.core.release.waiting import Waiting
from serinus.ports.control_store import ControlStore

FREEZE = Freeze(actor="bob", at_us=7, reason="the provider moves")
WAITING = Waiting(
    id="rel_2", app="shop", version="c" * 64, name="shop-2", salt="s", actor="ada", reason="r", set_aside="", at_us=5,
    why="release rel_1 has ended",
)  # fmt: skip


def test_H12_the_switch_is_put_and_lifted(control_store: ControlStore) -> None:
    """Off at first; lifting it twice is no fault."""
    with control_store.tx() as tx:
        assert tx.freeze() is None
        tx.put_freeze(FREEZE)
        tx.put_freeze(msgspec.structs.replace(FREEZE, reason="still"))
    with control_store.tx() as tx:
        assert tx.freeze() == msgspec.structs.replace(FREEZE, reason="still")
        tx.put_freeze(None)
        tx.put_freeze(None)
    with control_store.tx() as tx:
        assert tx.freeze() is None


def test_H12_one_waits_for_each_app(control_store: ControlStore) -> None:
    """In order of app; a newer one takes the place of its app's; it comes back whole and is dropped once."""
    other = msgspec.structs.replace(WAITING, id="rel_3", app="bakery")
    newer = msgspec.structs.replace(WAITING, id="rel_4")
    with control_store.tx() as tx:
        for one in (WAITING, other, newer):
            tx.put_waiting(one)
    with control_store.tx() as tx:
        assert tx.waiting() == [other, newer]
        assert tx.drop_waiting("shop")
        assert not tx.drop_waiting("shop")
        assert tx.waiting() == [other]


def test_a_failed_transaction_leaves_both_as_they_were(control_store: ControlStore) -> None:
    """All or nothing."""
    with control_store.tx() as tx:
        tx.put_waiting(WAITING)
    with pytest.raises(RuntimeError):
        _fail(control_store)
    with control_store.tx() as tx:
        assert tx.freeze() is None
        assert tx.waiting() == [WAITING]


def _fail(store: ControlStore) -> None:
    with store.tx() as tx:
        tx.put_freeze(FREEZE)
        tx.drop_waiting("shop")
        raise RuntimeError
