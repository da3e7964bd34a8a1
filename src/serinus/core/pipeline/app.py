"""An application as it is configured: how units are found, what limits hold, and the plan its releases follow."""

from __future__ import annotations

from typing import Literal

import msgspec

from serinus.core.pipeline.notifications import Notifications
from serinus.core.pipeline.plan import Plan
from serinus.core.routing.snapshot import BUILT_IN, FormatRule, Limits, PolicyRule


class AppConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What the user declares of an app; fields as in `routing.snapshot.App`. `plan` is None until one is declared.

    Kept texts are deleted when they are `payload_days` old."""

    name: str
    plan: Plan | None = None
    unit: Literal["user", "request", "refuse"] = "user"
    limits: Limits = Limits()
    format_rule: FormatRule | None = None
    fallback_message: str = ""
    overdue_s: float = 30.0
    payload_share: float = 0.0
    payload_days: int = 30
    rules: tuple[PolicyRule, ...] = ()
    redact: tuple[str, ...] = BUILT_IN
    redact_patterns: dict[str, str] = {}
    notifications: Notifications = Notifications()


class AppState(msgspec.Struct, frozen=True, kw_only=True):
    """An app and what it serves: digests of the live version and of an override (None: none)."""

    config: AppConfig
    live: str | None = None
    override: str | None = None
    project: str = "default"
