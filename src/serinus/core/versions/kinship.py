"""Whether two contents are nearly the same: attempts of one lineage, not different candidates (statistics 5)."""

from __future__ import annotations

from typing import Any

import msgspec

from serinus.core.versions.content import VersionContent, digests
from serinus.core.versions.words import changed_share, compare

CHANGED_SHARE = 0.02
"""Share of the prompt's text up to which it is nearly the same. A sentence put right in a short prompt is above it."""
_APART = ("messages", "notes", "known_issues")


def nearly_same(before: VersionContent, after: VersionContent) -> bool:
    """Whether they behave alike by digest, or differ in nothing but `CHANGED_SHARE` of the prompt's text."""
    if digests(before).behaviour == digests(after).behaviour:
        return True
    if _beside_text(before) != _beside_text(after):
        return False
    if [message.role for message in before.messages] != [message.role for message in after.messages]:
        return False
    return changed_share(compare(_text(before), _text(after))) <= CHANGED_SHARE


def _beside_text(content: VersionContent) -> dict[str, Any]:
    tree = msgspec.to_builtins(content)
    return {name: value for name, value in tree.items() if name not in _APART}


def _text(content: VersionContent) -> str:
    return "\n".join(message.template for message in content.messages)
