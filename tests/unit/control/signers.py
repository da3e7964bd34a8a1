"""People who sign, and workers who measure, for tests of staged releases."""

from __future__ import annotations

import msgspec

from serinus.control.approve_release import Signed, approve_release
from serinus.control.read_gates import all_gates
from serinus.core.decision.signing import Signing, signing
from serinus.core.pipeline.plan import Plan
from serinus.core.pipeline.stages import ApprovalStage, OfflineStage, Outcome, RolloutStage, StageResult
from serinus.ports.jobs import EVALUATE, EvaluateJob
from tests.unit.control.production import LOOSE, PLAN, Production

STAGED = msgspec.structs.replace(
    PLAN,
    steps=(),
    stages=(
        OfflineStage(name="offline", suites=("golden",), budget_s=30),
        ApprovalStage(name="sign-off", roles=("ml_lead", "ops_lead"), sla_s=10),
        RolloutStage(name="canary", steps=PLAN.steps[:2]),
        ApprovalStage(name="go wide", roles=("release_manager",)),
        RolloutStage(name="wide", steps=PLAN.steps[2:]),
    ),
)
BOB, CY, DAN = "bob (0000000b)", "cy (0000000c)", "dan (0000000d)"


def quick(plan: Plan, dwell_s: float = 1.0) -> Plan:
    """The plan with short dwells and small samples."""

    def shortened(stage: object) -> object:
        if not isinstance(stage, RolloutStage):
            return stage
        steps = tuple(msgspec.structs.replace(step, dwell_s=dwell_s, min_units=1) for step in stage.steps)
        return msgspec.structs.replace(stage, steps=steps)

    stages = tuple(shortened(stage) for stage in plan.stages)
    return msgspec.structs.replace(plan, steps=(), stages=stages, limits=LOOSE, lease_s=1)  # type: ignore[arg-type]


def measure(world: Production, outcome: Outcome, text: str = "91 of 100 cases passed") -> None:
    """What a worker does: claim the job that was enqueued, and write its result."""
    with world.control.tx() as tx:
        job = tx.claim_job((EVALUATE,), "worker", world.clock.now_us(), world.clock.now_us() + 10**9)
        assert job is not None, "nothing to measure"
        asked = msgspec.json.decode(job.payload, type=EvaluateJob)
        made = StageResult(
            release=asked.release,
            stage=asked.stage,
            attempt=asked.attempt,
            outcome=outcome,
            text=text,
            evidence_digest=f"digest {asked.stage} {asked.attempt}",
            evidence='{"cases":100}',
            at_us=world.clock.now_us(),
        )
        assert tx.insert_stage_result(made)
        assert tx.finish_job(job, world.clock.now_us())


def shown_now(world: Production) -> Signing:
    """What reviewers see now."""
    release = world.release()
    with world.control.tx() as tx:
        now = signing(release, all_gates(tx, release))
    assert now is not None, f"the release waits for nobody: {release.reason}"
    return now


def approve(world: Production, actor: str, role: str, evidence: str = "") -> Signed:
    """A click on what is shown now, or was shown earlier (`evidence`)."""
    return approve_release(
        world.control,
        world.clock.now_us(),
        actor,
        (role,),
        world.release().id,
        evidence or shown_now(world).evidence,
    )
