"""Calibrate a judge: let it grade answers that people have labelled, and count how often it agrees."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from serinus.core.judging.answer import Answer, Price
from serinus.core.judging.calibration import Calibration, calibration
from serinus.core.judging.case import Case
from serinus.core.judging.judge import judge_digest
from serinus.core.judging.scorers import Judge
from serinus.core.routing.snapshot import Endpoint
from serinus.evaluation.ask import Asker
from serinus.evaluation.judge_answer import Bench


class Example(NamedTuple):
    """A case, an answer to it, a person's label, and the prompt that the answer came of, for a judge `with_prompt`."""

    case: Case
    answer: str
    label: str
    prompt: str = ""


async def calibrate_judge(
    asker: Asker,
    judge: Judge,
    endpoint: Endpoint,
    price: Price | None,
    examples: Sequence[Example],
    labels_digest: str,
    concurrency: int,
) -> Calibration:
    """The judge's agreement with these labels. Unscored answers count as misses."""
    bench = Bench(asker, judge, endpoint, price)
    room = asyncio.Semaphore(concurrency)
    graded: list[tuple[str, str]] = []
    flips = 0

    async def grade(example: Example) -> None:
        nonlocal flips
        async with room:
            answer = Answer(text=example.answer, latency_ms=0.0)
            one = await bench.grade(example.case, answer, example.prompt)
        graded.append((example.label, one.label if one.value is not None else ""))
        flips += one.flipped

    async with asyncio.TaskGroup() as group:
        for example in examples:
            group.create_task(grade(example))
    return calibration(judge_digest(judge), labels_digest, judge.grades, graded, flips)
