"""Evidence: no data is an outcome."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.core.errors import InvalidInput
from serinus.core.stats.evidence import Evidence, NoData, nothing


def test_no_data_is_an_e_value_of_one_with_a_reason() -> None:
    """Nobody is accused and nobody cleared, and the reason stays."""
    found = nothing(NoData(reason="nobody enrolled"))
    assert found == Evidence(log_e=0.0, no_data="nobody enrolled")
    assert found.p_value == 1.0


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_p_values_fall_as_evidence_grows(a: float, b: float) -> None:
    """p is in [0, 1] and monotone in log E, for evidence of any size."""
    low, high = sorted((a, b))
    assert 0.0 <= Evidence(log_e=high).p_value <= Evidence(log_e=low).p_value <= 1.0


def test_p_value_is_the_inverse_of_e() -> None:
    """E = 20 is p = 0.05."""
    assert Evidence(log_e=math.log(20)).p_value == pytest.approx(0.05)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_evidence_is_a_number(bad: float) -> None:
    """NaN and infinity never reach a decision."""
    with pytest.raises(InvalidInput):
        Evidence(log_e=bad)


def test_no_data_cannot_carry_evidence() -> None:
    """Either there are data or log E is 0."""
    with pytest.raises(InvalidInput):
        Evidence(log_e=1.0, no_data="nobody enrolled")


def test_stored_evidence_is_rounded_to_a_millionth() -> None:
    """A replay on a machine whose last digits differ stores the same number."""
    assert Evidence(log_e=3.00000012345).stored == Evidence(log_e=3.00000012999).stored == 3.0
