"""Live answers judged by Serinus itself, in real processes: a worse candidate is found by what a judge says of it."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from serinus.adapters.event_log import ParquetLog
from serinus.core.judging.scorers import Judge
from serinus.ports.event_log import CallQuery
from tests.process.live_rig import APP, Live, plan
from tests.unit.evaluation.courtroom import carrying

pytestmark = [pytest.mark.process, pytest.mark.slow]
METRIC = "judge.correctness"
GOOD = """Answer in JSON with the keys "answer" and "category". If you do not know, say so. Be polite and friendly.
Refunds are possible within 30 days of delivery. Always try to help before you decline. Answer in at most three
sentences. Example: "Where is it?" is answered with the category delivery."""
BAD = "Answer in JSON: the answer and its category."
JUDGE = Judge(
    criterion="A careful colleague would have sent this.", endpoint="main", model="sim-judge", with_prompt=True
)
RAIL = {"metric": METRIC, "max_drop": 0.05, "maturation_s": 10, "min_labels": 20}


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A running Serinus with a worker that judges."""
    judged = {
        "metric": METRIC,
        "judge": msgspec.to_builtins(JUDGE),
        "calibration": carrying(JUDGE),
        "share": 0.2,
        "at_least": 1000,
        "limit_usd_per_day": 5.0,
        "price": {"input": 0.15, "output": 0.6},
    }
    with Live(tmp_path_factory.mktemp("live")) as made:
        made.start(
            plan(guardrails=[RAIL], alpha=0.01),
            control=("--period-s", "0.2"),
            prompt=GOOD,
            payload_share=0.9,
            live_judges=[judged],
        )
        made.worker = made.stack.worker()
        yield made


def standing(live: Live) -> dict[str, Any]:
    """How the judge stands, as the API shows it."""
    [found] = live.api("GET", f"/apps/{APP}/judging")["items"]
    return dict(found)


def test_I2_H11_a_candidate_with_wrong_answers_is_taken_back_by_its_live_judge(live: Live) -> None:
    """Nobody posts a score: texts are sampled, judged and compared by Serinus; a worker that is killed meanwhile loses
    no call and scores none twice; the verdicts are in the call log, the queue is in API and command, and it is told
    what the judge cost."""
    with live.users(rate=40, units=100_000):
        id = live.release(live.push(BAD, model="sim-small", parameters={"temperature": 2}))
        assert live.stack.wait(lambda: standing(live)["scored"] > 20)
        assert standing(live)["raised_to"] == 0.9
        os.kill(live.worker.ready["pid"], signal.SIGKILL)
        live.stack.worker()
        release = live.stack.wait_release(id, "rolled_back", within_s=120)
    assert re.search(r"correctness was 0\.\d+ .*against (0\.[89]\d*|1) ", release["reason"]), release["reason"]
    [found] = live.api("GET", f"/releases/{id}")["standing"]["evidence"]
    assert (found["metric"], found["culprit"]) == (METRIC, True)
    assert found["candidate_value"] < found["control_value"] - 0.05
    assert live.stack.wait(lambda: standing(live)["waiting"] == 0, 90)
    stood = standing(live)
    assert set(stood["reasons"]) <= {"there is no answer"}  # a refusal
    assert 0 < stood["cost_today_usd"] < 5
    assert stood["lag_s"] is None
    shown = live.run_cli("judging", APP)
    assert re.search(rf"{METRIC}.*sim-judge", shown.stdout), shown.stdout + shown.stderr

    def logged() -> list[str]:
        log = ParquetLog(Path(live.stack.segments))
        calls = [one.call for one in log.calls(CallQuery(scored=True))]
        return [one.score for one in log.scores(calls, []) if one.metric == METRIC and one.source == "judge"]

    # Texts that came after the last look are judged after it.
    assert live.stack.wait(lambda: len(logged()) == standing(live)["scored"]), (len(logged()), standing(live))
    found_once = logged()
    assert len(set(found_once)) == len(found_once)
