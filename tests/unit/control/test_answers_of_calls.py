"""Cached answers that are made of calls: which can stand for others, and when they go with their texts (J5, L3)."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from serinus.control.erase_texts import erase_texts
from serinus.control.keep_texts import keep_texts
from serinus.control.propose_answer import kept_call, propose_found
from serinus.control.propose_scored import high_scored, propose_scored
from serinus.core.audit.entry import Action
from serinus.core.errors import Conflict, NotFound
from serinus.core.pipeline.stored_answer import StoredAnswer
from serinus.core.records import call_id
from serinus.core.records.call import Call
from serinus.core.records.call import row as row_of
from serinus.core.records.payload import LoggedPayload
from serinus.core.records.record import End
from serinus.core.records.score import LoggedScore
from serinus.core.routing.assignment import Arm
from serinus.ports.event_log import CallQuery
from serinus.ports.payloads import Erasure
from tests.unit.control.production import PERSON, START_US
from tests.unit.control.test_cached_answers import ANSWER, ASKED, BOB, Shop

UNIT = b"\x11" * 8


class Kept:
    """Texts and log of some calls."""

    def __init__(self) -> None:
        self.rows: list[Call] = []
        self.kept: dict[str, LoggedPayload] = {}
        self.given: list[LoggedScore] = []

    def add(self, shop: Shop, number: int, request: Any = None, answer: Any = None, **changes: Any) -> Call:
        """A call with these texts, by default a good one."""
        raw = call_id.make(
            b"k" * 32, b"shop", START_US // 1000, number.to_bytes(5, "big"), bytes(16), Arm.REST, -1, UNIT
        )
        end = End(
            call=raw, at_us=START_US + number, mono_ns=1, app="shop", version=bytes.fromhex(shop.baseline.digest),
            revision=1, conversation=1, status=200, error=0, events=0, latency_us=1, ttft_us=1, finish="stop",
        )  # fmt: skip
        row = msgspec.structs.replace(row_of(end, "host"), **changes)
        request = {"messages": [{"role": "user", "content": ASKED}], "variables": None} if request is None else request
        answer = {"texts": [ANSWER], "tools": []} if answer is None else answer
        self.rows.append(row)
        self.kept[row.call] = LoggedPayload(
            call=row.call, app="shop", unit=UNIT.hex(), at_us=START_US, request=json.dumps(request),
            answer=json.dumps(answer), cut=False,
        )  # fmt: skip
        return row

    def score(self, row: Call, value: float, metric: str = "user.rating") -> None:
        self.given.append(
            LoggedScore(
                score=f"s{len(self.given)}", call=row.call, conversation="", host="", app="shop", release="",
                arm="rest", stratum=-1, unit="", called_at_us=1, at_us=1, metric=metric, value_micro=round(value * 1e6),
                source="app", key="k", text="",
            )
        )  # fmt: skip

    def calls(self, query: CallQuery) -> list[Call]:
        fits = [row for row in self.rows if query.call in (None, row.call) and query.version in (None, row.version)]
        return fits[::-1][: query.limit]

    def scores(self, calls: Any, conversations: Any) -> list[LoggedScore]:
        return [one for one in self.given if one.call in calls]

    def payload(self, call: str, begun_us: int) -> LoggedPayload | None:
        return self.kept.get(call)

    def erase(self, erasures: Any) -> int:
        return 0

    def expire(self, before_us: Any, others_before_us: int) -> int:
        return 0


def picked(shop: Shop, kept: Kept, row: Call) -> StoredAnswer:
    return propose_found(shop.control, START_US + 5, PERSON, *kept_call(kept, kept, row.call), "")[0]


def test_J5_a_picked_call_is_proposed_with_its_texts_and_reading_them_is_on_the_trail() -> None:
    """As any reading of a user's texts is."""
    shop, kept = Shop(), Kept()
    row = kept.add(shop, 1)
    one = picked(shop, kept, row)
    assert (one.question, one.answer, one.call, one.unit) == (ASKED, ANSWER, row.call, UNIT.hex())
    assert (one.origin, one.why, one.version) == ("call", "picked", shop.baseline.digest)
    (read,) = shop.trail(Action.TEXTS_READ)
    assert (read.subject, read.actor) == (row.call, PERSON)
    other = kept.add(shop, 2)
    del kept.kept[other.call]
    with pytest.raises(NotFound, match="no texts"):
        kept_call(kept, kept, other.call)


TURNS = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]


