"""A chat completion stream (server-sent events): relayed as received, whole events only, its tail read for usage.

Bytes pass untouched except for what lies behind the last complete event, which waits for its end (so that a cut
stream ends between events), the extra usage chunk that we asked for and the caller did not, and what comes before the
first event, which waits until that proves to be JSON: up to then another version may still answer.
"""

from __future__ import annotations

import re

from serinus.core.records.record import ErrorClass
from serinus.core.wire.answer import Completion, Findings, read_completion
from serinus.core.wire.fault import UpstreamFault
from serinus.core.wire.refusal import error_body

DONE = b"data: [DONE]\n\n"
MAX_EVENT_BYTES = 1024 * 1024
_BOUNDARY = re.compile(rb"\r\n\r\n|\n\n|\r\r|\n\r\n|\r\n\n")
_LINE = re.compile(r"\r\n|\n|\r")
_USUAL = (b'"choices":[', b'"choices": [')
_TELLING = (
    *(b'finish_reason":"', b'finish_reason": "', b'usage":{', b'usage": {', b"[DONE]"),
    *(b'refusal":"', b'refusal": "', b'"error":', b'"choices":[]', b'"choices": []'),
)
_LEARNT_FROM = 8
_CONTENT = b'"content":"'
_AFTER_CONTENT = (b'"}', b'",')


class _Usual:
    """An event that told nothing, around its text: the next ones mostly differ from it in that text only."""

    __slots__ = ("after", "before", "length")

    def __init__(self, before: bytes, after: bytes) -> None:
        self.before = before
        self.after = after
        self.length = len(before) + len(after)

    def fits(self, data: bytes) -> bool:
        """Whether these bytes are this event with another text. A text without quotes is nothing but text, and with
        none of the event's own words across its ends: nothing in it can be telling."""
        before, after = self.before, self.after
        if len(data) < self.length or not data.startswith(before) or not data.endswith(after):
            return False
        text = data[len(before) : len(data) - len(after)]
        return b'"' not in text and b"\n" not in text and b"\r" not in text


def _usual_of(data: bytes) -> _Usual | None:
    """The shape of one event that told nothing; None when its text cannot be told apart for sure."""
    start = data.find(_CONTENT) + len(_CONTENT)
    end = data.find(b'"', start)
    if start < len(_CONTENT) or end < 0 or not data.startswith(b"data:") or data.find(b"\n") != len(data) - 2:
        return None
    before, after = data[:start], data[end:]
    return _Usual(before, after) if after.startswith(_AFTER_CONTENT) and b"\r" not in data else None


