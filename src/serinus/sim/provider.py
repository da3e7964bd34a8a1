"""The simulated provider: OpenAI chat completions over real HTTP/1.1, reproducible, with faults on demand."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence

import msgspec
import orjson

from serinus.core.errors import InvalidInput
from serinus.sim import chat, completions
from serinus.sim.behaviour import Behaviour, Outcome, canonical_request
from serinus.sim.chance import Draws
from serinus.sim.chat import WireError
from serinus.sim.connection import Connection, HttpRequest
from serinus.sim.faults import FaultRule, parse_demand, rules_of, split_model, strike
from serinus.sim.quota import Quota
from serinus.sim.rates import MODELS
from serinus.sim.script import Reply, Script, faulty, framed
from serinus.sim.stats import Stats
from serinus.sim.stream import streamed_parts

_ERRORS: dict[str, tuple[str, str, str | None]] = {
    "429": ("Rate limit reached for requests (simulated fault).", "requests", "rate_limit_exceeded"),
    "500": ("The server had an error while processing your request (simulated fault).", "server_error", None),
    "503": ("The engine is currently overloaded (simulated fault).", "service_unavailable_error", None),
}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How a provider behaves. `requests_per_minute` 0 is no limit; `chunk_tokens` tokens go into one stream event."""

    seed: int = 1
    api_key: str = ""
    faults: tuple[FaultRule, ...] = ()
    requests_per_minute: int = 0
    chunk_tokens: int = 4


