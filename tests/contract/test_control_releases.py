"""Every control store keeps releases, progress and snapshots alike."""

from __future__ import annotations

import msgspec
import pytest

from serinus.core.errors import Conflict
from serinus.core.release.release import Progress
from serinus.core.release.table import ACTIVE, FINAL, State
from serinus.ports.control_store import ControlStore, ControlTx, Page
from tests.conftest import NOW_US
from tests.contract.values import BrokenOffError, a_draft, a_key, a_notice, a_release, an_app, break_off, publish


def test_a_release_comes_back_whole(control_store: ControlStore) -> None:
    """Every field of a release is kept."""
    with control_store.tx() as tx:
        tx.insert_release(a_release())
    with control_store.tx() as tx:
        assert tx.release("rel_1") == a_release()
        assert tx.release("rel_2") is None


@pytest.mark.parametrize("state", sorted(ACTIVE))
def test_h6_one_active_release_per_app(control_store: ControlStore, state: State) -> None:
    """A second active release of an app is a Conflict, in every active state; another app's is not."""
    with control_store.tx() as tx:
        tx.insert_release(a_release("rel_1", state=state))
        with pytest.raises(Conflict, match="active release"):
            tx.insert_release(a_release("rel_2"))
        tx.insert_release(a_release("rel_3", app="zoo"))
    with control_store.tx() as tx:
        assert [release.id for release in tx.active_releases()] == ["rel_1", "rel_3"]


@pytest.mark.parametrize("state", sorted(FINAL))
def test_h6_an_ended_release_makes_room(control_store: ControlStore, state: State) -> None:
    """After a release has ended the next one may begin."""
    with control_store.tx() as tx:
        tx.insert_release(a_release("rel_1"))
        tx.replace_release(a_release("rel_1", state=state, seq=2), 1)
        tx.insert_release(a_release("rel_2"))
        assert [release.id for release in tx.active_releases()] == ["rel_2"]


def test_a_release_is_swapped_only_at_the_expected_seq(control_store: ControlStore) -> None:
    """replace_release at an outdated seq is a Conflict and changes nothing."""
    second = a_release(state=State.PAUSED, seq=2)
    with control_store.tx() as tx:
        tx.insert_release(a_release())
        tx.replace_release(second, 1)
        with pytest.raises(Conflict, match="no longer at seq 1"):
            tx.replace_release(a_release(state=State.ABORTING, seq=2), 1)
        with pytest.raises(Conflict, match="no longer at seq 1"):
            tx.replace_release(a_release("rel_9", seq=2), 1)
    with control_store.tx() as tx:
        assert tx.release("rel_1") == second


def test_a_seq_that_does_not_follow_is_a_fault_of_the_program(control_store: ControlStore) -> None:
    """A new seq is one more than the expected one."""
    with control_store.tx() as tx:
        tx.insert_release(a_release())
        with pytest.raises(ValueError, match="does not follow"):
            tx.replace_release(a_release(seq=3), 1)


def test_releases_are_listed_by_app_and_state(control_store: ControlStore) -> None:
    """Filters narrow the listing; pages are newest first and do not move while releases are created."""
    with control_store.tx() as tx:
        for i in range(5):
            tx.insert_release(a_release(f"rel_{i}", state=State.ROLLED_BACK))
        tx.insert_release(a_release("rel_z", app="zoo"))
        first, cursor = tx.releases(Page(limit=2), app="shop")
        tx.insert_release(a_release("rel_new"))
        second, cursor = tx.releases(Page(cursor=cursor, limit=2), app="shop")
        third, end = tx.releases(Page(cursor=cursor, limit=2), app="shop")
        running = tx.releases(Page(), states=[State.RUNNING])
        none = tx.releases(Page(), states=[])
    assert [r.id for r in first + second + third] == ["rel_4", "rel_3", "rel_2", "rel_1", "rel_0"]
    assert end == ""
    assert [r.id for r in running[0]] == ["rel_new", "rel_z"]
    assert none == ([], "")


