"""Live judges of a project file are judges of a suite, taken over with calibration, price and limits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from serinus.core.errors import InvalidInput
from serinus.core.judging.grading import grading_concerns
from serinus.core.judging.judge import judge_digest
from serinus.core.judging.live import calibration_of, shortcoming
from serinus.core.pipeline.live_judge import LiveJudge
from serinus.core.routing.price import Price
from serinus.files.faults import InvalidFile
from serinus.files.live_judges import Load
from serinus.files.project_file import parse_project_file
from serinus.ports.prices import NoPrices, PriceTable

EXAMPLE = Path(__file__).parents[3] / "examples" / "support-bot"
HEAD = """pipeline: 1
apps:
  bot:
    owner: ada
    unit: user
    payload_share: 10%
    stages: [{kind: rollout, steps: [{share: 5%, dwell: 1h}, {share: 100%, dwell: 1h}]}]
    triggers: [{metric: call.error, above: 1%, for: 5m}]
"""
JUDGE = "    live_judges:\n      - {metric: judge.faithfulness, suite: checks/suite.yaml, scorer: grounded}\n"
RAIL = "    guardrails: [{metric: judge.faithfulness, max_drop: 3%}]\n"


def load(changed: Mapping[str, bytes]) -> Load:
    """Files beside the project file: the example's suite in a folder."""

    def read(name: str) -> bytes:
        if name in changed:
            return changed[name]
        path = EXAMPLE / Path(name).name
        if not name.startswith("checks/") or not path.is_file():
            raise InvalidInput("cannot be read: no such file", where=name, mend="name another")
        return path.read_bytes()

    return read


def read(text: str, **changed: bytes) -> LiveJudge:
    """The live judge of a project file."""
    (app,) = parse_project_file("serinus.yaml", (HEAD + text).encode(), load(changed)).apps
    (found,) = app.live_judges
    return found


def refused(text: str, changed: Mapping[str, bytes] | None = None, reads: bool = True) -> InvalidInput:
    """The only fault of a project file."""
    with pytest.raises(InvalidFile) as found:
        parse_project_file("serinus.yaml", (HEAD + text).encode(), load(changed or {}) if reads else None)
    assert len(found.value.faults) == 1
    return found.value.faults[0]


def test_I2_a_live_judge_is_a_judge_of_a_suite_with_all_that_the_suite_says() -> None:
    """Criterion, model, calibration, price and limits; what the entry leaves out has the house's default."""
    live = read(JUDGE + RAIL)
    assert (live.metric, live.judge.model, live.judge.endpoint) == ("judge.faithfulness", "sim-judge", "sim")
    assert live.judge.criterion.startswith("Every fact in the answer")
    assert (live.share, live.at_least, live.limit_usd_per_day) == (0.02, 100, 0.0)
    assert live.price is not None
    assert (live.price.input, live.concurrency, live.timeout_s, live.tries) == (0.15, 8, 60.0, 4)
    calibration = calibration_of(live)
    assert calibration is not None
    assert calibration.judge == judge_digest(live.judge)
    assert shortcoming(live) == ""


def test_I2_share_floor_and_money_are_read_in_their_units() -> None:
    """As people write them."""
    live = read(JUDGE.replace("grounded}", "grounded, share: 5%, at_least: 40, limit_usd_per_day: 2.5}"))
    assert (live.share, live.at_least, live.limit_usd_per_day) == (0.05, 40, 2.5)


@pytest.mark.parametrize(
    ("old", "new", "what", "mend"),
    [
        ("scorer: grounded", "scorer: grounde", "no judge 'grounde'", "did you mean `grounded`?"),
        ("scorer: grounded", "scorer: category", "'category' of checks/suite.yaml is no judge", "known here: grounded"),
        ("checks/suite.yaml", "suite.yaml", "suite.yaml cannot be read", "name another"),
        ("grounded}", "grounded, share: 20%}", "0.1 of the calls are kept, and 0.2", "payload_share: 20%"),
        ("judge.faithfulness", "call.error", "'call.error' is no score", "known: "),
        ("grounded}", "grounded, at_least: -1}", "below 0", "at_least: 100"),
        ("grounded}", "grounded, every: 1h}", "unknown key `every`", "known here"),
    ],
)
def test_I2_a_fault_names_its_line_and_how_to_mend_it(old: str, new: str, what: str, mend: str) -> None:
    """The one line of the entry."""
    fault = refused(JUDGE.replace(old, new))
    assert what in fault.what
    assert mend in fault.mend
    assert fault.where == "serinus.yaml:10"


