"""The simulated judge errs exactly as often as its page says."""

from __future__ import annotations

import orjson
import pytest

from serinus.core.judging.answer import Answer
from serinus.core.judging.case import Case
from serinus.core.judging.judge import Mode, Verdict, body_of, read_verdict
from serinus.core.judging.scorers import Judge
from serinus.sim.answers import INVENTED, OFF_TONES, REFUSALS, VIOLATIONS
from serinus.sim.chance import Draws
from serinus.sim.chat import WireError, parse_chat
from serinus.sim.judge import BAD_FOUND, GOOD_FOUND, flaws_in, judge
from serinus.sim.rates import Flaw

CASE = Case(id="1", input="Where is my parcel?")
GOOD = '{"answer":"It is on its way.","category":"delivery"}'


def ask(text: str, seed: int, criterion: str = "The answer is grounded.", **changed: str) -> str:
    """What the judge says of an answer."""
    asked = Judge(criterion=criterion, endpoint="sim", model=changed.get("model", "sim-judge"))
    mode: Mode = changed.get("mode", "json_schema")  # type: ignore[assignment]
    body = body_of(asked, CASE, Answer(text=text, latency_ms=1), 0, mode)
    return judge(parse_chat(body), Draws(seed)).text


@pytest.mark.parametrize(
    ("answer", "flaw"),
    [
        (GOOD.replace("way.", f"way. {INVENTED[0]}"), Flaw.INVENTED_FACT),
        (GOOD.replace("way.", f"way. {VIOLATIONS[1]}"), Flaw.POLICY_VIOLATION),
        (GOOD.replace("way.", f"way. {OFF_TONES[0]}"), Flaw.OFF_TONE),
        (GOOD.replace("delivery", "refund"), Flaw.WRONG_ANSWER),
        (GOOD[:30], Flaw.BROKEN_FORMAT),
        (REFUSALS[0], Flaw.REFUSAL),
    ],
)
def test_every_flaw_of_the_models_is_seen(answer: str, flaw: Flaw) -> None:
    """And a sound answer has none."""
    assert flaws_in(answer, CASE.input) == {flaw}
    assert flaws_in(GOOD, CASE.input) == frozenset()


@pytest.mark.parametrize(
    ("answer", "grade", "rate"),
    [(GOOD, "pass", GOOD_FOUND), (GOOD.replace("way.", f"way. {INVENTED[1]}"), "fail", BAD_FOUND)],
)
def test_D8_its_errors_have_the_documented_rates(answer: str, grade: str, rate: float) -> None:
    """Over 2,000 draws the share lies within five standard errors."""
    hits = sum(orjson.loads(ask(answer, seed))["grade"] == grade for seed in range(2000))
    assert abs(hits / 2000 - rate) < 5 * (rate * (1 - rate) / 2000) ** 0.5


def test_only_what_the_criterion_is_about_counts() -> None:
    """A rude answer that invents nothing is grounded."""
    rude = GOOD.replace("way.", f"way. {OFF_TONES[1]}")
    assert sum(orjson.loads(ask(rude, seed))["grade"] == "pass" for seed in range(100)) > 80
    assert sum(orjson.loads(ask(rude, s, "The tone is polite."))["grade"] == "fail" for s in range(100)) > 80


def test_ways_to_say_it() -> None:
    """JSON where a format is asked for, else a last line; the plain judge refuses formats, the prose one gives none."""
    asked = Judge(criterion="x", endpoint="sim", model="sim-judge")
    for text in (ask(GOOD, 1), ask(GOOD, 1, mode="text"), ask(GOOD, 1, model="sim-judge-plain", mode="text")):
        assert isinstance(read_verdict(asked, Answer(text=text, latency_ms=1)), Verdict)
    with pytest.raises(WireError):
        ask(GOOD, 1, model="sim-judge-plain")
    prose = Answer(text=ask(GOOD, 1, model="sim-judge-prose"), latency_ms=1)
    assert read_verdict(asked, prose) == "the judge gave no grade"
