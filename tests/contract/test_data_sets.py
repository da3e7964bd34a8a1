"""Every control store keeps data sets and suites alike."""

from __future__ import annotations

import msgspec

from serinus.ports.control_store import ControlStore
from serinus.ports.datasets import StoredDataSet, StoredSuite
from tests.contract.values import digest


def a_data_set(text: str = "1", app: str = "shop") -> StoredDataSet:
    """A data set whose digest follows from its text."""
    raw = b'{"id":"' + text.encode() + b'","input":"\xc3\xbc"}\n'
    return StoredDataSet(
        app=app, digest=digest(text), cases=1, size_bytes=len(raw), created_at_us=7, created_by="ada", raw=raw
    )


def a_suite(text: str = "1", name: str = "golden", app: str = "shop") -> StoredSuite:
    """A suite whose digest follows from its text."""
    return StoredSuite(
        app=app, name=name, digest=digest(text), content=text.encode(), created_at_us=8, created_by="ada"
    )


def test_a_data_set_comes_back_whole(control_store: ControlStore) -> None:
    """Lines are kept byte for byte; listings go without them, newest first; each app has its own."""
    with control_store.tx() as tx:
        assert tx.insert_data_set(a_data_set("1"))
        assert tx.insert_data_set(a_data_set("2"))
        assert not tx.insert_data_set(a_data_set("1"))
        assert tx.insert_data_set(a_data_set("1", app="zoo"))
    with control_store.tx() as tx:
        assert tx.data_set("shop", digest("1")) == a_data_set("1")
        assert tx.data_set("shop", digest("3")) is None
        bare = [msgspec.structs.replace(a_data_set(text), raw=b"") for text in ("2", "1")]
        assert tx.data_sets("shop") == bare


def test_the_newest_suite_of_a_name_counts_and_older_ones_stay(control_store: ControlStore) -> None:
    """A name gives the newest content, a digest exactly its own; putting back an older content makes it the newest."""
    with control_store.tx() as tx:
        assert tx.insert_suite(a_suite("1"))
        assert not tx.insert_suite(a_suite("1"))
        assert tx.insert_suite(a_suite("2"))
        assert tx.insert_suite(a_suite("x", name="safety"))
        assert tx.insert_suite(a_suite("y", app="zoo"))
        assert tx.suite("shop", "golden") == a_suite("2")
        assert tx.suite("shop", digest("1")) == a_suite("1")
        assert tx.suite("shop", digest("y")) is None
        assert [suite.name for suite in tx.suites("shop")] == ["golden", "safety"]
        assert tx.insert_suite(a_suite("1"))
    with control_store.tx() as tx:
        assert tx.suite("shop", "golden") == a_suite("1")
        assert tx.suites("shop") == [a_suite("1"), a_suite("x", name="safety")]
