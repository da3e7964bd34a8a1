"""What an app says where no version answers: a cached answer, its message, or the words of a hand-off (J5)."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from serinus.core.records import call_id
from serinus.core.records.record import ErrorClass, Event, Rung
from serinus.core.routing.assignment import Arm
from serinus.core.routing.cached import AnswerCache, CachedAnswer, normalised
from serinus.core.routing.snapshot import App, FormatRule, Limits, PolicyRule, Release
from serinus.gateway.cached import question_of
from serinus.gateway.routes import Routes
from tests.unit.gateway.test_call import (
    CANDIDATE,
    FIRST_CHUNK,
    LIVE,
    SECOND,
    SSE,
    TO_ALL,
    House,
    broken,
    snapshot,
    whole,
)

ASKED = "How do I reset my password?"
PARTS = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
MESSAGE, HAND_OFF = "One moment, please.", "A colleague will answer."


def cache(*answers: tuple[str, str], of: str = LIVE, **changes: Any) -> AnswerCache:
    """Answers of one behaviour, by default to the one question."""
    given = answers or ((ASKED, "Open Settings."),)
    entries = tuple(CachedAnswer(asked=normalised(asked), answer=answer, version=of) for asked, answer in given)
    return AnswerCache(answers={of: entries}, **changes)


class Cached(House):
    """The house, with a cache, a message and what else is given of its app."""

    def __init__(
        self, cached: AnswerCache | None, release: Release | None = None, live: dict[str, Any] | None = None, **of: Any
    ) -> None:
        super().__init__(release, **(live or {}))
        known = snapshot(release, **(live or {}))
        app = App(
            **{"name": "app", "live": LIVE, "release": release, "fallback_message": MESSAGE, "cached": cached} | of
        )
        routes = Routes(msgspec.structs.replace(known, apps={"app": app}), {})
        for one in routes.apps.values():
            one.serve_until_ns = 1 << 62
        self.adopt(routes)

    def hears(self, text: str = ASKED, **fields: Any) -> tuple[str, str]:
        """What a caller hears when every version breaks, and the header that tells the rung."""
        self.wire.written = b""
        call = self.asks(**{"messages": [{"role": "user", "content": text}]} | fields)
        while call() is not None and not self.wire.written:
            broken(self)
        return self.heard()

    def heard(self) -> tuple[str, str]:
        head, _, body = self.wire.written.partition(b"\r\n\r\n")
        rung = [line for line in head.decode().split("\r\n") if line.startswith("x-serinus-fallback: ")]
        if not head.startswith(b"HTTP/1.1 200"):
            return "an error", "".join(rung)
        return json.loads(body)["choices"][0]["message"]["content"], "".join(rung).removeprefix("x-serinus-fallback: ")


def test_J5_an_approved_answer_comes_before_the_message() -> None:
    """For the same question and one very like it; anything else gets the message. The record says which rung, whose
    fault it was and in the name of which version; the answer names the version that it was approved of."""
    house = Cached(cache())
    assert house.hears() == ("Open Settings.", "cache")
    assert f"x-serinus-version: {LIVE}\r\n".encode() in house.wire.written
    end = house.spool.end()
    assert (end.rung, end.error, end.events) == (Rung.CACHE, ErrorClass.UPSTREAM_CUT, Event.ERROR)
    assert (end.status, end.version.hex()) == (200, LIVE)
    assert house.hears("how can I reset my password") == ("Open Settings.", "cache")
    assert house.hears("Where is my parcel?") == (MESSAGE, "message")
    assert b"x-serinus-version" not in house.wire.written
    assert house.spool.end().rung == Rung.MESSAGE


def test_J5_confidence_is_what_the_app_declares() -> None:
    """The same likeness is enough for one app and not for another, which hands over; what could not be measured
    gets the message."""
    near = "how can I reset my password"
    assert Cached(cache(confidence=0.6)).hears(near)[1] == "cache"
    house = Cached(cache(confidence=0.95), hand_off_message=HAND_OFF)
    assert house.hears(near) == (HAND_OFF, "hand_off")
    assert house.spool.end().rung == Rung.HAND_OFF
    assert house.hears() == ("Open Settings.", "cache")
    turns = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "hi"},
        {"role": "user", "content": near},
    ]
    assert house.hears(messages=turns) == (MESSAGE, "message")
    assert Cached(None, hand_off_message=HAND_OFF).hears() == (MESSAGE, "message")


def test_J5_the_candidate_falls_to_its_own_answers_and_then_to_the_baselines() -> None:
    """On the candidate's account, in the name of the version whose behaviour it is."""
    house = Cached(cache(), TO_ALL)
    assert house.hears() == ("Open Settings.", "cache")
    end = house.spool.end()
    assert (call_id.parse(end.call).arm, end.version.hex(), end.events) == (Arm.CANDIDATE, LIVE, Event.ERROR)
    assert end.attempts == 2
    own = cache((ASKED, "New: open Account."), of=CANDIDATE)
    both = msgspec.structs.replace(own, answers={**own.answers, **cache().answers})
    slow = Cached(msgspec.structs.replace(both, after_s=5.0), TO_ALL)
    slow.asks(messages=[{"role": "user", "content": ASKED}])
    slow.now_ns += 6 * SECOND
    slow.client.expire(slow.now_ns)
    assert slow.heard() == ("New: open Account.", "cache")
    assert slow.spool.end().version.hex() == CANDIDATE


