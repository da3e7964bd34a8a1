"""Every telemetry store keeps the queue of live judgements: each call once, one hand at a time, nothing lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from serinus.core.ids import RELEASE, id_text
from serinus.core.judging.answer import Cost
from serinus.core.judging.judgement import Claim, JudgementKey, Sampled, Trouble, Verdict
from serinus.core.records import call_id
from serinus.ports.telemetry_store import TelemetryStore
from tests.conftest import Place
from tests.contract.values import BrokenOffError

METRIC = "judge.correctness"
JUDGE = "a" * 64
HOUR = 3_600_000_000
RAW_RELEASE = bytes(range(16))
GOOD = Verdict(value=0.75, label="good", evidence="it is right", cost_nano=500)
BAD = Verdict(value=None, reason="the judge gave no grade", cost_nano=100, estimated_nano=40)


def call(number: int, arm: int = 1, hour: int = 10) -> bytes:
    """A call of a release that began `number` ms after an hour."""
    at_ms = hour * HOUR // 1000 + number
    return call_id.make(b"k", b"shop", at_ms, number.to_bytes(5, "big"), RAW_RELEASE, arm, 0, number.to_bytes(8, "big"))


def key(number: int, metric: str = METRIC, judge: str = JUDGE, arm: int = 1, hour: int = 10) -> JudgementKey:
    """One judgement's."""
    return JudgementKey(call(number, arm, hour), metric, judge)


def sampled(*numbers: int, app: str = "shop", arm: int = 1, hour: int = 10, judge: str = JUDGE) -> list[Sampled]:
    """Calls that are to be judged, from 1000 µs on."""
    return [Sampled(key=key(n, judge=judge, arm=arm, hour=hour), app=app, share=0.02, at_us=1000) for n in numbers]


def claim(store: TelemetryStore, most: int = 10, now_us: int = 2000, holder: str = "w1") -> list[Claim]:
    """What a worker gets, for 1000 µs."""
    with store.tx() as tx:
        return tx.claim_judgements("shop", METRIC, JUDGE, holder, now_us, now_us + 1000, most)


def test_I2_a_call_is_sampled_once_however_often_it_is_looked_at(telemetry_store: TelemetryStore) -> None:
    """For each metric and judge; a settled one is not put back."""
    with telemetry_store.tx() as tx:
        assert tx.sample(sampled(1, 2, 2)) == 2
    [first, _] = claim(telemetry_store)
    with telemetry_store.tx() as tx:
        assert tx.settle_judgement(first, GOOD, 2500)
        assert tx.sample(sampled(1, 2, 3)) == 1
        assert tx.sample(sampled(1, judge="b" * 64)) == 1
        found = tx.judgements(call(1))
    assert [(one.key.judge[0], one.state, one.verdict) for one in found] == [
        ("a", "scored", GOOD),
        ("b", "waiting", Verdict(value=None)),
    ]


def test_I2_where_somebody_looked_is_swapped_by_one_alone(telemetry_store: TelemetryStore) -> None:
    """Two that look at the same texts do not both sample them."""
    with telemetry_store.tx() as tx:
        assert (tx.looked("s"), tx.look("s", 0, 50, 1), tx.look("s", 0, 60, 2)) == (0, True, False)
        assert (tx.look("s", 50, 80, 3), tx.looked("s"), tx.looked("t")) == (True, 80, 0)


def test_I2_what_a_worker_left_comes_back_and_its_late_word_counts_no_more(telemetry_store: TelemetryStore) -> None:
    """Hidden while it is worked on, renewed by its holder, claimed again when it went silent."""
    with telemetry_store.tx() as tx:
        tx.sample(sampled(3, 1, 2))
    mine = claim(telemetry_store, most=2)
    assert [one.key for one in mine] == [key(1), key(2)]
    assert [one.key for one in claim(telemetry_store, holder="w2")] == [key(3)]
    with telemetry_store.tx() as tx:
        assert tx.renew_judgements("w1", 5000) == 2
    assert [one.key for one in claim(telemetry_store, now_us=4000, holder="w2")] == [key(3)]
    again = claim(telemetry_store, now_us=6000, holder="w3")
    assert [(one.key, one.attempts) for one in again] == [(key(1), 2), (key(2), 2), (key(3), 3)]
    with telemetry_store.tx() as tx:
        assert not tx.settle_judgement(mine[0], BAD, 7000)
        assert not tx.give_back_judgement(mine[1], 7000)
        assert tx.settle_judgement(again[0], GOOD, 7000)
        assert not tx.settle_judgement(again[0], BAD, 7001)
        assert tx.give_back_judgement(again[1], 6500)
        assert [one.state for one in tx.judgements(call(1))] == ["scored"]
    assert [one.key for one in claim(telemetry_store, now_us=6500)] == [key(2)]


def test_I2_a_broken_off_settlement_leaves_the_call_waiting(telemetry_store: TelemetryStore) -> None:
    """The verdict and all that follows from it are one transaction."""
    with telemetry_store.tx() as tx:
        tx.sample(sampled(1))
    [mine] = claim(telemetry_store)

    def broken_off() -> None:
        with telemetry_store.tx() as tx:
            tx.settle_judgement(mine, GOOD, 2500)
            raise BrokenOffError

    with pytest.raises(BrokenOffError):
        broken_off()
    with telemetry_store.tx() as tx:
        assert tx.unlogged_judgements(10) == []
        assert tx.settle_judgement(mine, GOOD, 2600)


