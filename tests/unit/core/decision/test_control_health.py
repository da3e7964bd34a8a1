"""A live version that is worse than it was pauses its release, blames nobody, and is asked again from the resume on."""

from __future__ import annotations

import math

import msgspec
import pytest

from serinus.core.decision.commands import Advance, Pause, Promote, RollBack
from serinus.core.decision.control_health import ALPHA, judge_control, sentence
from serinus.core.decision.decision import Decision, Evidence, decide, replay
from serinus.core.decision.verdict import Verdict
from serinus.core.records.live_calls import MICRO, Hour, LiveMinute, Past, Position, Usual, Watched
from serinus.core.release.past import followed
from serinus.core.release.release import Hold, Progress, Release
from serinus.core.release.transitions import paused, resumed
from serinus.core.release.yardstick import Yardstick
from serinus.core.stats.control_health import worse_count
from serinus.core.stats.usual import learn
from tests.unit.core.decision.cases import MINUTE_US, NOW_US, PLAN, minutes, running, seen, served

ERROR, REFUSAL = "call.error", "call.refusal"
LATER = ("live", "live_until_us")
FIRST = NOW_US // MINUTE_US
WEEK = learn(Hour(hour, 6000, 120) for hour in range(168))
SHORT = learn(Hour(hour, 6000, 120) for hour in range(30))


def with_past(usual: Usual = WEEK, step: int = 0) -> Release:
    """A release whose control has errors in 2 % of its calls, and hardly ever refuses."""
    quiet = learn(Hour(hour, 6000, 1) for hour in range(168))
    past = Past(metric=ERROR, usual=usual), Past(metric=REFUSAL, usual=quiet)
    return msgspec.structs.replace(running(step=step), past=past)


def live(errors: int, count: int = 20, first: int = FIRST, calls: int = 100) -> dict[str, object]:
    """So many minutes of the live version, each with these errors."""
    told = tuple(LiveMinute((first + i) * MINUTE_US, ((calls, errors), (calls, 0))) for i in range(count))
    return {"live": told, "live_until_us": (first + count) * MINUTE_US}


