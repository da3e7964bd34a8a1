"""The gateway of one worker: takes connections, finds what answers a request, and drains at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import orjson

from serinus.core.fleet import BreakerStatus
from serinus.core.records.record import ErrorClass
from serinus.core.routing.cached import Searchable
from serinus.core.routing.snapshot import Caller
from serinus.core.wire.fault import UpstreamFault
from serinus.core.wire.refusal import Refusal
from serinus.core.wire.request import BODY_BYTES, Request
from serinus.gateway import heads
from serinus.gateway.admission import Admission, may_name
from serinus.gateway.call import Call
from serinus.gateway.chance import Chance
from serinus.gateway.client import ClientConnection
from serinus.gateway.deadlines import Deadlines
from serinus.gateway.feedback import record_feedback
from serinus.gateway.ladder import speaks_of_endpoint
from serinus.gateway.log import Log
from serinus.gateway.message import answer_unserved
from serinus.gateway.mirror import Mirrors
from serinus.gateway.outbox import Outbox
from serinus.gateway.pool import Pool
from serinus.gateway.recorder import Recorder
from serinus.gateway.routes import Routes, Served, ServedApp, Target
from serinus.ports.spool import Conversations

_LIVE = b'{"status":"live"}'
_READY = b'{"status":"ready"}'


class Gateway:
    """Answers requests by the routes it was last given."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        recorder: Recorder,
        conversations: Conversations,
        mono_ns: Callable[[], int],
        chance: Chance,
        log: Log,
        workers: int = 1,
    ) -> None:
        self.deadlines = Deadlines()
        self.outbox = Outbox(loop)
        self.draining = False
        self.body_bytes = BODY_BYTES
        self.mono_ns = mono_ns
        self.recorder = recorder
        self.requests = 0
        self.active = 0
        self._loop = loop
        self._has_room = partial(getattr, recorder.spool, "has_room")
        self._conversations = conversations
        self._chance = chance
        self._log = log
        self._routes: Routes | None = None
        self._admission: Admission | None = None
        self._pools: dict[tuple[str, int, bool, str], Pool] = {}
        self._clients: set[ClientConnection] = set()
        self._drained = asyncio.Event()
        self.mirrors = Mirrors(
            loop, recorder=recorder, deadlines=self.deadlines, mono_ns=mono_ns, log=log, workers=workers
        )

    @property
    def revision(self) -> int:
        """The snapshot revision routed by; 0 before the first."""
        return self._routes.revision if self._routes else 0

    # what the process tells

    def adopt(self, routes: Routes) -> None:
        """Route by these from now on; calls under way end as they began."""
        self._routes = routes
        self.body_bytes = routes.body_bytes
        self._admission = Admission(routes, self._conversations, self._has_room, self._chance.take)
        self.mirrors.adopt(routes)
        kept = {target.key for target in routes.targets.values()}
        for key in [key for key in self._pools if key not in kept]:
            self._pools.pop(key).close()

    def connection(self) -> ClientConnection:
        """The protocol of a new connection."""
        return ClientConnection(self)

    async def drain(self) -> None:
        """Take nothing new, and return when the last answer is out."""
        self.draining = self.mirrors.draining = True
        for client in [client for client in self._clients if client.idle]:
            client.close()
        if self._clients:
            await self._drained.wait()

    def cut_off(self) -> None:
        """End what the drain did not wait for, copies of requests too; every call gets its end on record."""
        for client in list(self._clients):
            client.cut_off()
        self.mirrors.close()

    # what connections tell

    def opened(self, client: ClientConnection) -> None:
        """A connection came."""
        self._clients.add(client)
        self.deadlines.watch(client)

    def closed(self, client: ClientConnection) -> None:
        """A connection went."""
        self._clients.discard(client)
        self.deadlines.forget(client)
        if self.draining and not self._clients:
            self._drained.set()

    def serve(self, client: ClientConnection, request: Request) -> None:
        """Answer a request, now or when the upstream has."""
        path = request.path
        try:
            if path == "/v1/chat/completions" or path == "/chat/completions":
                self._chat(client, request)
            else:
                path = path[3:] if path.startswith("/v1/") else path
                said = path == "/feedback"
                body = self._feedback(request) if said else self._look_up(request, path)
                status = 202 if said else 200
                answer = heads.whole(status, heads.JSON, body, request.keep_alive, with_body=request.method != "HEAD")
                client.write(answer)
                client.finished(request.keep_alive)
        except Refusal as refusal:
            client.refuse(refusal, request)

    # what calls tell

    def pool(self, target: Target) -> Pool:
        """The connections to an upstream."""
        pool = self._pools.get(target.key)
        if pool is None:
            pool = self._pools[target.key] = Pool(self._loop, target, self.deadlines, self.mono_ns, self.outbox)
        return pool

    def cache(self, app: ServedApp) -> Searchable | None:
        """What is cached for an app by now: a call that was admitted by earlier routes is told nothing that has been
        taken out since."""
        now = self._routes.apps.get(app.name) if self._routes is not None else None
        return now.cached if now is not None else None

    def report(self, fault: UpstreamFault, served: Served, *, counts: bool) -> None:
        """An upstream failed a call; `counts`: with its breaker, as it does not within an answer, nor where a cached
        one took over before the endpoint's time was up."""
        if fault.error is ErrorClass.BREAKER_OPEN:
            return
        target, name = served.target, served.target.endpoint.name
        self._log.write_spaced("warning", "upstream_failed", name, error=fault.error.name.lower(), what=fault.what)
        if not counts:
            return
        if not speaks_of_endpoint(fault):
            if fault.status and target.breaker.troubled:
                self.recovered(target)
        elif target.breaker.failed(self.mono_ns()):
            self._log.write("warning", "breaker_opened", endpoint=name, probe_s=target.endpoint.breaker.open_s)

    def recovered(self, target: Target) -> None:
        """An endpoint that failed has answered."""
        breaker = target.breaker
        was = breaker.state
        breaker.succeeded(self.mono_ns())
        if was != "closed":
            self._log.write("info", "breaker_closed", endpoint=target.endpoint.name)

    def breakers(self) -> tuple[BreakerStatus, ...]:
        """The circuit breakers that have opened since the start."""
        targets = self._routes.targets.values() if self._routes else ()
        return tuple(
            BreakerStatus(endpoint=target.endpoint.name, state=target.breaker.state, opened=target.breaker.opened)
            for target in targets
            if target.breaker.opened
        )

    def _chat(self, client: ClientConnection, request: Request) -> None:
        if request.method != "POST":
            raise _wrong_method("POST")
        admission, routes = self._admission, self._routes
        if admission is None or routes is None:
            raise _not_ready("no routing snapshot yet")
        admitted = admission.admit(request, client.arrived_ns)
        self.requests += 1
        if admitted.unserved:
            answer_unserved(self.recorder, client, request, admitted, routes.revision, self.mono_ns())
            return
        self.active += 1
        request.body = b""  # what was read of it goes on
        Call(self, client, request, admitted, routes).start()

    def _feedback(self, request: Request) -> bytes:
        if request.method != "POST":
            raise _wrong_method("POST")
        admission, routes = self._admission, self._routes
        if admission is None or routes is None:
            raise _not_ready("no routing snapshot yet")
        return record_feedback(request, admission.caller(request), routes, self.recorder)

    def _look_up(self, request: Request, path: str) -> bytes:
        known = path in ("/live", "/ready", "/models") or path.startswith("/models/")
        if not known:
            raise Refusal(404, "unknown_url", f"there is nothing at {request.method} {request.path[:200]}")
        if request.method not in ("GET", "HEAD"):
            raise _wrong_method("GET, HEAD")
        if path == "/live":
            return _LIVE
        if self._routes is None or self._admission is None or (self.draining and path == "/ready"):
            raise _not_ready("draining" if self.draining else "no routing snapshot yet")
        if path == "/ready":
            return _READY
        return self._models(self._admission.caller(request), self._admission, path.removeprefix("/models"))

    def _models(self, caller: Caller, admission: Admission, tail: str) -> bytes:
        assert self._routes is not None
        if tail:
            return orjson.dumps(_model(admission.app(caller, tail[1:]).name))
        names = sorted(name for name in self._routes.apps if may_name(caller, name))
        return orjson.dumps({"object": "list", "data": [_model(name) for name in names]})


def _model(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "serinus"}


def _wrong_method(allowed: str) -> Refusal:
    return Refusal(405, "method_not_allowed", f"use {allowed}", headers=(("allow", allowed),))


def _not_ready(why: str) -> Refusal:
    return Refusal(503, "not_ready", f"the gateway is not ready: {why}", headers=(("retry-after", "1"),))