def test_I2_scored_judgements_wait_for_the_event_log_and_unscored_ones_do_not(telemetry_store: TelemetryStore) -> None:
    """Each until it is marked."""
    with telemetry_store.tx() as tx:
        tx.sample(sampled(1, 2, 3))
    one, two, three = claim(telemetry_store)
    with telemetry_store.tx() as tx:
        assert all(
            [tx.settle_judgement(one, GOOD, 1), tx.settle_judgement(two, BAD, 2), tx.settle_judgement(three, GOOD, 3)]
        )
        assert [found.key for found in tx.unlogged_judgements(1)] == [key(1)]
        tx.log_judgements([key(1)])
        [left] = tx.unlogged_judgements(10)
        assert (left.key, left.at_us, left.app) == (key(3), 3, "shop")
        tx.log_judgements([key(3)])
        assert tx.unlogged_judgements(10) == []


def test_I2_counts_lag_and_cost_are_of_what_happened(telemetry_store: TelemetryStore) -> None:
    """By arm, hour, state and reason; of one app; the oldest waiting call; what was spent since a time."""
    with telemetry_store.tx() as tx:
        tx.sample([*sampled(1, 2), *sampled(3, arm=2), *sampled(4, hour=11), *sampled(5, app="other")])
    one, two, three, _ = claim(telemetry_store)
    with telemetry_store.tx() as tx:
        tx.settle_judgement(one, GOOD, 100)
        tx.settle_judgement(two, BAD, 200)
        tx.settle_judgement(three, GOOD, 300)
        found = tx.judgement_counts("shop", 10 * HOUR)
        assert {(found.release) for found in found} == {id_text(RELEASE, RAW_RELEASE)}
        assert [(f.arm, f.hour, f.state, f.reason, f.count, f.total, f.cost_nano) for f in found] == [
            (1, 10, "scored", "", 1, 0.75, 500),
            (1, 10, "unscored", BAD.reason, 1, 0.0, 100),
            (1, 11, "waiting", "", 1, 0.0, 0),
            (2, 10, "scored", "", 1, 0.75, 500),
        ]
        assert [f.hour for f in tx.judgement_counts("shop", 11 * HOUR)] == [11]
        assert [(w.metric, w.judge, w.count, w.oldest_at_us) for w in tx.waiting_judgements("shop")] == [
            (METRIC, JUDGE, 1, 11 * HOUR + 4000)
        ]
        assert [tx.judging_cost("shop", METRIC, since) for since in (0, 200, 301)] == [(1100, 40), (600, 40), (0, 0)]
        assert tx.judging_cost("shop", "judge.coherence", 0) == (0, 0)


def test_I2_what_attempts_cost_that_came_to_nothing_adds_up(telemetry_store: TelemetryStore) -> None:
    """It counts while the call waits, when it is settled, and when it is given up: money that is spent stays spent."""
    with telemetry_store.tx() as tx:
        tx.sample(sampled(1, 2))
    one, two = claim(telemetry_store)
    with telemetry_store.tx() as tx:
        assert tx.give_back_judgement(one, 3000, Cost(30, 10))
        assert tx.give_back_judgement(two, 3000, Cost(7, 7))
        assert tx.judging_cost("shop", METRIC, 10**15) == (37, 17)
    [again] = claim(telemetry_store, most=1, now_us=3000)
    with telemetry_store.tx() as tx:
        assert tx.settle_judgement(again, GOOD, 3500)
        assert tx.give_up_judgements("shop", METRIC, JUDGE, "no money", 3600) == 1
        assert [tx.judging_cost("shop", METRIC, since) for since in (0, 3600)] == [(537, 17), (7, 7)]
        verdicts = [tx.judgements(call(n))[0].verdict for n in (1, 2)]
        assert [(one.cost_nano, one.estimated_nano) for one in verdicts] == [(530, 10), (7, 7)]


def test_I2_how_late_scores_come_is_told_by_rank(telemetry_store: TelemetryStore) -> None:
    """Of scored calls alone; nothing is told where there is none."""
    with telemetry_store.tx() as tx:
        tx.sample(sampled(*range(1, 12)))
    begun_us = 10 * HOUR
    claims = claim(telemetry_store, most=11)
    with telemetry_store.tx() as tx:
        assert tx.judging_delay_us("shop", METRIC, JUDGE, 0, 0.95) is None
        for number, one in enumerate(claims[:10], 1):
            tx.settle_judgement(one, GOOD, begun_us + number * 1000 + number * 60_000_000)
        tx.settle_judgement(claims[10], BAD, begun_us + HOUR)
        shares = [tx.judging_delay_us("shop", METRIC, JUDGE, 0, share) for share in (0.0, 0.5, 0.95, 1.0)]
        assert shares == [60_000_000, 360_000_000, 600_000_000, 600_000_000]
        assert tx.judging_delay_us("shop", METRIC, JUDGE, begun_us + 11_000, 0.5) is None
        assert tx.judging_delay_us("shop", METRIC, "b" * 64, 0, 0.5) is None


