"""Jobs for workers, and the results of stages: part of a control transaction."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

import msgspec

from serinus.core.pipeline.stages import StageResult

EVALUATE = "evaluate"


class EvaluateJob(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of an `evaluate` job: which stage of which release, and the suites (names or digests) that it runs.
    `budget_s`: how long it may take."""

    release: str
    stage: int
    attempt: int
    suites: tuple[str, ...]
    budget_s: float = 4 * 3600.0

    @property
    def key(self) -> str:
        """The same for the same run, so that it is enqueued once however often it is decided."""
        return f"{EVALUATE}:{self.release}:{self.stage}:{self.attempt}"


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of work. `attempts` counts claims and fences: only the newest claim may renew, finish or give back.

    `visible_at_us`: when it can be claimed (again). `done_at_us` 0 until it is finished; `fault`: why it was given up.
    """

    key: str
    kind: str
    payload: bytes
    enqueued_at_us: int
    visible_at_us: int
    attempts: int = 0
    holder: str = ""
    done_at_us: int = 0
    fault: str = ""


class JobTx(Protocol):
    """The part of a control transaction that hands out work."""

    def enqueue_job(self, key: str, kind: str, payload: bytes, now_us: int) -> bool:
        """False when there is, or was, a job with this key."""
        ...

    def claim_job(self, kinds: Collection[str], holder: str, now_us: int, until_us: int) -> Job | None:
        """The oldest job that is visible now, hidden from others until `until_us`; None when there is none."""
        ...

    def renew_job(self, job: Job, until_us: int) -> bool:
        """Hide it longer; False when somebody else has claimed it since, or it is done."""
        ...

    def give_back_job(self, job: Job, at_us: int) -> bool:
        """Let it be claimed from this time on; False as for `renew_job`."""
        ...

    def finish_job(self, job: Job, now_us: int, fault: str = "") -> bool:
        """It is done, or given up; False as for `renew_job`."""
        ...

    def job(self, key: str) -> Job | None: ...

    def insert_stage_result(self, result: StageResult) -> bool:
        """False when there is one for this (release, stage, attempt); it is never changed."""
        ...

    def stage_results(self, release: str) -> list[StageResult]:
        """Of one release, in order of stage and attempt."""
        ...
