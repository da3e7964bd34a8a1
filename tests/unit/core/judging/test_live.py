"""Which calls are judged, what a judge is shown, and who may act on what it says."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from serinus.core.errors import InvalidInput
from serinus.core.judging.calibration import Agreement, Calibration
from serinus.core.judging.judge import judge_digest
from serinus.core.judging.live import check_live_judges, shortcoming, shown, wait_s
from serinus.core.judging.scorers import Judge
from serinus.core.pipeline.acceleration import Acceleration, Pace
from serinus.core.pipeline.live_judge import LiveJudge
from serinus.core.pipeline.monitor import MetricSource, Monitor
from serinus.core.pipeline.plan import Guardrail, Plan, Step
from serinus.core.pipeline.threshold import Threshold
from serinus.core.records.payload import LoggedPayload

JUDGE = Judge(criterion="It is right.", endpoint="sim", model="judge-1")
LIVE = LiveJudge(metric="judge.correctness", judge=JUDGE)
STEPS = (Step(share=0.5, dwell_s=60.0), Step(share=1.0, dwell_s=60.0))


def calibrated(good: int, of_judge: str = "") -> dict[str, Any]:
    """A calibration that found so many of 60 good and of 60 bad answers."""
    counts = {("fail", "fail"): good, ("fail", "pass"): 60 - good, ("pass", "pass"): good, ("pass", "fail"): 60 - good}
    agreement = tuple(Agreement(human=human, judge=said, count=n) for (human, said), n in counts.items() if n)
    found = Calibration(judge=of_judge or judge_digest(JUDGE), labels="f" * 64, good=("pass",), agreement=agreement)
    tree: dict[str, Any] = msgspec.to_builtins(found)
    return tree


def checked(payload_share: float = 0.1, plan: Plan | None = None, **changed: Any) -> None:
    """Check one judge of an app."""
    check_live_judges("live_judges", [msgspec.structs.replace(LIVE, **changed)], payload_share, plan)


def test_I2_the_house_judges_two_percent_and_at_least_a_hundred_an_hour() -> None:
    """What the specification says, when nothing else is said."""
    assert (LIVE.share, LIVE.at_least, LIVE.limit_usd_per_day) == (0.02, 100, 0.0)


@pytest.mark.parametrize(("payload_share", "what"), [(0.0, "no texts"), (0.01, "texts of 0.01 of the calls")])
def test_I2_a_judge_without_texts_is_refused_with_the_line_that_is_missing(payload_share: float, what: str) -> None:
    """There is nothing to judge but what is kept."""
    checked(0.02)
    with pytest.raises(InvalidInput, match=what) as refused:
        checked(payload_share)
    assert (refused.value.where, "payload_share: 10%" in refused.value.mend) == ("live_judges[0].share", True)


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"metric": "call.error"}, "metric"),
        ({"metric": "feedback.rating"}, "metric"),
        ({"share": 0.0}, "share"),
        ({"share": 1.5}, "share"),
        ({"at_least": -1}, "at_least"),
        ({"limit_usd_per_day": -1.0}, "limit_usd_per_day"),
        ({"concurrency": 0}, "concurrency"),
        ({"timeout_s": 0.0}, "timeout_s"),
        ({"tries": 0}, "tries"),
    ],
)
def test_I2_what_cannot_be_is_refused_at_its_place(changed: dict[str, Any], where: str) -> None:
    """Nothing is bent to fit."""
    with pytest.raises(InvalidInput) as refused:
        checked(1.0, **changed)
    assert refused.value.where == f"live_judges[0].{where}"


def test_I2_a_metric_has_one_judge() -> None:
    """Grades of two would be mixed."""
    with pytest.raises(InvalidInput, match="has two judges"):
        check_live_judges("live_judges", [LIVE, LIVE], 0.1, None)


@pytest.mark.parametrize(
    ("calibration", "why"),
    [
        (None, "the judge is not calibrated"),
        (calibrated(60, of_judge="0" * 64), "the judge has changed since its calibration"),
        (calibrated(50), r"it finds 83\.3% of good answers"),
    ],
)
@pytest.mark.parametrize("role", ["guardrail", "signal"])
def test_D8_nothing_acts_on_a_judge_that_is_not_calibrated(calibration: Any, why: str, role: Any) -> None:
    """A guardrail that would is refused; shown as a dry run or as info it may stand."""
    rail = Guardrail(metric=LIVE.metric, role=role)
    with pytest.raises(InvalidInput, match=why) as refused:
        checked(plan=Plan(owner="ada", steps=STEPS, guardrails=(rail,)), calibration=calibration)
    assert "dry_run: true" in refused.value.mend
    for harmless in (msgspec.structs.replace(rail, dry_run=True), msgspec.structs.replace(rail, role="info")):
        checked(plan=Plan(owner="ada", steps=STEPS, guardrails=(harmless,)), calibration=calibration)
    checked(plan=Plan(owner="ada", steps=STEPS, guardrails=(Guardrail(metric="judge.coherence"),)))


def test_D8_nothing_goes_faster_by_a_judge_that_is_not_calibrated() -> None:
    """A monitor that only shows its grades may stand, but not in `accelerate.when`."""
    shown_only = Monitor(name="right", source=MetricSource(metric=LIVE.metric))
    pace = Acceleration(when=(Pace(monitor="right", threshold=Threshold(side="above", factor=0.98)),))
    plan = Plan(owner="ada", steps=STEPS, monitors=(shown_only,))
    checked(plan=plan)
    faster = msgspec.structs.replace(plan, accelerate=pace)
    with pytest.raises(InvalidInput, match=r"not calibrated, so that no acceleration may act on judge\.correctness"):
        checked(plan=faster)
    checked(plan=faster, calibration=calibrated(57))


def test_D8_a_calibrated_judge_may_stop_a_release() -> None:
    """Its lower bounds reach 0.80."""
    plan = Plan(owner="ada", steps=STEPS, guardrails=(Guardrail(metric=LIVE.metric),))
    checked(plan=plan, calibration=calibrated(57))
    assert shortcoming(msgspec.structs.replace(LIVE, calibration=calibrated(57))) == ""


def test_D8_what_is_no_calibration_is_refused() -> None:
    """And says how to make one."""
    with pytest.raises(InvalidInput, match="not a calibration"):
        checked(calibration={"judge": 5})


def kept(request: object, answer: object) -> LoggedPayload:
    """Texts of a call."""
    return LoggedPayload(
        call="call_1",
        app="shop",
        unit="00",
        at_us=0,
        request=request if isinstance(request, str) else msgspec.json.encode(request).decode(),
        answer=answer if isinstance(answer, str) else msgspec.json.encode(answer).decode(),
        cut=False,
    )


def test_I2_a_judge_is_shown_conversation_variables_and_answer() -> None:
    """All choices, and the tools that are proposed."""
    asked = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Yes?"},
        {"role": "user", "content": "Open?"},
    ]
    said = {"texts": ["Until six.", "Until 6."], "tools": [{"name": "hours", "arguments": "{}"}]}
    found = shown(kept({"messages": asked, "variables": {"shop": "Nord"}}, said))
    assert not isinstance(found, str)
    case, answer = found
    assert case.asked() == "user: Hi\nassistant: Yes?\nuser: Open?"
    assert case.context == ('{"shop":"Nord"}',)
    assert answer.text == 'Until six.\n\nUntil 6.\n\nproposes the tools [{"name":"hours","arguments":"{}"}]'
    only = shown(kept({"messages": None, "variables": {"topic": "hours"}}, {"texts": ["Six."], "tools": []}))
    assert not isinstance(only, str)
    assert only[0].asked() == '{"topic":"hours"}'


@pytest.mark.parametrize(
    ("request_", "answer", "why"),
    [
        ({"messages": [{"role": "user", "content": "Hi"}]}, {"texts": [], "tools": []}, "there is no answer"),
        ({"messages": [{"role": "user", "content": "Hi"}]}, {"texts": [" ", None], "tools": []}, "there is no answer"),
        ({"messages": None, "variables": None}, {"texts": ["Yes."]}, "its question is not kept"),
        ({"messages": [7, None]}, {"texts": ["Yes."]}, "its question is not kept"),
        ("{", {"texts": ["Yes."]}, "its texts cannot be read"),
        ([], "[]", "there is no answer"),
    ],
)
def test_I2_what_cannot_be_judged_says_why(request_: object, answer: object, why: str) -> None:
    """Whatever an older or a broken file holds."""
    assert shown(kept(request_, answer)) == why


def test_I2_only_a_judge_that_is_away_is_asked_again() -> None:
    """With doubling pauses, six times in all while it answers other calls, and else for as long as it is away."""
    away = "the judge did not answer: rate_limited 429"
    assert [wait_s(away, attempts) for attempts in range(1, 7)] == [10.0, 20.0, 40.0, 80.0, 160.0, None]
    assert [wait_s(away, attempts, away=True) for attempts in (1, 5, 6, 7, 500)] == [10.0, 160.0, 320.0, 320.0, 320.0]
    for reason in (
        "",
        "the judge gave no grade",
        "the judge did not answer: request_refused 400",
        "there is no answer",
    ):
        assert wait_s(reason, 1) is wait_s(reason, 1, away=True) is None
