"""A monitor: a number that is watched all the time, where it comes from, and which levels it can be at (A2, I)."""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

from serinus.core.metrics import REGISTRY
from serinus.core.pipeline.gauge import GAUGES
from serinus.core.pipeline.limit import SCORES_NEEDED
from serinus.core.pipeline.threshold import Threshold
from serinus.core.pipeline.usual import (
    EVERY_S,
    MIN_SAMPLES,
    SCORES_BY_CHANCE,
    SCORES_EVERY_S,
    SCORES_WINDOW_S,
    USUAL,
    WINDOW_S,
)

Action = Literal["none", "pause", "rollback"]
_PER_ARM = ("$arm", "$version", "$release")


class MetricSource(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="metric"):
    """A gauge of the product's own, from rollups over the window."""

    metric: str


class SqlSource(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="sql"):
    """One SELECT over the event log that gives one number: see docs/reference/monitors.md for what it sees."""

    query: str


class PromqlSource(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="promql"):
    """An instant query to a Prometheus. `token_env` names the variable that holds a bearer token, if it needs one."""

    url: str
    query: str
    token_env: str = ""


class HttpSource(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="http"):
    """A GET. Without `pointer` the value is 1 for an answer of `status` and 0 for any other; with one (RFC 6901) it is
    the number at that place of the JSON answer, which must be of `status`."""

    url: str
    status: int = 200
    pointer: str = ""
    token_env: str = ""


Source = MetricSource | SqlSource | PromqlSource | HttpSource


class Monitor(msgspec.Struct, frozen=True, kw_only=True):
    """Watched on the live version always, and on a candidate while it receives traffic.

    Read every `every_s` over the last `window_s`, within `timeout_s`. `required`: without data, or at critical, no
    release leaves a step; this, and `action` at critical, hold from traffic step `from_step` (counted from 1) on.
    `min_samples`: calls without which there are no data. What is left out (None, 0) follows from the source; a gauge
    without any threshold takes the usual ones. `action` None: pause when required, else none.

    `by_chance`, of scores: a version that is just at a threshold crosses it with about this chance at most (0: not
    asked); the mean of few scores is often beyond a threshold that is near to what is usual.
    """

    name: str
    source: Source
    alert: Threshold | None = None
    critical: Threshold | None = None
    every_s: float = 0.0
    window_s: float = 0.0
    timeout_s: float = 10.0
    required: bool = False
    from_step: int = 1
    min_samples: int | None = None
    action: Action | None = None
    unit: str = ""
    by_chance: float | None = None

    def __post_init__(self) -> None:
        """Fill in what was left out: a frozen value is completed here, where it is made, and nowhere else."""
        source = self.source
        usual = USUAL.get(source.metric) if isinstance(source, MetricSource) else None
        alert, critical = self.alert, self.critical
        if alert is None and critical is None:
            if usual is not None:
                alert, critical = usual.alert, usual.critical
            elif isinstance(source, HttpSource) and not source.pointer:
                critical = Threshold(side="below", bound=1.0)
        watched = GAUGES.get(source.metric) if isinstance(source, MetricSource) else None
        found = {
            "alert": alert,
            "critical": critical,
            "every_s": self.every_s or (usual.every_s if usual else SCORES_EVERY_S if self.of_scores else EVERY_S),
            "window_s": self.window_s or (usual.window_s if usual else SCORES_WINDOW_S if self.of_scores else WINDOW_S),
            "by_chance": self._usual_chance() if self.by_chance is None else self.by_chance,
            "min_samples": _least(source) if self.min_samples is None else self.min_samples,
            "action": self.action or ("pause" if self.required and critical is not None else "none"),
            "unit": watched.unit if watched else self.unit,
        }
        for name, value in found.items():
            msgspec.structs.force_setattr(self, name, value)

    def _usual_chance(self) -> float:
        return SCORES_BY_CHANCE if self.of_scores else 0.0

    @property
    def of_scores(self) -> bool:
        """Whether it is a mean of scores."""
        return isinstance(self.source, MetricSource) and _scored(self.source.metric)

    @property
    def least(self) -> int:
        """Calls without which there are no data."""
        return self.min_samples or 0

    @property
    def relative(self) -> bool:
        """Whether a threshold needs a baseline."""
        return any(one is not None and one.relative for one in (self.alert, self.critical))

    @property
    def shared(self) -> bool:
        """Whether its number is one for all arms: then it is read once, and stands for live and candidate."""
        match self.source:
            case HttpSource() | MetricSource(metric="judging.lag"):
                return True
            case PromqlSource(query=query):
                return not any(word in query for word in _PER_ARM)
            case _:
                return False

    @property
    def stale_s(self) -> float:
        """Age from which a reading is none any more."""
        return 2 * self.every_s + self.timeout_s

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the declaration: readings of another one do not count for it."""
        fields = msgspec.to_builtins(self)
        if not self.by_chance:  # as it was before there was such a field
            del fields["by_chance"]
        return hashlib.sha256(msgspec.json.encode(fields, order="sorted")).hexdigest()


def _scored(name: str) -> bool:
    return name in REGISTRY and REGISTRY[name].kind == "score"


def _least(source: Source) -> int:
    match source:
        case MetricSource(metric=name):
            if name in USUAL:
                return USUAL[name].min_samples
            return SCORES_NEEDED if _scored(name) else MIN_SAMPLES
        case SqlSource():
            return 1
        case _:
            return 0
