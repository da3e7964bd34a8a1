"""Live judgements: which calls were sampled for which judge, and what came of each."""

from __future__ import annotations

from typing import Literal

import msgspec

from serinus.core.records import call_id

State = Literal["waiting", "scored", "unscored"]
WAITING: State = "waiting"
SCORED: State = "scored"
UNSCORED: State = "unscored"
HOUR_US = 3_600_000_000


class JudgementKey(msgspec.Struct, frozen=True, array_like=True, order=True):
    """One call (its 48 raw bytes), for one metric, by one judge (hex digest): it is judged once."""

    call: bytes
    metric: str
    judge: str


class Sampled(msgspec.Struct, frozen=True, kw_only=True):
    """A call that is to be judged: `share` of the calls like it are, from `at_us` on it waits."""

    key: JudgementKey
    app: str
    share: float
    at_us: int

    @property
    def begun_at_us(self) -> int:
        """When the call began."""
        return begun_at_us(self.key.call)


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A judgement that somebody works on. `attempts` counts claims and fences: only the newest may settle it."""

    key: JudgementKey
    app: str
    holder: str
    attempts: int


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: a `value` in [0, 1] of the metric's scale, or None with the `reason` why there is none.
    `evidence` is the judge's reason, which may quote the texts. Of the cost, `estimated_nano` are estimated: the
    provider did not say how many tokens there were. As it stands, a judgement's cost is that of all attempts."""

    value: float | None
    label: str = ""
    reason: str = ""
    evidence: str = ""
    cost_nano: int = 0
    estimated_nano: int = 0


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """A judgement as it stands; `at_us` when it was settled, 0 while it waits."""

    key: JudgementKey
    app: str
    state: State
    verdict: Verdict
    at_us: int = 0


class JudgementCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many judgements of calls that began in one hour (since 1970) are alike. `release` is empty outside of one;
    `total` is the sum of their values."""

    metric: str
    judge: str
    release: str
    arm: int
    hour: int
    state: State
    reason: str
    count: int
    total: float
    cost_nano: int


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """The last error of a judge that some worker told, and when; it may be over since. Holds no text of a call."""

    metric: str
    judge: str
    what: str
    at_us: int


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for a judge: how many calls, and when the oldest of them began."""

    metric: str
    judge: str
    count: int
    oldest_at_us: int


def begun_at_us(call: bytes) -> int:
    """When a call began, by its id."""
    return call_id.parse(call).at_ms * 1000


def hour_of(at_us: int) -> int:
    """The window in which both arms get their judged calls: an hour since 1970."""
    return at_us // HOUR_US
