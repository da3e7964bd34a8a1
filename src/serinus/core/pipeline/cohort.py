"""The cohort rule of an app (A1): what a unit is, whom each step means, who has opted in."""

from __future__ import annotations

import re

from serinus.core.errors import InvalidInput
from serinus.core.pipeline.app import AppConfig
from serinus.core.pipeline.plan import Plan
from serinus.core.routing.predicate import Predicate, conditions

MOST_OPTED_IN = 5000
LONGEST_UNIT = 256
_NAME = re.compile(r"[a-z0-9][a-z0-9 ._-]{0,62}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def check_cohort(config: AppConfig) -> None:
    """Refuse an app whose cohort rule contradicts itself; InvalidInput names the field."""
    _check_lists(config)
    if len(set(config.attributes)) < len(config.attributes):
        raise InvalidInput(
            "a source stands twice", where="cohort.attributes", mend="e.g. `attributes: [header, metadata]`"
        )
    if config.plan is not None:
        _check_steps(config, config.plan)


def populations(plan: Plan, step: int) -> tuple[Predicate | None, ...]:
    """Whom the steps up to this one mean, by step (None: everyone); empty when all of them mean everyone."""
    meant = tuple(one.population.when if one.population is not None else None for one in plan.steps[: step + 1])
    return meant if any(one is not None for one in meant) else ()


def forced_units(config: AppConfig, plan: Plan, step: int) -> tuple[str, ...]:
    """The units that get the candidate because they opted in: those on the lists that the steps up to this one name, as
    the lists are now."""
    names = {name for one in plan.steps[: step + 1] for name in one.opted_in}
    return tuple(sorted({unit for name in names for unit in config.opted_in.get(name, ())}))


def _check_lists(config: AppConfig) -> None:
    if sum(len(units) for units in config.opted_in.values()) > MOST_OPTED_IN:
        raise InvalidInput(
            f"more than {MOST_OPTED_IN:,} units have opted in",
            where="cohort.opted_in",
            mend="let callers send an attribute, and make it a segment",
        )
    for name, units in config.opted_in.items():
        if not _NAME.fullmatch(name):
            raise InvalidInput(
                f"{name!r} is not the name of a list", where="cohort.opted_in", mend="e.g. `beta: [user-17]`"
            )
        for unit in units:
            if not 0 < len(unit) <= LONGEST_UNIT or _CONTROL.search(unit):
                raise InvalidInput(
                    f"a unit of {name!r} is empty, too long or has control characters",
                    where="cohort.opted_in",
                    mend=f"use up to {LONGEST_UNIT} characters, as callers name it",
                )


def _check_steps(config: AppConfig, plan: Plan) -> None:
    for index, step in enumerate(plan.steps):
        where = plan.place_of(index)
        for name in step.opted_in:
            if name not in config.opted_in:
                known = ", ".join(sorted(config.opted_in)) or "none is declared"
                raise InvalidInput(
                    f"there is no opted-in list {name!r}", where=f"{where}.opted_in", mend=f"lists here: {known}"
                )
        meant = conditions(step.population.when) if step.population is not None else ()
        tested = [one.name for one in meant if one.about == "attribute"]
        if tested and not config.attributes:
            raise InvalidInput(
                f"`{tested[0]}` is an attribute, but where callers send attributes is not declared",
                where=f"{where}.population",
                mend="add `attributes: [header]` to the cohort; callers send x-serinus-attributes",
            )
