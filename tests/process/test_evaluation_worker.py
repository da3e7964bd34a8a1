"""Workers run offline stages: whatever ends them, each stage gets one result, and nothing is asked twice."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.process.evaluation_rig import RELEASE, Rig, running_worker, wait_until
from tests.process.sim_programs import running_provider

pytestmark = pytest.mark.process


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Rig]:
    """A rig with a provider that answers at once."""
    with running_provider("--speed", "inf") as provider:
        rig = Rig(tmp_path, provider.url)
        yield rig
        rig.close()


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Rig]:
    """A rig whose whole run takes some seconds."""
    with running_provider("--speed", "4") as provider:
        rig = Rig(tmp_path, provider.url)
        yield rig
        rig.close()


def test_D2_a_worker_runs_the_stage_of_a_release(quick: Rig) -> None:
    """The result holds candidate, baseline, data set and suite by digest, a sentence and the numbers behind it."""
    quick.enqueue()
    with running_worker(quick):
        (result,) = quick.wait_for_results()
    (suite,) = json.loads(result.evidence)["suites"]
    assert (result.outcome, result.stage, result.attempt) == ("pass", 0, 1)
    assert result.text.startswith("golden passes: 10 thresholds hold on 124 cases and 124 pairs with baseline")
    assert suite["suite_digest"] == quick.suite.digest
    assert suite["data_digest"] == quick.suite.data
    assert {one["name"]: one["candidate"]["cases"] for one in suite["criteria"]}["category"] == 124


def test_H13_in_a_first_release_the_candidate_is_asked_alone(quick: Rig) -> None:
    """Minimums gate, drops from a baseline are not asked, and the result says that nothing was compared."""
    with quick.control.tx() as tx:
        release = tx.release(RELEASE)
        assert release is not None
        tx.replace_release(msgspec.structs.replace(release, control="", seq=release.seq + 1), release.seq)
    quick.enqueue()
    with running_worker(quick):
        (result,) = quick.wait_for_results()
    (suite,) = json.loads(result.evidence)["suites"]
    assert (result.outcome, suite["baseline"]) == ("pass", None)
    assert {one["check"] for one in suite["findings"]} == {"answers", "min"}
    assert result.text.endswith("thresholds hold on 124 cases, compared with nothing")


def test_D9_kill_9_loses_no_answer_and_doubles_no_result(slow: Rig) -> None:
    """Another worker takes the job over when its time is up, and asks only what the first had not kept."""
    slow.enqueue()
    with running_worker(slow, hidden_s=2) as first:
        wait_until(lambda: slow.requests() >= 150, "the first worker does not ask")
        first.send_signal(signal.SIGKILL)
        first.wait()
    with running_worker(slow, hidden_s=2):
        (result,) = slow.wait_for_results()
    asked = slow.requests()
    needed = 124 * 2 * 2  # every case: two versions, and a judge for each answer
    assert result.outcome == "pass"
    assert needed <= asked <= needed + 100, asked


def test_a_worker_that_is_told_to_stop_gives_its_job_back(slow: Rig) -> None:
    """The next one has it at once, long before the time is up."""
    slow.enqueue()
    with running_worker(slow) as first:
        wait_until(lambda: slow.requests() >= 20, "the first worker does not ask")
        first.send_signal(signal.SIGTERM)
        assert first.wait(timeout=20) == 0
    with running_worker(slow):
        assert len(slow.wait_for_results()) == 1


def test_two_workers_share_the_jobs(quick: Rig) -> None:
    """Each job is done once; the second run finds its answers kept."""
    for attempt in (1, 2, 3):
        quick.enqueue(attempt)
    with running_worker(quick), running_worker(quick):
        results = quick.wait_for_results(3)
    assert [one.attempt for one in results] == [1, 2, 3]
    assert len({one.evidence_digest for one in results}) == 1


def test_what_is_missing_is_an_error_with_its_reason(quick: Rig) -> None:
    """A suite that is not there, and an order that no time is left for: never a pass."""
    quick.enqueue(1, suites=("unknown",))
    quick.enqueue(2, budget_s=0.01)
    with running_worker(quick):
        first, second = quick.wait_for_results(2)
    assert (first.outcome, first.text[:32]) == ("error", "suite: shop has no suite 'unknown'"[:32])
    assert second.outcome == "inconclusive"
    assert "the time budget of" in second.text
