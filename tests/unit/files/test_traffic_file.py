"""Files of traffic: what is accepted, and how faults are told."""

from __future__ import annotations

import pytest

from serinus.core.lint.traffic import Graded
from serinus.files.faults import InvalidFile
from serinus.files.traffic_file import EXAMPLE, parse_traffic_file

SOUND = "traffic: 1\ncalls_per_hour: 1200\nusers: {1h: 300, 1d: 2500}\n"


def test_traffic_is_read_with_its_units() -> None:
    """Windows in any order, shares as people write them; what is left out is unknown."""
    found = parse_traffic_file("t.yaml", (SOUND + "rates: {call.error: 1%}\nheaviest_user: 0.5%\n").encode())
    assert found.hourly == (1200.0,) * 168
    assert found.reach == ((1.0, 300.0), (24.0, 2500.0))
    assert (found.rates, found.heaviest_unit, found.cost_nano) == ({"call.error": 0.01}, 0.005, -1)


def test_latencies_and_prices_are_read() -> None:
    """Quantiles in any order and unit; dollars become nano-dollars."""
    more = (
        "latency: {p95: 2.4s, p50: 900ms}\nttft: {p50: 300ms}\ncost_per_call: $0.002\njudged: 2%\njudge_call: $0.01\n"
    )
    found = parse_traffic_file("t.yaml", (SOUND + more).encode())
    assert found.quantiles == {"latency": ((0.5, 900.0), (0.95, 2400.0)), "ttft": ((0.5, 300.0),)}
    assert (found.cost_nano, found.judged, found.judge_nano) == (2_000_000, 0.02, 10_000_000)


def test_scores_are_read_on_their_own_scale() -> None:
    """A rating of 1 to 5 becomes shares of its scale; what is left out is as of a judge that is mostly content."""
    more = "scores: {judge.correctness: {share: 5%}, feedback.rating: {share: 1%, mean: 4, sd: 1}}\n"
    found = parse_traffic_file("t.yaml", (SOUND + more).encode()).graded
    assert found == {
        "judge.correctness": Graded(share=0.05, mean=0.8, sd=0.25, guessed=True),
        "feedback.rating": Graded(share=0.01, mean=0.75, sd=0.25),
    }


def test_variation_of_cost_and_tokens_is_read() -> None:
    """As percent of the mean, also above 100 %, or as a number."""
    more = "variation: {cost.per_call: 120%, tokens.per_call: 0.6}\n"
    found = parse_traffic_file("t.yaml", (SOUND + more).encode())
    assert found.variation == {"cost.per_call": 1.2, "tokens.per_call": 0.6}


def test_the_example_of_the_mend_texts_is_sound() -> None:
    """What people are told to write works."""
    assert parse_traffic_file("t.yaml", EXAMPLE.encode()).calls_per_hour == 1200


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ["1: not a file of traffic"]),
        ("[1]", ["1: not a file of traffic"]),
        (SOUND.replace("traffic: 1", "traffic: 2"), ["1: `traffic`: this is not a format that is known"]),
        ("traffic: 1\n", ["1: no `calls_per_hour`", "1: no `users`"]),
        (SOUND + "rate: {}\n", ["4: unknown key `rate`"]),
        (SOUND + "rates: {call.eror: 1%}\n", ["4: `rates`: 'call.eror' is no event of a call"]),
        (SOUND + "rates: {call.error: 200%}\n", ["4: `rates`: '200%' is not between 0% and 100%"]),
        (SOUND + "variation: 80%\n", ["4: `variation`: this is not a list of `metric: share`"]),
        (SOUND + "variation: {call.error: 1}\n", ["4: `variation`: call.error is neither cost nor tokens"]),
        (SOUND + "variation: {cost.per_call: much}\n", ["4: `variation`: 'much' is no share of the mean"]),
        (SOUND + "variation: {cost.per_call: 0}\n", ["4: `variation`: 0 is not above 0 and at most 100"]),
        (SOUND + "rates: 1%\n", ["4: `rates`: this is not a list of `metric: share`"]),
        (SOUND.replace("1200", "[1, 2]"), ["2: `calls_per_hour`: this is neither a number nor a list of 168"]),
        (SOUND.replace("1200", "0"), ["2: `calls_per_hour`: no calls at all"]),
        (SOUND.replace("300", "many"), ["3: `users`: these are no distinct users"]),
        (SOUND.replace("1h", "1x"), ["3: `users`: '1x' is not a duration"]),
        (SOUND + "latency: {p42: 1s}\n", ["4: `latency`: 'p42' is no quantile"]),
        (SOUND + "latency: {p50: 2s, p95: 1s}\n", ["4: `latency`: [0.95, 1000 ms] does not grow"]),
        (SOUND + "scores: {judge.correctness: 5%}\n", ["4: `scores`: these are no scores with a share of calls"]),
        (
            SOUND + "scores: {call.error: {share: 5%}}\n",
            ["4: `scores`: call.error is no score, or these are no numbers"],
        ),
        (
            SOUND + "scores: {judge.correctness: {share: 5%, mean: much}}\n",
            ["4: `scores`: judge.correctness is no score, or these are no numbers"],
        ),
        (
            SOUND + "scores: {feedback.rating: {share: 5%, mean: 0}}\n",
            ["4: `scores`: a mean of -0.25 is off its scale"],
        ),
        (SOUND.replace("300", "3000"), ["3: `users`: [24, 2500] does not grow"]),
    ],
)
def test_faults_are_told_with_their_line(text: str, told: list[str]) -> None:
    """All at once, each with how to mend it."""
    with pytest.raises(InvalidFile) as caught:
        parse_traffic_file("t.yaml", text.encode())
    assert [f"{one.where.removeprefix('t.yaml:')}: {one.what}" for one in caught.value.faults] == told
    assert all(one.mend for one in caught.value.faults)
