"""Late and missing labels: ripe for both arms alike, and judged themselves."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from serinus.core.errors import InvalidInput
from serinus.core.stats import events, missing
from serinus.core.stats.events import Margin
from serinus.core.stats.missing import Awaited, Labels, LabelState

SECOND = 1_000_000
EQUAL = Margin(1.0, 2.0)
ALPHA = 0.05


@pytest.mark.parametrize(
    ("labelled_s", "now_s", "state"),
    [
        (None, 59, LabelState.PENDING),
        (10, 59, LabelState.PENDING),
        (10, 60, LabelState.LABELLED),
        (60, 60, LabelState.LABELLED),
        (None, 60, LabelState.MISSING),
        (61, 10**6, LabelState.MISSING),
    ],
)
def test_a_label_counts_when_its_unit_is_ripe(labelled_s: int | None, now_s: int, state: LabelState) -> None:
    """Before the maturation time of 60 s it waits even if it is there; after it, a late label stays missing."""
    unit = Awaited(5 * SECOND, None if labelled_s is None else (5 + labelled_s) * SECOND)
    assert missing.state_of(unit, (5 + now_s) * SECOND, 60) is state


@given(st.lists(st.tuples(st.integers(0, 100), st.none() | st.integers(0, 200)), max_size=30), st.integers(0, 300))
def test_counts_are_those_of_the_states_and_merge(units: list[tuple[int, int | None]], now_s: int) -> None:
    """Every unit has exactly one state, and disjoint units merge in any order."""
    awaited = [Awaited(at * SECOND, None if came is None else (at + came) * SECOND) for at, came in units]
    whole = missing.counted(awaited, now_s * SECOND, 50)
    assert whole.pending + whole.matured == len(units)
    parts = [missing.counted(awaited[i::3], now_s * SECOND, 50) for i in range(3)]
    assert parts[0].plus(parts[1]).plus(parts[2]) == parts[2].plus(parts[1].plus(parts[0])) == whole


def test_a_ripe_state_never_changes() -> None:
    """What was decided at maturation is decided for good, whatever arrives later."""
    unit = Awaited(0, 70 * SECOND)
    assert {missing.state_of(unit, t * SECOND, 60) for t in (60, 70, 71, 10**6)} == {LabelState.MISSING}


def test_labels_on_arrival_are_wrong() -> None:
    """Equal arms, of which the candidate's complaints come sooner: on arrival they accuse it, ripe they do not."""
    rng = np.random.default_rng(1)
    hour, looks = 3600, range(1, 13)
    on_arrival = ripe = 0
    for _ in range(200):
        counts: dict[str, list[np.ndarray]] = {"arrival": [], "ripe": []}
        for mean_delay_h in (0.5, 6.0):
            exposed = rng.uniform(0, 12, 1500)
            bad = rng.random(1500) < 0.1
            came = exposed + np.minimum(rng.exponential(mean_delay_h, 1500), 24.0)
            counts["arrival"].append(np.array([(bad & (came <= t)).sum() for t in looks]))
            awaited = [
                Awaited(round(e * hour * SECOND), round(c * hour * SECOND))
                for e, c in zip(exposed[bad], came[bad], strict=True)
            ]
            counts["ripe"].append(
                np.array([missing.counted(awaited, (t + 24) * hour * SECOND, 24 * hour).labelled for t in looks])
            )
        for kind in counts:
            log_e = events.harm(counts[kind][0], counts[kind][1], EQUAL)
            hit = bool((log_e >= math.log(1 / ALPHA)).any())
            on_arrival, ripe = on_arrival + (hit and kind == "arrival"), ripe + (hit and kind == "ripe")
    assert on_arrival > 150
    assert ripe <= stats.binom.ppf(1 - 1e-6, 200, ALPHA)


def test_labels_that_go_missing_in_one_arm_are_harm() -> None:
    """Missing is an event: 90 of 1,000 against 40 accuses, and pending ones say nothing."""
    candidate = Labels(pending=500, labelled=910, missing=90)
    control = Labels(pending=2, labelled=960, missing=40)
    found = missing.harm(candidate, control, EQUAL)
    assert found.log_e == float(events.harm(90, 40, EQUAL))
    assert found.log_e > math.log(100)


def test_nothing_ripe_or_nothing_missing_is_no_data() -> None:
    """Log E = 0 with the reason: one arm not ripe, or every label there."""
    ripe = Labels(labelled=50, missing=3)
    for candidate, control in ((Labels(pending=9), ripe), (ripe, Labels()), (Labels(labelled=5), Labels(labelled=6))):
        found = missing.harm(candidate, control, EQUAL)
        assert found.log_e == 0.0
        assert found.no_data


def test_bad_input_is_refused() -> None:
    """Counters below 0, a negative maturation time, a margin at the design ratio."""
    with pytest.raises(InvalidInput):
        Labels(pending=-1)
    with pytest.raises(InvalidInput):
        missing.state_of(Awaited(0), 5, -1)
    with pytest.raises(InvalidInput):
        missing.harm(Labels(missing=1), Labels(missing=1), Margin(2.0, 2.0))