def test_J5_no_answer_of_the_live_version_for_users_whom_a_pin_keeps_away_from_it() -> None:
    """An override has taken them off the live version: nothing of it comes back through the cache."""
    house = Cached(cache(), override=CANDIDATE)
    assert house.hears() == (MESSAGE, "message")
    assert Cached(cache(of=CANDIDATE), override=CANDIDATE).hears()[1] == "cache"


def test_J5_a_slow_version_gives_way_to_a_cached_answer_and_only_to_that() -> None:
    """After `after_s` without a first byte; without an answer that fits, its whole time is waited for. The call counts
    as a failure of the arm that was slow."""
    house = Cached(cache(after_s=5.5), limits=Limits(first_token_s=20.0))
    call = house.asks(messages=[{"role": "user", "content": ASKED}])
    assert house.client.deadline_ns == SECOND + int(5.5 * SECOND)
    house.now_ns += 6 * SECOND
    house.client.expire(house.now_ns)
    assert call() is None
    assert house.heard() == ("Open Settings.", "cache")
    end = house.spool.end()
    assert (end.error, end.events, end.rung) == (ErrorClass.UPSTREAM_TIMEOUT, Event.ERROR, Rung.CACHE)
    house.wire.written = b""
    begun = house.now_ns
    other = house.asks(messages=[{"role": "user", "content": "Where is my parcel?"}])
    house.now_ns += 6 * SECOND
    house.client.expire(house.now_ns)
    assert other() is not None
    assert house.client.deadline_ns == begun + 20 * SECOND
    whole(house)
    assert house.heard() == ("hello", "")
    assert house.spool.end().rung == Rung.NONE


def test_J5_nothing_is_looked_up_early_without_answers_or_where_the_limit_is_shorter() -> None:
    """The limit on the first byte is then what it always was."""
    for cached, limit in ((AnswerCache(after_s=5.5), 20.0), (cache(after_s=5.5), 3.0), (cache(), 20.0)):
        house = Cached(cached, limits=Limits(first_token_s=limit))
        house.asks(messages=[{"role": "user", "content": ASKED}])
        assert house.client.deadline_ns == SECOND + int(limit * SECOND)
        house.now_ns += int((limit + 1) * SECOND)
        house.client.expire(house.now_ns)
        assert house.spool.end().error == ErrorClass.UPSTREAM_TIMEOUT


def test_J5_who_pins_a_version_hears_of_that_version_alone() -> None:
    """No cached answer hides from a test how it went."""
    house = Cached(cache())
    known = snapshot(None)
    caller = msgspec.structs.replace(known.callers[0], may_pin=True)
    app = App(name="app", live=LIVE, cached=cache(after_s=1.0), fallback_message=MESSAGE)
    house.adopt(Routes(msgspec.structs.replace(known, apps={"app": app}, callers=(caller,)), {}))
    house.asks(model=f"app@{LIVE}", messages=[{"role": "user", "content": ASKED}])
    house.now_ns += 2 * SECOND
    house.client.expire(house.now_ns)
    broken(house)
    assert house.heard()[0] == "an error"