def test_I2_a_limit_on_money_without_a_price_is_refused_by_check() -> None:
    """At the line of the limit, with the price that is missing; one that the list or the endpoint has will do, and so
    does that of an endpoint which another file declares."""
    suite = (EXAMPLE / "suite.yaml").read_bytes()
    bare = {"checks/suite.yaml": re.sub(rb"prices:\n(  .*\n)+", b"", re.sub(rb"max_cost:.*\n", b"", suite))}
    limited = JUDGE.replace("grounded}", "grounded,\n         limit_usd_per_day: 5}")
    sim = "endpoints: {sim: {base_url: 'http://127.0.0.1:9/v1'}}\n"
    priced = sim.replace("9/v1'", "9/v1', prices: {sim-judge: {input: 1, output: 2}}")

    class Listed:
        def price(self, base_url: str, model: str) -> Price | None:
            return Price(input=1, output=1)

    def parsed(text: str, prices: PriceTable) -> LiveJudge:
        (app,) = parse_project_file("serinus.yaml", (HEAD + text).encode(), load(bare), prices).apps
        return app.live_judges[0]

    with pytest.raises(InvalidFile) as found:
        parsed(limited + sim, NoPrices())
    (fault,) = found.value.faults
    assert "a limit on the cost of sim-judge, whose price nobody knows" in fault.what
    assert fault.where == "serinus.yaml:11"
    assert "prices: {sim-judge:" in fault.mend
    assert parsed(limited + sim, Listed()).limit_usd_per_day == 5
    assert parsed(limited + priced, NoPrices()).price is None
    assert parsed(limited, NoPrices()).limit_usd_per_day == 5
    assert parsed(JUDGE + sim, NoPrices()).limit_usd_per_day == 0


def test_I2_a_broken_suite_is_told_with_its_own_place() -> None:
    """Where in the suite it is."""
    fault = refused(JUDGE, {"checks/suite.yaml": b"suite: 1\nname: golden\n"})
    assert "checks/suite.yaml:" in fault.what


def test_D8_a_guardrail_on_a_judge_that_is_not_calibrated_is_refused_by_check() -> None:
    """At the judge's line; a dry run may stand."""
    suite = (EXAMPLE / "suite.yaml").read_bytes()
    bare = {"checks/suite.yaml": suite.replace(b"    calibration: grounded.calibration.json\n", b"")}
    fault = refused(JUDGE + RAIL, bare)
    assert "the judge is not calibrated, so that no guardrail may act on judge.faithfulness" in fault.what
    assert "serinus judge calibrate" in fault.mend
    dry = RAIL.replace("3%", "3%, dry_run: true")
    parse_project_file("serinus.yaml", (HEAD + JUDGE + dry).encode(), load(bare))


def test_a_file_that_names_files_is_refused_where_they_cannot_be_read() -> None:
    """As from standard input of a program that has no folder."""
    assert "cannot be read from here" in refused(JUDGE, reads=False).what


def test_I2_the_example_has_a_live_judge_that_may_act() -> None:
    """As it is shipped, with the simulated judge."""

    def beside(name: str) -> bytes:
        return (EXAMPLE / name).read_bytes()

    (app,) = parse_project_file("serinus.yaml", beside("serinus.yaml"), beside).apps
    (live,) = app.live_judges
    assert (live.metric, live.judge.model, shortcoming(live)) == ("judge.faithfulness", "sim-judge", "")


def test_I2_check_warns_of_a_guardrail_that_waits_less_than_one_call_may_take() -> None:
    """Its judge has four tries of a minute each; a score that comes later is missing."""

    def told(rail: str) -> list[str]:
        (app,) = parse_project_file("serinus.yaml", (HEAD + JUDGE + rail).encode(), load({})).apps
        return list(grading_concerns(app))

    [line] = told(RAIL.replace("3%", "3%, matures: 2m"))
    assert line.startswith("the judge of judge.faithfulness may take 4 min for a call")
    assert "the guardrail waits for 2 min" in line
    assert told(RAIL.replace("3%", "3%, matures: 4m")) == []


def test_D8_check_tells_which_grades_nothing_acts_on_and_which_nobody_gives() -> None:
    """An uncalibrated judge of the policy raises no suspicion; a score that is looked at has to come from somewhere."""
    suite = (EXAMPLE / "suite.yaml").read_bytes()
    bare = {"checks/suite.yaml": suite.replace(b"    calibration: grounded.calibration.json\n", b"")}
    rail = "    guardrails: [{metric: judge.coherence, max_drop: 3%}, {metric: feedback.outcome, max_drop: 3%}]\n"

    def told(text: str, changed: Mapping[str, bytes]) -> list[str]:
        (app,) = parse_project_file("serinus.yaml", (HEAD + text).encode(), load(changed)).apps
        return list(grading_concerns(app))

    shown, absent = told(JUDGE.replace("faithfulness", "policy") + rail, bare)
    assert shown.startswith(
        "scores of judge.policy are only shown, and raise no suspicion: the judge is not calibrated"
    )
    assert absent.startswith("no live judge gives judge.coherence: your app has to post it")
    assert told(JUDGE + RAIL, {}) == []
    monitor = "    monitors: [{metric: judge.hallucination}]\n"
    assert [line[:36] for line in told(monitor, {})] == ["no live judge gives judge.hallucinat"]
