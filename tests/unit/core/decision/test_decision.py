"""`decide`: one command at most, in the order of the questions, for reasons that carry numbers."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.core.decision.commands import Advance, Command, Confirm, Pause, Promote, Resume, RollBack
from serinus.core.decision.decision import Decision, Evidence, decide, replay
from serinus.core.decision.observations import Fleet, Flow, Observations, Units
from serinus.core.decision.verdict import Verdict
from serinus.core.release.release import Hold, Progress, Release
from serinus.core.release.table import Event, State
from serinus.core.release.transitions import paused, withdrawn
from tests.unit.core.decision.cases import ERROR, NOW_US, PLAN, minutes, running, seen, served

HARMFUL = {ERROR: (60, 10), "call.refusal": (4, 4)}
QUIET = Flow(age_ms=61_000, seen=True)


def command_of(decision: Decision) -> Command | None:
    """The one command, if there is one."""
    assert len(decision.commands) <= 1
    return decision.commands[0] if decision.commands else None


def judged(release: Release, observations: Observations, progress: Progress | None = None) -> Command | None:
    """What is to be done with a release whose dwell is served."""
    return command_of(decide(release, progress or served(release), observations, NOW_US))


def held(trigger: str, auto_resume: bool = False, deadline: bool = False) -> Release:
    """A paused release on its first step."""
    hold = Hold(trigger=trigger, reason="r", at_us=5, auto_resume=auto_resume, deadline_us=9 if deadline else 0)
    return paused(running(), hold)


def test_a_served_step_advances() -> None:
    """Dwell and sample served without evidence of harm: the next step, with both counts in the reason."""
    command = judged(running(), seen())
    assert isinstance(command, Advance)
    assert "5 %" in command.reason
    assert "50 %" in command.reason
    assert "400 candidate and 400 control units" in command.reason


def test_a_served_watch_promotes() -> None:
    """After the watch the candidate becomes the live version."""
    assert isinstance(judged(running(step=2), seen()), Promote)


@pytest.mark.parametrize(
    "observations",
    [
        seen(units=(Units(0, 99, 200),)),
        seen(units=(Units(0, 200, 99),)),
        seen(units=(Units(1, 500, 500),)),
        seen(units=()),
    ],
)
def test_each_arm_needs_the_units_of_this_step(observations: Observations) -> None:
    """Units of other strata, or of one arm alone, do not make up the step's sample."""
    decision = decide(running(), served(running()), observations, NOW_US)
    assert command_of(decision) is None
    assert decision.verdict > Verdict.PASS


def test_dwell_short_by_a_second_waits() -> None:
    """A dwell is a minimum."""
    assert judged(running(), seen(), served(running(), 58_000)) is None


@pytest.mark.parametrize(
    "observations",
    [
        seen(fleet=Fleet(live=2, watermark_us=NOW_US, late=("h2",))),
        seen(fleet=Fleet(live=0)),
        seen(candidate=Flow(age_ms=0, seen=False)),
        seen(control=QUIET),
        seen(override="b" * 64),
        seen(limits=(minutes([0.0, 0.0, 0.5]),)),
        seen(positions=HARMFUL),
    ],
)
def test_nothing_is_served_outside_health(observations: Observations) -> None:
    """A late host, a silent or unknown arm, an override, one bad minute or harm stop the dwell."""
    assert decide(running(), served(running(), 5000), observations, NOW_US).progress.dwell_ms == 5000
    assert decide(running(), served(running(), 5000), seen(), NOW_US).progress.dwell_ms == 6000


def test_what_is_waited_for_is_kept_as_a_sentence() -> None:
    """Every round leaves behind why the release did not go on."""
    lacking = decide(running(), served(running(), 10_000), seen(), NOW_US).progress.waiting
    assert lacking == "At 5 %: 49 s of 60 s in health are left"
    held_by = decide(held("person"), None, seen(), NOW_US).progress.waiting
    assert held_by == "Paused until a person resumes: r"
    assert decide(running(), served(running()), seen(), NOW_US).progress.waiting == ""


