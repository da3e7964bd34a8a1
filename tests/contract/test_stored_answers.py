"""Answers that may stand in where no version answers, on every store."""

from __future__ import annotations

import msgspec
import pytest

from serinus.core.pipeline.stored_answer import StoredAnswer
from serinus.ports.control_store import ControlStore, Page
from tests.contract.values import BrokenOffError


def an_answer(number: int, **changes: object) -> StoredAnswer:
    one = StoredAnswer(
        id=f"ans_{number}", app="shop", version="aa" * 32, behaviour="bb" * 32, question=f"Wo ist {number}? 後で",
        answer="<b>Hier</b>", language="de", origin="call", call=f"call_{number}", unit="11" * 8, why="picked",
        proposed_at_us=number, proposed_by="ada",
    )  # fmt: skip
    return msgspec.structs.replace(one, **changes)


APPROVED = {"approved_at_us": 9, "approved_by": "bob"}


def ids(found: list[StoredAnswer]) -> list[str]:
    return [one.id for one in found]


def test_J5_an_answer_comes_back_whole_and_keeps_its_place(control_store: ControlStore) -> None:
    """Newest first, in pages, all of them or by whether they are approved; other apps' are not among them."""
    with control_store.tx() as tx:
        assert tx.stored_answer("ans_1") is None
        for number in (1, 2, 3):
            tx.put_stored_answer(an_answer(number))
        tx.put_stored_answer(an_answer(4, app="bakery"))
        tx.put_stored_answer(an_answer(1, **APPROVED))
    with control_store.tx() as tx:
        assert tx.stored_answer("ans_1") == an_answer(1, **APPROVED)
        first, cursor = tx.stored_answers(Page(limit=2), "shop")
        rest, end = tx.stored_answers(Page(limit=2, cursor=cursor), "shop")
        assert (ids(first), ids(rest), end) == (["ans_3", "ans_2"], ["ans_1"], "")
        assert ids(tx.stored_answers(Page(limit=9), "shop", True)[0]) == ["ans_1"]
        assert ids(tx.stored_answers(Page(limit=9), "shop", False)[0]) == ["ans_3", "ans_2"]
        assert (tx.count_proposals("shop"), tx.count_proposals("nobody")) == (2, 0)


def test_J5_gateways_get_the_approved_ones_of_a_behaviour(control_store: ControlStore) -> None:
    """Of the app alone, oldest first."""
    with control_store.tx() as tx:
        tx.put_stored_answer(an_answer(1, **APPROVED))
        tx.put_stored_answer(an_answer(2))
        tx.put_stored_answer(an_answer(3, behaviour="cc" * 32, **APPROVED))
        tx.put_stored_answer(an_answer(4, app="bakery", **APPROVED))
        tx.put_stored_answer(an_answer(5, behaviour="dd" * 32, **APPROVED))
    with control_store.tx() as tx:
        assert ids(tx.approved_answers("shop", {"bb" * 32, "cc" * 32})) == ["ans_1", "ans_3"]
        assert tx.approved_answers("shop", set()) == []


def test_J5_answers_go_with_their_version_their_user_or_their_age(control_store: ControlStore) -> None:
    """Of a version both approved ones and proposals; of age only proposals that came from calls."""
    with control_store.tx() as tx:
        tx.put_stored_answer(an_answer(1, **APPROVED))
        tx.put_stored_answer(an_answer(2, version="ff" * 32, unit="22" * 8))
        tx.put_stored_answer(an_answer(3, origin="text", call="", unit="", version="ff" * 32))
        tx.put_stored_answer(an_answer(4, app="bakery"))
        tx.put_stored_answer(an_answer(5))
    with control_store.tx() as tx:
        assert ids(tx.answers_of(app="shop", version="ff" * 32)) == ["ans_2", "ans_3"]
        assert ids(tx.answers_of(unit="11" * 8)) == ["ans_1", "ans_4", "ans_5"]
        assert tx.drop_proposals("shop", 5) == 1
        assert tx.drop_proposals("shop", 5) == 0
        assert ids(tx.stored_answers(Page(limit=9), "shop")[0]) == ["ans_5", "ans_3", "ans_1"]
        tx.drop_answers([])
        tx.drop_answers({"ans_1", "ans_5", "ans_77"})
        assert ids(tx.stored_answers(Page(limit=9), "shop")[0]) == ["ans_3"]


def test_a_failed_transaction_leaves_the_answers_as_they_were(control_store: ControlStore) -> None:
    """All or nothing."""
    with control_store.tx() as tx:
        tx.put_stored_answer(an_answer(1))

    def broken_off() -> None:
        with control_store.tx() as tx:
            tx.put_stored_answer(an_answer(1, **APPROVED))
            tx.put_stored_answer(an_answer(2))
            tx.drop_answers({"ans_1"})
            raise BrokenOffError

    with pytest.raises(BrokenOffError):
        broken_off()
    with control_store.tx() as tx:
        assert (tx.stored_answer("ans_1"), tx.stored_answer("ans_2")) == (an_answer(1), None)
