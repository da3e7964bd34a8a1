"""The stages of a pipeline, by kind, and what a stage's measurement came to."""

from __future__ import annotations

from typing import Literal

import msgspec

from serinus.core.pipeline.guardrail import Guardrail
from serinus.core.pipeline.peak import Peak
from serinus.core.pipeline.shadow import MeasureMargin, PairLimit
from serinus.core.pipeline.step import Step

Outcome = Literal["pass", "inconclusive", "no-data", "error", "fail"]


class OfflineStage(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="offline"):
    """Suites (by name) that run on the candidate and, on the same items, on the live version, before any traffic.

    `budget_s`: a run that has not ended by then is inconclusive. `dry_run`: shown, gates nothing.
    """

    name: str
    suites: tuple[str, ...]
    budget_s: float = 4 * 3600.0
    dry_run: bool = False


class ShadowStage(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="shadow"):
    """A copy of live requests goes to the candidate; users never see its answers (E1, E2).

    `share` of eligible calls is mirrored; `min_units` distinct users with a pair and `dwell_s` of healthy mirroring are
    asked before it can pass; `max_concurrency` and `max_cost_usd` bound it: what is above is dropped, counted.
    A stage that is undecided after `budget_s` is inconclusive. `guardrails` compare which of the two had an event
    (none: those of the plan that pairs can tell something of), `limits` are absolute, `measures` compare sizes;
    `peak`: the window that must have been seen. `requests` are suites over imported or recorded requests: while nothing
    is live that could be mirrored, the stage runs them instead (H13).
    """

    name: str
    share: float = 1.0
    dwell_s: float = 12 * 3600.0
    min_units: int = 500
    max_concurrency: int = 32
    max_cost_usd: float = 0.0
    budget_s: float = 18 * 3600.0
    guardrails: tuple[Guardrail, ...] = ()
    limits: tuple[PairLimit, ...] = ()
    measures: tuple[MeasureMargin, ...] = ()
    peak: Peak | None = None
    requests: tuple[str, ...] = ()


class ApprovalStage(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="approval"):
    """People: one identity for each role, none of them the version's author or the release's (G1).

    Approvals bind to the version's digest and the digest of the evidence shown, and lapse when either changes.
    `sla_s`: when the reminder goes out; nothing is ever approved by time passing (G4).
    """

    name: str
    roles: tuple[str, ...]
    sla_s: float = 4 * 3600.0


class RolloutStage(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="rollout"):
    """Traffic: its steps are taken in order; shares grow over all rollouts of a plan."""

    steps: tuple[Step, ...]
    name: str = "rollout"


Stage = OfflineStage | ShadowStage | ApprovalStage | RolloutStage
MeasuredStage = OfflineStage | ShadowStage
"""Stages that a measurement decides: its StageResult."""


class StageResult(msgspec.Struct, frozen=True, kw_only=True):
    """What the measurement of a stage came to: stored beside the release, never changed (a new run is a new row).

    `attempt` counts runs from 1; `text` is one sentence with numbers; `evidence` JSON of all numbers and digests used,
    `evidence_digest` its SHA-256 (hex). Outcomes as in the one order of worse; only `pass` lets a release go on.
    """

    release: str
    stage: int
    attempt: int
    outcome: Outcome
    text: str
    evidence_digest: str
    evidence: str
    at_us: int