@pytest.mark.parametrize(
    ("body", "question"),
    [
        ({"messages": [{"role": "user", "content": "hi"}]}, "hi"),
        ({"messages": [{"role": "user", "content": PARTS}]}, "a\nb"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, ""),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": 1}]}]}, ""),
        ({"messages": [{"role": "system", "content": "x"}, {"role": "user", "content": "hi"}]}, ""),
        ({"messages": [{"role": "assistant", "content": "hi"}]}, ""),
        ({"messages": [{"role": "user", "content": "hi"}], "tools": [{}]}, ""),
        ({"messages": [{"role": "user", "content": "hi"}], "tools": []}, "hi"),
        ({"messages": [{"role": "user", "content": "hi"}], "variables": {"name": "Ada"}}, ""),
        ({"messages": [{"role": "user", "content": "hi"}], "metadata": {"variables": "{}"}}, ""),
        ({"messages": [{"role": "user", "content": "hi"}], "metadata": {"language": "de"}}, "hi"),
        ({"messages": [{"role": "user", "content": "hi", "name": "ann"}]}, "hi"),
        ({"messages": [{"role": "user", "content": "hi", "images": ["…"]}]}, ""),
        ({"messages": [{"role": "user", "content": "hi"}], "documents": [{"text": "…"}]}, ""),
        ({"messages": [{"role": "user", "content": "hi"}], "guided_choice": ["yes", "no"]}, ""),
        ({"messages": [{"role": "user", "content": []}]}, ""),
        ({"messages": ["hi"]}, ""),
        ({"messages": []}, ""),
        ({}, ""),
    ],
)  # fmt: skip
def test_J5_only_a_first_turn_that_is_nothing_but_a_text_is_looked_up(body: dict[str, Any], question: str) -> None:
    """No history, no variables, no tools, no pictures, no words of a system."""
    assert question_of(body) == question


def test_J5_the_language_is_what_the_caller_says() -> None:
    """In metadata, else by Accept-Language; in another language there is no answer."""
    entries = [
        CachedAnswer(asked="hotel", answer=answer, version=LIVE, language=tag)
        for tag, answer in (("de", "Ja."), ("en", "Yes."))
    ]
    house = Cached(AnswerCache(answers={LIVE: tuple(entries)}))
    assert house.hears("Hotel?", metadata={"language": "de-CH"}) == ("Ja.", "cache")
    assert house.hears("Hotel?", metadata={"language": "en"}) == ("Yes.", "cache")
    assert house.hears("Hotel?", metadata={"language": "fr"})[1] == "message"
    assert house.hears("Hotel?")[1] == "message"


SCHEMA = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}
OBJECT = {"type": "json_object"}
TEXT_ANSWER, JSON_ANSWER = cache(), cache((ASKED, '{"answer":"Open Settings."}'))


@pytest.mark.parametrize(
    ("cached", "live", "app", "fields", "rung"),
    [
        (TEXT_ANSWER, {"parameters": json.dumps({"response_format": SCHEMA})[1:-1]}, {}, {}, ""),
        (JSON_ANSWER, {"parameters": json.dumps({"response_format": SCHEMA})[1:-1]}, {}, {}, "cache"),
        (JSON_ANSWER, {"caller_may_set": ("response_format",)}, {}, {"response_format": SCHEMA}, ""),
        (JSON_ANSWER, {"caller_may_set": ("response_format",)}, {}, {"response_format": OBJECT}, "cache"),
        (TEXT_ANSWER, {"caller_may_set": ("response_format",)}, {}, {"response_format": OBJECT}, ""),
        (TEXT_ANSWER, {}, {"format_rule": FormatRule(kind="json_object")}, {}, ""),
        (JSON_ANSWER, {}, {"format_rule": FormatRule(kind="json_object", required_keys=("answer",))}, {}, "cache"),
        (JSON_ANSWER, {}, {"format_rule": FormatRule(kind="json_object", required_keys=("tone",))}, {}, ""),
        (TEXT_ANSWER, {}, {"rules": (PolicyRule(name="r", kind="regex", pattern="Settings"),)}, {}, ""),
        (TEXT_ANSWER, {}, {"rules": (PolicyRule(name="r", kind="regex", pattern="refund"),)}, {}, "cache"),
    ],
)  # fmt: skip
def test_J5_an_answer_that_the_caller_could_not_take_is_not_given(
    cached: AnswerCache, live: dict[str, Any], app: dict[str, Any], fields: dict[str, Any], rung: str
) -> None:
    """Not in the format that is asked for, not against a schema of the caller's own, nothing that breaks a rule."""
    house = Cached(cached, None, live, fallback_message="", **app)
    assert house.hears(**fields)[1] == rung


