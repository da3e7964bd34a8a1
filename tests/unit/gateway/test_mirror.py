"""Copies of requests: which are made, what stands against them, and what is on record in the end. No sockets."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from serinus.core.records import call_id, frames
from serinus.core.records.record import Begin, End, ErrorClass, Event, Pair, Record
from serinus.core.routing.assignment import Arm
from serinus.core.routing.price import Price
from serinus.core.routing.snapshot import (
    App,
    Caller,
    Endpoint,
    Limits,
    Message,
    Mirror,
    Release,
    Snapshot,
    Variable,
    Version,
)
from serinus.core.wire.request import Request, RequestReader
from serinus.core.wire.response import ResponseReader
from serinus.gateway.admission import Admission, Admitted
from serinus.gateway.chance import Chance
from serinus.gateway.deadlines import SETS, Deadlines
from serinus.gateway.log import Log
from serinus.gateway.mirror import Mirrors
from serinus.gateway.recorder import Outcome, Recorder
from serinus.gateway.routes import Routes, Target

LIVE, CANDIDATE = "11" * 32, "22" * 32
START = 1_000_000_000_000
MS = 1_000_000
SECOND = 1_000_000_000
PRICE = 1_000_000_000  # for a million tokens: 1,000 a token
ANSWER = {
    "model": "m",
    "choices": [{"message": {"content": "hello"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 3},
}


def snapshot(mirror: Mirror | None = None, revision: int = 3, needs: str = "", **release: Any) -> Snapshot:
    """A snapshot that mirrors; the candidate's prompt `needs` a variable."""
    mirrored = Release(
        id="rel_" + "ab" * 16,
        salt="s",
        candidate=CANDIDATE,
        control=LIVE,
        ramp=(),
        mirror=mirror or Mirror(share=1.0, max_concurrency=2),
        **release,
    )
    template = f"You are {{{{ {needs} }}}}." if needs else "You are new."
    candidate = Version(
        digest=CANDIDATE,
        name="app-2026-W47-2",
        behaviour=CANDIDATE,
        endpoint="up",
        model="new",
        messages=(Message(role="system", template=template),),
        variables={needs: Variable()} if needs else {},
        price=Price(input=PRICE, output=PRICE, table="t"),
    )
    live = Version(digest=LIVE, name="app-2026-W47-1", behaviour=LIVE, endpoint="up", model="old")
    return Snapshot(
        revision=revision,
        issued_at_us=1,
        mac_key="aa" * 32,
        pseudonym_key="bb" * 32,
        callers=(Caller(key_sha256=hashlib.sha256(b"k").hexdigest(), name="k", may_pin=True),),
        endpoints={"up": Endpoint(name="up", base_url="http://127.0.0.1:9/v1", api_key_env="K")},
        versions={LIVE: live, CANDIDATE: candidate},
        apps={"app": App(name="app", live=LIVE, release=mirrored, limits=Limits(total_s=60.0))},
    )


class Paper:
    """A spool on which a test sets the room."""

    has_room = True
    dropped = 0

    def __init__(self) -> None:
        self.raw = b""

    def append(self, frame: bytes) -> bool:
        self.raw += frame
        return True

    def of(self, kind: type[Record]) -> list[Any]:
        return [record for record, _ in frames.scan(self.raw, 0) if isinstance(record, kind)]


class Connection:
    """An upstream connection that a test answers on."""

    def __init__(self) -> None:
        self.attempt: Any = None
        self.sent = b""
        self.aborted = False

    def send(self, attempt: Any, request: bytes, now_ns: int) -> None:
        self.attempt, self.sent = attempt, request

    def abort(self) -> None:
        self.aborted = True

    def answer(self, status: int = 200, body: Any = ANSWER) -> None:
        raw = json.dumps(body).encode()
        reader = ResponseReader()
        head = b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % (status, len(raw))
        self.attempt.upstream_data(reader, reader.receive(head + raw), START)
        self.attempt.upstream_end(reader)


class Pool:
    """Always has a connection."""

    def __init__(self, given: list[Connection]) -> None:
        self._given = given

    def take(self, now_ns: int) -> Connection:
        self._given.append(Connection())
        return self._given[-1]


class Quiet(Mirrors):
    """Mirrors that connect to nobody."""

    asked: list[Connection]

    def pool(self, target: Target) -> Any:
        return Pool(self.asked)


class Loop:
    """Runs what is due when it is told to."""

    def __init__(self) -> None:
        self._later: list[tuple[Callable[..., None], tuple[Any, ...]]] = []

    def call_later(self, delay_s: float, call: Callable[..., None], *arguments: Any) -> None:
        self._later.append((call, arguments))

    def call_soon(self, call: Callable[..., None], *arguments: Any) -> None:
        self.call_later(0, call, *arguments)

    def run(self) -> None:
        later, self._later = self._later, []
        for call, arguments in later:
            call(*arguments)


