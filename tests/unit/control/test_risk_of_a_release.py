"""A release goes the way that its risk asks for, from its start to its end."""

from __future__ import annotations

import msgspec
import pytest

from serinus.control.approve_release import approve_release
from serinus.control.freeze_releases import freeze_releases
from serinus.control.read_gates import read_gates
from serinus.control.request_release import request_release
from serinus.control.start_release import start_release
from serinus.core.decision.replay import replayed
from serinus.core.decision.signing import signing
from serinus.core.errors import InvalidInput
from serinus.core.pipeline.plan import Step
from serinus.core.pipeline.risk import Demands, Effect, RiskRules
from serinus.core.records.record import Event
from serinus.core.release.release import Release
from serinus.core.release.table import State
from serinus.core.release.waiting import Waiting
from serinus.core.versions.risk import SILENT, RiskWord
from tests.unit.control.production import PERSON, PLAN, Production, rate

RISKY = msgspec.structs.replace(
    PLAN,
    stages=(),
    steps=(Step(share=0.1, dwell_s=5), Step(share=0.5, dwell_s=5), Step(share=1.0, dwell_s=5)),
    risk=RiskRules(
        medium=Demands(canary_floor_s=7.0),
        high=Demands(canary_factor=2.0, confirm_at=(0.25,), confirm_by=("release_manager",)),
        critical=Demands(sign=("executive",)),
    ),
)


def release(world: Production, word: RiskWord = SILENT) -> Release:
    """The start of the candidate's release."""
    return start_release(
        world.control, world.clock.now_us(), PERSON, world.ids, "salt", "shop", world.candidate.name, "try", word=word
    )


def way(found: Release) -> list[tuple[str, float]]:
    """Stages and the dwells of their steps; an approval has none."""
    steps = found.plan.steps
    return [
        (stage.name, sum(steps[i].dwell_s for i in found.plan.steps_of(index)))
        for index, stage in enumerate(found.plan.stages)
    ]


def test_M1_a_person_raises_the_type_and_the_way_is_longer() -> None:
    """Another model than the difference shows: the canary lasts twice as long, and 50 % waits for a confirmation."""
    world = Production(RISKY)
    world.rates = {Event.ERROR: rate(0.01, 0.01)}
    found = release(world, RiskWord(type="base_model_upgrade"))
    assert way(found) == [("rollout", 10), ("confirmation at 50", 0), ("rollout from 50", 10)]
    assert found.reason.endswith("; base model upgrade, risk 75 (high)")
    for _ in range(60):
        world.second()
    held = world.release()
    assert (held.stage, held.step, held.state) == (1, 0, State.RUNNING)
    with world.control.tx() as tx:
        now = signing(held, read_gates(tx, held))
    assert now is not None
    assert now.lacking == ("release_manager",)
    who = "cy (33333333)"
    approve_release(world.control, world.clock.now_us(), who, ("release_manager",), held.id, now.evidence)
    world.until(State.PROMOTED)
    with world.control.tx() as tx:
        again = replayed(tx.audit_entries(0, 1000))
    assert len(again) > 3
    assert [one for one in again if one.outcome != "identical"] == []


def test_M3_the_effect_is_kept_with_the_release_and_in_its_audit_entry() -> None:
    """The risk, why, and each change, as they were at its start."""
    world = Production(RISKY)
    found = release(world, RiskWord(modifiers=("new-query-category",)))
    with world.control.tx() as tx:
        created = next(e for e in tx.audit_entries(0, 1000) if e.action == "person:release:create")
        kept = tx.release(found.id)
    assert kept is not None
    assert msgspec.json.decode(created.evidence, type=Effect) == kept.plan.effect == found.plan.effect
    assert found.plan.effect.risk is not None
    assert found.plan.effect.risk.modifiers == ("new-query-category",)
    assert [(one.what, one.why) for one in found.plan.effect.changes] == [
        ("at 10 % at least 7 s instead of 5 s", "medium risk: 31 of 100")
    ]


def test_M2_an_app_without_rules_keeps_its_way_and_its_words() -> None:
    """What the difference implies is on record, and nothing else is new."""
    world = Production()
    found = world.start()
    assert found.plan.stages == PLAN.stages
    assert found.plan.effect.risk is not None
    assert found.plan.effect.changes == ()
    assert "risk" not in found.reason


def test_M1_a_lower_type_without_a_reason_starts_nothing() -> None:
    """The refusal names the field; with a reason it starts, and the trail says why."""
    world = Production(RISKY)
    with pytest.raises(InvalidInput) as refused:
        release(world, RiskWord(type="none"))
    assert refused.value.where == "type_reason"
    with world.control.tx() as tx:
        assert tx.active_releases() == []
    found = release(world, RiskWord(type="none", reason="only a comment moved"))
    assert "only a comment moved" in found.reason


def test_M1_what_waits_keeps_what_was_said_of_its_risk() -> None:
    """A release asked for in a freeze begins with the type that its person gave."""
    world = Production(RISKY)
    freeze_releases(world.control, world.clock.now_us(), PERSON, True, "stocktaking")
    asked = request_release(
        world.control, world.clock.now_us(), PERSON, world.ids, "salt", "shop", world.candidate.name, "try",
        word=RiskWord(type="base_model_upgrade"),
    )  # fmt: skip
    assert isinstance(asked, Waiting)
    freeze_releases(world.control, world.clock.now_us(), PERSON, False, "done")
    world.second()
    started = world.release()
    assert started.id == asked.id
    assert started.plan.effect.risk is not None
    assert started.plan.effect.risk.level == "high"
