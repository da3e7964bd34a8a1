"""What is left of a call when it is over: its record, and no memory. Gateway and connections are real, sockets not."""

from __future__ import annotations

import gc
import json
import sys
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, cast

import pytest

from serinus.core.records import frames
from serinus.core.records.record import Begin, End, ErrorClass, Rung
from serinus.core.routing.assignment import RampPoint
from serinus.core.routing.snapshot import App, Caller, Endpoint, Message, Release, Snapshot, Variable, Version
from serinus.core.wire.fault import UpstreamFault
from serinus.core.wire.response import ResponseReader
from serinus.gateway.chance import Chance
from serinus.gateway.log import Log
from serinus.gateway.recorder import Recorder
from serinus.gateway.routes import Routes, Target
from serinus.gateway.server import Gateway

LIVE, CANDIDATE = "11" * 32, "22" * 32
SECOND = 1_000_000_000
ANSWER = b'{"model":"m","choices":[{"message":{"content":"hello"},"finish_reason":"stop"}]}'
FIRST_CHUNK = b'data: {"choices":[{"index":0,"delta":{"content":"he"},"finish_reason":null}]}\n\n'
LAST_CHUNK = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


class Paper:
    """A spool without end."""

    has_room = True
    dropped = 0

    def __init__(self) -> None:
        self.raw = b""

    def append(self, frame: bytes) -> bool:
        self.raw += frame
        return True

    def end(self) -> End:
        """The last End."""
        return [record for record, _ in frames.scan(self.raw, 0) if isinstance(record, End)][-1]


class Transport:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.written = b""

    def write(self, data: bytes) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return False

    def set_write_buffer_limits(self, high: int) -> None: ...
    def close(self) -> None: ...


class Upstream:
    """A pool whose one connection a test answers on; the attempts are told of, never kept."""

    def __init__(self) -> None:
        self.attempt: Any = lambda: None

    def take(self, now_ns: int) -> Upstream:
        return self

    def send(self, attempt: Any, request: bytes, now_ns: int) -> None:
        self.attempt = weakref.ref(attempt)

    def abort(self) -> None: ...
    def detach(self) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...

    def gives(self, head: bytes, body: bytes, *, whole: bool = True) -> None:
        """Answer the attempt under way."""
        attempt, reader = self.attempt(), ResponseReader()
        attempt.upstream_data(reader, reader.receive(head + b"\r\n\r\n" + body), SECOND)
        if whole:
            attempt.upstream_end(reader)

    def fails(self) -> None:
        """The connection breaks."""
        self.attempt().upstream_failed(UpstreamFault(ErrorClass.UPSTREAM_CUT, "broke"))


class House(Gateway):
    """A gateway that asks one upstream whose answers a test gives."""

    def __init__(self, release: Release | None = None, **live: Any) -> None:
        self.spool, self.upstream, self.loop, self.now_ns = Paper(), Upstream(), Loop(), SECOND
        chance = Chance(lambda count: bytes(count))
        super().__init__(
            self.loop,  # type: ignore[arg-type] # as much of a loop as is asked for
            recorder=Recorder(self.spool, lambda: 5, chance),
            conversations=self,
            mono_ns=lambda: self.now_ns,
            chance=chance,
            log=Log(sys.stderr, lambda: 0, lambda: 0),
        )
        routes = Routes(snapshot(release, **live), {})
        for app in routes.apps.values():
            app.serve_until_ns = 1 << 62
        self.adopt(routes)
        self.client: Any = self.connection()
        self.wire = Transport()
        self.client.connection_made(cast("Any", self.wire))

    def pool(self, target: Target) -> Any:
        return self.upstream

    def started(self, key: int, note: int) -> int:
        return note

    def asks(self, **fields: Any) -> weakref.ref[Any]:
        """A user's request has come; its call."""
        body = json.dumps({"model": "app", "messages": [{"role": "user", "content": "?"}], "user": "ann"} | fields)
        head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nx-api-key: k\r\ncontent-length: {len(body)}\r\n\r\n"
        self.client.data_received((head + body).encode())
        return weakref.ref(self.client.work)


class Loop:
    """Writes go out at once."""

    def call_soon(self, call: Any) -> None:
        call()


def snapshot(release: Release | None, **live: Any) -> Snapshot:
    """One app, live on LIVE, which differs from the candidate by what is given."""
    versions = {
        digest: Version(
            digest=digest, name=f"app-2026-W47-{digest[0]}", behaviour=digest, endpoint="up", model="m", **more
        )
        for digest, more in ((LIVE, live), (CANDIDATE, {}))
    }
    return Snapshot(
        revision=3,
        issued_at_us=1,
        mac_key="aa" * 32,
        pseudonym_key="bb" * 32,
        callers=(Caller(key_sha256=sha256(b"k").hexdigest(), name="k"),),
        endpoints={"up": Endpoint(name="up", base_url="http://127.0.0.1:9/v1")},
        versions=versions,
        apps={"app": App(name="app", live=LIVE, release=release)},
    )