def test_order_of_questions() -> None:
    """Override before harm, harm before limits, limits before missing data, missing data before the next step."""
    broken = (minutes([0.5] * 5),)
    everything = seen(override="b" * 64, positions=HARMFUL, limits=broken, candidate=QUIET)
    steps: list[tuple[Observations, type[object], str]] = [
        (everything, Pause, "override"),
        (msgspec.structs.replace(everything, override=None), RollBack, "errors (60 of 400) against"),
        (seen(limits=broken, candidate=QUIET), RollBack, "above 2.5%"),
        (seen(candidate=QUIET), Pause, "No answered call of the candidate"),
        (seen(), Advance, ""),
    ]
    for observations, kind, text in steps:
        command = judged(running(), observations)
        assert isinstance(command, kind)
        assert text in command.reason


def test_harm_names_counts_ratio_and_evidence() -> None:
    """The reason of a rollback is one sentence with the numbers a product manager needs."""
    command = judged(running(), seen(positions=HARMFUL))
    assert isinstance(command, RollBack)
    assert "15 % of candidate users had errors (60 of 400) against 2.5 % of control (10 of 400)" in command.reason
    assert "6.0 times as many" in command.reason
    assert "1.25 times is tolerated" in command.reason
    assert "it acts at 1 in 100" in command.reason


def test_the_watch_compares_nothing() -> None:
    """The comparison closes when the watch begins."""
    assert isinstance(judged(running(step=2), seen(positions=HARMFUL)), Promote)


def test_no_promotion_past_unjudged_limits() -> None:
    """A watch in which no bucket had enough requests is no pass."""
    thin = seen(limits=(minutes([0.0] * 5, requests=10),))
    assert judged(running(step=2), thin) is None
    assert isinstance(judged(running(), thin), Advance)


@pytest.mark.parametrize(
    ("observations", "trigger"),
    [
        (seen(fleet=Fleet(live=0)), "no_data"),
        (seen(fleet=Fleet(live=2, watermark_us=1, stuck=("h2",), late=("h2",))), "no_data"),
        (seen(candidate=QUIET), "no_data"),
        (seen(control=QUIET), "no_data"),
        (seen(candidate=QUIET, control=QUIET), "no_data"),
        (seen(candidate=Flow(age_ms=61_000, seen=True, in_flight=9, oldest_ms=61_000)), "in_flight"),
        (seen(dropped={"w1": 1}), "spool_drops"),
    ],
)
def test_missing_data_pause(observations: Observations, trigger: str) -> None:
    """Whatever is missing is a pause, never a pass and never a rollback."""
    command = judged(running(), observations)
    assert isinstance(command, Pause)
    assert command.trigger == trigger
    assert command.auto_resume == (trigger != "spool_drops")


def test_missing_data_end_their_own_pause_only() -> None:
    """Returned data resume a pause for missing data; a person's pause stands."""
    assert isinstance(judged(held("no_data", auto_resume=True), seen()), Resume)
    assert judged(held("no_data", auto_resume=True), seen(candidate=QUIET)) is None
    assert judged(held("no_data", auto_resume=True), seen(candidate=Flow(age_ms=0, seen=False))) is None
    assert judged(held("person"), seen()) is None


def test_harm_rolls_back_a_paused_release() -> None:
    """A pause keeps users on the candidate, so harm still acts; another pause is not asked for twice."""
    assert isinstance(judged(held("person"), seen(positions=HARMFUL)), RollBack)
    vetoed = seen(limits=(minutes([0.5] * 5, [0.5] * 5),))
    assert judged(held("person"), vetoed) is None
    assert judged(held("person"), seen(override="b" * 64)) is None


