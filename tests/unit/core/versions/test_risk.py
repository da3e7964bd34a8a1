"""The risk of a release, with what a person says of it."""

from __future__ import annotations

import pytest

from serinus.core.errors import InvalidInput
from serinus.core.versions.release_type import Proposal, Reason, ReleaseType
from serinus.core.versions.risk import MODIFIERS, Risk, RiskWord, assess, risk_text

WORDING = Proposal(
    type=ReleaseType.PROMPT_WORDING,
    base_risk=15,
    risk=15,
    reasons=(Reason(type=ReleaseType.PROMPT_WORDING, text="words of the system message"),),
)
TOOL = Proposal(
    type=ReleaseType.PROMPT_STRUCTURE,
    base_risk=35,
    risk=61,
    reasons=(Reason(type=ReleaseType.PROMPT_STRUCTURE, text="a new tool: refund", floor=61),),
)
REPLACED = Proposal(
    type=ReleaseType.FULL_MODEL_REPLACEMENT,
    base_risk=90,
    risk=90,
    reasons=(
        Reason(type=ReleaseType.FULL_MODEL_REPLACEMENT, text="a model of another family", floor=86),
        Reason(type=ReleaseType.PROMPT_STRUCTURE, text="a new tool: refund", floor=61),
    ),
)


def found(proposal: Proposal | None, word: RiskWord) -> Risk:
    risk = assess(proposal, word)
    assert risk is not None
    return risk


def test_M1_what_the_difference_implies_is_the_risk_when_nobody_says_anything() -> None:
    """Base risk, or the floor of what else changes; the level is its word."""
    assert (found(WORDING, RiskWord()).risk, found(WORDING, RiskWord()).level) == (15, "low")
    risk = found(TOOL, RiskWord())
    assert (risk.type, risk.base_risk, risk.floor, risk.risk, risk.level) == ("prompt_structure", 35, 61, 61, "high")
    assert risk.reasons == ("a new tool: refund",)


def test_M1_a_person_raises_the_type_without_a_reason() -> None:
    """More care needs no defence."""
    risk = found(WORDING, RiskWord(type="base-model-upgrade"))
    assert (risk.type, risk.proposed, risk.risk, risk.level) == ("base_model_upgrade", "prompt_wording", 75, "high")
    assert risk.lowered == ""


def test_M1_a_lower_type_needs_a_reason_which_is_kept() -> None:
    """Without one the refusal says what is implied; with one it stands on record."""
    with pytest.raises(InvalidInput, match="less than the difference implies: full model replacement") as refused:
        assess(REPLACED, RiskWord(type="base_model_upgrade", reason="  "))
    assert refused.value.where == "type_reason"
    risk = found(REPLACED, RiskWord(type="base_model_upgrade", reason="an alias of the same weights"))
    assert (risk.risk, risk.level, risk.lowered) == (75, "high", "an alias of the same weights")
    assert risk_text(risk) == (
        "base model upgrade, risk 75 (high), less than full model replacement: an alias of the same weights"
    )


def test_M1_floors_hold_whatever_the_type_is_said_to_be() -> None:
    """A new tool is a new tool; only the floor that a replacement brings along goes with its type."""
    assert found(TOOL, RiskWord(type="prompt_wording", reason="it is never called")).risk == 61
    assert found(REPLACED, RiskWord(type="prompt_wording", reason="an alias")).risk == 61


@pytest.mark.parametrize(("name", "floor"), sorted(MODIFIERS.items()))
def test_M1_a_declared_modifier_sets_its_floor(name: str, floor: int) -> None:
    """And it is named among the reasons."""
    risk = found(WORDING, RiskWord(modifiers=(name,)))
    assert (risk.risk, risk.floor, risk.modifiers) == (floor, floor, (name,))
    assert risk.reasons[-1] == f"a person says: {name}"


def test_H13_with_nothing_live_only_a_person_knows_the_risk() -> None:
    """Nothing to differ from: unknown, unless somebody says what it is."""
    assert assess(None, RiskWord()) is None
    assert found(None, RiskWord(type="full_model_replacement")).level == "critical"
    assert found(None, RiskWord(modifiers=("multi-modal",))).risk == 86


@pytest.mark.parametrize(
    ("word", "where"),
    [
        (RiskWord(type="hotfix"), "type"),
        (RiskWord(modifiers=("harmless",)), "modifiers"),
        (RiskWord(modifiers=("new-tool", "new-tool")), "modifiers"),
    ],
)
def test_an_unknown_word_is_refused_with_the_known_ones(word: RiskWord, where: str) -> None:
    """Named with its field."""
    with pytest.raises(InvalidInput) as refused:
        assess(WORDING, word)
    assert refused.value.where == where
    assert refused.value.mend
