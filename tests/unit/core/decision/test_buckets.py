"""Buckets of limits from rollups, judged, against what all calls together say."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.core.decision.buckets import limit_buckets
from serinus.core.decision.decision import Evidence, decide, replay
from serinus.core.decision.limits import Breach, judge_limit, sentence
from serinus.core.decision.verdict import Verdict
from serinus.core.pipeline.limit import Limit
from serinus.core.records import histogram
from serinus.core.records.record import Event
from serinus.core.records.sums import ArmRollup
from serinus.core.release.release import Release
from serinus.core.routing.assignment import Arm
from tests.unit.core.decision.cases import MINUTE_US, NOW_US, PLAN, running, seen, served

P99 = Limit(metric="latency.p99", above=5000, buckets=3, min_requests=50)
TTFT = Limit(metric="ttft.p50", above=500, buckets=3, min_requests=50)
SPEED = Limit(metric="speed.tokens_per_s", below=15, buckets=3, min_requests=10)
FAST, SLOW = 1_000_000, 6_000_000


def rollup(minute: int, arm: Arm, latencies_us: list[int], **fields: object) -> ArmRollup:
    """Calls of an arm in the minute that ended `minute` minutes before now."""
    return ArmRollup(
        start_us=NOW_US // MINUTE_US * MINUTE_US - minute * MINUTE_US,
        arm=int(arm),
        requests=len(latencies_us),
        events={int(Event.ERROR): 2},
        latency=histogram.of(latencies_us).encode(),
        **fields,  # type: ignore[arg-type]
    )


def calls(slow: int, of: int = 100) -> list[int]:
    """Latencies with so many slow ones."""
    return [SLOW] * slow + [FAST] * (of - slow)


def limited(limit: Limit) -> Release:
    """A running release with this limit alone."""
    return running(msgspec.structs.replace(PLAN, guardrails=(), limits=(limit,)))


def judged(limit: Limit, rollups: list[ArmRollup]) -> Breach:
    """How the limit stands."""
    return judge_limit(limited(limit), 0, limit_buckets(limit, rollups), NOW_US)


def minutes(candidate: list[int], control: list[int], **fields: object) -> list[ArmRollup]:
    """So many slow calls of 100 in consecutive minutes of both arms."""
    n = len(candidate)
    found = [rollup(n - i, Arm.CANDIDATE, calls(slow), **fields) for i, slow in enumerate(candidate)]
    return found + [rollup(n - i, Arm.CONTROL, calls(slow), **fields) for i, slow in enumerate(control)]


@pytest.mark.parametrize(
    ("candidate", "control", "verdict", "vetoed"),
    [
        ([2, 2, 2], [0, 0, 0], Verdict.FAIL, False),
        ([2, 2, 1], [0, 0, 0], Verdict.PASS, False),
        ([1, 1, 1], [0, 0, 0], Verdict.PASS, False),
        ([2, 2, 2], [9, 0, 0], Verdict.FAIL, True),
        ([2, 2, 2], [1, 1, 1], Verdict.FAIL, False),
        ([2, 2], [0, 0], Verdict.PASS, False),
    ],
)
def test_J1_p99_must_be_above_in_each_minute_and_controls_over_all_of_them(
    candidate: list[int], control: list[int], verdict: Verdict, vetoed: bool
) -> None:
    """Of 100 calls the p99 is the second slowest. The control's minutes are taken together, as for shares."""
    breach = judged(P99, minutes(candidate, control))
    assert (breach.verdict, breach.vetoed) == (verdict, vetoed)


@given(
    st.lists(st.integers(1, 10_000_000), min_size=1, max_size=60),
    st.floats(1, 10_000),
    st.sampled_from(["latency.p50", "latency.p95", "latency.p99"]),
)
def test_a_bucket_is_beyond_exactly_when_its_quantile_is(values: list[int], above_ms: float, name: str) -> None:
    """Counting calls above the bound judges as comparing the merged histogram's quantile does."""
    limit = Limit(metric=name, above=above_ms, buckets=1, min_requests=1)
    half = len(values) // 2
    parts = [rollup(1, Arm.CANDIDATE, values[:half]), rollup(1, Arm.CANDIDATE, values[half:])]
    quantile = histogram.of(values).quantile(int(name[-2:]) / 100)
    assert quantile is not None
    assert (judged(limit, parts).verdict is Verdict.FAIL) == (quantile > above_ms * 1000)