def looked(release: Release, errors: int, before: Progress | None = None, **changes: object) -> Decision:
    """A round that reads twenty minutes more, after one that said from where."""
    start = before or served(release, 0, live_until_us=FIRST * MINUTE_US)
    return decide(release, start, seen(**{**live(errors, first=start.live_until_us // MINUTE_US), **changes}), NOW_US)


def test_2_7_a_control_that_is_ill_pauses_without_blame_or_deadline() -> None:
    """Both arms may fall together: the reason says what the live version does and did, and blames no candidate."""
    (command,) = looked(with_past(), errors=10).commands
    assert isinstance(command, Pause)
    assert (command.trigger, command.auto_resume, command.deadline_s) == (f"control_health:{ERROR}", False, 0.0)
    assert command.reason.startswith(
        "The live version itself is worse than it was, which is not the candidate's doing: "
        "10 % of the live version's own 2,000 calls had errors, where in 7 days before, at these hours, up to 2."
    )
    assert "while it does up to 1.5 times the usual; resume once it is well" in command.reason


def test_2_7_a_control_that_is_as_usual_passes() -> None:
    """And one that is somewhat worse, inside the ratio that the plan tolerates."""
    for errors in (0, 2, 3):
        decision = looked(with_past(), errors)
        assert decision.commands == ()
        found = next(one for one in decision.findings if one.question == "control health")
        assert (found.verdict, found.text) == (Verdict.PASS, "The live version does as it usually did")


def test_2_7_an_ill_control_promotes_nobody() -> None:
    """In the watch as in a step: what would else go on is held, and a person hears why."""
    for step, goes_on in ((0, Advance), (2, Promote)):
        release = with_past(step=step)
        ready = served(release, 60_000, live_until_us=FIRST * MINUTE_US, seen_candidate=200, seen_control=200)
        assert isinstance(looked(release, 2, ready).commands[0], goes_on)
        assert isinstance(looked(release, 10, ready).commands[0], Pause)


def test_2_7_relative_harm_and_limits_act_first() -> None:
    """A candidate that is worse than an ill control is still worse: nothing here protects it."""
    positions = {ERROR: (150, 20)}
    assert isinstance(looked(with_past(), 10, positions=positions).commands[0], RollBack)
    over = (minutes([0.3] * 5),)
    assert isinstance(looked(with_past(), 10, limits=over).commands[0], RollBack)


def test_2_7_too_short_a_past_says_so_and_does_nothing() -> None:
    """However ill control is; and a release that has no past at all goes on as it did."""
    decision = looked(with_past(SHORT), errors=90)
    told = next(one for one in decision.findings if one.question == "control health")
    assert decision.commands == ()
    assert told.verdict is Verdict.NO_DATA
    assert told.text == "It is not known yet how usual errors are: 30 of 72 hours with calls are known"
    without = decide(running(), None, seen(), NOW_US)
    told = next(one for one in without.findings if one.question == "control health")
    assert (without.evidence.control, told.verdict) == (None, Verdict.NO_DATA)


def test_2_7_it_says_how_much_past_there_is_and_since_when() -> None:
    """Also before the first call, when nothing is known of the live version's health: silence is not health."""
    usual = learn(Hour(490_000 + hour, 6000, 120) for hour in range(168))
    release = with_past(usual)
    decision = decide(release, None, seen(), NOW_US)
    told = next(one for one in decision.findings if one.question == "control health")
    assert (told.verdict, told.text) == (Verdict.NO_DATA, "The live version has had no calls yet")
    found = judge_control(release, ())
    assert found is not None
    text = sentence(found.seen[0], release.past[0], 1.5)
    assert text.endswith("its past is 168 hours, from 2025-11-24 16:00 UTC on")
    paused = next(one for one in looked(release, 10).commands if isinstance(one, Pause))
    assert "where in 7 days before, from 2025-11-24 16:00 UTC on, at these hours, up to 2." in paused.reason


def test_2_7_what_one_part_of_users_had_is_told_and_does_not_count() -> None:
    """Ten errors in each minute of twenty: by all users they pause; by one of sixteen parts they are only named."""
    release = with_past()
    for parts, ill in (((0, 10), False), (tuple([1] * 10), True)):
        minutes_told = tuple(
            msgspec.structs.replace(one, parts=(parts, ()))
            for one in live(10)["live"]  # type: ignore[attr-defined]
        )
        start = served(release, 0, live_until_us=FIRST * MINUTE_US)
        decision = decide(release, start, seen(**{**live(10), "live": minutes_told}), NOW_US)
        health = decision.evidence.control
        assert health is not None
        assert (ERROR in health.ill) == ill
        text = sentence(health.seen[0], release.past[0], 1.5)
        assert ("; 200 of these 200 are those of one sixteenth of its users, and do not count" in text) != ill


def test_2_7_a_release_that_an_earlier_serinus_began_goes_on_by_the_test_that_it_began_with() -> None:
    """Its decisions replay to the same byte, and its promise is that of one test, not of two; parts that are told from
    now on take nothing off what is expected."""
    release = with_past(msgspec.structs.replace(WEEK, odd=None))
    for parts, counted in (((), 200), ((60, 50), 140)):
        at = Position(10_000, 200, 80 * MICRO, parts)
        found = judge_control(release, (Watched(metric=ERROR, at=at),))
        assert found is not None
        alone = worse_count(counted, 1.5 * 80, WEEK.dispersion)
        assert found.seen[0].log_e == pytest.approx(math.log(0.5 * math.exp(alone) + 0.5), abs=1e-6)
        new = judge_control(with_past(), (Watched(metric=ERROR, at=at),))
        assert new is not None
        assert (new.seen[0].log_e < found.seen[0].log_e) == (not parts)


def test_2_7_what_was_before_users_saw_the_candidate_is_not_counted() -> None:
    """The first round says from where; a pause of the control process is caught up with, each minute once."""
    release = with_past()
    first = decide(release, None, seen(**live(90)), NOW_US)
    assert first.progress.live_until_us == (FIRST + 20) * MINUTE_US
    assert [one.at for one in first.progress.live] == [Position(), Position()]
    second = looked(release, 3, first.progress)
    again = decide(release, second.progress, seen(**live(3, first=FIRST + 20)), NOW_US)
    assert [one.at.calls for one in second.progress.live] == [2000, 2000]
    assert again.progress.live == second.progress.live


def test_2_7_a_resume_counts_later_calls_alone() -> None:
    """It is an acknowledgement: what paused does not pause again, and going on like that does."""
    release, first = with_past(), looked(with_past(), 10)
    (command,) = first.commands
    assert isinstance(command, Pause)
    held = paused(release, Hold(trigger=command.trigger, reason=command.reason, at_us=NOW_US))
    assert looked(held, 10, first.progress).commands == ()
    on = resumed(held, first.progress, "ada resumed")
    assert on.rearmed[command.trigger]["events"] == 200
    after = decide(on, first.progress, seen(), NOW_US)
    assert not any(isinstance(one, Pause) for one in after.commands)
    assert isinstance(looked(on, 10, first.progress).commands[0], Pause)


def test_2_7_a_new_step_keeps_what_was_counted() -> None:
    """A provider does not get well by a step of ours."""
    release, first = with_past(), looked(with_past(), 4)
    later = msgspec.structs.replace(first.progress, step=-1)
    assert decide(release, later, seen(), NOW_US).progress.live == first.progress.live


def test_2_7_both_beyond_a_limit_is_taken_back_when_nobody_looks() -> None:
    """A pause for the control's health has no deadline, unless both arms are beyond a limit: then that one's runs."""
    release = with_past()
    hold = Hold(trigger=f"control_health:{ERROR}", reason="ill", at_us=NOW_US)
    held = paused(release, hold)
    late = served(held, 0, held_at_us=NOW_US, held_ms=int(PLAN.veto_deadline_s * 1000))
    both = (minutes([0.1] * 5, [0.1] * 5),)
    assert isinstance(decide(held, late, seen(limits=both), NOW_US).commands[0], RollBack)
    assert decide(held, late, seen(), NOW_US).commands == ()
    soon = served(held, 0, held_at_us=NOW_US, held_ms=1000)
    assert decide(held, soon, seen(limits=both), NOW_US).commands == ()


def test_2_7_the_decision_replays_byte_for_byte_from_its_evidence() -> None:
    """The past, the sums and the minutes that were read are all in it."""
    decision = looked(with_past(), errors=10)
    raw = msgspec.json.encode(decision.evidence)
    stored = msgspec.json.decode(raw, type=Evidence)
    again = replay(stored)
    assert again.commands == decision.commands
    assert msgspec.json.encode(again.evidence) == msgspec.json.encode(stored)
    assert b'"past":[{"metric":"call.error"' in raw


def test_2_7_evidence_without_any_of_this_is_what_it_was() -> None:
    """Evidence that an earlier Serinus stored has neither past nor minutes: it decides as it did, and no field more."""
    decision = decide(running(), served(running(), 0), seen(positions={ERROR: (90, 10)}), NOW_US)
    stored = msgspec.to_builtins(decision.evidence)
    assert stored.pop("control") is None
    for place, name in (("release", "past"), *((at, n) for at in ("stored", "observations") for n in LATER)):
        stored[place].pop(name)
    again = replay(msgspec.convert(stored, Evidence))
    assert again.commands == decision.commands
    assert isinstance(again.commands[0], RollBack)


def test_the_alarm_level_is_shared_by_the_metrics() -> None:
    """Each alarms at 1 in 1,000 over their number."""
    health = judge_control(with_past(), ())
    assert health is not None
    assert health.needed == pytest.approx(math.log(2 / ALPHA), abs=1e-6)
    assert [one.calls for one in health.seen] == [0, 0]
    assert judge_control(running(), ()) is None


def test_what_is_followed_is_what_acts_and_what_a_call_tells_itself() -> None:
    """Latencies where their yardstick comes from the past; nothing that somebody says later, or is only shown."""
    changes = {"guardrails": (
        *PLAN.guardrails[:1],
        msgspec.structs.replace(PLAN.guardrails[1], role="info"),
        *(msgspec.structs.replace(PLAN.guardrails[0], metric=name) for name in
          ("latency.p95", "latency.p99", "feedback.thumbs_down", "cost.per_call")),
    )}  # fmt: skip
    plan = msgspec.structs.replace(PLAN, **changes)
    known = (
        Yardstick(metric="latency.p95", at_us=900_000, values=9000, source="history"),
        Yardstick(metric="latency.p99", at_us=1_900_000, values=9000, source="first control units"),
    )
    assert [(judged.name, at_us) for judged, at_us in followed(plan, known)] == [(ERROR, 0), ("latency.p95", 900_000)]
    assert followed(msgspec.structs.replace(plan, control_ratio=0.0), known) == ()


def test_a_latency_is_told_as_a_wait() -> None:
    """What is above the bound, in words."""
    past = Past(metric="latency.p95", usual=WEEK, at_us=900_000)
    release = msgspec.structs.replace(running(), past=(past,))
    told = tuple(LiveMinute((FIRST + i) * MINUTE_US, ((100, 20),)) for i in range(20))
    start = served(release, 0, live_until_us=FIRST * MINUTE_US)
    decision = decide(release, start, seen(live=told, live_until_us=(FIRST + 20) * MINUTE_US), NOW_US)
    assert decision.evidence.control is not None
    assert "20 % of the live version's own 2,000 calls had waits above 900 ms, where" in sentence(
        decision.evidence.control.seen[0], past, 1.5
    )
    assert decision.evidence.control.ill == ("latency.p95",)
