"""The records of one worker's calls, framed and put into its spool."""

from __future__ import annotations

from collections.abc import Callable

from serinus.core.records.call_id import issue
from serinus.core.records.feedback import Mark
from serinus.core.records.frames import encode
from serinus.core.records.record import Begin, End, ErrorClass, Event, First, Pair, Payload, Rung, Score
from serinus.core.records.sampling import sampled
from serinus.core.routing.snapshot import PolicyRule
from serinus.core.wire import policy
from serinus.core.wire.answer import Findings
from serinus.gateway import payloads
from serinus.gateway.admission import Admitted
from serinus.gateway.chance import Chance
from serinus.gateway.routes import Served
from serinus.ports.spool import Spool

_COUNTED = frozenset(
    {
        ErrorClass.UPSTREAM_STATUS,
        ErrorClass.UPSTREAM_TIMEOUT,
        ErrorClass.UPSTREAM_CUT,
        ErrorClass.UPSTREAM_GARBAGE,
        ErrorClass.UPSTREAM_CONNECT,
        ErrorClass.RATE_LIMITED,
        ErrorClass.BREAKER_OPEN,
    }
)
NOTHING_FOUND = Findings()
NO_VERSION = bytes(32)
"""Stands where the digest of a version does when none served: nothing is live, and the app's message answered."""


class Outcome:
    """How a call ended, as far as its record needs it."""

    status = 0
    error = ErrorClass.NONE
    rung = 0
    attempts = 0
    upstream_status = 0
    findings = NOTHING_FOUND
    invalid_format = False
    left_unanswered = False
    version_fault = False
    estimated = False
    broken: tuple[PolicyRule, ...] = ()

    def events(self) -> int:
        """The bad events of the call, as bits of Event. A refusal is one of its own, not a broken format as well."""
        bits = int(Event.ERROR) if self.version_fault or (self.error and self.error in _COUNTED) else 0
        if self.findings.refused:
            bits |= Event.REFUSAL
        elif self.invalid_format:
            bits |= Event.INVALID_FORMAT
        if self.left_unanswered:
            bits |= Event.LEFT
        if self.broken and self.rung != Rung.BASELINE:  # a candidate is not to blame for what the baseline said
            bits |= policy.events_of(self.broken)
        return bits


class Recorder:
    """Writes begin, first and end of calls, and what users say of them."""

    def __init__(self, spool: Spool, now_us: Callable[[], int], chance: Chance) -> None:
        self.spool = spool
        self._now_us = now_us
        self._chance = chance

    def begin(self, call: Admitted, revision: int, begun_ns: int) -> bytes:
        """Record an assignment of a call that arrived at `begun_ns`; the raw call id."""
        at_us = self._now_us()
        app = call.app
        nonce = self._chance.take(5)
        raw = issue(app.call_mac, at_us // 1000, nonce, call.release_id, call.arm, call.stratum, call.unit_hash)
        version = NO_VERSION if call.unserved else call.version.digest
        begin = Begin(raw, at_us, begun_ns, app.name, version, revision, app.overdue_ms, app.total_ms)
        self.spool.append(encode(begin))
        if app.payload_below:
            call.sampled = sampled(raw, app.payload_below)
        call.keep_text = app.reads_text or call.sampled
        return raw

    def pair(self, pair: Pair) -> None:
        """Record that a call and its copy have both ended."""
        self.spool.append(encode(pair))

    def first(self, raw: bytes, mono_ns: int) -> None:
        """Record the first byte of a stream."""
        self.spool.append(encode(First(raw, mono_ns)))

    def score(self, raw: bytes, app: str, mark: Mark, conversation: int) -> bool:
        """Record a score of a call or, when `conversation` is not 0, of that one; False: no room."""
        at_us = self._now_us()
        score = Score(raw, at_us, mark.metric, mark.value_micro, mark.source, mark.key, app, conversation, mark.text)
        return self.spool.append(encode(score))

    def _keep_texts(self, raw: bytes, call: Admitted, findings: Findings, version: bytes) -> None:
        """Texts are for people to read, records are what releases are judged by: those go first where room is short."""
        redaction = call.app.redaction
        if redaction is not None and self.spool.has_room:
            request, answer, cut = payloads.texts(redaction, call.body, findings)
            self.spool.append(encode(Payload(raw, request, answer, self._now_us(), call.app.name, cut, version)))

    def end(
        self,
        raw: bytes,
        call: Admitted,
        served: Served | None,
        revision: int,
        outcome: Outcome,
        begun_ns: int,
        first_ns: int,
        now_ns: int,
    ) -> End:
        """Record all of a call, and return the record. Times are monotonic; `first_ns` 0: no first byte; `served` None:
        no version did."""
        findings, app, price = outcome.findings, call.app, served.source.price if served else None
        tokens_in, broken = findings.tokens_in, outcome.broken
        if app.rules and findings is not NOTHING_FOUND:
            proposed = {tool.name for tool in findings.tools}
            broken = outcome.broken = policy.broken(app.rules, findings.texts, proposed)
        if call.sampled:
            self._keep_texts(raw, call, findings, served.digest if served else NO_VERSION)
        end = End(
            raw,
            self._now_us(),
            now_ns,
            app.name,
            served.digest if served else NO_VERSION,
            revision,
            call.conversation,
            outcome.status,
            int(outcome.error),
            outcome.events(),
            (now_ns - begun_ns) // 1000,
            (first_ns - begun_ns) // 1000 if first_ns else 0,
            tokens_in,
            findings.tokens_out,
            findings.tokens_cached,
            price.cost_nano(tokens_in, findings.tokens_out, findings.tokens_cached) if price else -1 if served else 0,
            findings.finish,
            outcome.rung,
            False,
            outcome.estimated,
            call.stream,
            outcome.attempts,
            outcome.upstream_status,
            findings.model,
            price.table if price else "",
            tuple([rule.name for rule in broken]) if broken else (),
        )
        self.spool.append(encode(end))
        return end
