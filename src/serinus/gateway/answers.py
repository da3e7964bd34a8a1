"""What an upstream's answer means: judged whole, without sockets."""

from __future__ import annotations

from serinus.core.records.record import ErrorClass
from serinus.core.routing.snapshot import FormatRule
from serinus.core.wire.answer import Findings, read_completion
from serinus.core.wire.fault import UpstreamFault
from serinus.core.wire.format_rule import breaks
from serinus.core.wire.refusal import Refusal
from serinus.core.wire.response import ResponseReader

_OUR_KEY_STATUSES = frozenset({401, 403})
_LIMITED = 429
_ANSWERS = {
    ErrorClass.UPSTREAM_CONNECT: (502, "upstream_connect"),
    ErrorClass.UPSTREAM_CUT: (502, "upstream_cut"),
    ErrorClass.UPSTREAM_GARBAGE: (502, "upstream_garbage"),
    ErrorClass.UPSTREAM_STATUS: (502, "upstream_status"),
    ErrorClass.UPSTREAM_TIMEOUT: (504, "upstream_timeout"),
    ErrorClass.RATE_LIMITED: (429, "upstream_rate_limited"),
    ErrorClass.INFRASTRUCTURE: (502, "upstream_lost"),
}


def is_stream(reader: ResponseReader) -> bool:
    """Whether an answer is a good event stream."""
    return (
        reader.status == 200
        and reader.headers.get(b"content-type", b"")[:17].lower() == b"text/event-stream"
        and not is_encoded(reader)
    )


def is_encoded(reader: ResponseReader) -> bool:
    """Whether the body is compressed, although we asked for `identity`."""
    encoding = reader.headers.get(b"content-encoding")
    return encoding is not None and encoding.strip().lower() not in (b"", b"identity")


def judge(reader: ResponseReader, body: bytes, wants_stream: bool, rule: FormatRule | None) -> tuple[Findings, bool]:
    """What a whole 2xx answer told, and whether it breaks the format rule. UpstreamFault when it is no answer."""
    if is_encoded(reader):
        raise _garbage("compressed, although identity was asked for")
    completion = read_completion(body)
    findings = Findings()
    if completion is not None and completion.error is not None and not completion.choices:
        raise UpstreamFault(ErrorClass.UPSTREAM_STATUS, "the upstream answered 2xx with an error", reader.status)
    if wants_stream:
        raise _garbage("not an event stream, although one was asked for")
    if completion is None:
        return findings, rule is not None
    findings.note(completion, keep_text=rule is not None)
    return findings, rule is not None and breaks(rule, findings.text)


def status_fault(status: int) -> UpstreamFault:
    """The fault that a status other than 2xx is."""
    error = ErrorClass.RATE_LIMITED if status == _LIMITED else ErrorClass.UPSTREAM_STATUS
    return UpstreamFault(error, f"the upstream answered {status}", status)


def may_fall_back(fault: UpstreamFault) -> bool:
    """Whether another version may mend it. Not a request that is itself at fault, not a rate limit (its wait is
    passed on), and not a connection lost by nobody's fault, where the call may have been carried out."""
    if fault.error is ErrorClass.UPSTREAM_STATUS:
        return fault.status < 300 or fault.status >= 500 or fault.status in (401, 403, 404)
    return fault.error not in (ErrorClass.RATE_LIMITED, ErrorClass.INFRASTRUCTURE)


def refusal_for(fault: UpstreamFault) -> Refusal:
    """What the caller is told of a fault."""
    status, code = _ANSWERS[fault.error]
    return Refusal(status, code, fault.what)


def passable(reader: ResponseReader, body: bytes) -> tuple[int, bytes]:
    """Status and body to pass on for an upstream's error. A refusal of *our* key must not look like the caller's."""
    if reader.status in _OUR_KEY_STATUSES or reader.status < 400:
        refusal = Refusal(502, "upstream_status", f"the upstream answered {reader.status} to the gateway's own request")
        return 502, refusal.body()
    if not is_encoded(reader) and body[:1] == b"{" and body[-1:] in b"}\n" and b"error" in body:
        return reader.status, body
    fault = status_fault(reader.status)
    return reader.status, Refusal(reader.status, refusal_for(fault).code, fault.what).body()


def _garbage(what: str) -> UpstreamFault:
    return UpstreamFault(ErrorClass.UPSTREAM_GARBAGE, f"the upstream's answer is {what}")
