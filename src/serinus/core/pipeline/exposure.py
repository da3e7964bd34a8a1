"""Who is exposed first, and who next, in words (A1)."""

from __future__ import annotations

from collections.abc import Iterator

from serinus.core.decision.wording import percent
from serinus.core.pipeline.app import AppConfig
from serinus.core.pipeline.plan import Plan
from serinus.core.pipeline.population import called, is_halved, who
from serinus.core.pipeline.step import Step

_UNITS = {
    "user": "the user that a call names, else its conversation; a call with neither is refused",
    "request": "the user that a call names, else its conversation, else the call itself",
    "refuse": "the user that a call names; a call without one is refused",
    "api_key": "the key that a call is made with",
    "prompt_cache_key": "the `prompt_cache_key` of a call, else its conversation; a call with neither is refused",
}


def step_words(step: Step, *, held_back: bool = True) -> str:
    """Whom a step gives the candidate to: `2 % of the traffic, among internal (staff is true)`. `held_back`: at 100 %
    some stay on the control."""
    found = step.population
    if step.share > 0.5:
        return "everyone but the holdback" if held_back else "everyone"
    if found is None:
        words = f"{percent(step.share)} of all"
    elif is_halved(step.share, found):
        words = f"half of {who(found)}"
    elif found.size:
        words = f"{percent(step.share)} of the traffic, among {who(found)}"
    else:
        words = f"{percent(step.share)} of {who(found)}"
    return words + (f", and who opted in ({', '.join(step.opted_in)})" if step.opted_in else "")


def cohort_lines(config: AppConfig) -> Iterator[str]:
    """The cohort rule of an app in lines: what a unit is, and whom each step adds."""
    yield f"a unit is {_UNITS[config.unit]}"
    for number, step in enumerate(config.plan.steps if config.plan else (), 1):
        yield f"step {number}: {step_words(step)}"
    for name, units in sorted(config.opted_in.items()):
        yield f"opted in ({name}): {len(units):,} units"


def concerns(plan: Plan) -> Iterator[str]:
    """What a plan's populations bring with them that its author may not have meant."""
    for number, step in enumerate(plan.steps, 1):
        found = step.population
        if found is None:
            continue
        if is_halved(step.share, found):
            yield (
                f"step {number}: {called(found)} is {percent(found.size)} of the traffic, less than candidate and "
                f"control of {percent(step.share)} each: it is halved between them, so the candidate gets "
                f"{percent(found.size / 2)}"
            )
        elif not found.size:
            yield (
                f"step {number}: how much of the traffic is meant by {called(found)} is not said, so "
                f"{percent(step.share)} counts within it; say it with `{{when: …, size: 8%}}`"
            )
    compared = [step for step in plan.steps if step.share <= 0.5]
    if compared and all(step.population is not None for step in compared):
        yield "no step before 100 % is for everyone: who is in no population meets the candidate at once"
