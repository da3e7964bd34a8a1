"""A release that waits to be started: for the end of another one, or of a freeze (H12)."""

from __future__ import annotations

import msgspec

from serinus.core.versions.risk import RiskWord


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """At most one for an app. `id` and `salt` are those that the release will have; `version` is a digest. `why` says
    what it waits for, `word` what its person said of its risk."""

    id: str
    app: str
    version: str
    name: str
    salt: str
    actor: str
    reason: str
    set_aside: str
    at_us: int
    why: str
    word: RiskWord = RiskWord()
