"""Let a judge grade one answer: repeats, the majority, and plainer ways to ask where an endpoint refuses the better."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from serinus.core.judging.answer import Answer, Price
from serinus.core.judging.case import Case
from serinus.core.judging.judge import MODES, Mode, Verdict, body_of, majority, read_verdict
from serinus.core.judging.score import SILENT, Score, unscored
from serinus.core.judging.scorers import Judge
from serinus.core.routing.snapshot import Endpoint
from serinus.evaluation.ask import Asker, Bill

NO_PROMPT = "the prompt of its version is not known"
_REFUSING = frozenset({400, 404, 415, 422, 501})


class Bench:
    """A judge at its endpoint. How it takes structured output is found out once."""

    def __init__(self, asker: Asker, judge: Judge, endpoint: Endpoint, price: Price | None) -> None:
        self._asker = asker
        self._judge = judge
        self._endpoint = endpoint
        self._price = price
        self._mode = 0

    @property
    def mode(self) -> str:
        """How it is asked: json_schema, json_object or text."""
        return MODES[self._mode]

    async def grade(self, case: Case, answer: Answer, prompt: str, bill: Bill | None = None) -> Score:
        """The score of an answer; unscored, with the reason, when the judge is away or says nothing of use, or when it
        is to be shown the prompt that the answer came of, and that is empty. What it cost is on the `bill`, also when
        it is cancelled."""
        if self._judge.with_prompt and not prompt:
            return unscored(NO_PROMPT)
        verdicts: list[Verdict | str] = []
        bill = Bill() if bill is None else bill
        for repeat in range(self._judge.repeats):
            said = await self._say(partial(body_of, self._judge, case, answer, repeat, prompt=prompt), bill)
            verdicts.append(read_verdict(self._judge, said) if isinstance(said, Answer) else said)
        return majority(self._judge, verdicts, bill.cost)

    async def _say(self, body_as: Callable[[Mode], bytes], bill: Bill) -> Answer | str:
        """What it answers; a plainer way is kept when it was taken, so that one request that is refused in every way
        makes the others no plainer."""
        for mode in range(self._mode, len(MODES)):
            outcome = await self._asker.ask(self._endpoint, body_as(MODES[mode]), self._price, bill)
            if outcome is None:
                return f"the judge was not asked: {self._asker.cut_short}"
            if isinstance(outcome, Answer):
                self._mode = max(self._mode, mode)
                return outcome
            refused = outcome.kind == "request_refused" and outcome.status in _REFUSING
            if not refused or mode + 1 == len(MODES):
                return f"{SILENT}{outcome.kind}" + (f" {outcome.status}" if outcome.status else "")
        raise AssertionError("there is a plainest way")
