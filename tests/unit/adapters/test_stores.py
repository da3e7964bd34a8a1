"""open_stores opens what a URL names."""

from __future__ import annotations

from pathlib import Path

import pytest

from serinus.adapters.memory_store import MemoryControlStore
from serinus.adapters.stores import open_stores
from serinus.core.errors import InvalidInput
from serinus.core.records.sums import Enrolment, Sum, SumKey
from serinus.core.routing.assignment import Arm
from tests.conftest import NOW_US, Place, counted_bytes
from tests.contract.values import a_draft, a_release, a_rollup, a_version, digest, publish


def test_sqlite_keeps_two_files(tmp_path: Path) -> None:
    """State and telemetry lie in files of their own, in the directory that the URL names."""
    for store in open_stores(f"sqlite:///{tmp_path}/a b", now_us=lambda: NOW_US, random_bytes=counted_bytes()):
        store.close()
    assert {"control.db", "telemetry.db"} <= {file.name for file in (tmp_path / "a b").iterdir()}


def test_a_relative_directory_is_taken_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """sqlite:///DIR with three slashes is relative."""
    monkeypatch.chdir(tmp_path)
    for store in open_stores("sqlite:///here", now_us=lambda: NOW_US, random_bytes=counted_bytes()):
        store.close()
    assert (tmp_path / "here" / "control.db").exists()


def test_memory_is_a_store_too() -> None:
    """`memory:` needs no file and no server."""
    control, _ = open_stores("memory:", now_us=lambda: NOW_US, random_bytes=counted_bytes())
    assert isinstance(control, MemoryControlStore)


@pytest.mark.parametrize("url", ["", "sqlite://", "sqlite:///", "mysql://x:geheim@y/z", "control.db", "postgresql:x"])
def test_another_url_is_refused(url: str) -> None:
    """The error names what is possible, and no password."""
    with pytest.raises(InvalidInput, match="sqlite:///DIR or postgresql://") as raised:
        open_stores(url, now_us=lambda: NOW_US, random_bytes=counted_bytes())
    assert "geheim" not in str(raised.value)


def test_projects_of_one_database_keep_apart(shared_place: Place) -> None:
    """Two projects with the same names, digests and ids see nothing of each other."""
    second_place = Place(shared_place.kind, shared_place.url, shared_place.project + " second")
    first, second = shared_place.open(), second_place.open()
    for control, telemetry in (first, second):
        assert control.claim("a", None)
        with control.tx(1) as tx:
            tx.insert_version(a_version("1"))
            tx.insert_release(a_release())
            tx.append_audit(a_draft())
            assert publish(tx) == 1
        with telemetry.tx() as tx:
            tx.advance_offset("a", 0, 5)
            assert len(tx.enrol([Enrolment("rel_1", b"u", Arm.CONTROL, 0)])) == 1
            tx.add_sums([(SumKey("rel_1", 0, "m", 1), Sum(total=1))])
            tx.add_rollups([a_rollup()])
    with first[0].tx() as tx:
        tx.mark_live(digest("1"), 5)
    with second[0].tx() as tx:
        assert tx.version(digest("1")) == a_version("1")
        assert tx.secrets() is not None
    with second[1].tx() as tx:
        assert [total.total for _, total in tx.sums("rel_1")] == [1]
        assert tx.rollups("rel_1", 1, 0, 1)[0].requests == 3
    second_place.close()
