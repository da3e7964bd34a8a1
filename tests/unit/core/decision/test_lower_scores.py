"""Scores that are better when lower, judged online: hallucination (statistics 4.3)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import pytest

from serinus.core.decision.commands import Advance, RollBack
from serinus.core.errors import InvalidInput
from serinus.core.pipeline.guardrail import check_guardrail
from serinus.core.pipeline.plan import Guardrail
from serinus.core.records.labels import AwaitedUnit, Label
from tests.unit.core.decision.test_labels import METRIC, S, command_of, decided, read, release_with, units

INVENTED = Guardrail(metric="judge.hallucination", max_rise=0.02)


def turned(sums: Sequence[AwaitedUnit]) -> list[AwaitedUnit]:
    """The same users with what is left of the scale, as a judge of hallucination tells it."""
    made = []
    for one in sums:
        key = msgspec.structs.replace(one.key, metric=INVENTED.metric)
        label = one.label and Label(one.label.at_us, S - one.label.value)
        made.append(msgspec.structs.replace(one, key=key, label=label))
    return made


def test_H5_a_score_that_is_better_when_lower_is_bet_on_the_other_way_round() -> None:
    """More hallucination is harm, less of it is none; it is the same game as that of a score which falls."""
    worse, better = units(np.random.default_rng(1), 6000, drop=0.15), units(np.random.default_rng(1), 6000, drop=-0.1)
    command = command_of(decided(release_with(INVENTED), read(turned(worse), INVENTED)))
    assert isinstance(command, RollBack)
    for part in ("hallucination was 0.288", "against 0.153", "points higher on a scale of 100", "up to 2 higher"):
        assert part in command.reason, command.reason
    assert isinstance(command_of(decided(release_with(INVENTED), read(turned(better), INVENTED))), Advance)
    assert read(turned(worse), INVENTED).games == read(worse).games


def test_H5a_what_is_tolerated_of_a_rising_score_is_a_rise() -> None:
    """Declared and told in its own direction; the other key is refused, with what to write."""
    assert Guardrail(metric="judge.hallucination", max_rise=0.03).drop == 0.03
    waiting = decided(
        release_with(INVENTED, require="non_inferior"), read(turned(units(np.random.default_rng(3), 200)), INVENTED)
    ).progress.waiting
    assert "hallucination less than 2 % of its scale above the control's" in waiting
    for wrong, said in (
        (Guardrail(metric="judge.hallucination", max_drop=0.02), "better when lower (use `max_rise: 0.02`)"),
        (Guardrail(metric=METRIC, max_rise=0.02), "better when higher (use `max_drop: 0.02`)"),
        (Guardrail(metric="call.error", max_rise=0.02), "no score, so it has no max_rise"),
        (Guardrail(metric="judge.hallucination", max_rise=0.6), "max_rise 0.6 is not in"),
    ):
        with pytest.raises(InvalidInput) as refused:
            check_guardrail("plan.guardrails[0]", wrong)
        assert said in str(refused.value)
