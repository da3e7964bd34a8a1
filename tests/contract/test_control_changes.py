"""Every control store tells a waiting thread that something may have changed."""

from __future__ import annotations

import threading
import time

from tests.conftest import Place
from tests.contract.values import publish


def test_the_first_wait_misses_nothing(place: Place) -> None:
    """The first call says at once that there may be news; then, in silence, the time runs out."""
    control, _ = place.open()
    assert control.wait_change(30)
    while control.wait_change(0):
        pass
    assert not control.wait_change(0.05)


def test_a_snapshot_between_two_waits_is_told(place: Place) -> None:
    """A change while nobody waits is told by the next call."""
    waiting, acting = place.open()[0], place.open()[0]
    while waiting.wait_change(0):
        pass
    with acting.tx() as tx:
        publish(tx)
    assert waiting.wait_change(30)


def test_a_snapshot_wakes_the_waiter(place: Place) -> None:
    """A change while a thread waits wakes it."""
    waiting, acting = place.open()[0], place.open()[0]
    while waiting.wait_change(0):
        pass
    told: list[bool] = []
    waiter = threading.Thread(target=lambda: told.append(waiting.wait_change(30)))
    waiter.start()
    begun = time.monotonic()
    with acting.tx() as tx:
        publish(tx)
    waiter.join(30)
    assert told == [True]
    assert time.monotonic() - begun < 10


def test_closing_wakes_the_waiter(place: Place) -> None:
    """close() does not leave a thread waiting out its time."""
    control, _ = place.open()
    while control.wait_change(0):
        pass
    waiter = threading.Thread(target=control.wait_change, args=(30,))
    begun = time.monotonic()
    waiter.start()
    control.close()
    waiter.join(30)
    assert time.monotonic() - begun < 10
