"""An offline stage: a judge grades both versions' answers to the same cases, and the real gate says what that shows."""

from __future__ import annotations

import numpy as np

from serinus.core.judging.answer import Answer
from serinus.core.judging.calibration import Agreement, Calibration
from serinus.core.judging.case import Case
from serinus.core.judging.gate import Run, report
from serinus.core.judging.judge import judge_digest
from serinus.core.judging.report import VersionRef, stage_result
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
_ANSWER = Answer(text="answered", latency_ms=1000.0)
_GRADES, _SILENT = (failed("wrong"), passed()), unscored("the judge did not answer")


class Golden:
    """The golden set of a scenario: made once, graded anew for each release. Its judge is calibrated well enough to
    gate; how often it errs is the scenario's `noise`."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._cases = tuple(Case(id=str(i), input="asked") for i in range(judge.cases))
        agreed = tuple(Agreement(human=word, judge=word, count=_LABELLED) for word in ("pass", "fail"))
        criterion = Criterion(
            name="correctness",
            scorer=_GRADER,
            max_drop=judge.max_drop,
            calibration=Calibration(judge=judge_digest(_GRADER), labels=_NOTHING, good=("pass",), agreement=agreed),
        )
        self._suite = Suite(name="golden", data=_NOTHING, criteria=(criterion,))

    def measured(self, rng: np.random.Generator, release: str, stage: int, attempt: int, at_us: int) -> StageResult:
        """What the stage came to, drawn with `rng`."""
        tally = Tally(self._judge.cases, 1, (None, None))
        graded = (None, None) if self._judge.dies else self._graded(rng)
        for side, right in zip((CANDIDATE, BASELINE), graded, strict=True):
            # Whether all was answered is not rehearsed: one answer stands for all, and is all that the gate asks for.
            tally.answered(side, _ANSWER)
            scores = [_SILENT] * self._judge.cases if right is None else [_GRADES[one] for one in right.tolist()]
            for case, score in enumerate(scores):
                tally.scored(side, 0, case, score)
        run = Run(
            suite=self._suite,
            cases=self._cases,
            candidate=VersionRef(name="candidate", digest=_NOTHING, endpoint="main", model="candidate"),
            baseline=VersionRef(name="baseline", digest=_NOTHING, endpoint="main", model="baseline"),
            tally=tally,
            code="rehearsal",
        )
        return stage_result(release, stage, attempt, at_us, [report(run)])

    def _graded(self, rng: np.random.Generator) -> tuple[Bools, Bools]:
        """What the judge says of the candidate's and of the baseline's answers."""
        judge, n = self._judge, self._judge.cases
        place = rng.random(n)
        baseline = place < judge.correct
        candidate = (place >= judge.lost) & (place < judge.correct + judge.won)
        return candidate ^ (rng.random(n) < judge.noise), baseline ^ (rng.random(n) < judge.noise)