def test_J5_a_stream_and_several_choices_are_answered_as_they_were_asked_for() -> None:
    """As the message is."""
    house = Cached(cache(), None, {"caller_may_set": ("n",)})
    call = house.asks(messages=[{"role": "user", "content": ASKED}], n=2, stream=True)
    broken(house)
    assert call() is None
    assert b"x-serinus-fallback: cache" in house.wire.written
    assert house.wire.written.count(b'"content":"Open Settings."') == 2
    assert b"data: [DONE]" in house.wire.written


def test_J5_what_is_wrong_with_a_request_is_not_hidden_by_a_cached_answer() -> None:
    """A refusal of this very request is passed on."""
    house = Cached(cache())
    house.asks(messages=[{"role": "user", "content": ASKED}])
    house.upstream.gives(b"HTTP/1.1 422 No\r\ncontent-length: 2", b"{}")
    assert house.wire.written.startswith(b"HTTP/1.1 422")
    assert house.spool.end().rung == Rung.NONE


def test_J5_a_cached_answer_that_takes_over_early_does_not_turn_the_others_away() -> None:
    """An endpoint that is slower than `after_s`, and well within its time, is not taken for a dead one, however many
    ask what is cached: who asks anything else still waits for it. Once its time is up, the breaker counts."""
    house = Cached(cache(after_s=2.0), limits=Limits(first_token_s=20.0))
    for _ in range(30):
        house.wire.written = b""
        house.asks(messages=[{"role": "user", "content": ASKED}])
        house.now_ns += 2 * SECOND + 1
        house.client.expire(house.now_ns)
        assert house.heard() == ("Open Settings.", "cache")
    assert house.breakers() == ()
    house.wire.written = b""
    other = house.asks(messages=[{"role": "user", "content": "Where is my parcel?"}])
    assert other() is not None
    whole(house)
    assert house.heard() == ("hello", "")
    for _ in range(10):
        house.asks(messages=[{"role": "user", "content": "Where is my parcel?"}])
        broken(house)
    assert house.breakers() != ()


def test_J5_the_first_byte_and_the_end_of_patience_in_one_moment_make_one_answer() -> None:
    """Whichever comes first has it: a stream that has begun goes on, and one that has not is given up for good."""
    house = Cached(cache(after_s=2.0), limits=Limits(first_token_s=20.0))
    question = {"messages": [{"role": "user", "content": ASKED}], "stream": True}
    begun = house.asks(**question)
    house.now_ns += 2 * SECOND
    house.upstream.gives(SSE, FIRST_CHUNK, whole=False)
    house.client.expire(house.now_ns - 1)
    assert begun() is None
    assert house.wire.written.count(b"HTTP/1.1 ") == 1
    assert b"Open Settings." not in house.wire.written
    house.wire.written = b""
    house.asks(**question)
    house.now_ns += 2 * SECOND
    late = house.upstream.attempt()
    house.client.expire(house.now_ns)
    assert house.wire.written.count(b"HTTP/1.1 ") == 1
    assert b"Open Settings." in house.wire.written
    assert (late._upstream, late._call) == (None, None)
    assert house.active == 0


@pytest.mark.parametrize("left", [AnswerCache(), None])
def test_J5_a_call_under_way_is_not_told_what_a_rollback_has_taken_out(left: AnswerCache | None) -> None:
    """It was admitted when the candidate's answer was there, and is slow, or turned away, when the gateway has already
    said that it goes by routes without it: with the rollback confirmed, nobody hears it any more."""
    own = cache((ASKED, "New: open Account."), of=CANDIDATE, after_s=2.0)
    app = App(name="app", live=LIVE, fallback_message=MESSAGE, cached=left)
    for goes_by_it, heard in ((False, ("New: open Account.", "cache")), (True, (MESSAGE, "message"))):
        for is_slow in (True, False):
            house = Cached(own, TO_ALL)
            house.asks(messages=[{"role": "user", "content": ASKED}])
            if goes_by_it:
                house.adopt(Routes(msgspec.structs.replace(snapshot(None), revision=4, apps={"app": app}), {}))
            if is_slow:
                house.now_ns += 3 * SECOND
                house.client.expire(house.now_ns)
                assert (house.wire.written == b"") == goes_by_it
            if not house.wire.written:
                house.upstream.gives(b"HTTP/1.1 429 No\r\ncontent-length: 2", b"{}")
            assert house.heard() == heard
