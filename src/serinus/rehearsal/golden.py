"""An offline stage: a judge grades both versions' answers to the same cases, and the real gate says what that shows."""

from __future__ import annotations

import numpy as np

from serinus.core.judging.answer import Answer
from serinus.core.judging.calibration import Agreement, Calibration
from serinus.core.judging.case import Case
from serinus.core.judging.gate import Run, report
from serinus.core.judging.judge import judge_digest
from serinus.core.judging.report import SuiteReport, VersionRef, stage_result
from serinus.core.judging.score import failed, passed, unscored
from serinus.core.judging.scorers import Judge as Grader
from serinus.core.judging.suite import Criterion, Suite
from serinus.core.judging.tally import BASELINE, CANDIDATE, Tally
from serinus.core.pipeline.stages import StageResult
from serinus.rehearsal.population import Bools
from serinus.rehearsal.scenario import Judge

_GRADER = Grader(criterion="correctness", endpoint="judge", model="a judge")
_NOTHING = "0" * 64
_LABELLED = 500
KEPT = 2048
"""Reports that are kept, one for each number of pairs that differ either way."""
_ANSWER = Answer(text="answered", latency_ms=1000.0)
_GRADES, _SILENT = (failed("wrong"), passed()), unscored("the judge did not answer")


class Golden:
    """The golden set of a scenario: made once, graded anew for each release. Its judge is calibrated well enough to
    gate; how often it errs is the scenario's `noise`."""

    def __init__(self, judge: Judge, *, alone: bool = False) -> None:
        """`alone`: of a first release, whose gate has no baseline to compare with: so much must be right as is left of
        `correct` after the drop that is tolerated."""
        self._judge = judge
        self._alone = alone
        self._cases = tuple(Case(id=str(i), input="asked") for i in range(judge.cases))
        agreed = tuple(Agreement(human=word, judge=word, count=_LABELLED) for word in ("pass", "fail"))
        criterion = Criterion(
            name="correctness",
            scorer=_GRADER,
            min=max(0.0, judge.correct - judge.max_drop) if alone else None,
            max_drop=None if alone else judge.max_drop,
            calibration=Calibration(judge=judge_digest(_GRADER), labels=_NOTHING, good=("pass",), agreement=agreed),
        )
        self._suite = Suite(name="golden", data=_NOTHING, criteria=(criterion,))
        self._reports: dict[tuple[int, int], SuiteReport] = {}

    def measured(self, rng: np.random.Generator, release: str, stage: int, attempt: int, at_us: int) -> StageResult:
        """What the stage came to, drawn with `rng`. The gate compares pairs: how many of each kind differ tells what it
        says, so that a report is worked out once for each."""
        candidate, baseline = self._graded(rng)
        key = int((baseline & ~candidate).sum()), int((candidate & ~baseline).sum())
        if self._alone:
            key = int((~candidate).sum()), 0
        found = self._reports.get(key)
        if found is None:
            if len(self._reports) >= KEPT:
                self._reports.clear()
            found = self._reports[key] = report(self._run(*key))
        return stage_result(release, stage, attempt, at_us, [found])

    def _run(self, lost: int, won: int) -> Run:
        """A run in which so many pairs differ; as many as is usual are right on both sides."""
        n = self._judge.cases
        usual = n - lost if self._alone else round(n * self._both)
        both = min(n - lost - won, max(0, usual))
        alike, unlike = [True] * both + [False] * (n - both - lost - won), [True] * lost + [False] * won
        sides = ([not one for one in unlike] + alike, unlike + alike)
        tally = Tally(n, 1, (None, None))
        for side, right in zip((CANDIDATE, BASELINE), sides, strict=True):
            # Whether all was answered is not rehearsed: one answer stands for all, and is all that the gate asks for.
            tally.answered(side, _ANSWER)
            for case, one in enumerate(right):
                tally.scored(side, 0, case, _SILENT if self._judge.dies else _GRADES[one])
        return Run(
            suite=self._suite,
            cases=self._cases,
            candidate=self._version("candidate"),
            baseline=None if self._alone else self._version("baseline"),
            tally=tally,
            code="rehearsal",
        )

    def _version(self, name: str) -> VersionRef:
        return VersionRef(name=name, digest=_NOTHING, endpoint="main", model=name)

    @property
    def _both(self) -> float:
        """The share of cases for which the judge finds both answers right."""
        judge = self._judge
        right, one = judge.correct - judge.lost, judge.lost + judge.won
        kept, turned = 1 - judge.noise, judge.noise
        return right * kept**2 + one * kept * turned + (1 - right - one) * turned**2

    def _graded(self, rng: np.random.Generator) -> tuple[Bools, Bools]:
        """What the judge says of the candidate's and of the baseline's answers."""
        judge, n = self._judge, self._judge.cases
        place = rng.random(n)
        baseline = place < judge.correct
        candidate = (place >= judge.lost) & (place < judge.correct + judge.won)
        return candidate ^ (rng.random(n) < judge.noise), baseline ^ (rng.random(n) < judge.noise)