@pytest.mark.parametrize(
    ("request_", "answer", "changes", "why"),
    [
        ({"messages": TURNS, "variables": None}, None, {}, "not the first turn"),
        ({"messages": [{"role": "user", "content": "a"}], "variables": {"n": 1}}, None, {}, "variables"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, None, {}, "not a text alone"),
        ({"messages": [{"role": "user", "content": "I am [email]"}]}, None, {}, "something personal"),
        (None, {"texts": ["Mail [email]"], "tools": []}, {}, "something personal"),
        (None, {"texts": ["a", "b"], "tools": []}, {}, "exactly one answer"),
        (None, {"texts": ["a"], "tools": [{"name": "x", "arguments": "{}"}]}, {}, "used tools"),
        (None, None, {"status": 500, "error": "upstream_status"}, "upstream_status"),
        (None, None, {"events": ("call.refusal",)}, "call.refusal"),
        (None, None, {"rules": ("no_refund",)}, "no_refund"),
        (None, None, {"rung": "message"}, "fallback message"),
        (None, None, {"finish": "length"}, "ended by length"),
        (None, None, {"version": "ab" * 32}, "no version"),
    ],
)
def test_J5_a_call_that_cannot_stand_for_others_says_why(
    request_: Any, answer: Any, changes: dict[str, Any], why: str
) -> None:
    """Nothing is proposed."""
    shop, kept = Shop(), Kept()
    row = kept.add(shop, 1, request_, answer, **changes)
    with pytest.raises((Conflict, NotFound), match=why):
        picked(shop, kept, row)
    assert shop.trail(Action.ANSWER_PROPOSED) == []


def test_L3_an_erasure_takes_out_what_was_made_of_a_users_texts() -> None:
    """From the store and from gateways, in the transaction that notes it; and no text of theirs becomes an entry
    afterwards."""
    shop, kept = Shop(), Kept()
    first, later = kept.add(shop, 1), kept.add(shop, 2, {"messages": [{"role": "user", "content": "Else?"}]})
    one = shop.approve(picked(shop, kept, first))
    shop.approved("Written?", "By hand.")
    erase_texts(shop.control, kept, START_US + 6, BOB, UNIT.hex(), "asked for")
    assert shop.told() == ["By hand."]
    with shop.control.tx() as tx:
        assert tx.stored_answer(one.id) is None
        assert tx.erasures(0) == [Erasure(unit=UNIT.hex(), at_us=START_US + 6)]
    with pytest.raises(NotFound, match="erased"):
        picked(shop, kept, later)


def test_L3_proposals_are_kept_no_longer_than_the_texts_they_are_from() -> None:
    """After `payload_days`; what was approved, or written, stays."""
    shop, kept = Shop(payload_days=2), Kept()
    picked(shop, kept, kept.add(shop, 1))
    written = shop.propose("Written?", "By hand.")
    for days, left in ((1, 2), (3, 1)):
        keep_texts(shop.control, kept, START_US + days * 86_400_000_000)
        with shop.control.tx() as tx:
            assert tx.count_proposals("shop") == left
    with shop.control.tx() as tx:
        assert tx.stored_answer(written.id) == written


def scored(shop: Shop, kept: Kept, at_least: float = 0.9, most: int = 9) -> list[StoredAnswer]:
    good = high_scored(shop.control, shop.telemetry, kept, kept, "shop", "user.rating", at_least)
    return propose_scored(shop.control, START_US + 5, PERSON, good, most)


def test_J5_what_scored_high_is_proposed_the_most_asked_first() -> None:
    """Of each question the best answer; every score has to be high enough; what cannot stand for others, has no texts
    or is of another version is passed over. Again, only what is not there yet."""
    shop, kept = Shop(), Kept()
    for number, (asked, answer, value) in enumerate(
        [
            ("Rare?", "r", 0.99), ("Often?", "o1", 0.92), ("often", "o2", 0.97), ("OFTEN ?", "o3", 0.95),
            ("Bad?", "b", 0.2), ("With [email]?", "x", 0.99), ("Twice?", "t1", 0.91), ("Twice?", "t2", 0.93),
        ]
    ):  # fmt: skip
        request = {"messages": [{"role": "user", "content": asked}]}
        kept.score(kept.add(shop, number, request, {"texts": [answer], "tools": []}), value)
    kept.score(kept.rows[0], 0.4, "other.metric")
    disputed = kept.add(shop, 20, {"messages": [{"role": "user", "content": "Disputed?"}]})
    kept.score(disputed, 1.0)
    kept.score(disputed, 0.1)
    foreign = kept.add(shop, 21, version=shop.candidate.digest)
    kept.score(foreign, 1.0)
    lost = kept.add(shop, 22, {"messages": [{"role": "user", "content": "Lost?"}]})
    kept.score(lost, 1.0)
    del kept.kept[lost.call]
    first = scored(shop, kept, most=2)
    assert [(one.answer, one.why) for one in first] == [
        ("o2", "user.rating 0.97, asked 3 times"),
        ("t2", "user.rating 0.93, asked 2 times"),
    ]
    assert [one.answer for one in scored(shop, kept)] == ["r"]
    assert scored(shop, kept) == []
