"""Live judges by API: declared and given back, refused, and how they stand."""

from __future__ import annotations

from typing import Any

from serinus.core.judging.judge import judge_digest
from serinus.core.judging.judgement import JudgementKey, Sampled, Verdict
from serinus.core.judging.scorers import Judge
from serinus.core.records import call_id
from tests.unit.api.conftest import PLAN, START_US, Api

JUDGE = Judge(criterion="It is right.", endpoint="sim", model="judge-1")
DECLARED: dict[str, Any] = {
    "metric": "judge.correctness",
    "judge": {"kind": "judge", "criterion": "It is right.", "endpoint": "sim", "model": "judge-1"},
    "share": 0.05,
    "limit_usd_per_day": 5.0,
    "price": {"input": 0.15, "output": 0.6},
}


def declare(api: Api, status: int = 200, **changed: Any) -> Any:
    """An app with a live judge; the answer."""
    api.prepared()
    body = {"plan": PLAN, "payload_share": 0.5, "live_judges": [DECLARED | changed]}
    answer = api.ask("PUT", "/apps/bot", body)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_I2_what_is_declared_comes_back_and_can_be_sent_again(api: Api) -> None:
    """With what was left out filled in."""
    config = declare(api)["config"]
    [judge] = config["live_judges"]
    assert (judge["at_least"], judge["concurrency"], judge["calibration"]) == (100, 8, None)
    assert judge["judge"].items() >= DECLARED["judge"].items()
    assert api.ok("PUT", "/apps/bot", config)["config"] == config


def test_I2_what_cannot_work_is_refused_with_its_place(api: Api) -> None:
    """Unknown endpoint, no texts, and a guardrail on a judge that is not calibrated."""
    assert "not declared" in declare(api, 422, judge=DECLARED["judge"] | {"endpoint": "other"})["detail"]
    assert "are to be judged" in declare(api, 422, share=0.9)["detail"]
    rails = [{"metric": "judge.correctness"}]
    body = {"plan": {**PLAN, "guardrails": rails}, "payload_share": 0.5, "live_judges": [DECLARED]}
    problem = api.ask("PUT", "/apps/bot", body).json()
    assert "the judge is not calibrated, so that no guardrail may act" in problem["detail"]


def test_I2_judges_are_listed_with_counts_lag_and_cost(api: Api) -> None:
    """For whoever may look; an app without any has none."""
    declare(api)
    calls = [
        call_id.make(b"k", b"bot", START_US // 1000 - 5000, bytes([n] * 5), bytes(16), 0, -1, bytes(8)) for n in (1, 2)
    ]
    digest = judge_digest(JUDGE)
    with api.telemetry.tx() as tx:
        keys = [JudgementKey(raw, "judge.correctness", digest) for raw in calls]
        tx.sample([Sampled(key=key, app="bot", share=0.05, at_us=1) for key in keys])
        [one] = tx.claim_judgements("bot", "judge.correctness", digest, "w", START_US, START_US + 1, 1)
        tx.settle_judgement(one, Verdict(value=None, reason="the judge gave no grade", cost_nano=2_000_000), START_US)
    [found] = api.ok("GET", "/apps/bot/judging")["items"]
    assert (found["metric"], found["model"], found["judge"], found["share"]) == (
        "judge.correctness",
        "judge-1",
        digest,
        0.05,
    )
    assert (found["scored"], found["unscored"], found["waiting"], found["lag_s"]) == (0, 1, 1, 5.0)
    assert found["reasons"] == {"the judge gave no grade": 1}
    assert (found["cost_today_usd"], found["limit_usd_per_day"], found["held_back"]) == (0.002, 5.0, False)
    assert (found["acts"], found["dry"]) == (False, "the judge is not calibrated")
    assert api.ask("GET", "/apps/bot/judging", key=api.key("viewer")).status_code == 200
    assert api.ask("GET", "/apps/nobody/judging").status_code == 404
