"""How live judges stand is told from the queue; what nobody could ask or pay is refused when it is declared."""

from __future__ import annotations

import msgspec
import pytest

from serinus.adapters.memory_store import MemoryControlStore, MemoryTelemetryStore, memory_stores
from serinus.control.configure_app import configure_app
from serinus.control.configure_endpoint import configure_endpoint
from serinus.control.measure_gauge import measure_gauge
from serinus.control.read_judging import read_judging
from serinus.core.errors import InvalidInput, NotFound
from serinus.core.judging.answer import Price
from serinus.core.judging.judge import judge_digest
from serinus.core.judging.judgement import JudgementKey, Sampled, Verdict
from serinus.core.judging.scorers import Judge
from serinus.core.monitoring.reading import Measured
from serinus.core.monitoring.task import Task
from serinus.core.pipeline.app import AppConfig
from serinus.core.pipeline.live_judge import LiveJudge
from serinus.core.pipeline.monitor import MetricSource, Monitor
from serinus.core.pipeline.plan import Plan, Step
from serinus.core.records import call_id
from serinus.core.routing.assignment import Arm
from serinus.core.routing.snapshot import Endpoint
from tests.contract.values import a_release
from tests.unit.evaluation.courtroom import NOON_US, call

JUDGE = Judge(criterion="It is right.", endpoint="sim", model="judge-1")
LIVE = LiveJudge(
    metric="judge.correctness", judge=JUDGE, at_least=3, limit_usd_per_day=1.0, price=Price(input=1, output=1)
)
DIGEST = judge_digest(JUDGE)
NOW_US = NOON_US + 600_000_000
RAW = bytes(range(16))


@pytest.fixture
def stores() -> tuple[MemoryControlStore, MemoryTelemetryStore]:
    """With the endpoint declared."""
    control, telemetry = memory_stores(bytes)
    configure_endpoint(control, 1, "test", Endpoint(name="sim", base_url="http://127.0.0.1:9"))
    return control, telemetry


def declare(control: MemoryControlStore, *judges: LiveJudge) -> None:
    """An app with live judges."""
    configure_app(control, 1, "test", AppConfig(name="shop", payload_share=0.5, live_judges=judges or (LIVE,)))


def test_I2_counts_lag_cost_and_reasons_are_told(stores: tuple[MemoryControlStore, MemoryTelemetryStore]) -> None:
    """Of the last 24 hours, and of this judge alone."""
    control, telemetry = stores
    declare(control)
    calls = [call(n, int(Arm.CANDIDATE), release=RAW) for n in range(3)]
    with telemetry.tx() as tx:
        tx.sample(
            [Sampled(key=JudgementKey(raw, LIVE.metric, DIGEST), app="shop", share=0.5, at_us=1) for raw in calls]
        )
        tx.sample([Sampled(key=JudgementKey(calls[0], LIVE.metric, "old"), app="shop", share=0.5, at_us=1)])
        tx.note_sampled(NOW_US)
        first, second, _ = tx.claim_judgements("shop", LIVE.metric, DIGEST, "w", NOW_US, NOW_US + 9, 3)
        tx.settle_judgement(first, Verdict(value=1.0, label="pass", cost_nano=400_000_000), NOW_US)
        tx.settle_judgement(second, Verdict(value=None, reason="the judge gave no grade", cost_nano=1), NOW_US)
    [found] = read_judging(control, telemetry, "shop", NOW_US)
    assert (found.scored, found.unscored, found.waiting) == (1, 1, 1)
    assert found.reasons == {"the judge gave no grade": 1}
    assert found.lag_s == pytest.approx(599.998)
    assert (found.cost_today_nano, found.held_back) == (400_000_001, False)
    assert found.dry == "the judge is not calibrated"
    assert (found.arms, found.raised_to) == ((), None)
    [later] = read_judging(control, telemetry, "shop", NOW_US + 86_400_000_000)
    assert (later.scored, later.unscored, later.cost_today_nano) == (0, 0, 0)


def test_I2_a_spent_limit_is_told(stores: tuple[MemoryControlStore, MemoryTelemetryStore]) -> None:
    """Until the next day."""
    control, telemetry = stores
    declare(control)
    with telemetry.tx() as tx:
        tx.sample([Sampled(key=JudgementKey(call(1), LIVE.metric, DIGEST), app="shop", share=0.5, at_us=1)])
        [one] = tx.claim_judgements("shop", LIVE.metric, DIGEST, "w", NOW_US, NOW_US + 9, 3)
        tx.settle_judgement(one, Verdict(value=1.0, cost_nano=1_000_000_000), NOW_US)
    assert [found.held_back for found in read_judging(control, telemetry, "shop", NOW_US)] == [True]


