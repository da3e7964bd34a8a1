"""A finished call as the event log keeps it: every field of its End decoded, one row per call."""

from __future__ import annotations

import msgspec

from serinus.core.metrics import REGISTRY
from serinus.core.records import call_id
from serinus.core.records.record import Begin, End, ErrorClass, Rung

EVENT_NAMES: dict[int, str] = {metric.event: metric.name for metric in REGISTRY.values() if metric.event}
_ERRORS = {int(error): error.name.lower() for error in ErrorClass}
_RUNGS = {int(rung): rung.name.lower() for rung in Rung}


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One row. `call` is the printed call id; `arm` its label; `stratum` −1 outside a comparison; `unit`, `version`
    and `conversation` hex; `error` and `rung` in words; `events` metric names; None: unknown.

    `finished` is False for a call whose worker died before its end: nothing but its beginning is known.
    """

    call: str
    host: str
    app: str
    release: str
    arm: str
    stratum: int
    unit: str
    conversation: str
    version: str
    revision: int
    begun_at_us: int
    at_us: int
    status: int
    error: str
    events: tuple[str, ...]
    latency_us: int
    ttft_us: int
    tokens_in: int | None
    tokens_out: int | None
    tokens_cached: int | None
    cost_nano: int | None
    finish: str
    rung: str
    held: bool
    estimated: bool
    stream: bool
    attempts: int
    upstream_status: int
    model: str
    finished: bool
    price_table: str = ""
    rules: tuple[str, ...] = ()


def lost_end(begin: Begin) -> End:
    """The End made for a call whose worker died: status 0 and `INFRASTRUCTURE`, which counts against no arm."""
    return End(
        call=begin.call,
        at_us=begin.at_us,
        mono_ns=begin.mono_ns,
        app=begin.app,
        version=begin.version,
        revision=begin.revision,
        conversation=0,
        status=0,
        error=int(ErrorClass.INFRASTRUCTURE),
        events=0,
        latency_us=0,
        ttft_us=0,
    )


def event_names(bits: int) -> tuple[str, ...]:
    """The metric names of event bits; a bit that this Serinus does not know appears as `event.<bit>`."""
    found = []
    while bits:
        bit = bits & -bits
        found.append(EVENT_NAMES.get(bit) or f"event.{bit}")
        bits ^= bit
    return tuple(found)


def row(end: End, host: str, *, finished: bool = True) -> Call:
    """The event-log row of an End."""
    key = call_id.parse(end.call)
    return Call(
        call=call_id.text(end.call),
        host=host,
        app=end.app,
        release=key.release,
        arm=key.arm.label,
        stratum=key.stratum,
        unit=key.unit.hex(),
        conversation=f"{end.conversation & (2**64 - 1):016x}",
        version=end.version.hex(),
        revision=end.revision,
        begun_at_us=key.at_ms * 1000,
        at_us=end.at_us,
        status=end.status,
        error=_word(_ERRORS, end.error),
        events=event_names(end.events),
        latency_us=end.latency_us,
        ttft_us=end.ttft_us,
        tokens_in=_known(end.tokens_in),
        tokens_out=_known(end.tokens_out),
        tokens_cached=_known(end.tokens_cached),
        cost_nano=_known(end.cost_nano),
        finish=end.finish,
        rung=_word(_RUNGS, end.rung),
        held=end.held,
        estimated=end.estimated,
        stream=end.stream,
        attempts=end.attempts,
        upstream_status=end.upstream_status,
        model=end.model,
        finished=finished,
        price_table=end.price_table,
        rules=end.rules,
    )


def _known(value: int) -> int | None:
    return None if value < 0 else value


def _word(words: dict[int, str], number: int) -> str:
    """A number that only a newer worker knows stays one: readers pass over what they do not know."""
    return words.get(number) or str(number)