class EventStream:
    """One stream. `findings` gathers what it told; `done` after `[DONE]`; `events` counts those relayed; `fault` is
    why no more can come: an event that never ends, is not JSON, or an error in-band, or an end before the answer's.

    `strip_usage`: drop chunks that carry usage and no choice. `keep_text`: gather the answer's text and tool calls.
    """

    __slots__ = (
        "_always",
        "_held",
        "_keep_text",
        "_rest",
        "_seen",
        "_strip_usage",
        "_usual",
        "done",
        "events",
        "fault",
        "findings",
    )

    def __init__(self, *, strip_usage: bool, keep_text: bool) -> None:
        self.findings = Findings()
        self.done = False
        self.fault: UpstreamFault | None = None
        self.events = 0
        self._strip_usage = strip_usage
        self._keep_text = keep_text
        self._always = keep_text
        self._seen = False
        self._rest = self._held = b""
        self._usual: _Usual | None = None

    def receive(self, data: bytes) -> bytes:
        """The bytes to relay now; look at `done` and `fault` afterwards."""
        if self.done or self.fault is not None:
            return b""
        if self._usual is not None and not self._rest and self._usual.fits(data):
            self.events += 1
            return data
        if self._rest:
            data = self._rest + data
        if data.endswith(b"\n\n") and b"\r" not in data:
            self._rest = b""
        else:
            end = last_boundary(data)
            data, self._rest = data[:end], data[end:]
        relayed = self._relay(data) if data else b""
        if len(self._rest) + len(self._held) > MAX_EVENT_BYTES and not self.done and self.fault is None:
            self.fault = UpstreamFault(ErrorClass.UPSTREAM_GARBAGE, "an event of the upstream's stream does not end")
        return relayed

    def finish(self) -> bytes:
        """The upstream ended cleanly: the bytes still to send. Sets `fault` when the answer is not whole."""
        rest = self.receive(b"\n\n") if self._rest.strip() else b""
        if not self._seen and self.fault is None:
            self._read(self._held)  # comments that nothing followed may still be garbage
        if self.done or self.fault is not None:
            return rest
        if not self.findings.finish:
            self.fault = UpstreamFault(ErrorClass.UPSTREAM_CUT, "the upstream's stream ended before the answer did")
            return rest
        self.done = True
        return rest + DONE

    def _relay(self, data: bytes) -> bytes:
        if not self._seen:
            return self._begin(data)
        for telling in _TELLING:
            if telling in data:
                return self._read(data)
        if self._always:
            return self._read(data)
        self.events += data.count(b"data:")
        if self.events <= _LEARNT_FROM:  # where each event differs otherwise too, stop trying
            self._usual = _usual_of(data)
        return data

    def _begin(self, data: bytes) -> bytes:
        """Hold comments; read the first events, which name the model and show whether this JSON is spaced unusually."""
        data, self._held = self._held + data, b""
        if b"data:" not in data:
            self._held = data
            return b""
        self._always = self._always or not any(usual in data for usual in _USUAL)
        relayed = self._read(data)
        self._seen = self.events > 0 or self.done
        if self._seen:
            return relayed
        self._held = relayed
        return b""

    def _read(self, data: bytes) -> bytes:
        kept = []
        try:
            for event in split_events(data):
                if self._wanted(event):
                    kept.append(event)
                if self.done:
                    break
        except UpstreamFault as fault:
            self.fault = fault
        return b"".join(kept)

    def _wanted(self, event: bytes) -> bool:
        text = event_data(event)
        if text is None:
            return True
        if text.strip() == "[DONE]":
            self.done = True
            return True
        completion = self._completion(text)
        if completion is None:
            self.events += 1
            return True
        self.findings.note(completion, self._keep_text)
        if self._strip_usage and completion.usage is not None and completion.choices == []:
            return False
        self.events += 1
        return True

    def _completion(self, text: str) -> Completion | None:
        completion = read_completion(text)
        if completion is not None and completion.error is not None and not completion.choices:
            raise UpstreamFault(ErrorClass.UPSTREAM_STATUS, "the upstream failed within its stream")
        return completion


def last_boundary(data: bytes) -> int:
    """The offset behind the last complete event; 0 when there is none."""
    end = data.rfind(b"\n\n") + 2
    if b"\r" not in data:
        return end if end > 1 else 0
    last = 0
    for match in _BOUNDARY.finditer(data):
        last = match.end()
    return last


def split_events(data: bytes) -> list[bytes]:
    """The events of bytes that end with a whole one; each keeps its own ending."""
    events, start = [], 0
    for match in _BOUNDARY.finditer(data):
        events.append(data[start : match.end()])
        start = match.end()
    if start < len(data):
        events.append(data[start:])
    return events


def event_data(event: bytes) -> str | None:
    """The `data` of an event, its lines joined (HTML standard, 9.2.6); None for comments and other fields."""
    try:
        lines = _LINE.split(event.decode())
    except UnicodeDecodeError:
        raise UpstreamFault(ErrorClass.UPSTREAM_GARBAGE, "the upstream's stream is not UTF-8") from None
    data = [line[5:].removeprefix(" ") for line in lines if line.startswith("data:")]
    return "\n".join(data) if data else None


def error_event(status: int, code: str, message: str) -> bytes:
    """The event that tells a caller, within a stream, that no more will come."""
    return b"data: " + error_body(status, code, message) + b"\n\n"