@contextmanager
def no_collector() -> Iterator[None]:
    """Only what nobody refers to goes."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


JSON, SSE = b"HTTP/1.1 200 OK\r\ncontent-type: application/json", b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream"


def whole(house: House) -> None:
    house.upstream.gives(JSON + b"\r\ncontent-length: %d" % len(ANSWER), ANSWER)


def stream(house: House) -> None:
    house.upstream.gives(SSE, FIRST_CHUNK, whole=False)
    house.upstream.gives(SSE, LAST_CHUNK, whole=False)


def cut(house: House) -> None:
    house.upstream.gives(SSE, FIRST_CHUNK, whole=False)
    house.upstream.fails()


def error(house: House) -> None:
    house.upstream.gives(b"HTTP/1.1 500 No\r\ncontent-length: 2", b"{}")


def broken(house: House) -> None:
    house.upstream.fails()


def garbage(house: House) -> None:
    house.upstream.gives(JSON + b"\r\ncontent-length: 1", b"{")


def left(house: House) -> None:
    house.client.connection_lost(None)


TO_ALL = Release(
    id="rel_" + "ab" * 16,
    salt="s",
    candidate=CANDIDATE,
    control=LIVE,
    ramp=(RampPoint(revision=1, step=0, share=1.0),),
)
ENDINGS = [
    (whole, {}, ErrorClass.NONE),
    (stream, {"stream": True}, ErrorClass.NONE),
    (cut, {"stream": True}, ErrorClass.UPSTREAM_CUT),
    (error, {}, ErrorClass.UPSTREAM_STATUS),
    (broken, {}, ErrorClass.UPSTREAM_CUT),
    (garbage, {}, ErrorClass.UPSTREAM_GARBAGE),
    (left, {}, ErrorClass.CALLER_LEFT),
]


@pytest.mark.parametrize(("ending", "fields", "error_class"), ENDINGS)
def test_nothing_of_a_call_waits_for_the_collector(
    ending: Any, fields: dict[str, Any], error_class: ErrorClass
) -> None:
    """However a call ends, it and its attempt are gone at once: thousands of them kept until the collector comes are
    tens of megabytes, and memory that is never warm."""
    house = House()
    with no_collector():
        call = house.asks(**fields)
        attempt = house.upstream.attempt
        assert call() is not None
        assert attempt() is not None
        ending(house)
        assert call() is None
        assert attempt() is None
    assert house.spool.end().error == error_class


def test_a_call_that_fell_back_leaves_nothing_either() -> None:
    """The attempt at the candidate is gone when the baseline is asked, and the call when that has answered."""
    house = House(TO_ALL)
    with no_collector():
        call, first = house.asks(), house.upstream.attempt
        house.upstream.fails()
        assert first() is None
        whole(house)
        assert call() is None
    assert house.spool.end().rung == Rung.BASELINE


def test_an_answer_is_not_said_to_be_the_baselines_when_that_could_not_be_asked_J5() -> None:
    """The baseline does not take the request: the caller sees the candidate's failure, under the candidate's name."""
    needs = Message(role="system", template="You are {{ name }}.")
    house = House(TO_ALL, messages=(needs,), variables={"name": Variable()})
    for ending in (error, broken):
        house.wire.written = b""
        house.asks()
        ending(house)
        head = house.wire.written.partition(b"\r\n\r\n")[0]
        assert b"x-serinus-version: " + CANDIDATE.encode() in head
        assert b"x-serinus-fallback" not in head
        assert house.spool.end().rung == Rung.NONE


def test_a_caller_that_reads_on_before_the_first_byte_does_not_move_the_limit_on_it() -> None:
    """It had not read an earlier answer yet: its new call has first_token_s for the first byte, not the shorter time
    that may pass between two."""
    house = House()
    house.asks()
    house.client.pause_writing()
    house.client.resume_writing()
    assert house.client.deadline_ns == SECOND + 60 * SECOND


def test_a_retry_is_not_put_off_by_a_caller_that_reads_slowly() -> None:
    """The wait that an upstream asked for ends when it ends."""
    house = House()
    house.asks()
    house.upstream.gives(b"HTTP/1.1 429 No\r\nretry-after: 1\r\ncontent-length: 2", b"{}")
    first = house.upstream.attempt
    house.client.pause_writing()
    house.client.resume_writing()
    house.client.pause_writing()
    assert house.client.deadline_ns == 2 * SECOND
    house.now_ns = 2 * SECOND
    house.client.expire(house.now_ns)
    assert house.upstream.attempt is not first
    whole(house)
    assert (house.spool.end().rung, house.spool.end().attempts) == (Rung.RETRY, 2)


@pytest.mark.parametrize("sampled", [False, True])
def test_a_stream_that_has_begun_holds_its_request_no_more(sampled: bool) -> None:
    """Until the first byte another version may be asked; from then on only kept texts need what was asked."""
    house = House()
    call = house.asks(stream=True)()
    assert call is not None
    call._admitted.sampled = sampled
    assert b"messages" in call._outgoing
    assert call._admitted.body["user"] == "ann"
    house.upstream.gives(SSE, FIRST_CHUNK, whole=False)
    assert (call._outgoing, call._attempt._outgoing, call._request.body) == (b"", b"", b"")
    assert ("messages" in call._admitted.body) == sampled
    house.upstream.gives(SSE, LAST_CHUNK, whole=False)
    assert house.spool.end().status == 200


def test_many_requests_sent_at_once_are_answered_each_with_its_end_on_record() -> None:
    """Those that are answered on the spot, too: a thousand in one read neither go too deep nor lose one."""
    house = House()
    body = b'{"model":"app","user":"ann","messages":[{"role":"system","content":"x"}]}'
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nx-api-key: k\r\ncontent-length: %d\r\n\r\n" % len(body)
    house.client.data_received((head + body + b"GET /live HTTP/1.1\r\nhost: a\r\n\r\n") * 500)
    answers = house.wire.written.split(b"HTTP/1.1 ")[1:]
    assert [answer[:3] for answer in answers] == [b"400", b"200"] * 500
    records = [record for record, _ in frames.scan(house.spool.raw, 0)]
    begun, ended = ([record.call for record in records if isinstance(record, kind)] for kind in (Begin, End))
    assert len(begun) == 500
    assert begun == ended
    assert (house.active, house.client.work) == (0, None)
    call = house.asks()
    assert call() is not None
    whole(house)
    assert house.wire.written.endswith(ANSWER)
