"""The templates that `serinus init` writes: they stop harm and let healthy releases through."""

from __future__ import annotations

from functools import cache
from pathlib import PurePosixPath

import msgspec
import pytest
from scipy import stats

from serinus.core.pipeline.plan import Plan
from serinus.files.project_file import parse_project_file
from serinus.files.scaffold import TEMPLATES, Answers, scaffold
from serinus.files.scenario_file import parse_scenario_file, shipped
from serinus.rehearsal.outcome import Outcome
from serinus.rehearsal.rehearse import rehearse_batch

ANSWERS = Answers(app="desk", owner="ada@example.com", base_url="http://127.0.0.1:9000/v1", model="sim-large")


@cache
def plan(template: str) -> Plan:
    """As its project file declares it."""
    raw = scaffold(template, ANSWERS)[PurePosixPath("serinus.yaml")].encode()
    found = parse_project_file("serinus.yaml", raw).apps[0].plan
    assert found is not None
    return found


def played(rehearsed: Plan, scenario: str, releases: int) -> list[Outcome]:
    """Releases through a shipped scenario."""
    return rehearse_batch(parse_scenario_file(scenario, shipped()[scenario]), rehearsed, range(releases), 11)


@pytest.mark.parametrize(("template", "scenario", "releases"), [
    ("five-stage", "healthy", 40), ("five-stage", "night", 20), ("five-stage", "telemetry-gap", 20),
    ("model-update", "healthy", 10),
])  # fmt: skip
def test_q1_templates_let_healthy_releases_through(template: str, scenario: str, releases: int) -> None:
    """No more are stopped than α allows, at 2 % of errors under a limit of 2.5 %; nearly all come to their end."""
    found = played(plan(template), scenario, releases)
    stopped = sum(one.false for one in found)
    assert stats.binom.sf(stopped - 1, releases, plan(template).alpha) > 1e-3
    assert sum(one.end == "promoted" for one in found) >= 0.9 * releases


@pytest.mark.parametrize("template", sorted(TEMPLATES))
@pytest.mark.parametrize("scenario", ["failures-x3", "slow-leak", "latency-x1.3"])
def test_q1_templates_stop_harm(template: str, scenario: str) -> None:
    """Failures, leaks that grow over hours, and slower answers: all of six."""
    assert all(one.caught for one in played(plan(template), scenario, 6))


def test_j1_without_by_chance_the_same_limit_stops_healthy_releases() -> None:
    """What must not be done: a bound near to what is usual, over small minutes, taken by the letter."""
    literal = tuple(msgspec.structs.replace(limit, by_chance=0.0) for limit in plan("five-stage").limits)
    found = played(msgspec.structs.replace(plan("five-stage"), limits=literal), "healthy", 10)
    assert sum(one.false for one in found) >= 5
    assert {one.question for one in found if one.false} <= {"limits", "deadline"}


@pytest.mark.parametrize("template", sorted(TEMPLATES))
def test_j1_templates_have_the_limits_of_the_specification(template: str) -> None:
    """Errors above 2.5 % in each of 5 minutes, p99 above 5 s in each of 3, of at least 50 calls each; latency and cost
    are compared with the control's."""
    limits = {limit.metric: limit for limit in plan(template).limits}
    errors, slow = limits["call.error"], limits["latency.p99"]
    assert (errors.above, errors.buckets, errors.bucket_s, errors.min_requests) == (0.025, 5, 60, 50)
    assert (slow.above, slow.buckets, slow.bucket_s, slow.min_requests) == (5000.0, 3, 60, 50)
    assert (errors.action, slow.action) == ("rollback", "rollback")
    kinds = {rail.kind for rail in plan(template).guardrails}
    assert {"events", "quantile", "ratio"} <= kinds
