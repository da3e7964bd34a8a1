"""The numbers of an offline stage, read from the evidence of its result."""

from __future__ import annotations

import msgspec

from serinus.core.pipeline.stages import StageResult
from serinus.core.stats.fixed_sample import Interval


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """The scores of one version."""

    mean: Interval | None = None
    scored: int = 0
    unscored: int = 0


class Paired(msgspec.Struct, frozen=True, kw_only=True):
    """Candidate minus baseline on the same cases."""

    pairs: int
    wins: int
    losses: int
    ties: int
    difference: Interval


class Criterion(msgspec.Struct, frozen=True, kw_only=True):
    """One criterion of a suite."""

    name: str
    candidate: Side
    baseline: Side | None = None
    comparison: Paired | None = None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One question that was asked of the numbers. `dry`: why it gates nothing."""

    about: str
    outcome: str
    text: str
    dry: str = ""


class SuiteNumbers(msgspec.Struct, frozen=True, kw_only=True):
    """A suite's run."""

    suite: str
    outcome: str
    cases: int
    criteria: tuple[Criterion, ...] = ()
    findings: tuple[Found, ...] = ()
    warnings: tuple[str, ...] = ()


class _Evidence(msgspec.Struct, frozen=True):
    suites: tuple[SuiteNumbers, ...]


def suites_of(result: StageResult) -> tuple[SuiteNumbers, ...]:
    """The suites that a result rests on; none for one of another kind of stage, or written by another Serinus."""
    try:
        return msgspec.json.decode(result.evidence, type=_Evidence).suites
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ()
