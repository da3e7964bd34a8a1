"""Shares, durations and sizes as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.core.errors import InvalidInput
from serinus.files.units import amount, amount_text, duration_s, duration_text, percent_text, share, size_bytes


@pytest.mark.parametrize(
    ("written", "value"),
    [("5%", 0.05), ("2.5%", 0.025), ("100 %", 1.0), ("0%", 0.0), (0.05, 0.05), (1, 1.0), (0, 0.0), ("0.1%", 0.001)],
)
def test_a_share_is_a_percentage_or_a_number_up_to_one(written: object, value: float) -> None:
    """Percent and plain numbers mean the same, exactly."""
    assert share(written) == value


@pytest.mark.parametrize("written", ["5", "101%", "-1%", 5, -0.1, True, None, [], "٥%", "%", float("nan"), "1e2%"])
def test_what_is_no_share_is_refused(written: object) -> None:
    """`share: 5` could be 5 % or 500 %: it is refused, and the refusal shows both ways to write it."""
    with pytest.raises(InvalidInput, match=r"write `5%` or `0\.05`"):
        share(written)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("30s", 30),
        ("5m", 300),
        ("2h", 7200),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("500ms", 0.5),
        ("1.5s", 1.5),
        ("2d", 172_800),
    ],
)
def test_a_duration_has_units(written: str, seconds: float) -> None:
    """Days to milliseconds, the larger unit first."""
    assert duration_s(written) == seconds


@pytest.mark.parametrize("written", ["30", 30, "", "5 minutes", "30m1h", "1m1m", "-5s", None, "5M", "s", "1h30"])
def test_a_duration_without_a_unit_is_refused(written: object) -> None:
    """A bare number names no unit; units are not repeated or mixed up."""
    with pytest.raises(InvalidInput):
        duration_s(written)


@pytest.mark.parametrize(("written", "size"), [("8MB", 8_000_000), ("64KiB", 65_536), ("1 GiB", 2**30), ("10B", 10)])
def test_a_size_has_units(written: str, size: int) -> None:
    """Decimal and binary units are told apart."""
    assert size_bytes(written) == size


@pytest.mark.parametrize("written", [8, "8", "8mb", "MB", "", None, "-1MB"])
def test_a_size_without_a_unit_is_refused(written: object) -> None:
    """A bare number is no size."""
    with pytest.raises(InvalidInput):
        size_bytes(written)


@given(st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.lists(st.integers())))
def test_any_value_is_read_or_refused(value: object) -> None:
    """No value makes a unit fail in another way than by a refusal."""
    for read in (share, duration_s, size_bytes):
        try:
            assert read(value) >= 0
        except InvalidInput:
            continue


@given(st.integers(min_value=0, max_value=10_000))
def test_a_share_survives_being_shown(basis_points: int) -> None:
    """What is shown of a share in hundredths of a percent reads back as the same share."""
    assert share(percent_text(basis_points / 10_000)) == basis_points / 10_000


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0s"), (0.25, "250ms"), (45, "45s"), (300, "5m"), (5400, "1h30m"), (187_200, "2d4h")]
)
def test_a_duration_is_shown_in_two_units(seconds: float, shown: str) -> None:
    """People see the two largest units."""
    assert duration_text(seconds) == shown


@pytest.mark.parametrize(
    ("unit", "written", "value", "shown"),
    [
        ("share", "2.5%", 0.025, "2.5%"),
        ("ms", "5s", 5000, "5s"),
        ("ms", "1s500ms", 1500, "1.5s"),
        ("ms", "800ms", 800, "800ms"),
        ("tokens/s", "15 tokens/s", 15, "15 tokens/s"),
        ("tokens/s", "2.5tokens/s", 2.5, "2.5 tokens/s"),
    ],
)
def test_an_amount_is_written_in_the_unit_of_its_metric(unit: str, written: str, value: float, shown: str) -> None:
    """And is shown so that it can be written again."""
    assert amount(unit, written) == value
    assert amount_text(unit, value) == shown
    assert amount(unit, shown) == value


@pytest.mark.parametrize(
    ("unit", "written"),
    [("ms", "2.5%"), ("ms", 5), ("share", "5s"), ("tokens/s", 15), ("tokens/s", "15"), ("tokens/s", "fast tokens/s")],
)
def test_an_amount_in_another_unit_is_refused(unit: str, written: object) -> None:
    """Bare numbers too, but for shares: nobody guesses whether 5 are seconds."""
    with pytest.raises(InvalidInput):
        amount(unit, written)
