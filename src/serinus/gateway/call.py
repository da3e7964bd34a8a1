"""One call: serve a version, take the next rung when it fails, send on, record. It stands between a caller and the
attempts at an answer."""

from __future__ import annotations

from serinus.core.errors import InvalidInput, TemplateError
from serinus.core.records.record import ErrorClass, Rung
from serinus.core.routing.assignment import Arm
from serinus.core.wire.fault import UpstreamFault
from serinus.core.wire.format_rule import breaks
from serinus.core.wire.refusal import Refusal
from serinus.core.wire.request import Request
from serinus.core.wire.response import ResponseReader
from serinus.core.wire.sse import EventStream
from serinus.gateway import answers, heads, message, words
from serinus.gateway.admission import Admitted
from serinus.gateway.attempt import Attempt
from serinus.gateway.client import ClientConnection
from serinus.gateway.desk import Desk
from serinus.gateway.ladder import next_rung
from serinus.gateway.recorder import Outcome
from serinus.gateway.reply import Reply
from serinus.gateway.routes import Routes, Served

_LEFT, _CUT_OFF = 499, 503
_CANDIDATE, _CONTROL, _PINNED = Arm.CANDIDATE, Arm.CONTROL, Arm.PINNED


class Call:
    """From assignment to end. Every way out leads through `_end`, which writes the record, exactly once."""

    _attempt: Attempt | None = None
    _outgoing = b""
    _first_ns = 0
    _slow = _over = _fell_back = _retried = _waiting = _late = False

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
        arrived_ns = client.arrived_ns
        self._total_ns = arrived_ns + admitted.app.total_ns
        raw = self._raw = desk.recorder.begin(admitted, routes.revision, arrived_ns)
        self._reply = Reply(client, request, admitted, raw)

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
            self._ask()

    # what the attempt tells

    def limit(self, deadline_ns: int) -> None:
        """What goes on now is to be over by then, and the call by its total."""
        total_ns = self._total_ns
        self._client.deadline_ns = deadline_ns if deadline_ns < total_ns else total_ns

    def connects_again(self) -> None:
        """Nothing was sent: the record shows one more attempt."""
        self._outcome.attempts += 1
        self._outcome.rung = self._outcome.rung or Rung.RETRY

    def relay(self, stream: EventStream, data: bytes) -> None:
        """Send on what came of a stream; end with it, or say that it broke."""
        if self._over:
            return
        if stream.done:
            self._finish_stream(stream, data)
            return
        if data:
            self._send(data, last=False)
        if stream.fault is not None:
            self.failed(stream.fault)

    def answered(self, reader: ResponseReader, body: bytes) -> None:
        """Pass a good answer on; take an error to the ladder, and pass that on when no rung is left."""
        status = reader.status
        if not 200 <= status < 300:
            fault = answers.status_fault(reader, body)
            if not self._take_next_rung(fault):
                self._finish(*answers.passable(reader, body))
            return
        admitted, outcome = self._admitted, self._outcome
        rule = admitted.app.format_rule
        try:
            judged = answers.judge(reader, body, admitted.stream, rule, admitted.keep_text)
        except UpstreamFault as fault:
            self.failed(fault)
            return
        outcome.findings, outcome.invalid_format = judged
        if self._served.target.breaker.troubled:
            self._desk.recovered(self._served.target)
        self._finish(status, body)

    def failed(self, fault: UpstreamFault) -> None:
        """No answer from this attempt: the next rung, or an honest error; a stream that has begun can only be cut."""
        if self._over:
            return
        if not self._first_ns:
            if not self._take_next_rung(fault):
                self._refuse(answers.refusal_for(fault), fault.error)
            return
        self._desk.report(fault, self._served, counts=False)
        self._cut(fault)

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
        if self._attempt is not None:
            self._attempt.pause()

    def caller_ready(self) -> None:
        """Go on reading. What did not come while nothing was read has its time anew."""
        self._slow = False
        app = self._admitted.app
        if not self._waiting:
            self.limit(self._desk.mono_ns() + (app.between_ns if self._first_ns else app.first_ns))
        if self._attempt is not None:
            self._attempt.resume()

    def expire(self, now_ns: int) -> None:
        """A limit has passed, or the wait for a retry; a caller that does not read has until the total."""
        if now_ns >= self._total_ns:
            self._late = True
            self.failed(UpstreamFault(ErrorClass.UPSTREAM_TIMEOUT, "the call took longer than total_s"))
        elif self._waiting:
            self._waiting = False
            self._ask()
        elif self._slow:
            self.limit(self._total_ns)
        elif self._first_ns:
            self.failed(
                UpstreamFault(ErrorClass.UPSTREAM_TIMEOUT, "the stream paused for longer than between_tokens_s")
            )
        elif self._attempt is not None and not self._answers_early(self._attempt, now_ns):
            self.failed(self._attempt.overdue())

    # asking versions

    def _compose(self) -> None:
        admitted, served, head = self._admitted, self._served, self._request.head
        body = served.composer.compose(admitted.body, admitted.stream)
        forwarded = head.forwarded
        self._outgoing = b"%b%b%bcontent-length: %d\r\n\r\n%b" % (
            served.target.head,
            heads.forwarded_of(head) if forwarded is None else forwarded,
            heads.traceparent(head.headers, self._raw) if b"traceparent" in head.headers else b"",
            len(body),
            body,
        )

    def _ask(self) -> None:
        """Ask the version that serves now, unless the breaker of its endpoint is open."""
        desk, target = self._desk, self._served.target
        now_ns = desk.mono_ns()
        if target.breaker.troubled and not target.breaker.admits(now_ns):
            self.failed(answers.breaker_fault(target, now_ns))
            return
        self._outcome.attempts += 1
        attempt = self._attempt = Attempt(self, self._admitted, desk.pool(target), self._outgoing)
        attempt.start(now_ns)

    def _take_next_rung(self, fault: UpstreamFault) -> bool:
        """Climb down, before the first byte; the first fault stays on the record, whoever answers in the end."""
        self._note_fault(fault)
        mended = self._admitted.arm is _CANDIDATE and not self._fell_back and not self._late
        return self._climb_down(fault, self._admitted.app.live if mended else None)

    def _note_fault(self, fault: UpstreamFault, waited: bool = True) -> None:
        """`waited` false: others still wait for this endpoint, so its breaker is not told."""
        self._desk.report(fault, self._served, counts=waited)
        if self._attempt is not None:
            self._drop_attempt(self._attempt)
        outcome = self._outcome
        outcome.error = outcome.error or fault.error
        outcome.upstream_status = outcome.upstream_status or fault.status

    def _climb_down(self, fault: UpstreamFault, baseline: Served | None) -> bool:
        admitted = self._admitted
        rung = next_rung(
            fault,
            retry=not self._retried and not self._late,
            baseline=baseline is not None,
            elsewhere=baseline is not None and baseline.target.endpoint.name != self._served.target.endpoint.name,
            message=admitted.arm is not _PINNED,
        )
        if rung is Rung.RETRY:
            self._wait(fault.retry_after_s)
        elif rung is Rung.MESSAGE:
            return self._say(words.last(admitted, self._request, self._served, self._desk.cache(admitted.app)))
        elif rung is Rung.BASELINE and baseline is not None:
            return self._fall_back(baseline, fault)
        return rung is not Rung.NONE

    def _answers_early(self, attempt: Attempt, now_ns: int) -> bool:
        """Whether a cached answer takes over from a slow version, or there is none and more time to wait in."""
        app, until_ns = self._admitted.app, attempt.sent_ns + self._admitted.app.patience_ns
        if app.first_ns == app.patience_ns or not attempt.sent_ns or now_ns >= until_ns:
            return False
        found = words.cached(self._admitted, self._request, self._served, self._desk.cache(app))
        if found is None:
            self.limit(until_ns)
            return True
        self._note_fault(attempt.overdue("fallback_cached.after"), waited=False)
        return self._say(found)

    def _wait(self, wait_s: float) -> None:
        """Ask the same version again after the wait that its upstream asked for."""
        self._outcome.rung = self._outcome.rung or Rung.RETRY
        self._retried = self._waiting = True
        self.limit(self._desk.mono_ns() + int(wait_s * 1e9))

    def _fall_back(self, baseline: Served, fault: UpstreamFault) -> bool:
        own, self._served = self._served, baseline
        try:
            self._compose()
        except InvalidInput:
            self._served = own
            return self._climb_down(fault, None)
        self._fell_back, self._outcome.rung = True, Rung.BASELINE
        self._ask()
        return True

    def _stand_in(self, kind: ErrorClass) -> bool:
        """Serve the baseline when it takes what the candidate does not. In a comparison, what only the other version
        takes is the version's fault and not the caller's, and counts: in both arms alike, or one would be wronged."""
        app, arm, own, outcome = self._admitted.app, self._admitted.arm, self._served, self._outcome
        other = app.live if arm is _CANDIDATE else app.candidate if arm is _CONTROL else None
        if other is None:
            return arm is _CANDIDATE and self._stand_in_message(kind)
        self._served = other
        try:
            self._compose()
        except InvalidInput:
            self._served = own
            return False
        outcome.error, outcome.version_fault = kind, True
        if arm is _CONTROL:
            self._served = own
            return False
        self._fell_back, outcome.rung = True, Rung.BASELINE
        self._ask()
        return True

    def _stand_in_message(self, kind: ErrorClass) -> bool:
        """With nothing live to tell whose fault it is, a prompt that does not render is the candidate's: it is on the
        way to be what all callers get (H13)."""
        said = words.message_of(self._admitted, self._served) if kind is ErrorClass.TEMPLATE else None
        if said is not None:
            self._outcome.error, self._outcome.version_fault = kind, True
        return self._say(said)

    # answering the caller

    def _send(self, data: bytes, last: bool) -> None:
        now = self._desk.mono_ns()
        if self._first_ns:
            if not last:
                self.limit(now + self._admitted.app.between_ns)
            self._reply.more(data, last)
            return
        self._first_ns = now
        if self._served.target.breaker.troubled:
            self._desk.recovered(self._served.target)
        if not last:
            self.limit(now + self._admitted.app.between_ns)
            self._desk.recorder.first(self._raw, now)
        self._reply.open(self._about(), data, last, self._overhead_ns(now))
        if not last:
            if self._admitted.app.mirror is not None:
                self._desk.mirrors.began(self._raw, self._admitted, self._request)
            self._outgoing = b""  # nobody else is asked any more
            self._admitted.let_go()

    def _finish_stream(self, stream: EventStream, data: bytes) -> None:
        if self._attempt is not None:
            self._attempt.detach()
        rule = self._admitted.app.format_rule
        self._outcome.findings = stream.findings
        self._outcome.invalid_format = rule is not None and breaks(rule, stream.findings.text)
        self._end(200, self._first_ns or self._desk.mono_ns())
        self._send(data, last=True)
        self._reply.done()

    def _finish(self, status: int, body: bytes) -> None:
        attempt = self._attempt
        now_ns = self._end(status, attempt.answered_ns if attempt is not None else 0)
        about = self._about()
        if status >= 400 and self._outcome.attempts > 1:
            about += heads.NO_RETRY
        self._reply.whole(status, about, body, self._overhead_ns(now_ns))

    def _say(self, said: words.Said | None) -> bool:
        """Answer with the app's own words, as a whole completion of the kind that was asked for; False without any."""
        if said is not None:
            self._outcome.rung, self._served = said.rung, said.by
            overhead_ns = self._overhead_ns(self._end(200, self._desk.mono_ns()))
            message.say(self._reply, self._admitted, said.by, self._raw, overhead_ns, said.text, said.headers)
        return said is not None

    def _refuse(self, refusal: Refusal, error: ErrorClass) -> None:
        self._outcome.error = self._outcome.error or error
        self._outcome.rung = Rung.NONE
        now_ns = self._end(refusal.status)
        no_retry = heads.NO_RETRY if self._outcome.attempts > 1 else b""
        told = self._served.headers + (heads.BASELINE if self._fell_back else b"")
        self._reply.whole(
            refusal.status, told + heads.lines(refusal.headers) + no_retry, refusal.body(), self._overhead_ns(now_ns)
        )

    def _cut(self, fault: UpstreamFault) -> None:
        outcome, attempt = self._outcome, self._attempt
        outcome.error = outcome.error or fault.error
        stream = attempt.stream if attempt is not None else None
        if stream is not None:
            outcome.findings, outcome.estimated = stream.findings, True
            if outcome.findings.tokens_out < 0:
                outcome.findings.tokens_out = stream.events
        self._end(200, self._first_ns)
        self._reply.cut(answers.refusal_for(fault))

    def _about(self) -> bytes:
        """The headers that tell of the version that answers, and what its upstream told."""
        attempt, about = self._attempt, self._served.headers
        if attempt is not None:
            about += attempt.passed
        return about + heads.BASELINE if self._fell_back else about

    def _overhead_ns(self, now_ns: int) -> int:
        attempt, here_ns = self._attempt, now_ns - self._client.arrived_ns
        if attempt is not None and attempt.answered_ns:
            here_ns -= attempt.answered_ns - attempt.sent_ns
        return here_ns

    def _drop_attempt(self, attempt: Attempt) -> None:
        if attempt.status and not self._outcome.upstream_status:
            self._outcome.upstream_status = attempt.status
        attempt.give_up()

    def _end(self, status: int, first_ns: int = 0) -> int:
        """Put the call on record, once; the time of it."""
        desk = self._desk
        now_ns = desk.mono_ns()
        if self._over:
            return now_ns
        self._over = True
        if self._attempt is not None:
            self._drop_attempt(self._attempt)
        admitted, outcome = self._admitted, self._outcome
        outcome.status = status
        end = desk.recorder.end(
            self._raw, admitted, self._served, self._revision, outcome, self._client.arrived_ns, first_ns, now_ns
        )
        desk.active -= 1
        if admitted.app.mirror is not None:
            desk.mirrors.ended(self._raw, admitted, self._request, end, len(outcome.findings.text))
        return now_ns
