"""Write down what a stage came to that the tick itself measures: once for each attempt."""

from __future__ import annotations

from serinus.core.audit.entry import Action, Draft
from serinus.core.decision.commands import Conclude
from serinus.core.judging.report import result_of
from serinus.core.release.release import Release
from serinus.ports.control_store import ControlTx

ACTOR = "tick"


def conclude(tx: ControlTx, now_us: int, release: Release, command: Conclude, evidence: str) -> None:
    """Store the result with its audit entry, which keeps the `evidence` of the decision; nothing when this attempt has
    a result. The release goes on, or ends, by what is read of it in the next round."""
    result = result_of(
        release.id, command.stage, command.attempt, now_us, command.outcome, command.reason, command.evidence
    )
    if not tx.insert_stage_result(result):
        return
    name = release.plan.stages[command.stage].name
    tx.append_audit(
        Draft(
            at_us=now_us,
            actor=ACTOR,
            action=Action.TICK_MEASURED,
            subject=release.id,
            after=result.evidence_digest,
            reason=f"{name}: {command.outcome}, {command.reason}",
            evidence=evidence,
        )
    )
