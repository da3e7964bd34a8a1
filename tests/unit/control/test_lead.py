"""Who leads."""

from __future__ import annotations

import pytest

from serinus.adapters.memory_store import MemoryControlStore
from serinus.control.lead import Lead
from serinus.core.errors import Deposed
from tests.unit.control.production import VirtualClock


def test_a_standby_takes_over_after_silence_only() -> None:
    """While the leader beats a standby waits; after the take-over time without a beat it leads with a higher epoch,
    and the old leader is refused."""
    clock, store = VirtualClock(), MemoryControlStore(bytes)
    first, second = (Lead(store, name, clock.mono_ns, takeover_s=5) for name in ("a", "b"))
    mine = first.take()
    assert mine is not None
    for _ in range(20):
        clock.sleep(1)
        first.beat()
        assert second.take() is None
    taken_after = 0
    while second.take() is None:
        clock.sleep(1)
        taken_after += 1
    assert taken_after == 5
    leader = store.leader()
    assert leader is not None
    assert (leader.holder, leader.epoch) == ("b", mine.epoch + 1)
    with pytest.raises(Deposed):
        first.beat()
    first.lose()
    assert first.take() is None


def test_a_standby_that_slept_looks_again_before_it_claims() -> None:
    """A standby stopped for an hour, while the leader beat on, does not depose it on waking."""
    clock, store = VirtualClock(), MemoryControlStore(bytes)
    first, second = (Lead(store, name, clock.mono_ns, takeover_s=5) for name in ("a", "b"))
    first.take()
    assert second.take() is None
    clock.sleep(3600)
    first.beat()
    assert second.take() is None
    clock.sleep(4)
    first.beat()
    assert second.take() is None


def test_of_two_that_claim_one_leads() -> None:
    """Two standbys see the same silence; the quicker one leads, the other sees it and waits."""
    clock, store = VirtualClock(), MemoryControlStore(bytes)
    one, two = (Lead(store, name, clock.mono_ns, takeover_s=5) for name in ("a", "b"))
    led = [lead.take() is not None for lead in (one, two)]
    assert led == [True, False]
