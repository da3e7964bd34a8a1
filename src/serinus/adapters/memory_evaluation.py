"""Data sets, suites, jobs and results of stages of the in-memory control store."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from serinus.adapters.memory_rows import ControlRows
from serinus.core.pipeline.stages import StageResult
from serinus.ports.datasets import StoredDataSet, StoredSuite
from serinus.ports.jobs import Job


class MemoryEvaluation:
    """These parts of a transaction."""

    _rows: ControlRows

    def insert_data_set(self, data_set: StoredDataSet) -> bool:
        if self.data_set(data_set.app, data_set.digest) is not None:
            return False
        self._rows.data_sets.put(len(self._rows.data_sets) + 1, data_set)
        return True

    def data_set(self, app: str, digest: str) -> StoredDataSet | None:
        return next((d for d in self._rows.data_sets.values() if (d.app, d.digest) == (app, digest)), None)

    def data_sets(self, app: str) -> list[StoredDataSet]:
        own = [msgspec.structs.replace(d, raw=b"") for d in self._rows.data_sets.values() if d.app == app]
        return own[::-1]

    def insert_suite(self, suite: StoredSuite) -> bool:
        own = [s for s in self._rows.suites.values() if (s.app, s.name) == (suite.app, suite.name)]
        if own and own[-1].digest == suite.digest:
            return False
        self._rows.suites.put(len(self._rows.suites) + 1, suite)
        return True

    def suite(self, app: str, ref: str) -> StoredSuite | None:
        own = [s for s in self._rows.suites.values() if s.app == app]
        found = [s for s in own if s.name == ref] or [s for s in own if s.digest == ref]
        return found[-1] if found else None

    def suites(self, app: str) -> list[StoredSuite]:
        newest = {s.name: s for s in self._rows.suites.values() if s.app == app}
        return [newest[name] for name in sorted(newest)]

    def enqueue_job(self, key: str, kind: str, payload: bytes, now_us: int) -> bool:
        if key in self._rows.jobs:
            return False
        made = Job(key=key, kind=kind, payload=payload, enqueued_at_us=now_us, visible_at_us=now_us)
        self._rows.jobs.put(key, made)
        return True

    def claim_job(self, kinds: Collection[str], holder: str, now_us: int, until_us: int) -> Job | None:
        free = [j for j in self._rows.jobs.values() if not j.done_at_us and j.visible_at_us <= now_us]
        fitting = [j for j in free if j.kind in kinds]
        if not fitting:
            return None
        oldest = min(fitting, key=lambda job: (job.enqueued_at_us, job.key))
        taken = msgspec.structs.replace(oldest, visible_at_us=until_us, attempts=oldest.attempts + 1, holder=holder)
        self._rows.jobs.put(taken.key, taken)
        return taken

    def renew_job(self, job: Job, until_us: int) -> bool:
        return self._held(job, visible_at_us=until_us)

    def give_back_job(self, job: Job, at_us: int) -> bool:
        return self._held(job, visible_at_us=at_us, holder="")

    def finish_job(self, job: Job, now_us: int, fault: str = "") -> bool:
        return self._held(job, done_at_us=now_us, fault=fault)

    def _held(self, job: Job, **values: Any) -> bool:
        known = self._rows.jobs.get(job.key)
        if known is None or known.done_at_us or (known.attempts, known.holder) != (job.attempts, job.holder):
            return False
        self._rows.jobs.put(job.key, msgspec.structs.replace(known, **values))
        return True

    def job(self, key: str) -> Job | None:
        return self._rows.jobs.get(key)

    def insert_stage_result(self, result: StageResult) -> bool:
        key = (result.release, result.stage, result.attempt)
        if key in self._rows.stage_results:
            return False
        self._rows.stage_results.put(key, result)
        return True

    def stage_results(self, release: str) -> list[StageResult]:
        own = [result for result in self._rows.stage_results.values() if result.release == release]
        return sorted(own, key=lambda result: (result.stage, result.attempt))
