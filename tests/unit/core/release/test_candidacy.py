"""The state of a version, from its releases."""

from __future__ import annotations

from itertools import product

import msgspec
import pytest

from serinus.core.pipeline.stages import ApprovalStage, OfflineStage, RolloutStage, ShadowStage
from serinus.core.release.candidacy import TABLE, WITHOUT_EFFECT, version_state
from serinus.core.release.release import Release
from serinus.core.release.table import State
from tests.unit.core.decision.cases import PLAN, created

STAGES = (
    OfflineStage(name="offline", suites=("s",)), ShadowStage(name="shadow"),
    ApprovalStage(name="go", roles=("ml_lead",)), RolloutStage(steps=PLAN.steps),
)  # fmt: skip


def _release(state: State, stage: int, step: int = -1) -> Release:
    plan = msgspec.structs.replace(PLAN, stages=STAGES)
    return msgspec.structs.replace(created(), plan=plan, state=state, stage=stage, step=step)


def test_b3_the_table_is_total() -> None:
    """Every state of a release that has an effect is there with every kind of stage."""
    kinds = [type(stage) for stage in STAGES]
    assert set(TABLE) == set(product(set(State) - WITHOUT_EFFECT, kinds))


@pytest.mark.parametrize(
    ("release", "state"),
    [
        (_release(State.RUNNING, 0), "validation"),
        (_release(State.PAUSED, 1), "shadow"),
        (_release(State.RUNNING, 2), "preprod"),
        (_release(State.RUNNING, 2, step=0), "canary"),
        (_release(State.WATCHING, 3, step=1), "canary"),
        (_release(State.ROLLING_BACK, 3, step=0), "rolledback"),
        (_release(State.REJECTED, 1), "rejected"),
        (_release(State.PROMOTED, 3, step=1), "retired"),
        (_release(State.ABORTED, 3, step=1), "dev"),
    ],
)
def test_b3_the_release_says_where_a_version_stands(release: Release, state: str) -> None:
    """By the kind of its stage while it is under way, a candidate that users may have seen is a canary; by its end
    after. An aborted release says nothing."""
    assert version_state(False, False, [release]) == state


def test_b3_what_is_live_is_prod_and_what_was_is_retired() -> None:
    """Whatever its releases were; a version without any is new. An aborted attempt leaves what was before it."""
    back, aborted = _release(State.ROLLED_BACK, 3, 0), _release(State.ABORTED, 3, 0)
    assert version_state(True, True, [back]) == "prod"
    assert version_state(False, True, []) == "retired"
    assert version_state(False, True, [aborted]) == "retired"
    assert version_state(False, False, []) == "dev"
    assert version_state(False, False, [aborted, back]) == "rolledback"
