"""Every control store keeps readings of monitors alike."""

from __future__ import annotations

import msgspec
import pytest

from serinus.core.monitoring.reading import Reading
from serinus.ports.control_store import ControlStore, ControlTx
from serinus.ports.page import Page
from tests.contract.values import BrokenOffError, break_off

READING = Reading(
    app="bot",
    monitor="errors",
    subject="candidate",
    at_us=1_760_000_000_000_001,
    level="critical",
    text="errors: 3 % – “zu viel”\n後",
    definition="d" * 64,
    release="rel_1",
    value=0.03,
    baseline=0.01,
    samples=120,
    fault="",
    since_us=5,
    told="alert",
)


def of(**fields: object) -> Reading:
    return msgspec.structs.replace(READING, **fields)


def test_I_a_reading_comes_back_whole(control_store: ControlStore) -> None:
    """Every field, as the newest and in the history; other apps and monitors show nothing."""
    with control_store.tx() as tx:
        tx.put_reading(READING)
    with control_store.tx() as tx:
        assert tx.newest_readings() == tx.newest_readings("bot") == [READING]
        assert tx.newest_readings("other") == []
        assert tx.readings("bot", "errors", Page()) == ([READING], "")
        assert tx.readings("bot", "speed", Page()) == ([], "")


def test_I_the_newest_reading_replaces_the_one_before(control_store: ControlStore) -> None:
    """One for each app, monitor and subject, in that order; what is not to be kept is in no history."""
    later = of(at_us=READING.at_us + 1, level="ok", value=None, baseline=None, samples=None)
    others = [of(app="abc"), of(monitor="a"), of(subject="live", release="")]
    with control_store.tx() as tx:
        for reading in (READING, *others):
            tx.put_reading(reading)
        tx.put_reading(later, keep=False)
        assert tx.newest_readings() == [others[0], others[1], later, others[2]]
        assert tx.readings("bot", "errors", Page(), subject="candidate") == ([READING], "")


def test_I_the_history_is_paged_newest_first(control_store: ControlStore) -> None:
    """A cursor goes on where the page ended, whatever came since, by subject and release where asked."""
    history = [of(at_us=n, release=f"rel_{n % 2}", subject="candidate" if n % 2 else "live") for n in range(1, 6)]
    with control_store.tx() as tx:
        for reading in history:
            tx.put_reading(reading)
    with control_store.tx() as tx:
        first, cursor = tx.readings("bot", "errors", Page(limit=2))
        tx.put_reading(of(at_us=99))
        second, following = tx.readings("bot", "errors", Page(limit=2, cursor=cursor))
        last, end = tx.readings("bot", "errors", Page(limit=2, cursor=following))
        odd, _ = tx.readings("bot", "errors", Page(limit=9), subject="candidate", release="rel_1")
    assert [one.at_us for one in (*first, *second, *last)] == [5, 4, 3, 2, 1]
    assert end == ""
    assert [one.at_us for one in odd] == [99, 5, 3, 1]


def test_I_old_readings_are_dropped(control_store: ControlStore) -> None:
    """Those before a time, and with them what was newest of a monitor that nobody reads any more."""
    with control_store.tx() as tx:
        tx.put_reading(of(monitor="gone", at_us=9))
        tx.put_reading(of(at_us=9))
        tx.put_reading(of(at_us=10))
        assert tx.prune_readings(10) == 2
        assert tx.newest_readings() == [of(at_us=10)]
        assert tx.readings("bot", "errors", Page()) == ([of(at_us=10)], "")
        assert tx.prune_readings(10) == 0


def test_a_reading_of_a_broken_transaction_is_gone(control_store: ControlStore) -> None:
    """The newest is the one before again."""

    def work(tx: ControlTx) -> None:
        tx.put_reading(of(at_us=2))
        tx.prune_readings(2)

    with control_store.tx() as tx:
        tx.put_reading(of(at_us=1))
    with pytest.raises(BrokenOffError):
        break_off(control_store, work)
    with control_store.tx() as tx:
        assert tx.newest_readings() == [of(at_us=1)]
        assert tx.readings("bot", "errors", Page()) == ([of(at_us=1)], "")
