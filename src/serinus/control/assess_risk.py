"""Assess the risk of a release that would start now (M1)."""

from __future__ import annotations

from serinus.core.versions.content import parse_content
from serinus.core.versions.diff import diff
from serinus.core.versions.release_type import propose
from serinus.core.versions.risk import Risk, RiskWord, assess
from serinus.ports.control_store import ControlTx, StoredVersion


def assess_risk(tx: ControlTx, app: str, control: str, candidate: StoredVersion, word: RiskWord) -> Risk | None:
    """The risk of what leads from the live version (a digest; empty: none) to the candidate, with a person's word; None
    for a first release of which nobody says what it is. InvalidInput for a word that cannot be, or lowers without a
    reason."""
    live = tx.find_version(app, control) if control else None
    if live is None:
        return assess(None, word)
    return assess(propose(diff(parse_content(live.content), parse_content(candidate.content))), word)
