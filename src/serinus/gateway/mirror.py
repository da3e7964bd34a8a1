"""Copies of users' requests on their way to candidates: which are made, when, what bounds them, and why some are not.

A copy starts when its user has the first byte (a stream) or all (else) of an answer, on connections, keys and limits
of its own, and goes on when the user leaves. Whatever is scarce is the users': then the copy is dropped, and counted.
"""

from __future__ import annotations

import asyncio
import copy as copies
from collections import Counter
from collections.abc import Callable

from serinus.core.errors import InvalidInput
from serinus.core.records.pairs import Side, pair_of, refused_by_version
from serinus.core.records.record import End, ErrorClass
from serinus.core.routing.assignment import Arm, mirror_point
from serinus.core.wire.fault import UpstreamFault
from serinus.core.wire.request import Request
from serinus.gateway import heads
from serinus.gateway.admission import Admitted
from serinus.gateway.deadlines import Deadlines
from serinus.gateway.log import Log
from serinus.gateway.outbox import Outbox
from serinus.gateway.pool import Pool
from serinus.gateway.recorder import Recorder
from serinus.gateway.routes import Routes, Served, ServedApp, Target
from serinus.gateway.shadow import Shadow

_REST = Arm.REST
_AFTER_S = 0.001  # when the writes of this turn are out
_LATE_NS = 50_000_000
"""A copy that starts so long after its time was kept waiting by users' work: the worker is busy."""
_UNTOLD = frozenset({ErrorClass.CALLER_LEFT, ErrorClass.INFRASTRUCTURE})
_ONCE_ONLY = b"idempotency-key"  # it would get the copy the user's own answer


class _Copy:
    """A user's call and its copy until both have ended."""

    __slots__ = ("call", "first_turn", "headers", "primary", "shadow")

    def __init__(self, call: Admitted, request: Request) -> None:
        self.call = call
        self.headers = request.headers
        self.first_turn = _is_first_turn(call, request)
        self.primary: Side | None = None
        self.shadow: Side | None = None


class Ceiling:
    """What a release's copies use of this worker's part of its bounds."""

    __slots__ = ("in_flight", "spent_nano")

    def __init__(self) -> None:
        self.in_flight = self.spent_nano = 0


