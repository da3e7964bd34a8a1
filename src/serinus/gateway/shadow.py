"""One copy of a call: asked of the candidate, read as an answer to a user is read, and thrown away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from serinus.core.errors import InvalidInput, TemplateError
from serinus.core.records.pairs import Side
from serinus.core.records.record import ErrorClass
from serinus.core.wire.fault import UpstreamFault
from serinus.core.wire.format_rule import breaks
from serinus.core.wire.response import ResponseReader
from serinus.core.wire.sse import EventStream
from serinus.gateway import answers
from serinus.gateway.admission import Admitted
from serinus.gateway.attempt import Attempt
from serinus.gateway.deadlines import NEVER, Deadlines
from serinus.gateway.pool import Pool
from serinus.gateway.recorder import Outcome, Recorder
from serinus.gateway.routes import Served, Target

_CUT_OFF = 503


class ShadowDesk(Protocol):
    """What a copy needs around it."""

    recorder: Recorder
    deadlines: Deadlines
    mono_ns: Callable[[], int]

    def pool(self, target: Target) -> Pool: ...
    def failed(self, fault: UpstreamFault, served: Served) -> None: ...


class Shadow:
    """From its begin on record to its end; `over` is told once. It knows neither the caller nor the caller's answer, so
    nothing that happens to it can reach them: there is no retry, no fallback and no circuit breaker. The limits on
    time and size are the app's."""

    _attempt: Attempt | None = None
    _first_ns = 0
    _over = False

    def __init__(self, desk: ShadowDesk, call: Admitted, revision: int, over: Callable[[Shadow, Side], None]) -> None:
        self.deadline_ns = NEVER
        self._desk = desk
        self._call = call
        self._revision = revision
        self._tell_over = over
        self._outcome = Outcome()
        self._begun_ns = desk.mono_ns()
        self._total_ns = self._begun_ns + call.app.total_ns

    def start(self, head: bytes) -> None:
        """Compose and send, behind this head. A request that the candidate cannot take ends here, as its error."""
        call, desk = self._call, self._desk
        self._raw = desk.recorder.begin(call, self._revision, self._begun_ns)
        try:
            body = call.version.composer.compose(call.body, call.stream)
        except InvalidInput as error:
            template = isinstance(error, TemplateError)
            self._outcome.error = ErrorClass.TEMPLATE if template else ErrorClass.CALLER
            self._outcome.version_fault = True
            self._end(422 if template else 400)
            return
        desk.deadlines.watch(self)
        self._outcome.attempts = 1
        outgoing = b"%bcontent-length: %d\r\n\r\n%b" % (head, len(body), body)
        self._attempt = Attempt(self, call, desk.pool(call.version.target), outgoing)
        self._attempt.start(self._begun_ns)

    def cut_off(self) -> None:
        """The process ends before the copy does: nobody's failure, but on record."""
        if not self._over:
            self._outcome.error = ErrorClass.INFRASTRUCTURE
            self._end(_CUT_OFF, self._first_ns)

    def expire(self, now_ns: int) -> None:
        """Called by Deadlines."""
        if now_ns >= self._total_ns:
            self.failed(UpstreamFault(ErrorClass.UPSTREAM_TIMEOUT, "the call took longer than total_s"))
        elif self._first_ns:
            what = "the stream paused for longer than between_tokens_s"
            self.failed(UpstreamFault(ErrorClass.UPSTREAM_TIMEOUT, what))
        elif self._attempt is not None:
            self.failed(self._attempt.overdue())

    # what the attempt tells

    def limit(self, deadline_ns: int) -> None:
        """What goes on now is to be over by then."""
        self.deadline_ns = min(deadline_ns, self._total_ns)

    def connects_again(self) -> None:
        """Nothing was sent yet."""
        self._outcome.attempts += 1

    def relay(self, stream: EventStream, data: bytes) -> None:
        """Note when bytes came that a user would have got, and drop them."""
        if self._over:
            return
        if data or stream.done:
            now_ns = self._desk.mono_ns()
            if not self._first_ns:
                self._first_ns = now_ns
                if not stream.done:
                    self._desk.recorder.first(self._raw, now_ns)
            self.limit(now_ns + self._call.app.between_ns)
        if stream.done:
            self._finish_stream(stream)
        elif stream.fault is not None:
            self.failed(stream.fault)

    def answered(self, reader: ResponseReader, body: bytes) -> None:
        """Judge a whole answer."""
        if not 200 <= reader.status < 300:
            self._fail(answers.status_fault(reader, body), answers.passable(reader, body)[0])
            return
        call, outcome = self._call, self._outcome
        try:
            judged = answers.judge(reader, body, call.stream, call.app.format_rule, call.keep_text)
        except UpstreamFault as fault:
            self.failed(fault)
            return
        outcome.findings, outcome.invalid_format = judged
        self._end(reader.status, self._answered_ns())

    def failed(self, fault: UpstreamFault) -> None:
        """No whole answer comes."""
        if not self._over:
            self._fail(fault, 200 if self._first_ns else answers.refusal_for(fault).status)

    def _fail(self, fault: UpstreamFault, status: int) -> None:
        outcome, attempt = self._outcome, self._attempt
        self._desk.failed(fault, self._call.version)
        outcome.error, outcome.upstream_status = fault.error, fault.status
        stream = attempt.stream if attempt is not None else None
        if stream is not None:
            outcome.findings, outcome.estimated = stream.findings, True
            if outcome.findings.tokens_out < 0:
                outcome.findings.tokens_out = stream.events
        self._end(status, self._first_ns)

    def _finish_stream(self, stream: EventStream) -> None:
        if self._attempt is not None:
            self._attempt.detach()
        rule = self._call.app.format_rule
        self._outcome.findings = stream.findings
        self._outcome.invalid_format = rule is not None and breaks(rule, stream.findings.text)
        self._end(200, self._first_ns)

    def _answered_ns(self) -> int:
        return self._attempt.answered_ns if self._attempt is not None else 0

    def _end(self, status: int, first_ns: int = 0) -> None:
        self._over = True
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            self._outcome.upstream_status = self._outcome.upstream_status or attempt.status
            attempt.give_up()
        self._desk.deadlines.forget(self)
        self._outcome.status = status
        end = self._desk.recorder.end(
            self._raw,
            self._call,
            self._call.version,
            self._revision,
            self._outcome,
            self._begun_ns,
            first_ns,
            self._desk.mono_ns(),
        )
        self._tell_over(self, Side(end=end, chars=len(self._outcome.findings.text)))