class Provider:
    """Turns requests into scripts. `mono_s` is a monotonic clock in seconds; only the rate limit reads it."""

    def __init__(self, settings: Settings, mono_s: Callable[[], float]) -> None:
        self._settings = settings
        self._behaviour = Behaviour(settings.seed)
        self._quota = Quota(settings.requests_per_minute, mono_s)
        self._rules = settings.faults
        self._open: set[Connection] = set()
        self.stats = Stats()
        self._arrived = 0

    def connected(self, connection: Connection) -> None:
        """A client came."""
        self.stats.connections += 1
        self._open.add(connection)

    def disconnected(self, connection: Connection) -> None:
        """A client went."""
        self.stats.connections -= 1
        self._open.discard(connection)

    def ended(self, whole: bool) -> None:
        """A script came to its end, or its client left before."""
        self.stats.in_flight -= 1
        self.stats.left_early += not whole

    def close(self) -> None:
        """Leave all clients."""
        for connection in list(self._open):
            connection.close()

    def respond(self, request: HttpRequest) -> Script:
        """The script for a request."""
        self.stats.in_flight += 1
        self._arrived += 1
        request_id = f"req_{Draws(self._settings.seed, 'request', self._arrived).key_hex}"
        try:
            self._admit(request)
            return self._route(request, request_id)
        except WireError as error:
            self.stats.rejected += 1
            return framed(_refusal(error, request_id), request.keep_alive, request.http10)
        except InvalidInput as error:
            self.stats.rejected += 1
            refusal = _refusal(chat.bad_request(str(error), error.where), request_id)
            return framed(refusal, request.keep_alive, request.http10)

    def _admit(self, request: HttpRequest) -> None:
        key = self._settings.api_key
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if key and not hmac.compare_digest(given.encode(), key.encode()):
            raise WireError(401, "Incorrect API key provided.", type_="invalid_request_error", code="invalid_api_key")

    def _route(self, request: HttpRequest, request_id: str) -> Script:
        path = request.path.removeprefix("/v1")
        match request.method, path:
            case "POST", "/chat/completions":
                return self._chat(request, request_id)
            case "GET", "/models":
                body = completions.models([model.name for model in MODELS])
            case "GET", _ if path.startswith("/models/"):
                body = orjson.dumps(completions.model_entry(path.removeprefix("/models/")))
            case "GET", "/sim/stats":
                body = orjson.dumps(self.stats.document())
            case "DELETE", "/sim/stats":
                self.stats.reset()
                body = b"{}"
            case (("GET" | "POST" | "DELETE"), "/sim/faults"):
                body = self._faults(request)
            case _:
                message = f"Invalid URL ({request.method} {request.path})"
                raise WireError(404, message, type_="invalid_request_error", code="unknown_url")
        return framed(_json(200, body, request_id), request.keep_alive, request.http10)

    def _faults(self, request: HttpRequest) -> bytes:
        if request.method == "POST":
            try:
                self._rules = rules_of(orjson.loads(request.body))
            except orjson.JSONDecodeError as error:
                raise chat.bad_request(f"not JSON: {error}") from error
        elif request.method == "DELETE":
            self._rules = ()
        return orjson.dumps({"rules": [msgspec.structs.asdict(rule) for rule in self._rules]})

    def _chat(self, request: HttpRequest, request_id: str) -> Script:
        asked = chat.parse_chat(request.body)
        self.stats.requests += 1
        headers = {"x-request-id": request_id, **self._quota.take()}
        name, demand = split_model(asked.model)
        asked = msgspec.structs.replace(asked, model=name)
        fault = self._fault(request, asked, demand)
        if fault is not None:
            self.stats.struck(fault.kind, name, asked.system)
            if fault.kind in _ERRORS:
                return framed(_error_fault(fault, headers), request.keep_alive, request.http10)
        outcomes = self._behaviour.outcomes(asked)
        reply = self._reply(asked, outcomes, headers)
        if fault is not None:
            garbage = Draws(self._settings.seed, "garbage", self._arrived)
            return faulty(reply, fault, garbage, request.keep_alive, request.http10)
        tokens = (asked.prompt_tokens, sum(len(outcome.pieces) for outcome in outcomes))
        self.stats.answered(name, asked.system, tokens, (outcome.flaws for outcome in outcomes))
        return framed(reply, request.keep_alive, request.http10)

    def _fault(self, request: HttpRequest, asked: chat.ChatRequest, demand: FaultRule | None) -> FaultRule | None:
        """A fault demanded by model suffix, header or metadata; else one that a rule draws for this arrival."""
        if demand is not None:
            return demand
        metadata = asked.body.get("metadata")
        told = request.headers.get("x-sim-fault") or (metadata.get("sim_fault") if isinstance(metadata, dict) else None)
        if isinstance(told, str) and told:
            return parse_demand(told)
        return strike(self._rules, asked.model, asked.system, Draws(self._settings.seed, "fault", self._arrived))

    def _reply(self, asked: chat.ChatRequest, outcomes: Sequence[Outcome], headers: dict[str, str]) -> Reply:
        completion_id = f"chatcmpl-{Draws(self._settings.seed, canonical_request(asked)).key_hex}"
        total_ms = max(outcome.total_ms for outcome in outcomes)
        headers["openai-processing-ms"] = str(round(total_ms))
        headers["openai-version"] = "2020-10-01"
        headers["x-sim-truth"] = ";".join(truth(outcome) for outcome in outcomes)
        if not asked.stream:
            headers["content-type"] = "application/json"
            body = completions.completion(completion_id, asked, outcomes)
            return Reply(status=200, headers=headers, parts=[(total_ms, body)])
        headers["content-type"] = "text/event-stream; charset=utf-8"
        headers["cache-control"] = "no-cache"
        parts = streamed_parts(completions.Chunks(completion_id, asked), outcomes, self._settings.chunk_tokens)
        if asked.include_usage:
            parts.append((total_ms, completions.Chunks(completion_id, asked).usage(outcomes)))
        return Reply(status=200, headers=headers, parts=[*parts, (total_ms, completions.DONE)], streamed=True)


def truth(outcome: Outcome) -> str:
    """The value of `x-sim-truth` for one choice: its flaws by name with commas, or `none`."""
    return ",".join(sorted(outcome.flaws)) or "none"


def _json(status: int, body: bytes, request_id: str) -> Reply:
    headers = {"content-type": "application/json", "x-request-id": request_id}
    return Reply(status=status, headers=headers, parts=[(0.0, body)])


def _refusal(error: WireError, request_id: str) -> Reply:
    reply = _json(error.status, error.body(), request_id)
    reply.headers.update(error.headers)
    return reply


def _error_fault(fault: FaultRule, headers: dict[str, str]) -> Reply:
    message, type_, code = _ERRORS[fault.kind]
    error = WireError(int(fault.kind), message, type_=type_, code=code)
    headers["content-type"] = "application/json"
    if fault.number > 0:
        headers["retry-after"] = f"{fault.number:g}"
    return Reply(status=error.status, headers=headers, parts=[(1.0, error.body())])
