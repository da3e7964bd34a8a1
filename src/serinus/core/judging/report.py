"""The report of a suite's run: numbers, findings, and the outcome of the gate."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

import msgspec

from serinus.core.decision.verdict import Verdict, worst
from serinus.core.judging.comparison import Comparison
from serinus.core.judging.tally import Usage
from serinus.core.pipeline.stages import Outcome, StageResult
from serinus.core.stats.fixed_sample import Interval

OUTCOMES: dict[Verdict, Outcome] = {
    Verdict.PASS: "pass",
    Verdict.INCONCLUSIVE: "inconclusive",
    Verdict.NO_DATA: "no-data",
    Verdict.ERROR: "error",
    Verdict.FAIL: "fail",
}
_VERDICTS = {outcome: verdict for verdict, outcome in OUTCOMES.items()}
_WORDS: dict[Outcome, str] = {
    "pass": "passes",
    "inconclusive": "is inconclusive",
    "no-data": "has no data",
    "error": "is in error",
    "fail": "fails",
}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One question asked of a suite's numbers. `dry` says why it gates nothing; empty when it does."""

    about: str
    check: Literal["answers", "complete", "cases", "unscored", "min", "max_drop", "threshold"]
    outcome: Outcome
    text: str
    dry: str = ""


class ArmScores(msgspec.Struct, frozen=True, kw_only=True):
    """Scores of one criterion on one side. `mean` None without any."""

    mean: Interval | None
    scored: int
    cases: int
    unscored: int
    reasons: dict[str, int]
    flips: int = 0


class CriterionReport(msgspec.Struct, frozen=True, kw_only=True):
    """One criterion: what it is (by digest), both sides, and the comparison."""

    name: str
    kind: str
    digest: str
    candidate: ArmScores
    baseline: ArmScores | None = None
    comparison: Comparison | None = None
    calibration: str = ""


class VersionRef(msgspec.Struct, frozen=True, kw_only=True):
    """A version as the report names it, with where it was asked."""

    name: str
    digest: str
    endpoint: str
    model: str


class SuiteReport(msgspec.Struct, frozen=True, kw_only=True):
    """All of a run that a decision needs, and no text of any case or answer. `code`: the version of Serinus."""

    suite: str
    suite_digest: str
    data_digest: str
    code: str
    candidate: VersionRef
    baseline: VersionRef | None
    cases: int
    repeats: int
    criteria: tuple[CriterionReport, ...]
    usage: Usage
    baseline_usage: Usage | None
    judge_cost_nano: int
    findings: tuple[Finding, ...]
    warnings: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """The worst finding that gates; no-data when none does."""
        return OUTCOMES[worst(_VERDICTS[one.outcome] for one in self.findings if not one.dry)]

    @property
    def text(self) -> str:
        """One sentence with numbers."""
        gating = [one for one in self.findings if not one.dry]
        deciding = [one for one in gating if one.outcome == self.outcome and one.outcome != "pass"]
        head = f"{self.suite} {_WORDS[self.outcome]}"
        if deciding:
            others = f" (and {len(deciding) - 1} more)" if len(deciding) > 1 else ""
            return f"{head}: {deciding[0].text}{others}"
        if not gating:
            return f"{head}: nothing in it gates"
        pairs = max((one.comparison.pairs for one in self.criteria if one.comparison), default=0)
        against = f" and {pairs} pairs with {self.baseline.name}" if self.baseline else ", compared with nothing"
        asked = sum(one.check in ("min", "max_drop") for one in gating)
        return f"{head}: {asked} thresholds hold on {self.cases} cases{against}"


def evidence_json(reports: Sequence[SuiteReport]) -> str:
    """All numbers and digests as JSON with sorted keys."""
    tree = [{**msgspec.to_builtins(one), "outcome": one.outcome, "text": one.text} for one in reports]
    return msgspec.json.encode({"suites": tree}, order="sorted").decode()


def stage_result(release: str, stage: int, attempt: int, at_us: int, reports: Sequence[SuiteReport]) -> StageResult:
    """What these suites came to together: the worst of them."""
    outcome = OUTCOMES[worst(_VERDICTS[one.outcome] for one in reports)]
    deciding = [one for one in reports if one.outcome == outcome]
    text = deciding[0].text if deciding else "no suite ran"
    if outcome == "pass" and len(reports) > 1:
        text = f"all {len(reports)} suites pass: {'; '.join(one.suite for one in reports)}"
    return result_of(release, stage, attempt, at_us, outcome, text, evidence_json(reports))


def result_of(
    release: str, stage: int, attempt: int, at_us: int, outcome: Outcome, text: str, evidence: str = "{}"
) -> StageResult:
    """A stage result over this evidence."""
    return StageResult(
        release=release,
        stage=stage,
        attempt=attempt,
        outcome=outcome,
        text=text,
        evidence_digest=hashlib.sha256(evidence.encode()).hexdigest(),
        evidence=evidence,
        at_us=at_us,
    )
