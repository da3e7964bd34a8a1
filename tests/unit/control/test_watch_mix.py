"""What users are handed over for is counted once for each, and a shift is told once (product.md I)."""

from __future__ import annotations

import itertools

import msgspec

from serinus.adapters.memory_store import MemoryControlStore, MemoryTelemetryStore, memory_stores
from serinus.control.verify_audit import verify_audit
from serinus.control.watch_mix import WatchMix
from serinus.core.decision.mix import judge_mix
from serinus.core.decision.standing import standing
from serinus.core.records.categories import OTHERS
from serinus.core.records.sums import ESCALATED_FOR, SHADOW_STRATUM, Sum, SumKey
from serinus.core.release.release import Release
from serinus.core.routing.assignment import Arm
from serinus.ports.control_store import Page
from tests.fake_workers import ManualClock
from tests.unit.control.production import Production
from tests.unit.core.decision.cases import NOW_US, running

Counts = dict[str, int]


def sums(candidate: Counts, control: Counts, stratum: int = 0) -> list[tuple[SumKey, Sum]]:
    """Units first handed over, by category."""
    arms = (Arm.CANDIDATE, candidate), (Arm.CONTROL, control)
    return [
        (SumKey("rel_1", stratum, ESCALATED_FOR + name, int(arm)), Sum(total=count))
        for arm, counts in arms
        for name, count in counts.items()
    ]


SHIFTED = sums({"refund": 120, "login": 40}, {"refund": 40, "login": 110})


def world(
    release: Release, rows: list[tuple[SumKey, Sum]]
) -> tuple[MemoryControlStore, MemoryTelemetryStore, WatchMix]:
    """Stores with this release and these sums, and a watch over them."""
    numbers = itertools.count(1)
    control, telemetry = memory_stores(lambda size: next(numbers).to_bytes(size, "big"))
    assert control.claim("a", None) is not None
    with control.tx() as tx:
        tx.insert_release(release)
    with telemetry.tx() as writing:
        writing.add_sums(rows)
    return control, telemetry, WatchMix(control, telemetry, ManualClock())


def test_I_a_shift_is_told_once_and_nothing_else_follows() -> None:
    """One notice, one entry in the trail; the release goes on as it was."""
    control, telemetry, watch = world(running(), SHIFTED)
    assert [watch.once(1), watch.once(1)] == [1, 0]
    with telemetry.tx() as writing:
        writing.add_sums(SHIFTED)
    assert watch.once(1) == 0
    with control.tx() as tx:
        notices = [one for one in tx.notices(Page(limit=100))[0] if one.kind == "mix"]
        (entry,) = tx.audit_newest("rel_1", Page(limit=10))[0]
        assert tx.release("rel_1") == running()
    (notice,) = notices
    assert "has shifted: refund is 75 % of the candidate's 160 hand-overs, but 26.7 % of control's 150" in notice.body
    assert (entry.action, entry.reason) == ("tick:release:mix", notice.body)
    assert verify_audit(control)[1] == []


def test_I_more_hand_overs_of_the_same_kinds_are_no_shift() -> None:
    """That is what the guardrail on `feedback.escalated` is for."""
    _, _, watch = world(running(), sums({"refund": 300, "login": 150}, {"refund": 100, "login": 50}))
    assert watch.once(1) == 0


def test_I_the_watch_at_100_percent_compares_nobody() -> None:
    """And a release that nobody sees neither."""
    _, _, watch = world(running(step=2), SHIFTED)
    assert watch.once(1) == 0


def test_I_rare_categories_are_folded_and_pairs_are_none() -> None:
    """Whatever names callers send, there are 16 cells; strata of users add up, those of pairs do not count."""
    many = {f"kind-{number:02}": 40 - number for number in range(30)}
    rows = [*sums(many, many), *sums({"kind-00": 5}, {}, stratum=1), *sums({"kind-00": 500}, {}, SHADOW_STRATUM)]
    found = judge_mix(running(), rows)
    assert len(found.categories) == 16
    assert found.categories[0][0] == OTHERS
    assert ("kind-00", 45, 40) in found.categories
    assert sum(one[1] for one in found.categories) == sum(many.values()) + 5
    assert found.text == ""


def test_I_the_standing_shows_categories_beside_the_other_events() -> None:
    """As units with a share of all of the arm."""
    rows = [*SHIFTED, (SumKey("rel_1", 0, "enrolled", int(Arm.CANDIDATE)), Sum(total=1600))]
    candidate = standing(running(), None, rows, [], 1, NOW_US).arms[0]
    found = candidate.event(ESCALATED_FOR + "refund")
    assert found is not None
    assert (found.units, found.rate) == (120, 0.075)
    assert msgspec.json.encode(candidate)


def test_categories_are_no_positions_of_a_release() -> None:
    """The tick remembers how far events had come, and not every name that callers made up."""
    made = Production()
    release = made.start().id
    with made.telemetry.tx() as writing:
        writing.add_sums([(SumKey(release, 0, ESCALATED_FOR + "refund", int(Arm.CANDIDATE)), Sum(total=1))])
    made.seconds(3)
    with made.control.tx() as tx:
        progress = tx.progress(release)
    assert progress is not None
    assert "enrolled" in progress.positions
    assert not any(name.startswith(ESCALATED_FOR) for name in progress.positions)
