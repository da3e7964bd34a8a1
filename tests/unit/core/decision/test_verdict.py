"""The one order of worse."""

from __future__ import annotations

from serinus.core.decision.verdict import Verdict, worst


def test_order_of_worse() -> None:
    """PASS < INCONCLUSIVE < NO_DATA < ERROR < FAIL, and nothing judged is never a pass."""
    assert sorted(Verdict) == [Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.NO_DATA, Verdict.ERROR, Verdict.FAIL]
    assert worst([Verdict.PASS, Verdict.NO_DATA]) is Verdict.NO_DATA
    assert worst([]) is Verdict.NO_DATA
    assert Verdict.NO_DATA.label == "no_data"