def test_a_deadline_is_counted_in_rounds() -> None:
    """A pause with a deadline rolls back when its time was spent in this pause, whatever the wall clock says."""
    release = held("limit:0", deadline=True)
    over = served(release, held_at_us=5, held_ms=1_799_500)
    other = served(release, held_at_us=4, held_ms=1_799_500)
    assert isinstance(judged(release, seen(), over), RollBack)
    assert judged(release, seen(), other) is None


def test_confirmation_waits_for_every_host() -> None:
    """An ending release is confirmed when no host is left to wait for, and asks nothing else."""
    ending = withdrawn(running(), Event.ABORT, 9, "r")
    waiting = decide(ending, None, seen(fleet=Fleet(live=2, unconfirmed=("h1", "h2"))), NOW_US)
    assert command_of(waiting) is None
    assert "h1, h2" in waiting.findings[-1].text
    assert isinstance(command_of(decide(ending, None, seen(positions=HARMFUL), NOW_US)), Confirm)


def test_an_ending_release_keeps_its_last_positions() -> None:
    """While a rollback waits for confirmation, what was counted up to it stays."""
    ending = withdrawn(running(), Event.ROLL_BACK, 9, "r")
    last = served(ending, positions={ERROR: (60, 10)}, dropped={"w": 1})
    waiting = seen(fleet=Fleet(live=1, unconfirmed=("h1",)))
    assert decide(ending, last, waiting, NOW_US).progress == last


def test_ended_releases_are_left_alone() -> None:
    """Nothing is asked of what is over."""
    over = msgspec.structs.replace(running(), state=State.ROLLED_BACK)
    assert decide(over, None, seen(positions=HARMFUL), NOW_US).commands == ()


FLOWS = st.builds(Flow, age_ms=st.integers(0, 200_000), seen=st.booleans(), in_flight=st.integers(0, 3))
SEEN = st.builds(
    seen,
    elapsed_ms=st.integers(0, 10_000),
    candidate=FLOWS,
    control=FLOWS,
    fleet=st.builds(Fleet, live=st.integers(0, 2), watermark_us=st.just(NOW_US), late=st.sampled_from([(), ("h",)])),
    positions=st.dictionaries(
        st.sampled_from([ERROR, "call.refusal"]), st.tuples(st.integers(0, 500), st.integers(0, 500)), max_size=2
    ),
    limits=st.tuples(
        st.lists(st.sampled_from([0.0, 0.02, 0.5]), max_size=6).map(lambda shares: minutes(shares, shares[::-1]))
    ),
    dropped=st.sampled_from([{}, {"w": 3}]),
    override=st.sampled_from([None, None, "b" * 64]),
)
RELEASES = st.sampled_from(
    [
        running(),
        running(step=1),
        running(step=2),
        held("person"),
        held("no_data", auto_resume=True),
        held("limit:0", deadline=True),
    ]
)


@given(release=RELEASES, observations=SEEN, dwell_ms=st.integers(0, 120_000))
def test_every_decision_can_be_carried_out_and_replayed(
    release: Release, observations: Observations, dwell_ms: int
) -> None:
    """Whatever is seen, the command fits the state, the reason is a sentence, dwell grows by at most the round, and
    the evidence, through JSON, gives the same decision."""
    stored = served(release, dwell_ms)
    decision = decide(release, stored, observations, NOW_US)
    command = command_of(decision)
    if release.state is State.PAUSED:
        assert command is None or isinstance(command, Resume | RollBack)
    else:
        assert not isinstance(command, Resume | Confirm)
    if isinstance(command, Promote):
        assert PLAN.is_watch(release.step)
        assert decision.verdict is Verdict.PASS
    if isinstance(command, Advance):
        assert decision.verdict in (Verdict.PASS, Verdict.NO_DATA)
    assert command is None or len(command.reason) > 10
    assert 0 <= decision.progress.dwell_ms - dwell_ms <= min(observations.elapsed_ms, 2000)
    raw = msgspec.json.encode(decision.evidence)
    again = replay(msgspec.json.decode(raw, type=Evidence))
    assert (again.commands, again.progress, again.findings) == (decision.commands, decision.progress, decision.findings)