def test_I2_the_last_error_of_each_judge_is_kept(telemetry_store: TelemetryStore) -> None:
    """Until it is old; of one app."""
    first = Trouble(metric=METRIC, judge=JUDGE, what="the judge did not answer: timeout", at_us=100)
    last = Trouble(metric=METRIC, judge=JUDGE, what="the judge did not answer: rate_limited 429", at_us=200)
    other = Trouble(metric="judge.policy", judge=JUDGE, what="KEY is not set", at_us=300)
    with telemetry_store.tx() as tx:
        for one in (first, other, last):
            tx.put_judging_trouble("shop", one)
        assert tx.judging_troubles("shop", 0) == [last, other]
        assert tx.judging_troubles("shop", 201) == [other]
        assert tx.judging_troubles("bakery", 0) == []
        tx.forget_judgements(300, 10)
        assert tx.judging_troubles("shop", 0) == [other]


def test_I2_what_waits_is_given_up_with_a_reason(telemetry_store: TelemetryStore) -> None:
    """But not what somebody works on."""
    with telemetry_store.tx() as tx:
        tx.sample(sampled(1, 2, 3))
    [mine] = claim(telemetry_store, most=1)
    with telemetry_store.tx() as tx:
        assert tx.give_up_judgements("shop", METRIC, JUDGE, "no money", 2500) == 2
        assert tx.settle_judgement(mine, GOOD, 2600)
        [found] = tx.judgements(call(2))
        assert (found.state, found.verdict.reason, found.at_us) == ("unscored", "no money", 2500)


def test_I2_evidence_goes_with_a_users_texts_and_rows_with_time(telemetry_store: TelemetryStore) -> None:
    """Grades stay when evidence is erased; old calls and looks are forgotten so many at a time."""
    with telemetry_store.tx() as tx:
        tx.sample(sampled(1, 2))
        tx.look("s", 0, 10, 5)
        tx.look("t", 0, 10, 10 * HOUR + 9000)
    one, two = claim(telemetry_store)
    with telemetry_store.tx() as tx:
        tx.settle_judgement(one, GOOD, 1)
        tx.settle_judgement(two, GOOD, 1)
        assert tx.erase_evidence((1).to_bytes(8, "big"), 10 * HOUR) == 0
        assert tx.erase_evidence((1).to_bytes(8, "big"), 11 * HOUR) == 1
        evidence = [tx.judgements(call(n))[0].verdict for n in (1, 2)]
        assert [(one.evidence, one.value) for one in evidence] == [("", 0.75), ("it is right", 0.75)]
        assert tx.forget_judgements(10 * HOUR + 1500, 10) == 1
        assert (tx.looked("s"), tx.looked("t")) == (0, 10)
        assert (len(tx.judgements(call(1))), len(tx.judgements(call(2)))) == (0, 1)


def test_I2_it_is_known_when_anybody_looked_last(telemetry_store: TelemetryStore) -> None:
    """Without that a queue which nobody fills would look well."""
    with telemetry_store.tx() as tx:
        assert tx.sampled_until_us() == 0
        tx.note_sampled(5000)
        tx.note_sampled(7000)
        assert tx.sampled_until_us() == 7000
        assert tx.looked("s") == 0


def test_I2_two_workers_never_get_the_same_call(shared_place: Place) -> None:
    """Whatever they do at the same moment."""
    stores = [shared_place.open()[1] for _ in range(2)]
    with stores[0].tx() as tx:
        tx.sample(sampled(*range(40)))

    def take(store: TelemetryStore, name: str) -> list[JudgementKey]:
        return [one.key for _ in range(8) for one in claim(store, most=3, holder=name)]

    with ThreadPoolExecutor(2) as pool:
        taken = [pool.submit(take, store, f"w{i}").result for i, store in enumerate(stores)]
        keys = [one for result in taken for one in result()]
    assert sorted(keys) == sorted(key(n) for n in range(40))


def test_I2_what_workers_have_in_hand_is_counted(telemetry_store: TelemetryStore) -> None:
    """Of an app and a metric, whoever has it; neither what is settled, given back, nor left by one that fell silent."""
    with telemetry_store.tx() as tx:
        tx.sample([*sampled(1, 2, 3, 4), *sampled(5, app="bakery")])
    first, second, _ = claim(telemetry_store, most=3)
    claim(telemetry_store, holder="w2")

    def in_hand(now_us: int, app: str = "shop", metric: str = METRIC) -> int:
        with telemetry_store.tx() as tx:
            return tx.judgements_in_hand(app, metric, now_us)

    assert (in_hand(2000), in_hand(2000, "bakery"), in_hand(2000, metric="judge.policy"), in_hand(3000)) == (4, 0, 0, 0)
    with telemetry_store.tx() as tx:
        assert tx.settle_judgement(first, GOOD, 2500)
        assert tx.give_back_judgement(second, 9000)
    assert in_hand(2600) == 2
