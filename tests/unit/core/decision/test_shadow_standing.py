"""How a shadow stage stands, for people: the same numbers as the tick's."""

from __future__ import annotations

import msgspec

from serinus.core.decision.commands import Conclude
from serinus.core.decision.decision import decide
from serinus.core.decision.shadow_standing import shadow_standing
from serinus.core.decision.standing import standing
from serinus.core.fleet import HostStatus, WorkerStatus
from serinus.core.judging.report import result_of
from serinus.core.pipeline.peak import Peak
from serinus.core.records.sums import Sum, SumKey
from serinus.core.release.release import Progress
from serinus.core.release.table import State
from serinus.core.routing.assignment import Arm
from tests.unit.core.decision.cases import NOW_US
from tests.unit.core.decision.test_shadow import FORMAT, STAGE, events, seen, served, shadowing

SUMS = [
    (SumKey("rel_1", -2, "pairs", Arm.SHADOW), Sum(total=150)),
    (SumKey("rel_1", -2, FORMAT, Arm.CANDIDATE), Sum(total=6)),
    (SumKey("rel_1", -2, FORMAT, Arm.CONTROL), Sum(total=2)),
    (SumKey("rel_1", -2, FORMAT, Arm.SHADOW), Sum(total=9)),
    (SumKey("rel_1", -2, "pair.latency", Arm.SHADOW), Sum(count=150, total=1500, squares=1_515_000)),
]
HOSTS = [
    HostStatus(
        host="h",
        beat=1,
        shipped_until_us=NOW_US,
        workers=(
            WorkerStatus(
                instance="w", pid=1, acked=1, leased=True, dropped=0, requests=1, mirror_sent=160, mirror_dropped=4
            ),
        ),
    )
]


def test_E3_both_sides_are_shown_with_what_is_lacking() -> None:
    """Rates of both, the pairs that differ, evidence against its threshold, drops, and numbers of what is missing."""
    release = shadowing(msgspec.structs.replace(STAGE, peak=Peak(hours="09:00-17:00", min_units=10)))
    found = shadow_standing(release, served(dwell_ms=12_000), SUMS, HOSTS, ())
    assert found is not None
    shown = next(one for one in found.events if one.pairs.metric == FORMAT)
    assert (shown.candidate_rate, shown.baseline_rate) == (15 / 150, 11 / 150)
    assert (shown.pairs.candidate_only, shown.pairs.baseline_only, shown.pairs.both) == (6, 2, 9)
    assert 0 < shown.pairs.log_e < found.needed_log_e
    assert (found.units, found.sent, found.dropped, found.outcome) == (150, 160, 4, "")
    (latency,) = found.measures
    assert latency.ratio is not None
    assert 1.009 < latency.ratio < 1.011
    text = "; ".join(found.lacking)
    assert "48 s of 60 s" in text
    assert "50 of 200 units" in text
    assert "10 of 10 units in 09:00-17:00" in text


def test_before_the_first_round_pairs_of_an_earlier_attempt_are_not_shown() -> None:
    """Nobody knows yet which are its own."""
    release = shadowing(attempts=(2, 0, 0))
    found = shadow_standing(release, served(), SUMS, HOSTS, ())
    assert found is not None
    assert (found.units, found.attempt) == (0, 2)
    first = shadow_standing(shadowing(), None, SUMS, HOSTS, ())
    assert first is not None
    assert first.units == 150


def test_an_ended_stage_is_shown_as_it_ended() -> None:
    """From its result, when the sums say more by now."""
    release = shadowing()
    (command,) = decide(release, served(), seen(events=events(format=(40, 1, 5))), NOW_US).commands
    assert isinstance(command, Conclude)
    result = result_of(release.id, 0, 1, NOW_US, command.outcome, command.reason, command.evidence)
    rejected = msgspec.structs.replace(release, state=State.REJECTED)
    found = shadow_standing(rejected, None, SUMS, HOSTS, (result,))
    assert found is not None
    assert (found.outcome, found.units, found.lacking) == ("fail", 300, ())
    assert next(one for one in found.events if one.pairs.metric == FORMAT).pairs.culprit
    assert shadow_standing(rejected, None, SUMS, HOSTS, ()) is None


def test_pairs_are_in_no_compared_arm() -> None:
    """What a shadow found would else be told as what users met."""
    found = standing(shadowing(), Progress(release="rel_1", step=-1), SUMS, HOSTS, 1, NOW_US)
    assert all(event.units == 0 for arm in found.arms for event in arm.events)
    assert found.shadow is not None
