"""The records of a call, format 1: MessagePack arrays in the order of the fields below.

Readers pass over elements they do not know at the end of an array; new fields are only ever added there.
Assigned arm and serving version are separate: a fallback serves the baseline on the candidate's account.
"""

from __future__ import annotations

import enum
from typing import ClassVar

import msgspec


class ErrorClass(enum.IntEnum):
    """Whose fault a failed call was. `INFRASTRUCTURE` counts against no arm; `CALLER` faults neither. `BREAKER_OPEN`:
    the endpoint was not asked, since it had failed nearly every call before."""

    NONE = 0
    UPSTREAM_STATUS = 1
    UPSTREAM_TIMEOUT = 2
    UPSTREAM_CUT = 3
    UPSTREAM_GARBAGE = 4
    UPSTREAM_CONNECT = 5
    RATE_LIMITED = 6
    CALLER = 7
    CALLER_LEFT = 8
    INFRASTRUCTURE = 9
    TEMPLATE = 10
    BREAKER_OPEN = 11


class Event(enum.IntFlag):
    """Bad events of a call, as bits; the metric registry names them. Bits are part of the record format."""

    ERROR = 1
    REFUSAL = 2
    INVALID_FORMAT = 4
    OVERDUE = 8
    POLICY_VIOLATION = 16
    THUMBS_DOWN = 32
    ESCALATED = 64
    ABANDONED = 128
    RECONTACT = 256
    LEFT = 512
    ZERO_TOLERANCE = 1024


class Rung(enum.IntEnum):
    """Which rung of the fallback ladder answered."""

    NONE = 0
    RETRY = 1
    BASELINE = 2
    CACHE = 3
    MESSAGE = 4
    HAND_OFF = 5


class _Record(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Base: encoded as an array, unknown trailing elements ignored. No record can be part of a cycle."""


class Begin(_Record, frozen=True, array_like=True):
    """Written at assignment. `call` is the raw call id (48 bytes: time, release, arm, stratum, unit).

    `mono_ns` is CLOCK_BOOTTIME of the host, `revision` the snapshot's, `version` the 32-byte digest that serves,
    `overdue_ms` how long without a first byte is too long, `total_ms` the longest that the call may take (0: not told).
    """

    KIND: ClassVar[int] = 1
    call: bytes
    at_us: int
    mono_ns: int
    app: str
    version: bytes
    revision: int
    overdue_ms: int
    total_ms: int = 0


class First(_Record, frozen=True, array_like=True):
    """Written at the first byte of a stream."""

    KIND: ClassVar[int] = 2
    call: bytes
    mono_ns: int


class End(_Record, frozen=True, array_like=True):
    """Written before the last byte leaves; holds all of the call, so that no join is needed.

    `status` is the HTTP status sent (499: the caller left), `latency_us` and `ttft_us` from admission (`ttft_us` 0:
    no first byte), tokens −1 when unknown, `cost_nano` nano-USD (−1 unknown) by `price_table`, `events` bits of Event.
    `rules` are the policy rules that the answer broke.
    """

    KIND: ClassVar[int] = 3
    call: bytes
    at_us: int
    mono_ns: int
    app: str
    version: bytes
    revision: int
    conversation: int
    status: int
    error: int
    events: int
    latency_us: int
    ttft_us: int
    tokens_in: int = -1
    tokens_out: int = -1
    tokens_cached: int = -1
    cost_nano: int = -1
    finish: str = ""
    rung: int = 0
    held: bool = False
    estimated: bool = False
    stream: bool = False
    attempts: int = 1
    upstream_status: int = 0
    model: str = ""
    price_table: str = ""
    rules: tuple[str, ...] = ()


class Score(_Record, frozen=True, array_like=True):
    """A number attached to a call after its end (feedback, rule, judge). `value_micro` is the value × 10⁶.

    The same `key` of a metric and call is the same score, however often it is written. `conversation` ≠ 0: it is about
    a whole conversation, and `call` only carries release, arm, stratum and unit. `text` is what the user wrote.
    """

    KIND: ClassVar[int] = 4
    call: bytes
    at_us: int
    metric: str
    value_micro: int
    source: str
    key: str
    app: str = ""
    conversation: int = 0
    text: str = ""


class Payload(_Record, frozen=True, array_like=True):
    """Sampled texts of a call as JSON, redacted before they are written: `request` is what the caller sent,
    `answer` what came back. `cut`: one of them was too long, and its end is missing. `version`: the 32-byte digest of
    the version that served, zeros where none did; empty where it is not told."""

    KIND: ClassVar[int] = 5
    call: bytes
    request: bytes
    answer: bytes
    at_us: int = 0
    app: str = ""
    cut: bool = False
    version: bytes = b""


class Dropped(_Record, frozen=True, array_like=True):
    """A worker's count of records that found no room in the spool since it started."""

    KIND: ClassVar[int] = 6
    at_us: int
    total: int


class Pair(_Record, frozen=True, array_like=True):
    """The same request answered by both versions: `call` is the copy that the candidate answered (arm SHADOW),
    `primary` the call that the user was answered by.

    `first_turn`: no answer of the baseline stands in its history. Events are bits of Event. What is not known of a
    side, as of one without a whole answer, is −1; `chars` counts those of the answer's text.
    """

    KIND: ClassVar[int] = 7
    call: bytes
    primary: bytes
    at_us: int
    app: str
    first_turn: bool
    candidate_events: int
    baseline_events: int
    candidate_latency_us: int = -1
    baseline_latency_us: int = -1
    candidate_ttft_us: int = -1
    baseline_ttft_us: int = -1
    candidate_tokens_out: int = -1
    baseline_tokens_out: int = -1
    candidate_cost_nano: int = -1
    baseline_cost_nano: int = -1
    candidate_chars: int = -1
    baseline_chars: int = -1


Record = Begin | First | End | Score | Payload | Dropped | Pair
KINDS: dict[int, type[Record]] = {kind.KIND: kind for kind in (Begin, First, End, Score, Payload, Dropped, Pair)}
