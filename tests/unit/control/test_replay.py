"""Past decisions come out the same from the trail alone, and one that was tampered with does not."""

from __future__ import annotations

import msgspec

from serinus.control.export_audit import export_audit
from serinus.core.audit.entry import Entry
from serinus.core.decision.decision import ENGINE_V, Evidence
from serinus.core.decision.replay import Replayed, replayed
from serinus.core.records.record import Event
from serinus.core.release.release import STATS_V
from serinus.core.release.table import State
from tests.unit.control.production import Production, rate


def _rolled_back(stats_v: int = STATS_V) -> tuple[Production, str]:
    world = Production()
    world.rates = {Event.INVALID_FORMAT: rate(0.3, 0.1)}
    begun = world.start()
    with world.control.tx() as tx:
        tx.replace_release(msgspec.structs.replace(begun, stats_v=stats_v, seq=begun.seq + 1), begun.seq)
    return world, world.until(State.ROLLED_BACK).id


def _trail(world: Production, subject: str) -> list[Entry]:
    return [msgspec.json.decode(line, type=Entry) for line in export_audit(world.control, subject=subject)]


def _with_evidence(entry: Entry, evidence: Evidence) -> Entry:
    return msgspec.structs.replace(entry, evidence=msgspec.json.encode(evidence).decode())


def test_every_decision_of_a_rolled_back_release_is_identical_when_decided_anew() -> None:
    """From exported lines alone: same act, same reason, same numbers, and each question has its answer."""
    world, release = _rolled_back()
    found = replayed(_trail(world, release))
    assert [one.action.rpartition(":")[2] for one in found][-2:] == ["roll_back", "confirm"]
    assert {(one.outcome, one.text) for one in found} == {("identical", "")}
    assert any("harm: fail: The candidate harms" in text for text in found[-2].findings)


def test_every_decision_of_a_promoted_release_is_identical_when_decided_anew() -> None:
    """The way up as well as the way back."""
    world = Production()
    world.rates = {Event.ERROR: rate(0.01, 0.01)}
    world.start()
    release = world.until(State.PROMOTED)
    found = replayed(_trail(world, release.id))
    assert [one.action.rpartition(":")[2] for one in found] == ["advance", "advance", "advance", "promote"]
    assert {one.outcome for one in found} == {"identical"}


def _tampered(stats_v: int = STATS_V, **changes: object) -> Replayed:
    world, release = _rolled_back(stats_v)
    entry = next(one for one in _trail(world, release) if one.action.endswith("roll_back"))
    stored = msgspec.json.decode(entry.evidence, type=Evidence)
    [found] = replayed([_with_evidence(entry, msgspec.structs.replace(stored, **changes))])
    return found


def test_changed_counts_are_a_different_decision() -> None:
    """With no event of the candidate nothing would have been rolled back."""
    world, release = _rolled_back()
    entry = next(one for one in _trail(world, release) if one.action.endswith("roll_back"))
    stored = msgspec.json.decode(entry.evidence, type=Evidence)
    positions = {name: (0, control) for name, (_, control) in stored.observations.positions.items()}
    seen = msgspec.structs.replace(stored.observations, positions=positions)
    [found] = replayed([_with_evidence(entry, msgspec.structs.replace(stored, observations=seen))])
    assert found.outcome == "different"
    assert found.text


def test_changed_results_of_a_computation_are_found() -> None:
    """The act and the reason fit the counts, but the e-value that stands beside them does not."""
    found = _tampered(harm=None)
    assert (found.outcome, found.text) == ("different", "the numbers differ")


def test_decisions_of_another_engine_are_not_compared() -> None:
    """They are told apart, and are no pass."""
    found = _tampered(engine=ENGINE_V + 1)
    assert found.outcome == "other engine"


def test_decisions_of_the_statistics_before_are_compared() -> None:
    """The engine is the same, and a release keeps the statistics that it began with."""
    assert _tampered(stats_v=2, stats=2).outcome == "identical"
    assert _tampered(stats_v=1, stats=2).outcome == "identical"
    assert _tampered(stats_v=1, stats=1).outcome == "other engine"


def test_a_decision_of_statistics_that_did_not_know_those_of_its_release_is_not_compared() -> None:
    """A Serinus of before that led for a while judged by its own: it did not tamper with anything."""
    assert _tampered(stats=2).outcome == "other engine"


def test_evidence_that_cannot_be_read_is_told() -> None:
    """Not a crash, and no pass."""
    world, release = _rolled_back()
    entry = msgspec.structs.replace(_trail(world, release)[-1], evidence="{}")
    [found] = replayed([entry])
    assert found.outcome == "unreadable"
    assert "release" in found.text
