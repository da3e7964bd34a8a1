"""The risk of a release: what its difference implies, and what a person adds to that or takes back (M1, M2)."""

from __future__ import annotations

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.versions.release_type import BASE_RISK, Level, Proposal, ReleaseType, risk_level

MODIFIERS: dict[str, int] = {
    "new-query-category": 31,
    "moderate-drift": 31,
    "significant-restructuring": 61,
    "new-tool": 61,
    "new-api": 61,
    "policy-change": 61,
    "multi-modal": 86,
    "wider-policy-scope": 86,
    "regulatory-change": 86,
    "full-replacement": 86,
}
"""What a person can say that no difference shows, and the least risk that each asks for (M1)."""


class RiskWord(msgspec.Struct, frozen=True, kw_only=True):
    """What a person says of a release's risk: its type (empty: as proposed), why it is less than proposed, and
    modifiers, names of `MODIFIERS`."""

    type: str = ""
    reason: str = ""
    modifiers: tuple[str, ...] = ()

    @property
    def is_silent(self) -> bool:
        """Whether nothing was said that would change anything."""
        return not self.type and not self.modifiers


SILENT = RiskWord()
"""Nobody has said anything: the difference speaks alone."""


class Risk(msgspec.Struct, frozen=True, kw_only=True):
    """The risk that a release was started with, from 0 to 100. `proposed` is the type that the difference implies
    (empty: nothing was live to differ from), `floor` the highest of all modifiers (0: none), `reasons` why, the gravest
    first; `lowered` is why a person says less than is proposed."""

    type: str
    proposed: str
    base_risk: int
    floor: int
    risk: int
    level: Level
    reasons: tuple[str, ...]
    modifiers: tuple[str, ...] = ()
    lowered: str = ""


def assess(proposal: Proposal | None, word: RiskWord) -> Risk | None:
    """The risk of what was proposed, with a person's word; None when there is neither: nothing is live that it would
    differ from, and nobody says what it is.

    Anybody may raise the type; a lower one than proposed needs a reason. Floors hold whatever the type is, but for the
    one that a replacement brings along by itself: it goes with the type. InvalidInput names the field.
    """
    _check_modifiers(word.modifiers)
    if proposal is None and word.is_silent:
        return None
    proposed = proposal.type if proposal is not None else None
    stated = _stated(word.type) if word.type else proposed or ReleaseType.NONE
    is_lower = False
    if proposed is not None and BASE_RISK[stated] < BASE_RISK[proposed]:
        is_lower = True
        _check_lowered(stated, proposed, word.reason)
    base_risk = BASE_RISK[stated]
    found = proposal.reasons if proposal is not None else ()
    floors = [one.floor for one in found if not (is_lower and one.type is ReleaseType.FULL_MODEL_REPLACEMENT)]
    floor = max([*floors, *(MODIFIERS[name] for name in word.modifiers)], default=0)
    risk = max(base_risk, floor)
    return Risk(
        type=stated.value,
        proposed=proposed.value if proposed is not None else "",
        base_risk=base_risk,
        floor=floor,
        risk=risk,
        level=risk_level(risk),
        reasons=(*(one.text for one in found), *(f"a person says: {name}" for name in word.modifiers)),
        modifiers=word.modifiers,
        lowered=word.reason.strip() if is_lower else "",
    )


def risk_text(risk: Risk) -> str:
    """A risk in a few words: `prompt structure, risk 61 (high)`."""
    lowered = f", less than {_words(risk.proposed)}: {risk.lowered}" if risk.lowered else ""
    return f"{_words(risk.type)}, risk {risk.risk} ({risk.level}){lowered}"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _stated(name: str) -> ReleaseType:
    try:
        return ReleaseType(name.strip().lower().replace("-", "_").replace(" ", "_"))
    except ValueError:
        known = ", ".join(one.value for one in ReleaseType)
        raise InvalidInput(f"no release type is named {name!r}", where="type", mend=f"one of: {known}") from None


def _check_lowered(stated: ReleaseType, proposed: ReleaseType, reason: str) -> None:
    if not reason.strip():
        raise InvalidInput(
            f"{_words(stated)} (base risk {BASE_RISK[stated]}) is less than the difference implies: {_words(proposed)} "
            f"(base risk {BASE_RISK[proposed]})",
            where="type_reason",
            mend="say why it is no more than that (`--type-reason`), or leave the type out",
        )


def _check_modifiers(names: tuple[str, ...]) -> None:
    for i, name in enumerate(names):
        if name not in MODIFIERS:
            raise InvalidInput(
                f"no modifier is named {name!r}", where="modifiers", mend=f"some of: {', '.join(MODIFIERS)}"
            )
        if name in names[:i]:
            raise InvalidInput(f"{name} stands twice", where="modifiers", mend="name it once")
