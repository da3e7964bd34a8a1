"""A plan: the steps, guardrails and limits that a release follows. Frozen with the release when it starts."""

from __future__ import annotations

from typing import Literal

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.metrics import metric


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One traffic level: `share` in (0, 0.5] or 1.0 (the watch: all but the holdback).

    `dwell_s`: seconds with data in both arms and no breach; `min_units`: enrolled units that each arm needs.
    """

    share: float
    dwell_s: float
    min_units: int = 0


class Guardrail(msgspec.Struct, frozen=True, kw_only=True):
    """Sequential comparison of first bad events (statistics 4.1): harm is a rate ratio above `max_ratio`.

    `role`: `guardrail` rolls back, `signal` pauses, `info` is shown only. `weight` is this metric's share of α.
    """

    metric: str
    max_ratio: float = 1.25
    design_ratio: float = 2.0
    role: Literal["guardrail", "signal", "info"] = "guardrail"
    dry_run: bool = False
    weight: float = 1.0


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """Absolute trigger (statistics 4.7): share of requests with the event above `above` in each of `buckets`
    consecutive time buckets of `bucket_s` seconds, each with at least `min_requests`."""

    metric: str
    above: float
    buckets: int = 5
    bucket_s: Literal[1, 60] = 60
    min_requests: int = 50
    action: Literal["pause", "rollback"] = "rollback"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How a release goes. `alpha`: chance of a false rollback per release; `lease_s`: see the routing snapshot."""

    owner: str
    steps: tuple[Step, ...]
    guardrails: tuple[Guardrail, ...] = ()
    limits: tuple[Limit, ...] = ()
    alpha: float = 0.01
    holdback: float = 0.01
    lease_s: float = 30.0
    freshness_s: float = 60.0
    veto_deadline_s: float = 1800.0

    def __post_init__(self) -> None:
        """Refuse a plan that cannot work; InvalidInput names the field."""
        if not self.owner:
            raise InvalidInput("no owner", where="plan.owner", mend="name one person: `owner: ada@example.com`")
        if not self.steps:
            raise InvalidInput("no steps", where="plan.steps", mend="add at least one: `- {share: 5%, dwell: 2h}`")
        _check_steps(self.steps)
        _in_open_unit("alpha", self.alpha)
        if not 0 < self.holdback <= 0.5:
            raise InvalidInput(f"holdback {self.holdback} is not in (0, 0.5]", where="plan.holdback", mend="use 1%")
        if not 1 <= self.lease_s <= 90:
            raise InvalidInput(f"lease of {self.lease_s} s", where="plan.lease_s", mend="use 1 s to 90 s (J4)")
        for i, guardrail in enumerate(self.guardrails):
            _check_guardrail(i, guardrail)
        for i, limit in enumerate(self.limits):
            _check_limit(i, limit)

    def candidate_share(self, step: int) -> float:
        """The candidate's share of units at a step: the step's own, or 1 − holdback for the watch."""
        share = self.steps[step].share
        return share if share <= 0.5 else 1.0 - self.holdback

    def is_watch(self, step: int) -> bool:
        """Whether this step is the 100 % watch."""
        return self.steps[step].share > 0.5


def _in_open_unit(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise InvalidInput(f"{name} {value} is not in (0, 1)", where=f"plan.{name}", mend="0.01 is the default")


def _check_steps(steps: tuple[Step, ...]) -> None:
    last = 0.0
    for i, step in enumerate(steps):
        where = f"plan.steps[{i}]"
        if not (0 < step.share <= 0.5 or step.share == 1.0):
            raise InvalidInput(
                f"share {step.share:.2%} cannot be compared", where=where, mend="use up to 50 %, or 100 % as the last"
            )
        if step.share <= last:
            raise InvalidInput(f"share {step.share:.2%} does not grow", where=where, mend="shares only grow")
        if step.dwell_s <= 0 or step.min_units < 0:
            raise InvalidInput("dwell must be above 0 and min_units not below 0", where=where, mend="e.g. dwell: 2h")
        last = step.share
    if steps[-1].share != 1.0:
        raise InvalidInput(
            "the last step is not 100 %", where="plan.steps", mend="end with `- {share: 100%, dwell: 24h}`"
        )


def _check_guardrail(index: int, guardrail: Guardrail) -> None:
    where = f"plan.guardrails[{index}]"
    if not metric(guardrail.metric).event:
        raise InvalidInput(
            f"{guardrail.metric} is not an event metric", where=where, mend="use a limit, or another metric"
        )
    if not 1.0 <= guardrail.max_ratio < guardrail.design_ratio:
        raise InvalidInput(
            f"max_ratio {guardrail.max_ratio} must be at least 1 and below design_ratio {guardrail.design_ratio}",
            where=where,
            mend="e.g. max_ratio: 1.25 with design_ratio: 2",
        )
    if guardrail.weight <= 0:
        raise InvalidInput(
            f"weight {guardrail.weight} is not above 0", where=where, mend="leave it out for equal weights"
        )


def _check_limit(index: int, limit: Limit) -> None:
    where = f"plan.limits[{index}]"
    metric(limit.metric)
    if not 0 <= limit.above < 1:
        raise InvalidInput(f"above {limit.above} is not in [0, 1)", where=where, mend="e.g. above: 2.5%")
    if limit.buckets < 1 or limit.min_requests < 1:
        raise InvalidInput(
            "buckets and min_requests are at least 1", where=where, mend="e.g. for: 5m, min_requests: 50"
        )