class Desk:
    """Users' calls and their copies, at a time that a test sets."""

    def __init__(self, value: Snapshot | None = None, workers: int = 1) -> None:
        self.now = START
        self.spool = Paper()
        self.loop: Any = Loop()
        self.deadlines = Deadlines()
        chance = Chance(lambda count: bytes(count))
        self.recorder = Recorder(self.spool, lambda: 5, chance)
        self.mirrors = Quiet(
            self.loop,
            recorder=self.recorder,
            deadlines=self.deadlines,
            mono_ns=lambda: self.now,
            log=Log(sys.stderr, lambda: 0, lambda: 0),
            workers=workers,
        )
        self.mirrors.asked = []
        self.adopt(value or snapshot())

    def adopt(self, value: Snapshot) -> None:
        self.routes = Routes(value, {})
        for app in self.routes.apps.values():
            app.serve_until_ns = START + 10 * SECOND
        self.admission = Admission(self.routes, self, lambda: True, lambda count: bytes(count))
        self.mirrors.adopt(self.routes)

    def started(self, key: int, revision: int) -> int:
        return revision

    def admit(self, *headers: str, **fields: Any) -> tuple[Admitted, Request]:
        body = json.dumps({"model": "app", "messages": [{"role": "user", "content": "?"}], "user": "ann"} | fields)
        lines = ["POST /v1/chat/completions HTTP/1.1", "host: a", "x-api-key: k", *headers]
        request = RequestReader().receive(
            ("\r\n".join([*lines, f"content-length: {len(body)}"]) + "\r\n\r\n" + body).encode()
        )
        assert request is not None
        return self.admission.admit(request, self.now), request

    def user(self, *headers: str, error: ErrorClass = ErrorClass.NONE, **fields: Any) -> Admitted:
        """A user's call from begin to end, 1 ms before now."""
        call, request = self.admit(*headers, **fields)
        raw = self.recorder.begin(call, 3, self.now)
        outcome = Outcome()
        outcome.status, outcome.error = 200, error
        end = self.recorder.end(
            raw, call, call.version, 3, outcome, begun_ns=self.now, first_ns=self.now + 5, now_ns=self.now + 9000
        )
        if call.app.mirror is not None:
            self.mirrors.ended(raw, call, request, end, 4)
        self.now += MS
        return call


def test_E1_a_copy_starts_behind_the_answer_and_makes_a_pair() -> None:
    """Nothing is sent before the turn of the loop is over; then begin, end and pair are on record."""
    desk = Desk()
    desk.user()
    assert desk.mirrors.asked == []
    desk.loop.run()
    (connection,) = desk.mirrors.asked
    assert b'"model":"new"' in connection.sent
    assert connection.sent.startswith(b"POST /v1/chat/completions HTTP/1.1\r\n")
    connection.answer()
    (pair,) = desk.spool.of(Pair)
    assert (pair.candidate_tokens_out, pair.candidate_chars, pair.baseline_chars) == (3, 5, 4)
    assert [call_id.parse(begin.call).arm for begin in desk.spool.of(Begin)] == [Arm.REST, Arm.SHADOW]
    assert (desk.mirrors.sent, desk.mirrors.drops.total()) == (1, 0)


def test_E1_a_stream_is_copied_from_its_first_byte_on() -> None:
    """The copy may end before the user's stream does: the pair waits for both."""
    desk = Desk()
    call, request = desk.admit()
    raw = desk.recorder.begin(call, 3, desk.now)
    desk.mirrors.began(raw, call, request)
    desk.now += MS
    desk.loop.run()
    desk.mirrors.asked[0].answer()
    assert desk.spool.of(Pair) == []
    outcome = Outcome()
    outcome.status = 200
    end = desk.recorder.end(raw, call, call.version, 3, outcome, begun_ns=START, first_ns=START + 1, now_ns=desk.now)
    desk.mirrors.ended(raw, call, request, end, 5)
    desk.loop.run()
    assert len(desk.spool.of(Pair)) == len(desk.mirrors.asked) == 1


def _draining(desk: Desk) -> None:
    desk.mirrors.draining = True


def _withdrawn(desk: Desk) -> None:
    desk.adopt(snapshot(serving=False, revision=4))


def _lapsed(desk: Desk) -> None:
    desk.routes.apps["app"].serve_until_ns = desk.now


def _no_room(desk: Desk) -> None:
    desk.spool.has_room = False


def _busy(desk: Desk) -> None:
    desk.now += 60 * MS


OBSTACLES = {"draining": _draining, "withdrawn": _withdrawn, "lease": _lapsed, "spool": _no_room, "busy": _busy}


@pytest.mark.parametrize("reason", OBSTACLES)
def test_E1_what_stands_in_the_way_drops_the_copy_and_is_counted(reason: str) -> None:
    """Each reason by its name; nothing is sent, and nothing on record."""
    desk = Desk()
    desk.user()
    OBSTACLES[reason](desk)
    desk.loop.run()
    assert desk.mirrors.asked == []
    assert dict(desk.mirrors.drops) == {reason: 1}
    assert len(desk.spool.of(Begin)) == 1


