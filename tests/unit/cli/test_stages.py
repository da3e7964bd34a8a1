"""Staged releases on the command line, against a real API on loopback."""

from __future__ import annotations

import re

import msgspec
import pytest

from serinus.adapters.clock import SystemClock, system_random
from serinus.control.create_key import create_key
from serinus.core.ids import IdSource
from serinus.core.pipeline.risk import RiskRules
from serinus.core.pipeline.stages import ApprovalStage, OfflineStage, RolloutStage, StageResult

from .conftest import Cli


def person(cli: Cli, name: str, *roles: str) -> str:
    """The text of somebody's key."""
    clock = SystemClock()
    ids = IdSource(clock.now_us, system_random)
    return create_key(cli.control, clock.now_us(), "test", ids, system_random(32), name, roles, ())[1]


@pytest.fixture
def release(cli: Cli) -> str:
    """A release that waits to be signed."""
    _, second = cli.prepared()
    with cli.control.tx() as tx:
        app = tx.app("bot")
        assert app is not None
        assert app.config.plan is not None
        stages = (
            OfflineStage(name="offline", suites=("golden",)),
            ApprovalStage(name="sign-off", roles=("ml_lead", "ops_lead")),
            RolloutStage(steps=app.config.plan.steps),
        )
        plan = msgspec.structs.replace(app.config.plan, stages=stages, steps=())
        tx.put_app(msgspec.structs.replace(app, config=msgspec.structs.replace(app.config, plan=plan)))
    id = str(cli.json("release", "start", "bot", second)["id"])
    with cli.control.tx() as tx:
        tx.insert_stage_result(
            StageResult(
                release=id, stage=0, attempt=1, outcome="pass", text="91 of 100 cases passed",
                evidence_digest="e" * 64, evidence="", at_us=1,
            )
        )  # fmt: skip
        found = tx.release(id)
        assert found is not None
        tx.replace_release(msgspec.structs.replace(found, seq=found.seq + 1, stage=1), found.seq)
    return id


def test_M3_the_plan_is_told_before_the_start(cli: Cli) -> None:
    """Stages, steps, guardrails and triggers; a start that would be refused is refused here."""
    first, second = cli.prepared()
    told = cli.ok("release", "plan", "bot", second)
    assert re.search(r"1\. rollout +5% for 2h and 200 users an arm, 100% for 1d", told)
    assert "call.error above 2.5% for 5m: rollback" in told
    refused = cli.run("release", "plan", "bot", first)
    assert (refused.exit_code, "live already" in refused.stderr) == (1, True)


def test_status_shows_stages_and_who_must_sign(cli: Cli, release: str) -> None:
    """Each stage with what it came to, the digest to sign, and the roles that are missing; no arms before traffic."""
    shown = cli.ok("release", "status", "bot")
    assert "pass (run 1): 91 of 100 cases passed" in shown
    assert "ml_lead, ops_lead" in shown
    assert cli.json("release", "status", "bot")["signing"]["evidence"] in shown
    assert "in flight" not in shown


def test_G1_people_sign_from_the_command_line(cli: Cli, release: str) -> None:
    """By the app's name; what was measured is shown beside; the last signature says so; the author is refused."""
    bob, cy = person(cli, "bob", "ml_lead"), person(cli, "cy", "ops_lead")
    first = cli.run("release", "approve", "bot", "-m", "read it", key=bob)
    assert first.exit_code == 0, first.output
    assert "91 of 100 cases passed" in first.stdout
    assert "is approved as ml_lead; ops_lead must still sign" in first.stdout
    digest = cli.json("release", "status", "bot")["signing"]["evidence"]
    other = cli.run("release", "approve", release, "--evidence", "0" * 12, key=cy)
    assert (other.exit_code, digest[:12] in other.stderr) == (1, True)
    last = cli.run("release", "approve", release, "--evidence", digest[:12], key=cy)
    assert "all have signed" in last.stdout
    author = cli.run("release", "approve", "bot")
    assert (author.exit_code, "pushed this version" in author.stderr) == (1, True)


def test_a_refusal_from_the_command_line_rejects(cli: Cli, release: str) -> None:
    """One no ends it; then nothing waits to be signed."""
    bob = person(cli, "bob", "ml_lead")
    assert "is rejected: bob" in cli.run("release", "reject", "bot", "-m", "tone", key=bob).stdout
    late = cli.run("release", "approve", "bot", key=bob)
    assert (late.exit_code, "is rejected in sign-off" in late.stderr) == (1, True)
    assert "rejected" in cli.ok("release", "status", "bot")


def test_a_stage_is_run_again_from_the_command_line(cli: Cli, release: str) -> None:
    """The newest measured one, or by name; an unknown one is refused with those there are."""
    assert "runs offline again" in cli.ok("release", "rerun", "bot", "-m", "new cases")
    refused = cli.run("release", "rerun", "bot", "--stage", "ofline")
    assert (refused.exit_code, "measured stages: offline" in refused.stderr) == (1, True)


def test_M3_what_risk_makes_of_the_plan_is_told_before_and_after_the_start(cli: Cli) -> None:
    """Each change with its reason; what a person says is sent with the start, and a lower type asks for a reason."""
    _, second = cli.prepared()
    with cli.control.tx() as tx:
        app = tx.app("bot")
        assert app is not None
        assert app.config.plan is not None
        plan = msgspec.structs.replace(app.config.plan, risk=RiskRules())
        tx.put_app(msgspec.structs.replace(app, config=msgspec.structs.replace(app.config, plan=plan)))
    words = ("--type", "base-model-upgrade", "--modifier", "policy-change")
    told = " ".join(cli.ok("release", "plan", "bot", second, *words).split())
    assert "75 of 100 (high): base model upgrade" in told
    assert "risk sign-off: ops_lead and safety_reviewer must sign before the first traffic" in told
    assert "(high risk: 75 of 100)" in told
    refused = cli.run("release", "start", "bot", second, "--type", "none")
    assert (refused.exit_code, "--type-reason" in refused.stderr) == (1, True)
    planned = cli.json("release", "plan", "bot", second, *words)
    cli.ok("release", "start", "bot", second, *words)
    shown = cli.json("release", "status", "bot")
    assert (shown["risk"], shown["changes"]) == (planned["risk"], planned["changes"])
    assert "risk 75 of 100 (high): base model upgrade" in " ".join(cli.ok("release", "status", "bot").split())
