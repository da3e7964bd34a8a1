"""Live judges of a project file: each is a judge of a suite, with its calibration and limits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import Any

import msgspec
from pydantic import Field

from serinus.core.errors import InvalidInput
from serinus.core.judging.scorers import Judge
from serinus.core.judging.suite import Suite
from serinus.core.pipeline.live_judge import LiveJudge
from serinus.files.faults import InvalidFile, did_you_mean
from serinus.files.fields import MetricName, Model, Share
from serinus.files.suite_file import parse_suite_file

Load = Callable[[str], bytes]
"""The bytes of a file by its path beside the project file; InvalidInput when it cannot be read."""


_ADD = "add one to its scorers: `{name: grounded, kind: judge, criterion: …, endpoint: …, model: …}`"


class LiveJudgeModel(Model):
    """A judge of live answers."""

    metric: MetricName = Field(examples=["judge.correctness"])
    suite: str = Field(min_length=1, examples=["suite.yaml"])
    scorer: str = Field(min_length=1, examples=["correct"])
    share: Share | None = Field(default=None, gt=0, examples=["2%"])
    at_least: int | None = Field(default=None, ge=0, examples=["100"])
    limit_usd_per_day: float | None = Field(default=None, ge=0, examples=["5"])


def live_judges_of(found: Sequence[LiveJudgeModel], load: Load | None) -> tuple[LiveJudge, ...]:
    """Core's values; InvalidInput names the place in the file."""
    return tuple(_live_judge(f"live_judges[{index}]", one, load) for index, one in enumerate(found))


def _live_judge(where: str, one: LiveJudgeModel, load: Load | None) -> LiveJudge:
    if load is None:
        raise InvalidInput(
            f"{one.suite} cannot be read from here", where=f"{where}.suite", mend="check the file where it lies"
        )
    suite = _suite(f"{where}.suite", one.suite, load)
    judges = {criterion.name: criterion for criterion in suite.criteria if isinstance(criterion.scorer, Judge)}
    named = judges.get(one.scorer)
    if named is None or not isinstance(named.scorer, Judge):
        mend = did_you_mean(one.scorer, judges) if judges else _ADD
        other = any(criterion.name == one.scorer for criterion in suite.criteria)
        what = f"{one.scorer!r} of {one.suite} is no judge" if other else f"{one.suite} has no judge {one.scorer!r}"
        raise InvalidInput(what, where=f"{where}.scorer", mend=mend)
    given: dict[str, Any] = one.model_dump(include={"share", "at_least", "limit_usd_per_day"}, exclude_none=True)
    return LiveJudge(
        metric=one.metric,
        judge=named.scorer,
        calibration=msgspec.to_builtins(named.calibration) if named.calibration else None,
        price=suite.price(named.scorer.model),
        concurrency=min(suite.concurrency, 256),
        requests_per_minute=suite.requests_per_minute,
        timeout_s=suite.timeout_s,
        tries=suite.tries,
        **given,
    )


def _suite(where: str, name: str, load: Load) -> Suite:
    folder = PurePosixPath(name).parent
    try:
        return parse_suite_file(name, load(name), lambda path: load(str(folder / path))).suite
    except InvalidFile as error:
        first = error.faults[0]
        what = f"{first.where}: {first.what}" if first.where else first.what
        raise InvalidInput(f"the suite is not sound: {what}", where=where, mend=first.mend) from None
    except InvalidInput as error:
        raise InvalidInput(f"{name} {error.what}", where=where, mend=error.mend) from None