def test_E1_no_more_copies_at_a_time_than_this_workers_part() -> None:
    """Three of a host's five with two workers; the next one when one has ended."""
    desk = Desk(snapshot(Mirror(share=1.0, max_concurrency=5)), workers=2)
    for number in range(4):
        desk.user(user=f"u{number}")
    desk.loop.run()
    assert (len(desk.mirrors.asked), desk.mirrors.drops["concurrency"]) == (3, 1)
    desk.mirrors.asked[0].answer(500, {"error": {}})
    desk.user(user="next")
    desk.loop.run()
    assert len(desk.mirrors.asked) == 4


def test_E1_copies_stop_at_this_workers_part_of_the_cost() -> None:
    """A copy of 10 tokens at 1,000 nano-USD each spends a worker's half of 20,000."""
    desk = Desk(snapshot(Mirror(share=1.0, max_concurrency=8, max_cost_nano=20_000)), workers=2)
    for number in range(3):
        desk.user(user=f"u{number}")
        desk.loop.run()
        if number < len(desk.mirrors.asked):
            desk.mirrors.asked[number].answer()
    spent = [end.cost_nano for end in desk.spool.of(End) if call_id.parse(end.call).arm is Arm.SHADOW]
    assert sum(spent) >= 10_000 > sum(spent[:-1])
    assert desk.mirrors.drops["cost"] == 3 - len(spent) > 0


@pytest.mark.parametrize("error", [ErrorClass.CALLER_LEFT, ErrorClass.INFRASTRUCTURE])
def test_a_call_that_told_nothing_of_its_version_is_not_copied(error: ErrorClass) -> None:
    """The user left, or the process: there is nothing to compare with."""
    desk = Desk()
    desk.user(error=error)
    desk.loop.run()
    assert (desk.mirrors.asked, desk.mirrors.drops.total()) == ([], 0)


def test_pinned_calls_and_units_above_the_share_are_not_copied() -> None:
    """They are no subjects of the mirror, so that nothing counts them as dropped."""
    desk = Desk()
    call = desk.user(model=f"app@{LIVE}")
    assert call.arm is Arm.PINNED
    desk.loop.run()
    none = Desk(snapshot(Mirror(share=0.0, max_concurrency=8)))
    none.user()
    none.loop.run()
    assert desk.mirrors.asked == none.mirrors.asked == []
    assert desk.mirrors.drops.total() == none.mirrors.drops.total() == 0


def test_a_request_that_only_the_candidate_refuses_is_its_error() -> None:
    """Nothing is sent; one that the baseline refused as well is nobody's but the caller's."""
    desk = Desk(snapshot(needs="city"))
    desk.user()
    desk.user(error=ErrorClass.TEMPLATE)
    desk.loop.run()
    (pair,) = desk.spool.of(Pair)
    assert (pair.candidate_events, desk.mirrors.asked, desk.mirrors.sent) == (Event.ERROR, [], 1)


def test_a_request_that_only_the_baseline_refuses_is_the_baselines_error() -> None:
    """The copy is made, and the pair says who failed."""
    desk = Desk(snapshot(needs="city"))
    desk.user(error=ErrorClass.TEMPLATE, variables={"city": "Ulm"})
    desk.loop.run()
    desk.mirrors.asked[0].answer()
    (pair,) = desk.spool.of(Pair)
    assert (pair.candidate_events, pair.baseline_events) == (0, Event.ERROR)


def test_a_copy_has_its_own_limits_of_time() -> None:
    """One that is never answered is given up by the deadlines, as an error of the candidate alone."""
    desk = Desk()
    desk.user()
    desk.loop.run()
    desk.now += 61 * SECOND
    for _ in range(SETS):
        desk.deadlines.tick(desk.now)
    assert desk.mirrors.asked[0].aborted
    assert [end.error for end in desk.spool.of(End)] == [0, ErrorClass.UPSTREAM_TIMEOUT]
    (pair,) = desk.spool.of(Pair)
    assert (pair.candidate_events, pair.baseline_events) == (Event.ERROR | Event.OVERDUE, 0)


def test_closing_ends_copies_on_record() -> None:
    """As nobody's failure, and without a pair; a second closing changes nothing."""
    desk = Desk()
    desk.user()
    desk.loop.run()
    desk.mirrors.close()
    desk.mirrors.close()
    assert [end.error for end in desk.spool.of(End)] == [0, ErrorClass.INFRASTRUCTURE]
    assert desk.spool.of(Pair) == []


def test_an_override_or_a_withdrawn_candidate_ends_the_mirror() -> None:
    """Calls of such an app do not even ask whether to copy."""
    assert Desk(snapshot(serving=False)).routes.apps["app"].mirror is None
    assert Desk().routes.apps["app"].mirror is not None
