"""Every control store hands out jobs alike: once each, fenced, and back again when a worker falls silent."""

from __future__ import annotations

import msgspec
import pytest

from serinus.core.judging.report import result_of
from serinus.core.pipeline.stages import StageResult
from serinus.ports.control_store import ControlStore
from serinus.ports.jobs import EVALUATE, EvaluateJob, Job
from tests.contract.values import BrokenOffError, break_off

ORDER = EvaluateJob(release="rel_1", stage=0, attempt=1, suites=("golden",))


def enqueue(store: ControlStore, key: str = ORDER.key, kind: str = EVALUATE, now_us: int = 10) -> bool:
    """Put a job into the queue."""
    with store.tx() as tx:
        return tx.enqueue_job(key, kind, msgspec.json.encode(ORDER), now_us)


def claim(store: ControlStore, holder: str, now_us: int, until_us: int) -> Job | None:
    """Take the oldest evaluation."""
    with store.tx() as tx:
        return tx.claim_job((EVALUATE,), holder, now_us, until_us)


def a_result(attempt: int = 1, outcome: str = "pass") -> StageResult:
    """The result of a stage."""
    return result_of("rel_1", 0, attempt, 5, outcome, "golden passes", '{"n":1}')  # type: ignore[arg-type]


def test_a_job_is_enqueued_once(control_store: ControlStore) -> None:
    """The key decides, also after the job is done."""
    assert enqueue(control_store)
    assert not enqueue(control_store)
    job = claim(control_store, "a", 20, 100)
    assert job is not None
    with control_store.tx() as tx:
        assert tx.finish_job(job, 30)
    assert not enqueue(control_store)
    assert claim(control_store, "a", 40, 100) is None


def test_a_claimed_job_is_hidden_until_its_time_is_over(control_store: ControlStore) -> None:
    """Nobody else gets it before; the next one afterwards, as another attempt."""
    enqueue(control_store)
    first = claim(control_store, "a", 20, 100)
    assert first is not None
    assert (first.attempts, first.holder) == (1, "a")
    assert msgspec.json.decode(first.payload, type=EvaluateJob) == ORDER
    assert claim(control_store, "b", 99, 200) is None
    second = claim(control_store, "b", 100, 200)
    assert second is not None
    assert (second.attempts, second.holder) == (2, "b")


def test_only_the_newest_claim_may_renew_give_back_or_finish(control_store: ControlStore) -> None:
    """A worker that was overtaken changes nothing any more."""
    enqueue(control_store)
    old = claim(control_store, "a", 20, 30)
    new = claim(control_store, "b", 30, 100)
    assert old is not None
    assert new is not None
    with control_store.tx() as tx:
        assert not tx.renew_job(old, 500)
        assert not tx.give_back_job(old, 0)
        assert not tx.finish_job(old, 40)
        assert tx.renew_job(new, 500)
    assert claim(control_store, "c", 499, 600) is None
    with control_store.tx() as tx:
        assert tx.finish_job(new, 41, "given up")
        assert not tx.finish_job(new, 42)
        found = tx.job(ORDER.key)
    assert found is not None
    assert (found.done_at_us, found.fault) == (41, "given up")


def test_a_job_that_is_given_back_is_taken_at_once(control_store: ControlStore) -> None:
    """A worker that stops loses nobody any time."""
    enqueue(control_store)
    job = claim(control_store, "a", 20, 1000)
    assert job is not None
    with control_store.tx() as tx:
        assert tx.give_back_job(job, 21)
    again = claim(control_store, "a", 21, 1000)
    assert again is not None
    assert again.attempts == 2


def test_the_oldest_job_of_the_kinds_asked_for_comes_first(control_store: ControlStore) -> None:
    """Other kinds are left to others."""
    enqueue(control_store, "later", now_us=12)
    enqueue(control_store, "other", kind="tidy", now_us=1)
    enqueue(control_store, "sooner", now_us=11)
    taken = [claim(control_store, "a", 20, 100) for _ in range(3)]
    assert [job.key if job else None for job in taken] == ["sooner", "later", None]


def test_a_failed_transaction_claims_nothing(control_store: ControlStore) -> None:
    """The claim is part of the transaction."""
    enqueue(control_store)
    with pytest.raises(BrokenOffError):
        break_off(control_store, lambda tx: tx.claim_job((EVALUATE,), "a", 20, 100))
    assert claim(control_store, "b", 20, 100) is not None


def test_a_result_of_a_stage_is_never_changed(control_store: ControlStore) -> None:
    """One per release, stage and attempt; a new run is a new row."""
    with control_store.tx() as tx:
        assert tx.insert_stage_result(a_result(2, "fail"))
        assert tx.insert_stage_result(a_result(1))
        assert not tx.insert_stage_result(a_result(1, "fail"))
        assert tx.stage_results("rel_2") == []
    with control_store.tx() as tx:
        assert tx.stage_results("rel_1") == [a_result(1), a_result(2, "fail")]