def test_progress_is_replaced(control_store: ControlStore) -> None:
    """Progress is one value per release."""
    made = Progress(release="rel_1", step=1, dwell_ms=2**40, seen_candidate=3, seen_control=4)
    with control_store.tx() as tx:
        assert tx.progress("rel_1") is None
        tx.put_progress(Progress(release="rel_1", step=0))
        tx.put_progress(made)
    with control_store.tx() as tx:
        assert tx.progress("rel_1") == made


def test_snapshots_follow_one_another(control_store: ControlStore) -> None:
    """A revision that is not the newest plus one is a Conflict."""
    assert control_store.latest_snapshot() is None
    with control_store.tx() as tx:
        assert tx.revision() == 0
        tx.put_snapshot(1, b"one\x00")
        for wrong in (1, 3, 0):
            with pytest.raises(Conflict, match="does not follow 1"):
                tx.put_snapshot(wrong, b"wrong")
        tx.put_snapshot(2, b"two")
        assert tx.revision() == 2
    assert control_store.latest_snapshot() == (2, b"two")


def test_revisions_grow_past_the_hundred_that_are_kept(control_store: ControlStore) -> None:
    """Only old snapshots are dropped: the newest stays, and the count goes on."""
    for i in range(1, 106):
        with control_store.tx() as tx:
            assert publish(tx, str(i).encode()) == i
    assert control_store.latest_snapshot() == (105, b"105")


def test_an_exception_takes_all_of_a_transaction_back(control_store: ControlStore) -> None:
    """What a failed transaction did is nowhere to be seen, in it or after it."""
    with control_store.tx() as tx:
        tx.insert_release(a_release())
        publish(tx, b"kept")

    def work(tx: ControlTx) -> None:
        tx.replace_release(msgspec.structs.replace(a_release(), seq=2, reason="lost"), 1)
        tx.insert_release(a_release("rel_z", app="zoo"))
        tx.put_progress(Progress(release="rel_1", step=3))
        publish(tx, b"lost")
        tx.append_audit(a_draft())
        tx.enqueue(a_notice())
        tx.put_app(an_app())
        tx.put_key(a_key())
        tx.remember("k", "digest", 200, b"", NOW_US)

    with pytest.raises(BrokenOffError):
        break_off(control_store, work)
    with control_store.tx() as tx:
        assert tx.release("rel_1") == a_release()
        assert tx.release("rel_z") is None
        assert tx.progress("rel_1") is None
        assert tx.revision() == 1
        assert tx.audit_entries(0, 10) == []
        assert tx.undelivered(10) == []
        assert tx.app("shop") is None
        assert tx.key_by_hash(a_key().sha256) is None
        assert tx.remembered("k", NOW_US) is None
    assert control_store.latest_snapshot() == (1, b"kept")


def test_b3_the_releases_of_a_candidate_are_found_newest_first(control_store: ControlStore) -> None:
    """Those of the app whose candidate is one of the digests, not those where it is the control; none for none."""
    digests = ["a" * 64, "b" * 64, "c" * 64]
    with control_store.tx() as tx:
        for i, (app, candidate) in enumerate([("bot", 0), ("bot", 1), ("bot", 0), ("zoo", 0)]):
            made = a_release(f"rel_{i}", app=app, state=State.ABORTED)
            tx.insert_release(msgspec.structs.replace(made, candidate=digests[candidate], control=digests[2]))
    with control_store.tx() as tx:
        assert [release.id for release in tx.candidacies("bot", digests[:1])] == ["rel_2", "rel_0"]
        assert [release.id for release in tx.candidacies("bot", set(digests))] == ["rel_2", "rel_1", "rel_0"]
        assert tx.candidacies("bot", digests[2:]) == tx.candidacies("bot", []) == []
