"""What an upstream's answer means: judged whole, without sockets."""

from __future__ import annotations

import math
import re

from serinus.core.records.record import ErrorClass
from serinus.core.routing.snapshot import FormatRule
from serinus.core.wire.answer import Findings, read_completion
from serinus.core.wire.fault import UpstreamFault
from serinus.core.wire.format_rule import breaks
from serinus.core.wire.refusal import Refusal
from serinus.core.wire.response import ResponseReader
from serinus.gateway.routes import Target

_OUR_KEY_STATUSES = frozenset({401, 403})
_LIMITED = 429
_RETRY_AFTER = "retry-after"
_DECIMAL = re.compile(rb"\d{1,9}(\.\d{1,9})?")
_FILTER_STATUSES = frozenset({400, 403, 422})
_FILTER_CODES = (b"content_filter", b"content_policy_violation", b"flagged_input")
_ANSWERS = {
    ErrorClass.UPSTREAM_CONNECT: (502, "upstream_connect"),
    ErrorClass.UPSTREAM_CUT: (502, "upstream_cut"),
    ErrorClass.UPSTREAM_GARBAGE: (502, "upstream_garbage"),
    ErrorClass.UPSTREAM_STATUS: (502, "upstream_status"),
    ErrorClass.UPSTREAM_TIMEOUT: (504, "upstream_timeout"),
    ErrorClass.RATE_LIMITED: (429, "upstream_rate_limited"),
    ErrorClass.INFRASTRUCTURE: (502, "upstream_lost"),
    ErrorClass.BREAKER_OPEN: (503, "upstream_open"),
}


def is_stream(reader: ResponseReader) -> bool:
    """Whether an answer is a good event stream."""
    return (
        reader.status == 200
        and reader.headers.get(b"content-type", b"")[:17].lower() == b"text/event-stream"
        and not reader.encoded
    )


def judge(
    reader: ResponseReader, body: bytes, wants_stream: bool, rule: FormatRule | None, keep_text: bool
) -> tuple[Findings, bool]:
    """What a whole 2xx answer told, with its text if that is to be kept, and whether it breaks the format rule.
    UpstreamFault when it is no answer."""
    if reader.encoded:
        raise _garbage("compressed, although identity was asked for")
    completion = read_completion(body)
    findings = Findings()
    if completion is not None and completion.error is not None and not completion.choices:
        raise UpstreamFault(ErrorClass.UPSTREAM_STATUS, "the upstream answered 2xx with an error", reader.status)
    if wants_stream:
        raise _garbage("not an event stream, although one was asked for")
    if completion is None:
        return findings, rule is not None
    findings.note(completion, keep_text)
    return findings, rule is not None and breaks(rule, findings.text)


def status_fault(reader: ResponseReader, body: bytes = b"") -> UpstreamFault:
    """The fault that an answer with a status other than 2xx is."""
    status = reader.status
    error = ErrorClass.RATE_LIMITED if status == _LIMITED else ErrorClass.UPSTREAM_STATUS
    return UpstreamFault(
        error,
        f"the upstream answered {status}",
        status,
        retry_after_s=retry_after_s(reader.headers),
        filtered=status in _FILTER_STATUSES and any(code in body for code in _FILTER_CODES),
    )


def retry_after_s(headers: dict[bytes, bytes]) -> float:
    """The wait that an upstream asks for: `retry-after-ms`, else `retry-after` in seconds; −1 for none, or a date."""
    for name, unit_s in ((b"retry-after-ms", 0.001), (b"retry-after", 1.0)):
        value = headers.get(name, b"")
        if _DECIMAL.fullmatch(value):
            return float(value) * unit_s
    return -1.0


def breaker_fault(target: Target, now_ns: int) -> UpstreamFault:
    """An endpoint is not asked, since its circuit breaker is open; with the time until it may be."""
    what = f"endpoint {target.endpoint.name} is passed over: nearly all of its last calls failed"
    return UpstreamFault(ErrorClass.BREAKER_OPEN, what, retry_after_s=target.breaker.wait_s(now_ns))


def refusal_for(fault: UpstreamFault) -> Refusal:
    """What the caller is told of a fault."""
    status, code = _ANSWERS[fault.error]
    wait = ((_RETRY_AFTER, str(math.ceil(fault.retry_after_s))),) if fault.error is ErrorClass.BREAKER_OPEN else ()
    return Refusal(status, code, fault.what, headers=wait)


def passable(reader: ResponseReader, body: bytes) -> tuple[int, bytes]:
    """Status and body to pass on for an upstream's error. A refusal of *our* key must not look like the caller's."""
    if reader.status in _OUR_KEY_STATUSES or reader.status < 400:
        what = f"the upstream answered {reader.status} to the gateway's own request"
        mend = "its key there is missing or wrong: the gateway's log says more" if reader.status >= 400 else ""
        return 502, Refusal(502, "upstream_status", what, mend=mend).body()
    if not reader.encoded and body[:1] == b"{" and body[-1:] in b"}\n" and b"error" in body:
        return reader.status, body
    fault = status_fault(reader)
    return reader.status, Refusal(reader.status, refusal_for(fault).code, fault.what).body()


def _garbage(what: str) -> UpstreamFault:
    return UpstreamFault(ErrorClass.UPSTREAM_GARBAGE, f"the upstream's answer is {what}")
