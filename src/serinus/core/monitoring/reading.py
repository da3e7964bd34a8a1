"""One reading of a monitor: what its source gave, and the level that it came to (`level`)."""

from __future__ import annotations

from typing import Literal

import msgspec

Level = Literal["ok", "alert", "critical", "no-data"]
LEVELS: tuple[Level, ...] = ("ok", "alert", "critical", "no-data")
Subject = Literal["live", "candidate", "app"]
"""Whom it is about: the live version, a release's candidate, or the app where a source knows no arms."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What a source gave. `value` None: no number. `samples`: calls that it rests on (None: the source cannot say).
    `baseline`: the same of what it is compared with, named by `against`. `fault`: why there is no number at all.
    `error` and `baseline_error`: standard errors of means."""

    value: float | None = None
    samples: int | None = None
    baseline: float | None = None
    baseline_samples: int | None = None
    against: str = ""
    fault: str = ""
    error: float | None = None
    baseline_error: float | None = None


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """Kept for some days. `definition` is the digest of the monitor that was read, `since_us` when this level began,
    `told` the last level that was announced, `text` all of it in one sentence."""

    app: str
    monitor: str
    subject: Subject
    at_us: int
    level: Level
    text: str
    definition: str
    release: str = ""
    value: float | None = None
    baseline: float | None = None
    samples: int | None = None
    fault: str = ""
    since_us: int = 0
    told: Level = "ok"
