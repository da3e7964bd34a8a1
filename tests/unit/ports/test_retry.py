"""run does a transaction again while the database gives way."""

from __future__ import annotations

import pytest

from serinus.adapters.memory_store import memory_stores
from serinus.core.errors import Conflict, Contended
from serinus.ports.control_store import ControlTx
from serinus.ports.retry import ATTEMPTS, run
from tests.conftest import counted_bytes
from tests.contract.values import publish


class Work:
    """Publishes, but gives way a number of times after that."""

    def __init__(self, failures: int, error: type[Exception] = Contended) -> None:
        self.calls = 0
        self._failures = failures
        self._error = error

    def __call__(self, tx: ControlTx) -> int:
        self.calls += 1
        revision = publish(tx)
        if self.calls <= self._failures:
            raise self._error("gave way")
        return revision


def test_what_gave_way_is_done_again() -> None:
    """The result is that of the attempt that committed; the others left nothing."""
    store, _ = memory_stores(counted_bytes())
    work = Work(failures=ATTEMPTS - 1)
    assert run(store, work) == 1
    assert work.calls == ATTEMPTS


def test_attempts_are_bounded() -> None:
    """After the last attempt Contended goes to the caller."""
    store, _ = memory_stores(counted_bytes())
    work = Work(failures=ATTEMPTS)
    with pytest.raises(Contended):
        run(store, work)
    assert work.calls == ATTEMPTS
    assert store.latest_snapshot() is None


def test_another_conflict_is_not_tried_again() -> None:
    """A failed compare and swap is for the caller to think over."""
    store, _ = memory_stores(counted_bytes())
    work = Work(failures=1, error=Conflict)
    with pytest.raises(Conflict):
        run(store, work)
    assert work.calls == 1
