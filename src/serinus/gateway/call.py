"""One call: forward, fall back, relay, record. A small state machine between a caller and an upstream connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from serinus.core.errors import InvalidInput, TemplateError
from serinus.core.records.record import ErrorClass, Rung
from serinus.core.routing.assignment import Arm
from serinus.core.wire.fault import UpstreamFault
from serinus.core.wire.format_rule import breaks
from serinus.core.wire.refusal import Refusal
from serinus.core.wire.request import Request
from serinus.core.wire.response import ResponseReader
from serinus.core.wire.sse import EventStream
from serinus.gateway import answers, heads
from serinus.gateway.admission import Admitted
from serinus.gateway.client import ClientConnection
from serinus.gateway.pool import Pool
from serinus.gateway.recorder import Outcome, Recorder
from serinus.gateway.reply import Reply
from serinus.gateway.routes import Routes, Served, Target
from serinus.gateway.upstream import UpstreamConnection

_LEFT, _CUT_OFF = 499, 503
_CANDIDATE, _CONTROL = Arm.CANDIDATE, Arm.CONTROL


class Desk(Protocol):
    """What a call needs of the gateway."""

    recorder: Recorder
    mono_ns: Callable[[], int]

    def pool(self, target: Target) -> Pool: ...
    def call_over(self, call: Call) -> None: ...
    def report(self, fault: UpstreamFault, served: Served) -> None: ...


class Call:
    """From assignment to end. Every way out leads through `_end`, which writes the record, exactly once."""

    _upstream: UpstreamConnection | None = None
    _stream: EventStream | None = None
    _outgoing = b""
    _size = _answered_ns = _sent_ns = _first_ns = 0
    _connected = _reconnected = _slow = _over = _fell_back = False

    def __init__(
        self, desk: Desk, client: ClientConnection, request: Request, admitted: Admitted, routes: Routes
    ) -> None:
        self._desk = desk
        self._client = client
        self._request = request
        self._admitted = admitted
        self._revision = routes.revision
        self._served = admitted.version
        self._outcome = Outcome()
        self._headers: dict[bytes, bytes] = {}
        self._parts: list[bytes] = []
        self._total_ns = client.arrived_ns + admitted.app.total_ns
        self._raw = desk.recorder.begin(admitted, routes.revision, client.arrived_ns)
        self._reply = Reply(client, request, admitted, self._raw)

    def _reset(self) -> None:
        """Forget an attempt."""
        self._upstream = self._stream = None
        self._headers, self._parts = {}, []
        self._size = self._answered_ns = self._sent_ns = 0
        self._connected = self._reconnected = False
        self._outgoing = b""

    def start(self) -> None:
        """Compose and send. A request that the version cannot take is answered, and recorded, here."""
        self._client.work = self
        try:
            self._compose()
        except InvalidInput as error:
            kind = ErrorClass.TEMPLATE if isinstance(error, TemplateError) else ErrorClass.CALLER
            if not self._stand_in(kind):
                status = 422 if kind is ErrorClass.TEMPLATE else 400
                self._refuse(Refusal(status, error.code, error.what, param=error.where, mend=error.mend), kind)
        else:
            self._attempt()

    # what the pool tells

    def connected(self, connection: UpstreamConnection, now_ns: int) -> None:
        """A connection is there: send."""
        self._connected = True
        self._upstream = connection
        self._sent_ns = now_ns
        self._limit(now_ns + self._admitted.app.first_ns)
        connection.send(self, self._outgoing, now_ns)

    def not_connected(self, error: Exception) -> None:
        """Nothing was sent, so once more is safe; then it is a fault."""
        if not self._reconnected:
            self._reconnected = True
            self._outcome.rung = self._outcome.rung or Rung.RETRY
            self._attempt()
            return
        self._fail(UpstreamFault(ErrorClass.UPSTREAM_CONNECT, f"no connection to the upstream: {error}"))

    # what the upstream connection tells

    def upstream_data(self, reader: ResponseReader, body: bytes, now_ns: int) -> None:
        """The head is whole; `body` came with this read."""
        if not self._answered_ns:
            self._answered_ns = now_ns
            self._note_head(reader)
        if not body:
            return
        stream = self._stream
        if stream is not None:
            self._relay(stream, stream.receive(body))
            return
        self._size += len(body)
        self._parts.append(body)
        if self._size > self._admitted.app.answer_bytes:
            self._fail(UpstreamFault(ErrorClass.UPSTREAM_GARBAGE, "the upstream's answer is above answer_bytes"))

    def upstream_end(self, reader: ResponseReader) -> None:
        """The answer is complete."""
        self._upstream = None
        stream = self._stream
        if stream is not None:
            self._relay(stream, stream.finish())
            return
        parts = self._parts
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        if 200 <= reader.status < 300:
            self._answer(reader, body)
            return
        fault = answers.status_fault(reader.status)
        self._desk.report(fault, self._served)
        if not self._fall_back(fault):
            status, body = answers.passable(reader, body)
            self._finish(status, body)

    def upstream_failed(self, fault: UpstreamFault) -> None:
        """No whole answer will come."""
        self._upstream = None
        self._fail(fault)

    # what the caller's connection tells

    def caller_left(self) -> None:
        """Nobody is there to answer: the upstream is told at once."""
        self._outcome.error = self._outcome.error or ErrorClass.CALLER_LEFT
        self._outcome.left_unanswered = not self._first_ns
        self._end(_LEFT)

    def cut_off(self) -> None:
        """The process ends before the call does: nobody's failure, but on record."""
        self._outcome.error = self._outcome.error or ErrorClass.INFRASTRUCTURE
        self._end(200 if self._first_ns else _CUT_OFF, self._first_ns)

    def caller_slow(self) -> None:
        """Read no faster than the caller does."""
        self._slow = True
        if self._upstream is not None:
            self._upstream.pause()

    def caller_ready(self) -> None:
        """Go on reading."""
        self._slow = False
        self._limit(self._desk.mono_ns() + self._admitted.app.between_ns)
        if self._upstream is not None:
            self._upstream.resume()

    def expire(self, now_ns: int) -> None:
        """A limit has passed; a caller that does not read has until the total."""
        if self._slow and now_ns < self._total_ns:
            self._limit(self._total_ns)
        elif now_ns >= self._total_ns:
            self._fail(UpstreamFault(ErrorClass.UPSTREAM_TIMEOUT, "the call took longer than total_s"), last=True)
        elif not self._connected:
            self._fail(UpstreamFault(ErrorClass.UPSTREAM_CONNECT, "the upstream did not connect within connect_s"))
        elif not self._first_ns:
            self._fail(UpstreamFault(ErrorClass.UPSTREAM_TIMEOUT, "no answer came within first_token_s"))
        else:
            self._fail(UpstreamFault(ErrorClass.UPSTREAM_TIMEOUT, "the stream paused for longer than between_tokens_s"))

    # attempts

    def _compose(self) -> None:
        body = self._served.composer.compose(self._admitted.body, self._admitted.stream)
        headers = self._request.headers
        self._outgoing = b"%b%b%bcontent-length: %d\r\n\r\n%b" % (
            self._served.target.head,
            heads.forwarded(headers),
            heads.traceparent(headers, self._raw) if b"traceparent" in headers else b"",
            len(body),
            body,
        )

    def _attempt(self) -> None:
        self._outcome.attempts += 1
        pool = self._desk.pool(self._served.target)
        now_ns = self._desk.mono_ns()
        connection = pool.take(now_ns)
        if connection is not None:
            self.connected(connection, now_ns)
            return
        self._limit(now_ns + self._admitted.app.connect_ns)
        pool.connect(self)

    def _fall_back(self, fault: UpstreamFault) -> bool:
        """Go on with the baseline when the candidate failed before its first byte; its fault stays on the record."""
        outcome = self._outcome
        outcome.error = outcome.error or fault.error
        outcome.upstream_status = outcome.upstream_status or fault.status
        baseline = self._admitted.app.live
        if self._admitted.arm is not _CANDIDATE or self._fell_back or baseline is None:
            return False
        if not answers.may_fall_back(fault):
            return False
        self._reset()
        self._served, self._fell_back, outcome.rung = baseline, True, Rung.BASELINE
        try:
            self._compose()
        except InvalidInput:
            return False
        self._attempt()
        return True

    def _stand_in(self, kind: ErrorClass) -> bool:
        """Serve the baseline when it takes what the candidate does not. In a comparison, what only the other version
        takes is the version's fault and not the caller's, and counts: in both arms alike, or one would be wronged."""
        app, arm, own, outcome = self._admitted.app, self._admitted.arm, self._served, self._outcome
        other = app.live if arm is _CANDIDATE else app.candidate if arm is _CONTROL else None
        if other is None:
            return False
        self._served = other
        try:
            self._compose()
        except InvalidInput:
            self._served = own
            return False
        outcome.error, outcome.version_fault = kind, True
        if arm is _CONTROL:
            self._served, self._outgoing = own, b""
            return False
        self._fell_back, outcome.rung = True, Rung.BASELINE
        self._attempt()
        return True

    def _limit(self, deadline_ns: int) -> None:
        total_ns = self._total_ns
        self._client.deadline_ns = deadline_ns if deadline_ns < total_ns else total_ns

    def _drop_upstream(self) -> None:
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            upstream.abort()
        elif not self._connected and self._outgoing:
            self._desk.pool(self._served.target).give_up(self)

    # answers

    def _note_head(self, reader: ResponseReader) -> None:
        self._outcome.upstream_status = self._outcome.upstream_status or reader.status
        self._headers = reader.headers
        if self._admitted.stream and answers.is_stream(reader):
            self._stream = EventStream(
                strip_usage=not self._admitted.include_usage,
                keep_text=self._admitted.app.format_rule is not None,
            )

    def _relay(self, stream: EventStream, data: bytes) -> None:
        if self._over:
            return
        if stream.done:
            self._finish_stream(stream, data)
            return
        if data:
            self._send(data, last=False)
        if stream.fault is not None:
            self._fail(stream.fault)

    def _send(self, data: bytes, last: bool) -> None:
        now = self._desk.mono_ns()
        if self._first_ns:
            if not last:
                self._limit(now + self._admitted.app.between_ns)
            self._reply.more(data, last)
            return
        self._first_ns = now
        if not last:
            self._limit(now + self._admitted.app.between_ns)
            self._desk.recorder.first(self._raw, now)
        headers = heads.passed_through(self._headers)
        self._reply.open(self._served, headers, data, last, self._overhead_ns(now), self._fell_back)

    def _finish_stream(self, stream: EventStream, data: bytes) -> None:
        if self._upstream is not None:
            self._upstream.detach()
            self._upstream = None
        rule = self._admitted.app.format_rule
        self._outcome.findings = stream.findings
        self._outcome.invalid_format = rule is not None and breaks(rule, stream.findings.text)
        self._end(200, self._first_ns or self._desk.mono_ns())
        self._send(data, last=True)
        self._reply.done()

    def _answer(self, reader: ResponseReader, body: bytes) -> None:
        try:
            rule = self._admitted.app.format_rule
            findings, broken = answers.judge(reader, body, self._admitted.stream, rule)
        except UpstreamFault as fault:
            self._fail(fault)
            return
        self._outcome.findings, self._outcome.invalid_format = findings, broken
        self._finish(reader.status, body)

    def _finish(self, status: int, body: bytes) -> None:
        now_ns = self._end(status, self._answered_ns)
        headers = heads.passed_through(self._headers)
        if status >= 400 and self._outcome.attempts > 1:
            headers += heads.NO_RETRY
        self._reply.whole(status, self._served, headers, body, self._overhead_ns(now_ns), self._fell_back)

    def _refuse(self, refusal: Refusal, error: ErrorClass) -> None:
        self._outcome.error = self._outcome.error or error
        self._outcome.rung = Rung.NONE
        now_ns = self._end(refusal.status)
        headers = heads.NO_RETRY if self._outcome.attempts > 1 else b""
        self._reply.refusal(refusal, self._served, headers, self._overhead_ns(now_ns), self._fell_back)

    def _fail(self, fault: UpstreamFault, last: bool = False) -> None:
        """No answer from this attempt: the next rung, or an honest error."""
        if self._over:
            return
        self._desk.report(fault, self._served)
        self._drop_upstream()
        if not self._first_ns:
            if last or not self._fall_back(fault):
                self._refuse(answers.refusal_for(fault), fault.error)
            return
        outcome = self._outcome
        outcome.error = outcome.error or fault.error
        if self._stream is not None:
            outcome.findings, outcome.estimated = self._stream.findings, True
            if outcome.findings.tokens_out < 0:
                outcome.findings.tokens_out = self._stream.events
        self._end(200, self._first_ns)
        self._reply.cut(answers.refusal_for(fault))

    def _overhead_ns(self, now_ns: int) -> int:
        if not self._answered_ns:
            return now_ns - self._client.arrived_ns
        return (self._sent_ns - self._client.arrived_ns) + (now_ns - self._answered_ns)

    def _end(self, status: int, first_ns: int = 0) -> int:
        """Put the call on record, once; the time of it."""
        now_ns = self._desk.mono_ns()
        if self._over:
            return now_ns
        self._over = True
        self._drop_upstream()
        self._outcome.status = status
        self._desk.recorder.end(
            self._raw,
            self._admitted,
            self._served,
            self._revision,
            self._outcome,
            begun_ns=self._client.arrived_ns,
            first_ns=first_ns,
            now_ns=now_ns,
        )
        self._desk.call_over(self)
        return now_ns
