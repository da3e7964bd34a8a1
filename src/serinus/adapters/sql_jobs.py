"""Jobs and the results of stages in SQL."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec
from sqlalchemy import Row, select, update

from serinus.adapters.schema_evaluation import jobs, stage_results
from serinus.adapters.sql_tx import SqlTx
from serinus.core.pipeline.stages import StageResult
from serinus.ports.jobs import Job

_JOB_FIELDS = Job.__struct_fields__
_RESULT_FIELDS = StageResult.__struct_fields__


def _job(row: Row[Any]) -> Job:
    return Job(**{name: getattr(row, name) for name in _JOB_FIELDS})


class SqlJobs(SqlTx):
    """Work to do and what came of it, as part of a control transaction."""

    def enqueue_job(self, key: str, kind: str, payload: bytes, now_us: int) -> bool:
        made = Job(key=key, kind=kind, payload=payload, enqueued_at_us=now_us, visible_at_us=now_us)
        return self._add(jobs, **msgspec.structs.asdict(made))

    def claim_job(self, kinds: Collection[str], holder: str, now_us: int, until_us: int) -> Job | None:
        oldest = (
            select(jobs.c.key)
            .where(self._own(jobs, done_at_us=0), jobs.c.visible_at_us <= now_us, jobs.c.kind.in_(sorted(kinds)))
            .order_by(jobs.c.enqueued_at_us, jobs.c.key)
            .limit(1)
            .scalar_subquery()
        )
        taken = (
            update(jobs)
            .where(self._own(jobs), jobs.c.key == oldest)
            .values(visible_at_us=until_us, attempts=jobs.c.attempts + 1, holder=holder)
            .returning(jobs)
        )
        row = self._connection.execute(taken).first()
        return _job(row) if row else None

    def renew_job(self, job: Job, until_us: int) -> bool:
        return self._held(job, visible_at_us=until_us)

    def give_back_job(self, job: Job, at_us: int) -> bool:
        return self._held(job, visible_at_us=at_us, holder="")

    def finish_job(self, job: Job, now_us: int, fault: str = "") -> bool:
        return self._held(job, done_at_us=now_us, fault=fault)

    def _held(self, job: Job, **values: object) -> bool:
        mine = self._own(jobs, key=job.key, attempts=job.attempts, holder=job.holder, done_at_us=0)
        changed = update(jobs).where(mine).values(**values).returning(jobs.c.key)
        return self._connection.execute(changed).first() is not None

    def job(self, key: str) -> Job | None:
        row = self._one(select(jobs).where(self._own(jobs, key=key)))
        return _job(row) if row else None

    def insert_stage_result(self, result: StageResult) -> bool:
        return self._add(stage_results, **msgspec.structs.asdict(result))

    def stage_results(self, release: str) -> list[StageResult]:
        query = (
            select(stage_results)
            .where(self._own(stage_results, release=release))
            .order_by(stage_results.c.stage, stage_results.c.attempt)
        )
        return [StageResult(**{name: getattr(row, name) for name in _RESULT_FIELDS}) for row in self._all(query)]