class Mirrors:
    """The copies of one worker, which takes an equal part of what its host may use. `sent` counts those that were
    begun, `drops` by reason those that were not. A call whose price is unknown adds nothing to what is spent."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        recorder: Recorder,
        deadlines: Deadlines,
        mono_ns: Callable[[], int],
        log: Log,
        workers: int = 1,
    ) -> None:
        self.recorder = recorder
        self.deadlines = deadlines
        self.mono_ns = mono_ns
        self.sent = 0
        self.drops: Counter[str] = Counter()
        self.draining = False
        self._loop = loop
        self._log = log
        self._workers = workers
        self._outbox = Outbox(loop)
        self._pools: dict[tuple[str, int, bool, str], Pool] = {}
        self._routes: Routes | None = None
        self._ceilings: dict[bytes, Ceiling] = {}
        self._begun: dict[bytes, _Copy | None] = {}
        self._open: set[Shadow] = set()

    # what the gateway tells

    def adopt(self, routes: Routes) -> None:
        """Mirror by these from now on; copies under way end as they began."""
        self._routes = routes
        kept = {target.key for target in routes.targets.values()}
        for key in [key for key in self._pools if key not in kept]:
            self._pools.pop(key).close()

    def close(self) -> None:
        """End what is under way, each with its end on record."""
        self.draining = True
        for shadow in list(self._open):
            shadow.cut_off()
        for pool in self._pools.values():
            pool.close()

    # what calls tell, when their app's snapshot asks for copies

    def began(self, raw: bytes, call: Admitted, request: Request) -> None:
        """A user has the first byte of a stream."""
        copy = self._begun[raw] = self._copy_of(call, request)
        if copy is not None:
            self._start_soon(copy)

    def ended(self, raw: bytes, call: Admitted, request: Request, end: End, chars: int) -> None:
        """A user's call is on record, and the rest of its answer about to leave."""
        is_new = raw not in self._begun
        if is_new and end.error in _UNTOLD:
            return
        copy = self._copy_of(call, request) if is_new else self._begun.pop(raw)
        if copy is None:
            return
        copy.primary = Side(end=end, chars=chars)
        if is_new:
            self._start_soon(copy)
        else:
            self._pair(copy)

    # what copies ask and tell

    def pool(self, target: Target) -> Pool:
        """Connections that no user's call ever takes."""
        pool = self._pools.get(target.key)
        if pool is None:
            pool = self._pools[target.key] = Pool(self._loop, target, self.deadlines, self.mono_ns, self._outbox)
        return pool

    def failed(self, fault: UpstreamFault, served: Served) -> None:
        """An upstream failed a copy: told in the log, and to nobody else."""
        name = served.target.endpoint.name
        self._log.write_spaced("info", "shadow_failed", name, error=fault.error.name.lower(), what=fault.what)

    # from a user's call to a copy

    def _copy_of(self, call: Admitted, request: Request) -> _Copy | None:
        """The copy to make of a call; None for one that is no subject of the mirror."""
        mirror, release = call.app.mirror, call.app.app.release
        if mirror is None or release is None or call.arm is not _REST or call.app.candidate is None:
            return None
        if mirror_point(release.salt, call.unit_hash) >= mirror.share:
            return None
        shadow = copies.copy(call)
        shadow.arm, shadow.stratum, shadow.version = Arm.SHADOW, -1, call.app.candidate
        return _Copy(shadow, request)

    def _start_soon(self, copy: _Copy) -> None:
        due_ns = self.mono_ns() + int(_AFTER_S * 1e9)
        self._loop.call_later(_AFTER_S, self._start, copy, due_ns)

    def _start(self, copy: _Copy, due_ns: int) -> None:
        call = copy.call
        if copy.primary is not None and refused_by_version(copy.primary.end) and not _is_taken(call):
            return  # neither version takes it: the caller's fault
        ceiling = self._ceilings.setdefault(call.release_id, Ceiling())
        reason = self._obstacle(call, ceiling, self.mono_ns() - due_ns)
        head = call.version.target.shadow_head
        if reason or head is None or self._routes is None:
            self.drops[reason or "key"] += 1
            return
        self.sent += 1
        ceiling.in_flight += 1

        def over(shadow: Shadow, side: Side) -> None:
            self._open.discard(shadow)
            ceiling.in_flight -= 1
            ceiling.spent_nano += max(0, side.end.cost_nano)
            copy.shadow = side
            self._pair(copy)

        shadow = Shadow(self, call, self._routes.revision, over)
        self._open.add(shadow)
        shadow.start(head + heads.forwarded({k: v for k, v in copy.headers.items() if k != _ONCE_ONLY}))

    def _obstacle(self, call: Admitted, ceiling: Ceiling, late_ns: int) -> str:
        """Why a copy is not made now; empty: nothing stands against it."""
        app = self._routes.apps.get(call.app.name) if self._routes is not None else None
        mirror = app.mirror if app is not None and app.release_id == call.release_id else None
        if self.draining:
            return "draining"
        if app is None or mirror is None:
            return "withdrawn"
        if not self._is_watched(app):
            return "lease"
        if not self.recorder.spool.has_room:
            return "spool"
        if late_ns > _LATE_NS:
            return "busy"
        if ceiling.in_flight >= -(-mirror.max_concurrency // self._workers):
            return "concurrency"
        if mirror.max_cost_nano and ceiling.spent_nano >= mirror.max_cost_nano // self._workers:
            return "cost"
        return ""

    def _is_watched(self, app: ServedApp) -> bool:
        return self.mono_ns() < app.serve_until_ns

    def _pair(self, copy: _Copy) -> None:
        if copy.primary is None or copy.shadow is None:
            return
        pair = pair_of(
            copy.primary,
            copy.shadow,
            at_us=max(copy.primary.end.at_us, copy.shadow.end.at_us),
            first_turn=copy.first_turn,
            overdue_ms=copy.call.app.overdue_ms,
        )
        if pair is not None:
            self.recorder.pair(pair)


def _is_first_turn(call: Admitted, request: Request) -> bool:
    """Whether no answer of the baseline can stand in the history."""
    messages = call.body.get("messages")
    said = messages if isinstance(messages, list) else ()
    answered = any(isinstance(one, dict) and one.get("role") == "assistant" for one in said)
    return not answered and b"x-serinus-conversation" not in request.headers


def _is_taken(call: Admitted) -> bool:
    try:
        call.version.composer.compose(call.body, call.stream)
    except InvalidInput:
        return False
    return True
