"""Every control store has one leader and fences the old one."""

from __future__ import annotations

import msgspec
import pytest

from serinus.core.errors import Deposed
from serinus.core.release.table import State
from serinus.ports.control_store import ControlStore, Leader
from serinus.ports.retry import run
from tests.conftest import Place
from tests.contract.values import a_draft, a_release, publish


def test_the_first_claim_wins(place: Place) -> None:
    """Of two claims on an empty seat one succeeds, with epoch 1."""
    first, second = place.open()[0], place.open()[0]
    assert first.leader() is None
    leader = first.claim("a", None)
    assert leader == Leader(holder="a", epoch=1, beat=1)
    assert second.claim("b", None) is None
    assert second.leader() == leader


def test_a_beat_counts_and_spoils_a_claim(place: Place) -> None:
    """A leader that has beaten since it was seen is not replaced."""
    first, second = place.open()[0], place.open()[0]
    leader = first.claim("a", None)
    assert leader
    seen = second.leader()
    assert first.beat(leader) == msgspec.structs.replace(leader, beat=2)
    assert second.claim("b", seen) is None
    assert second.claim("b", second.leader()) == Leader(holder="b", epoch=2, beat=3)


def test_a_new_leader_fences_the_old_one(place: Place) -> None:
    """After a claim the old leader's beats and transactions are Deposed and change nothing."""
    first, second = place.open()[0], place.open()[0]
    old = first.claim("a", None)
    assert old
    with first.tx(old.epoch) as tx:
        tx.insert_release(a_release())
        publish(tx, b"as it was")
    new = second.claim("b", old)
    assert new
    with pytest.raises(Deposed):
        first.beat(old)
    called: list[object] = []
    with pytest.raises(Deposed):
        run(first, called.append, old.epoch)
    assert called == []
    with second.tx(new.epoch) as tx:
        assert tx.release("rel_1") == a_release()
        tx.replace_release(a_release(state=State.PAUSED, seq=2), 1)
    assert second.latest_snapshot() == (1, b"as it was")


def test_nobody_leads_an_empty_seat(control_store: ControlStore) -> None:
    """With an epoch, but no leader, nothing is done."""
    with pytest.raises(Deposed), control_store.tx(1) as tx:
        tx.append_audit(a_draft())
    with control_store.tx() as tx:
        assert tx.audit_entries(0, 1) == []


def test_people_act_without_an_epoch(place: Place) -> None:
    """A transaction without an epoch is anybody's, whoever leads."""
    first, second = place.open()[0], place.open()[0]
    assert first.claim("a", None)
    with second.tx() as tx:
        tx.append_audit(a_draft())
