"""Every control store keeps versions alike."""

from __future__ import annotations

import msgspec
import pytest

from serinus.core.errors import Conflict, InvalidInput
from serinus.ports.control_store import ControlStore, Page
from tests.contract.values import BrokenOffError, a_version, break_off, digest


def test_a_version_comes_back_whole(control_store: ControlStore) -> None:
    """Content is kept byte for byte."""
    with control_store.tx() as tx:
        tx.insert_version(a_version("1"))
    with control_store.tx() as tx:
        assert tx.version(digest("1")) == a_version("1")
        assert tx.version(digest("2")) is None


def test_a_version_is_found_by_name_digest_and_prefix(control_store: ControlStore) -> None:
    """A reference is a name, a digest, or a prefix of at least 8 digits, always of the app's own versions."""
    with control_store.tx() as tx:
        tx.insert_version(a_version("1"))
        for ref in ("shop-2026-W47-1", digest("1"), digest("1")[:8]):
            assert tx.find_version("shop", ref) == a_version("1")
            assert tx.find_version("zoo", ref) is None
        for ref in (digest("1")[:7], digest("1")[:8].upper(), "", "________", "%%%%%%%%"):
            assert tx.find_version("shop", ref) is None


def test_a_prefix_that_fits_several_is_a_conflict(control_store: ControlStore) -> None:
    """An ambiguous prefix names the versions it fits."""
    one = msgspec.structs.replace(a_version("1"), digest="abcdef01" + "0" * 56)
    two = msgspec.structs.replace(a_version("2"), digest="abcdef01" + "1" * 56)
    with control_store.tx() as tx:
        tx.insert_version(one)
        tx.insert_version(two)
        with pytest.raises(Conflict, match=r"2 versions: shop-2026-W47-1, shop-2026-W47-2"):
            tx.find_version("shop", "abcdef01")
        assert tx.find_version("shop", "abcdef010") == one


def test_digest_and_name_are_unique_within_an_app(control_store: ControlStore) -> None:
    """The same content or name twice in an app is a Conflict; another app may have both, with a life of its own."""
    with control_store.tx() as tx:
        tx.insert_version(a_version("1"))
        with pytest.raises(Conflict):
            tx.insert_version(a_version("1", name="shop-other"))
        with pytest.raises(Conflict):
            tx.insert_version(a_version("2", name="shop-2026-W47-1"))
        tx.insert_version(a_version("1", app="zoo"))
        tx.mark_live(digest("1"), 50, app="zoo")
    with control_store.tx() as tx:
        assert tx.version(digest("1")) == a_version("1")
        assert tx.versions_of([digest("1"), digest("unknown")]) == [a_version("1")]
        found = tx.find_version("zoo", digest("1"))
        assert found == msgspec.structs.replace(a_version("1", app="zoo"), was_live_at_us=50)


def test_only_the_first_time_live_is_noted(control_store: ControlStore) -> None:
    """mark_live is idempotent."""
    with control_store.tx() as tx:
        tx.insert_version(a_version("1"))
        tx.mark_live(digest("1"), 50)
        tx.mark_live(digest("1"), 60)
        found = tx.version(digest("1"))
    assert found is not None
    assert found.was_live_at_us == 50


def test_numbers_count_within_app_and_week(control_store: ControlStore) -> None:
    """Version numbers run from 1 within (app, week)."""
    with control_store.tx() as tx:
        assert [tx.next_version_number("shop", "2026-W47") for _ in range(3)] == [1, 2, 3]
        assert tx.next_version_number("shop", "2026-W48") == 1
        assert tx.next_version_number("zoo", "2026-W47") == 1
    with control_store.tx() as tx:
        assert tx.next_version_number("shop", "2026-W47") == 4


def test_a_number_of_a_failed_transaction_is_given_again(control_store: ControlStore) -> None:
    """Numbers are allocated in the transaction."""
    with pytest.raises(BrokenOffError):
        break_off(control_store, lambda tx: tx.next_version_number("shop", "2026-W47"))
    with control_store.tx() as tx:
        assert tx.next_version_number("shop", "2026-W47") == 1


def test_pages_do_not_move_while_versions_are_pushed(control_store: ControlStore) -> None:
    """Newest first, every version exactly once, whatever is inserted between two pages."""
    with control_store.tx() as tx:
        for i in range(7):
            tx.insert_version(a_version(str(i)))
            tx.insert_version(a_version(str(i), app="zoo"))
        seen, cursor = tx.versions("shop", Page(limit=3))
        while cursor:
            tx.insert_version(a_version(f"new{len(seen)}"))
            more, cursor = tx.versions("shop", Page(cursor=cursor, limit=3))
            seen += more
    assert [version.name[-1] for version in seen] == ["6", "5", "4", "3", "2", "1", "0"]


@pytest.mark.parametrize("cursor", ["x", "-1", "1 OR 1=1", "9" * 30, "²"])
def test_a_foreign_cursor_is_refused(control_store: ControlStore, cursor: str) -> None:
    """A cursor that no listing gave is invalid input."""
    with control_store.tx() as tx, pytest.raises(InvalidInput, match="cursor"):
        tx.versions("shop", Page(cursor=cursor))


def test_an_empty_page_is_refused(control_store: ControlStore) -> None:
    """A page holds at least one item."""
    with control_store.tx() as tx, pytest.raises(InvalidInput, match="limit"):
        tx.versions("shop", Page(limit=0))