def test_I2_both_arms_of_the_active_release_are_told(stores: tuple[MemoryControlStore, MemoryTelemetryStore]) -> None:
    """With what each has in this hour, and the share that is judged of them now."""
    control, telemetry = stores
    declare(control)
    calls = [call(n, arm, release=RAW) for arm in (1, 2) for n in range(3)]
    release = msgspec.structs.replace(a_release(), id=call_id.parse(calls[0]).release)
    with control.tx() as tx:
        tx.insert_release(release)
    with telemetry.tx() as tx:
        tx.sample(
            [Sampled(key=JudgementKey(raw, LIVE.metric, DIGEST), app="shop", share=0.5, at_us=1) for raw in calls[1:]]
        )
    [found] = read_judging(control, telemetry, "shop", NOW_US)
    assert [(one.arm, one.waiting, one.queued_this_hour, one.mean) for one in found.arms] == [
        (Arm.CANDIDATE, 2, 2, None),
        (Arm.CONTROL, 3, 3, None),
    ]
    assert found.raised_to == 0.5
    with telemetry.tx() as tx:
        tx.sample([Sampled(key=JudgementKey(calls[0], LIVE.metric, DIGEST), app="shop", share=0.5, at_us=1)])
    assert [one.raised_to for one in read_judging(control, telemetry, "shop", NOW_US)] == [0.02]


def test_I2_an_unknown_app_and_one_without_judges(stores: tuple[MemoryControlStore, MemoryTelemetryStore]) -> None:
    """Nothing, and a refusal."""
    control, telemetry = stores
    configure_app(control, 1, "test", AppConfig(name="bare"))
    assert read_judging(control, telemetry, "bare", NOW_US) == ()
    with pytest.raises(NotFound):
        read_judging(control, telemetry, "nobody", NOW_US)


@pytest.mark.parametrize(
    ("live", "what"),
    [
        (msgspec.structs.replace(LIVE, judge=msgspec.structs.replace(JUDGE, endpoint="other")), "not declared"),
        (msgspec.structs.replace(LIVE, price=None), "whose price nobody knows"),
        (msgspec.structs.replace(LIVE, share=0.9), "texts of 0.5 of the calls"),
    ],
)
def test_I2_a_judge_that_nobody_could_ask_or_pay_is_refused(
    stores: tuple[MemoryControlStore, MemoryTelemetryStore], live: LiveJudge, what: str
) -> None:
    """When it is declared, and not when it is needed."""
    with pytest.raises(InvalidInput, match=what):
        declare(stores[0], live)
    with stores[0].tx() as tx:
        assert tx.app("shop") is None


def lag(telemetry: MemoryTelemetryStore, now_us: int) -> Measured:
    """What a monitor of the lag reads."""
    monitor = Monitor(name="lag", source=MetricSource(metric="judging.lag"))
    assert (monitor.shared, monitor.action, monitor.window_s) == (True, "none", 300)
    task = Task(app="shop", monitor=monitor, subject="app", version="", release=None)
    with telemetry.tx() as tx:
        return measure_gauge(tx, task, now_us)


def test_I2_I3_the_lag_is_a_metric_and_silence_is_none(stores: tuple[MemoryControlStore, MemoryTelemetryStore]) -> None:
    """No data before any worker looked; 0 while one looks and nothing waits; the oldest call's age; and where nobody
    looks any more, how long that is."""
    control, telemetry = stores
    declare(control)
    assert "no worker has looked for calls to judge" in lag(telemetry, NOW_US).fault
    with telemetry.tx() as tx:
        tx.note_sampled(NOW_US)
    assert lag(telemetry, NOW_US + 30_000_000) == Measured(value=0.0)
    assert [one.idle for one in read_judging(control, telemetry, "shop", NOW_US)] == [""]
    assert lag(telemetry, NOW_US + 31_000_000) == Measured(value=31_000.0)
    [idle] = read_judging(control, telemetry, "shop", NOW_US + 31_000_000)
    assert (idle.lag_s, idle.idle) == (
        31.0,
        "no worker looks for calls to judge: start `serinus worker` with `--segments`",
    )
    with telemetry.tx() as tx:
        tx.sample([Sampled(key=JudgementKey(call(0), LIVE.metric, DIGEST), app="shop", share=0.5, at_us=1)])
    assert lag(telemetry, NOW_US) == Measured(value=600_000.0)


def test_I3_a_monitor_of_the_lag_needs_a_judge(stores: tuple[MemoryControlStore, MemoryTelemetryStore]) -> None:
    """Else it would be well for ever."""
    plan = Plan(
        owner="ada",
        steps=(Step(share=0.5, dwell_s=60), Step(share=1.0, dwell_s=60)),
        monitors=(Monitor(name="lag", source=MetricSource(metric="judging.lag")),),
    )
    with pytest.raises(InvalidInput, match="no live judge is declared"):
        configure_app(stores[0], 1, "test", AppConfig(name="shop", plan=plan))