def test_few_calls_are_no_data() -> None:
    """49 calls say nothing about the limit of 50, however slow."""
    assert judged(P99, [rollup(3 - i, Arm.CANDIDATE, [SLOW] * 49) for i in range(3)]).verdict is Verdict.NO_DATA


def test_only_what_the_metric_counts_counts() -> None:
    """A hundred calls without a first byte, and without a stream, are no data for limits on these."""
    found = minutes([0, 0, 0], [0, 0, 0])
    assert judged(TTFT, found).verdict is Verdict.NO_DATA
    assert judged(SPEED, found).verdict is Verdict.NO_DATA


def test_time_to_first_byte_has_its_own_histogram() -> None:
    """Half of the answers begin later than the bound, whatever their whole latency is."""
    ttft = histogram.of([600_000] * 60).encode()
    assert judged(TTFT, minutes([0, 0, 0], [], ttft=ttft)).verdict is Verdict.FAIL


@pytest.mark.parametrize(("tokens", "verdict"), [(149, Verdict.FAIL), (150, Verdict.PASS), (2000, Verdict.PASS)])
def test_speed_is_too_slow_below_its_bound(tokens: int, verdict: Verdict) -> None:
    """Tokens over the time they took: 149 in 10 s are less than 15 tokens/s, 150 are not."""
    streams = {"streams": 10, "stream_tokens": tokens, "stream_us": 10_000_000}
    breach = judged(SPEED, minutes([0, 0, 0], [0, 0, 0], **streams))
    assert breach.verdict is verdict
    assert breach.vetoed is (verdict is Verdict.FAIL)


def test_streams_that_took_no_time_are_not_slow() -> None:
    """Answers that came all at once divide nothing by zero."""
    streams = {"streams": 10, "stream_tokens": 100, "stream_us": 0}
    assert judged(SPEED, minutes([0, 0, 0], [], **streams)).verdict is Verdict.PASS


def test_shares_of_events_are_weighed_as_before() -> None:
    """Requests, and those with the event, by arm; rest and pins are in no bucket."""
    found = [*minutes([0], [0]), rollup(1, Arm.REST, calls(100))]
    (bucket,) = limit_buckets(PLAN.limits[0], found)
    assert (bucket.candidate, bucket.candidate_bad, bucket.control, bucket.control_bad) == (100, 2, 100, 2)
    assert (bucket.candidate_value, bucket.control_value) == (None, None)


def test_the_sentence_has_all_numbers() -> None:
    """What it was (within 1 %), for how long, what is too much, and how the control did."""
    assert sentence(P99, judged(P99, minutes([2, 2, 2], [0, 0, 0]))) == (
        "p99 latency was 6.02 s in each of 3 minutes in a row; above 5 s is too much; control: 995 ms"
    )
    streams = {"streams": 10, "stream_tokens": 120, "stream_us": 10_000_000}
    assert sentence(SPEED, judged(SPEED, minutes([0, 0, 0], [], **streams))) == (
        "generation speed was 12 tokens/s in each of 3 minutes in a row; below 15 tokens/s is too slow"
    )


@pytest.mark.parametrize(("control", "deed"), [(0, "RollBack"), (9, "Pause")])
def test_J1_evidence_of_a_latency_replays_to_the_same_decision(control: int, deed: str) -> None:
    """The numbers are in the evidence: no store is needed to decide the same again."""
    release = limited(P99)
    buckets = limit_buckets(P99, minutes([2, 2, 2], [control] * 3))
    decision = decide(release, served(release), seen(limits=(buckets,)), NOW_US)
    assert [type(command).__name__ for command in decision.commands] == [deed]
    stored = msgspec.json.decode(msgspec.json.encode(decision.evidence), type=Evidence)
    again = replay(stored)
    assert (again.commands, again.findings) == (decision.commands, decision.findings)


def test_evidence_of_an_older_serinus_is_read() -> None:
    """Buckets once had five fields; they are judged as they were."""
    limit = PLAN.limits[0]
    (bucket,) = limit_buckets(limit, minutes([0], [0]))
    raw = msgspec.json.encode(msgspec.to_builtins(bucket)[:5])
    assert msgspec.json.decode(raw, type=type(bucket)) == bucket
