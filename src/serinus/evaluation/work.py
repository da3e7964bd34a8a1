"""Do one job: claim it, keep it claimed while it runs, finish it with its result in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from serinus.core.errors import Conflict
from serinus.core.judging.report import result_of
from serinus.core.pipeline.stages import StageResult
from serinus.evaluation.evaluate_release import Workshop, evaluate_release
from serinus.evaluation.run_suite import Progress
from serinus.ports.control_store import ControlTx
from serinus.ports.jobs import EVALUATE, EvaluateJob, Job
from serinus.ports.retry import run

HIDDEN_S = 60.0
MOST_CLAIMS = 5


class Superseded(Conflict):
    """Another worker has claimed this job since: what this one found counts no more."""

    code = "superseded"


async def work(workshop: Workshop, holder: str, told: Callable[[str, Progress], None], hidden_s: float) -> bool:
    """Claim a job and do it; False when there is none. Any number of workers may do this: a job that its worker left
    comes back after `hidden_s`, and the one who claimed it last is the only one who can finish it. Cancelled: the job
    is given back at once."""
    now_us = workshop.now_us()
    hidden_us = int(hidden_s * 1e6)
    job = run(workshop.control, lambda tx: tx.claim_job((EVALUATE,), holder, now_us, now_us + hidden_us))
    if job is None:
        return False
    try:
        order = msgspec.json.decode(job.payload, type=EvaluateJob)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        fault = f"an order that cannot be read: {error}"
        run(workshop.control, lambda tx: tx.finish_job(job, workshop.now_us(), fault))
        return True
    if job.attempts > MOST_CLAIMS:
        fault = f"given up: {MOST_CLAIMS} workers took it and none came to an end"
        _finish(workshop, job, result_of(order.release, order.stage, order.attempt, workshop.now_us(), "error", fault))
        return True
    await _do(workshop, job, order, told, hidden_us)
    return True


async def _do(
    workshop: Workshop, job: Job, order: EvaluateJob, told: Callable[[str, Progress], None], hidden_us: int
) -> None:
    renewed_us = workshop.now_us()

    async def beat(progress: Progress) -> None:
        nonlocal renewed_us
        told(job.key, progress)
        now_us = workshop.now_us()
        if now_us - renewed_us >= hidden_us // 4:
            renewed_us = now_us
            await asyncio.to_thread(_renew, workshop, job, now_us + hidden_us)

    try:
        result = await evaluate_release(workshop, order, beat)
    except Superseded:
        return
    except asyncio.CancelledError:
        run(workshop.control, lambda tx: tx.give_back_job(job, workshop.now_us()))
        raise
    _finish(workshop, job, result)


def _renew(workshop: Workshop, job: Job, until_us: int) -> None:
    if not run(workshop.control, lambda tx: tx.renew_job(job, until_us)):
        raise Superseded("another worker has this job", where=job.key, mend="leave it")


def _finish(workshop: Workshop, job: Job, result: StageResult) -> None:
    """Both or nothing: a result of a worker that was overtaken is not kept."""

    def both(tx: ControlTx) -> None:
        if tx.finish_job(job, result.at_us, result.text if result.outcome == "error" else ""):
            tx.insert_stage_result(result)

    run(workshop.control, both)
