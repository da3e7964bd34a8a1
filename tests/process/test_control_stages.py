"""A staged release with a real control process, people at its HTTP API, and SIGKILL in every stage."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from serinus.adapters.clock import system_random
from serinus.control.create_key import create_key
from serinus.control.verify_audit import verify_audit
from serinus.core.ids import IdSource
from serinus.core.pipeline.stages import ApprovalStage, OfflineStage, Outcome, RolloutStage, StageResult
from serinus.core.release.table import State
from serinus.ports.jobs import EVALUATE, EvaluateJob
from tests.process.control_rig import PLAN, Control, Rig

pytestmark = pytest.mark.process

STAGED = msgspec.structs.replace(
    PLAN,
    steps=(),
    stages=(
        OfflineStage(name="offline", suites=("golden",)),
        ApprovalStage(name="sign-off", roles=("ml_lead", "ops_lead")),
        RolloutStage(name="canary", steps=PLAN.steps[:1]),
        ApprovalStage(name="go wide", roles=("release_manager",)),
        RolloutStage(name="wide", steps=PLAN.steps[1:]),
    ),
)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """Stores, app and host; no control yet."""
    made = Rig(tmp_path, STAGED)
    yield made
    made.close()


class Person:
    """Somebody with a key, at the API of a control process."""

    def __init__(self, rig: Rig, name: str, *roles: str) -> None:
        ids = IdSource(rig.clock.now_us, system_random)
        made = create_key(rig.control, rig.clock.now_us(), "test", ids, system_random(32), name, roles, ())
        self._key = made[1]

    def ask(self, control: Control, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and document of a request."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{control.port}/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"authorization": f"Bearer {self._key}", "content-type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.load(refused)

    def approve(self, control: Control, release: str) -> tuple[int, Any]:
        """Look, and sign what is shown."""
        _, seen = self.ask(control, "GET", f"/releases/{release}")
        return self.ask(control, "POST", f"/releases/{release}/approve", {"evidence": seen["signing"]["evidence"]})


def measure(rig: Rig, outcome: Outcome) -> None:
    """What a worker does."""
    with rig.control.tx() as tx:
        now_us = rig.clock.now_us()
        job = tx.claim_job((EVALUATE,), "worker", now_us, now_us + 10**9)
        assert job is not None
        asked = msgspec.json.decode(job.payload, type=EvaluateJob)
        made = StageResult(
            release=asked.release,
            stage=asked.stage,
            attempt=asked.attempt,
            outcome=outcome,
            text="91 of 100 cases passed",
            evidence_digest="e" * 64,
            evidence="",
            at_us=now_us,
        )
        assert tx.insert_stage_result(made)
        assert tx.finish_job(job, now_us)


def stage_of(rig: Rig) -> str:
    release = rig.release()
    return release.plan.stages[release.stage].name


def killed(rig: Rig, control: Control) -> Control:
    """SIGKILL, and another process in its place."""
    control.kill()
    rig.controls.remove(control)
    return rig.start_control()


def test_H7_a_staged_release_survives_a_kill_in_every_stage(rig: Rig) -> None:
    """Measured, signed by two, on a canary, signed by a third, promoted: each once, whoever dies in between."""
    control = rig.start_control()
    bob, cy, dan = (Person(rig, "bob", "ml_lead"), Person(rig, "cy", "ops_lead"), Person(rig, "dan", "release_manager"))
    release = rig.start_release().id
    control = killed(rig, control)
    measure(rig, "pass")
    rig.wait(lambda: stage_of(rig) == "sign-off")
    control = killed(rig, control)
    assert bob.approve(control, release)[0] == 200
    assert bob.approve(control, release)[0] == 200, "a double click is one approval"
    control = killed(rig, control)
    status, signed = cy.approve(control, release)
    assert (status, signed["lacking"]) == (200, [])
    rig.wait(lambda: stage_of(rig) == "go wide")
    control = killed(rig, control)
    status, refused = bob.approve(control, release)
    assert (status, refused["code"]) == (403, "forbidden")
    assert dan.approve(control, release)[0] == 200
    rig.wait(lambda: rig.release().state is State.PROMOTED)
    asked = "release:request_approval"
    taken = [
        a for a in rig.actions() if a.startswith("release:") and a not in ("release:pause", "release:resume", asked)
    ]
    assert [name.partition(":")[2] for name in taken] == ["enter", "advance", "enter", "advance", "advance", "promote"]
    assert rig.actions().count(asked) <= 2
    with rig.control.tx() as tx:
        assert [one.role for one in tx.approvals(release)] == ["ml_lead", "ops_lead", "release_manager"]
    assert verify_audit(rig.control)[1] == []


def test_D_a_failed_measurement_rejects_in_the_process(rig: Rig) -> None:
    """Nobody has seen it, nothing has to be confirmed, and the API shows why."""
    control = rig.start_control()
    release = rig.start_release().id
    measure(rig, "fail")
    rig.wait(lambda: rig.release().state is State.REJECTED)
    _, seen = Person(rig, "vi", "viewer").ask(control, "GET", f"/releases/{release}")
    assert (seen["state"], seen["final"], seen["exposed"]) == ("rejected", True, False)
    assert "offline failed: 91 of 100 cases passed" in seen["reason"]
