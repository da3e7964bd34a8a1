"""The live version's past is frozen with a release, its minutes are read once each, and an illness pauses."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from serinus.control import observe_live
from serinus.control.configure_app import configure_app
from serinus.control.observe_live import MOST_MINUTES, PAST_HOURS, live_window, own_past
from serinus.control.observe_units import own_yardsticks
from serinus.control.reads import LiveWindow, Reads
from serinus.control.request_release import request_release
from serinus.control.resume_release import resume_release
from serinus.control.start_release import start_release
from serinus.core.audit.entry import Action
from serinus.core.decision.control_health import ControlSeen, begins_us, judge_control, sentence
from serinus.core.decision.replay import replayed
from serinus.core.pipeline.app import AppConfig, AppState
from serinus.core.pipeline.plan import Guardrail, Step
from serinus.core.pipeline.population import Population
from serinus.core.records import histogram
from serinus.core.records.event_parts import encode
from serinus.core.records.live_calls import LEAST_HOURS, Past
from serinus.core.records.record import Event
from serinus.core.records.sums import Rollup
from serinus.core.records.unit_measures import bit_of
from serinus.core.release.release import Progress, Release
from serinus.core.release.table import State
from serinus.core.release.yardstick import Yardstick, measures
from serinus.core.routing.assignment import Arm
from serinus.core.routing.predicate import Condition
from serinus.core.routing.snapshot import Limits
from serinus.core.stats.usual import learn
from serinus.ports.telemetry_store import TelemetryStore
from tests.unit.control.production import LOOSE, PERSON, PLAN, START_US, Production

ERROR = int(Event.ERROR)
MINUTE_US, HOUR_US = 60_000_000, 3_600_000_000
LONG = msgspec.structs.replace(
    PLAN, steps=(Step(share=0.5, dwell_s=6000), Step(share=1.0, dwell_s=20)), stages=(), limits=LOOSE
)


def minute(start_us: int, version: str, errors: int, calls: int = 500, **changes: object) -> Rollup:
    """A minute of a version's calls."""
    made = Rollup(
        host="host-1", app="shop", release="", stratum=-1, arm=int(Arm.REST), version=version,
        start_us=start_us - start_us % MINUTE_US, width_s=60, requests=calls, events={ERROR: errors},
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def lived(telemetry: TelemetryStore, version: str, hours: int = 100, errors: int = 10) -> None:
    """The hours before the start: a minute in each."""
    with telemetry.tx() as tx:
        tx.add_rollups([minute(START_US - n * HOUR_US, version, errors) for n in range(1, hours + 1)])


def shop(hours: int = 100, **changes: object) -> Production:
    """A production whose live version had errors in 2 % of its calls for so many hours."""
    made = Production(plan=msgspec.structs.replace(LONG, **changes), calls_per_s=20)
    lived(made.telemetry, made.baseline.digest, hours)
    return made


def start(made: Production) -> Release:
    """The candidate's release, as the API starts it."""
    found = request_release(
        made.control, made.clock.now_us(), PERSON, made.ids, "salt", "shop", made.candidate.name, "", made.telemetry
    )
    assert isinstance(found, Release)
    return found


def go_on(made: Production, minutes: int, errors: int) -> Release:
    """Minutes in which the live version has so many errors in 500 calls of each."""
    for _ in range(minutes):
        with made.telemetry.tx() as tx:
            tx.add_rollups([minute(made.clock.now_us(), made.baseline.digest, errors)])
        made.seconds(60)
    return made.release()


def test_2_7_the_past_is_frozen_with_the_release() -> None:
    """Whole hours of the version that is live, whatever arm it had; not mirrored calls, and of no other version."""
    made = shop()
    with made.telemetry.tx() as tx:
        at_us, digest = START_US - 5 * HOUR_US, made.baseline.digest
        tx.add_rollups([minute(at_us, digest, 3, 100, arm=int(Arm.CANDIDATE), release="rel_0", host="host-2")])
        tx.add_rollups([minute(at_us, digest, 90, 100, arm=int(Arm.SHADOW)), minute(at_us, "other", 90, 100)])
        tx.add_rollups([minute(START_US, digest, 400), minute(at_us, digest, 90, app="till")])
    (error,) = [one for one in start(made).past if one.metric == "call.error"]
    assert (sum(error.usual.calls), sum(error.usual.events), error.usual.hours) == (50_100, 1003, 100)
    (kept,) = [one for one in made.release().past if one.metric == "call.error"]
    assert kept == error


def test_2_7_a_start_without_a_store_of_telemetry_or_asked_for_nothing_keeps_none() -> None:
    """`control_ratio: 0`, a plan that compares nothing but latencies of which nothing is known, or nothing at all."""
    for changes in ({"control_ratio": 0.0}, {"guardrails": (Guardrail(metric="latency.p95"),)}):
        assert start(shop(**changes)).past == ()
    made = shop()
    assert start_release(made.control, 1, PERSON, made.ids, "s", "shop", made.candidate.name, "").past == ()


def test_2_7_a_latency_is_judged_by_the_releases_own_yardstick() -> None:
    """Calls above the control's own p95, of calls whose latency is known."""
    rail = Guardrail(metric="latency.p95")
    made = shop(guardrails=(rail,))
    seen = histogram.of([100_000.0] * 90 + [900_000.0] * 10).encode()
    with made.telemetry.tx() as tx:
        tx.add_rollups(
            [minute(START_US - n * HOUR_US, made.baseline.digest, 0, latency=seen, host="h2") for n in range(1, 100)]
        )
    now_us = made.clock.now_us()
    known = own_yardsticks(made.control, made.telemetry, now_us, "shop")
    (past,) = own_past(made.control, made.telemetry, now_us, "shop", known)[made.baseline.digest]
    assert past.at_us == known[made.baseline.digest][0].at_us
    assert (sum(past.usual.calls), sum(past.usual.events)) == (9900, 0 if past.at_us > 890_000 else 990)


def test_2_7_a_provider_that_fails_both_arms_pauses_until_a_person_resumes() -> None:
    """The tick sees it, says it once, replays it from the trail, and goes on when told; more of it pauses again."""
    made = shop()
    started = start(made)
    assert go_on(made, 4, errors=10).state is State.RUNNING
    held = go_on(made, 4, errors=100)
    assert held.hold is not None
    assert held.hold.trigger == "control_health:call.error"
    assert "which is not the candidate's doing: " in held.reason
    with made.control.tx() as tx:
        told = [one for one in replayed(tx.audit_entries(0, 10_000)) if one.action == Action.TICK_PAUSED]
    assert [one.outcome for one in told] == ["identical"]
    resume_release(made.control, made.clock.now_us(), PERSON, started.id, "the provider says it is mended")
    assert go_on(made, 3, errors=10).state is State.RUNNING
    assert go_on(made, 4, errors=100).state is State.PAUSED


@pytest.mark.parametrize("parts", [{7: 100}, dict.fromkeys(range(16), 6)])
def test_2_7_one_users_failing_calls_pause_nobody_and_everybodys_do(parts: dict[int, int]) -> None:
    """A hundred in each minute, of one part of users: that may be one user. Of all of them it is the provider."""
    made = shop()
    start(made)
    for _ in range(5):
        told = {ERROR: sum(parts.values())}
        with made.telemetry.tx() as tx:
            tx.add_rollups([minute(made.clock.now_us(), made.baseline.digest, 0, 400, host="h2", events=told,
                                   event_parts=encode({ERROR: parts}))])  # fmt: skip
        made.seconds(60)
    assert (made.release().state is State.PAUSED) == (len(parts) > 1)


def test_2_7_a_short_past_changes_nothing() -> None:
    """Two days are too few: the release goes on as it did before there was any of this."""
    made = shop(hours=48)
    start(made)
    assert go_on(made, 8, errors=250).state is State.RUNNING


def test_2_7_minutes_are_read_once_and_caught_up_with() -> None:
    """The first round reads none; then whole minutes behind the watermark, a few at most in a round."""
    release = start(shop())
    at_us = START_US - START_US % MINUTE_US
    first = live_window(release, None, at_us + 59_000_000)
    assert first is not None
    assert (first.from_us, first.to_us, first.version) == (at_us, at_us, release.control)
    stored = Progress(release=release.id, step=0, live_until_us=at_us)
    assert live_window(release, stored, at_us + MINUTE_US - 1) is None
    late = live_window(release, stored, at_us + 3 * HOUR_US)
    assert late is not None
    assert (late.from_us, late.to_us) == (at_us, at_us + MOST_MINUTES * MINUTE_US)
    assert live_window(release, stored, 0) is None
    assert live_window(release, stored, at_us - HOUR_US) is None
    assert live_window(msgspec.structs.replace(release, past=()), stored, late.to_us) is None


@pytest.mark.parametrize("hours", [PAST_HOURS, PAST_HOURS + 50])
def test_2_7_a_week_is_looked_back_at(hours: int) -> None:
    """And no further: what was worse or better before is past."""
    made = shop(hours=hours)
    (error,) = [one for one in start(made).past if one.metric == "call.error"]
    assert error.usual.hours == PAST_HOURS


def test_2_7_an_app_that_sleeps_at_night_is_looked_back_at_until_enough_hours_have_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nights without calls are no part of the hours that a past must have, however many rows its days have."""
    monkeypatch.setattr(observe_live, "MOST_ROWS", 30)
    made = shop(guardrails=(Guardrail(metric="latency.p95"),))
    seen = histogram.of([100_000.0] * 100).encode()
    daily = [n for n in range(1, PAST_HOURS + 1) if n % 24 < 12]
    with made.telemetry.tx() as tx:
        tx.add_rollups(
            [minute(START_US - n * HOUR_US, made.baseline.digest, 0, latency=seen, host="h2") for n in daily]
        )
    now_us = made.clock.now_us()
    known = own_yardsticks(made.control, made.telemetry, now_us, "shop")
    (past,) = own_past(made.control, made.telemetry, now_us, "shop", known)[made.baseline.digest]
    assert past.usual.lacking == ""
    assert LEAST_HOURS <= past.usual.hours < len(daily)


def redeclared(made: Production, **changes: object) -> None:
    """The app with another declaration, from now on."""
    with made.control.tx() as tx:
        state = tx.app("shop")
    assert state is not None
    configure_app(made.control, made.clock.now_us(), PERSON, msgspec.structs.replace(state.config, **changes))


def test_2_7_slow_answers_are_told_apart_by_user_with_the_releases_own_bounds() -> None:
    """Hosts count by the slots of the release that a call belongs to: what they counted for another says nothing."""
    made = shop(guardrails=(Guardrail(metric="call.error"), Guardrail(metric="latency.p95")))
    release = msgspec.structs.replace(
        start(made),
        past=(Past(metric="latency.p95", usual=learn([]), at_us=900_000),),
        yardsticks=(Yardstick(metric="latency.p95", at_us=900_000, values=9000, source="history"),),
    )
    (measured,) = measures(release.plan, release.yardsticks)
    slow = histogram.of([1_500_000.0] * 6).encode()
    rows = [minute(START_US, release.control, 0, 6, release=name, latency=slow,
                   event_parts=encode({bit_of(measured): {3: count}}))
            for name, count in ((release.id, 4), ("rel_other", 2))]  # fmt: skip
    with made.telemetry.tx() as tx:
        tx.add_rollups(rows)
    start_us = START_US - START_US % MINUTE_US
    fields = frozenset({"latency", "event_parts"})
    with made.telemetry.tx() as tx:
        window = LiveWindow("shop", release.control, start_us, start_us + MINUTE_US, fields)
        (told,) = observe_live.observe_live(Reads(tx), release, window)
    assert told.counts == ((12, 12),)
    assert (told.parts[0][3], sum(told.parts[0])) == (4, 4)


def test_2_7_what_was_measured_otherwise_is_no_past() -> None:
    """A time-out was changed ten hours ago: what failed before failed by another rule. It says so, and since when."""
    made = shop(guardrails=(Guardrail(metric="call.error"), Guardrail(metric="call.refusal")))
    changed_us = START_US - 10 * HOUR_US
    with made.control.tx() as tx:
        state = tx.app("shop")
        assert state is not None
        tx.put_app(msgspec.structs.replace(state, measured_since={"call.error": changed_us}))
    error, refusal = start(made).past
    assert (error.usual.hours, error.measured_us) == (9 + (changed_us % HOUR_US == 0), changed_us)
    assert (refusal.usual.hours, refusal.measured_us) == (100, 0)
    text = sentence(ControlSeen(metric="call.error", calls=1, events=0, expected=0, log_e=0, no_data="few"), error, 1.5)
    assert re.search(r"few, from \d{4}-\d\d-\d\d \d\d:00 UTC on, when how it is told had changed on \d{4}-", text)
    assert go_on(made, 4, errors=300).state is State.RUNNING


def test_2_7_a_rule_that_changes_while_a_release_goes_on_pauses_nobody() -> None:
    """From the change on its events are no longer compared with a past of the other rule; those of others are."""
    made = shop()
    release = start(made)
    assert go_on(made, 3, errors=10).state is State.RUNNING
    redeclared(made, limits=Limits(total_s=20.0))
    assert go_on(made, 4, errors=300).state is State.RUNNING
    with made.control.tx() as tx:
        progress = tx.progress(release.id)
    assert progress is not None
    found = judge_control(release, progress.live)
    assert found is not None
    told = {one.metric: one.no_data for one in found.seen}
    assert told.pop("call.error") == "the app has changed how it is told since the release began"
    assert set(told.values()) == {""}


def test_2_7_a_rule_that_changes_while_a_release_is_being_started_counts_as_changed_since() -> None:
    """Its past was read before, though the change has the earlier time; one that its past begins after does not."""
    release = start(shop())
    (first_us,) = {begins_us(one) for one in release.past}
    state = AppState(config=AppConfig(name="shop"))
    for since_us, names in ((release.created_at_us - 1, ("call.error",)), (first_us, ()), (0, ())):
        changed = msgspec.structs.replace(state, measured_since={"call.error": since_us})
        assert observe_live.remeasured(release, changed) == names
    assert observe_live.remeasured(release, None) == ()


def test_2_7_users_who_met_the_version_as_members_of_a_population_are_no_past_of_all() -> None:
    """Live since yesterday: what staff did with it in its own release says little of everybody."""
    made = shop(hours=0)
    live = made.baseline.digest
    staff = Population(when=Condition(name="staff", values=(True,)))
    first = msgspec.structs.replace(LONG.steps[0], population=staff)
    plan = msgspec.structs.replace(LONG, steps=(first, *LONG.steps), stages=())
    earlier = msgspec.structs.replace(
        start(shop()), id="rel_earlier", candidate=live, state=State.PROMOTED, past=(), plan=plan
    )
    with made.control.tx() as tx:
        tx.insert_release(earlier)
    with made.telemetry.tx() as tx:
        for n in range(1, 100):
            at: Any = {"start_us": START_US - n * HOUR_US, "version": live, "release": "rel_earlier", "calls": 100}
            tx.add_rollups([minute(errors=90, stratum=0, arm=1, **at), minute(errors=2, stratum=1, arm=1, **at)])
    now_us = made.clock.now_us()
    (error,) = [
        one for one in own_past(made.control, made.telemetry, now_us, "shop")[live] if one.metric == "call.error"
    ]
    assert (sum(error.usual.calls), sum(error.usual.events)) == (9900, 198)
