"""The timed events of a streamed answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from serinus.sim.behaviour import Outcome
from serinus.sim.completions import Chunks
from serinus.sim.script import Step


def streamed_parts(chunks: Chunks, outcomes: Sequence[Outcome], chunk_tokens: int) -> list[Step]:
    """Events of all choices in order of time, `chunk_tokens` tokens in each; an event leaves with its last token."""
    steps: list[Step] = []
    for index, outcome in enumerate(outcomes):
        steps.extend(_choice(chunks, index, outcome, chunk_tokens))
    return steps if len(outcomes) == 1 else sorted(steps, key=lambda step: step[0])


def _choice(chunks: Chunks, index: int, outcome: Outcome, chunk_tokens: int) -> Iterator[Step]:
    yield outcome.first_token_ms, chunks.opening(index)
    pieces = outcome.pieces
    # The first token goes alone: it is what time to first token is about.
    yield outcome.first_token_ms, chunks.text(index, pieces[0], outcome.refused)
    for start in range(1, len(pieces), chunk_tokens):
        taken = pieces[start : start + chunk_tokens]
        last = start + len(taken) - 1
        at_ms = outcome.first_token_ms + outcome.per_token_ms * last
        yield at_ms, chunks.text(index, "".join(taken), outcome.refused)
    yield outcome.total_ms, chunks.closing(index, outcome.finish_reason)
