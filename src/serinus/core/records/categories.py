"""Categories of hand-overs as they are counted: callers name them, so that there must be no end of room for them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from serinus.core.records.sums import ESCALATED_FOR, SumKey

MOST = 50
"""Categories of a release that are counted by name; every one after them is one of `OTHERS`."""
OTHERS = "others"


def known_categories(keys: Collection[SumKey]) -> frozenset[str]:
    """Those that have a sum."""
    return frozenset(key.metric.removeprefix(ESCALATED_FOR) for key in keys if key.metric.startswith(ESCALATED_FOR))


def counted_categories(
    told: Mapping[tuple[str, bytes], str], known: Mapping[str, frozenset[str]]
) -> dict[tuple[str, bytes], str]:
    """What each unit's hand-over counts as, by release and unit; `known` are the categories that a release has."""
    names = {release: set(own) for release, own in known.items()}
    found: dict[tuple[str, bytes], str] = {}
    for (release, unit), name in sorted(told.items()):
        own = names.setdefault(release, set())
        kept = name if name in own or len(own) < MOST else OTHERS
        own.add(kept)
        found[release, unit] = kept
    return found
