"""Cached answers: who may put what into them, what gateways get, and when it goes (J5)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from serinus.control.approve_answer import approve_answer, remove_answer
from serinus.control.configure_app import configure_app
from serinus.control.propose_answer import MOST_PROPOSALS, propose_text
from serinus.control.roll_back_release import roll_back_release
from serinus.control.set_override import set_override
from serinus.core.audit.entry import Action, Entry
from serinus.core.errors import Conflict, InvalidInput, NotFound
from serinus.core.pipeline.app import CachedFallback
from serinus.core.pipeline.stored_answer import StoredAnswer
from serinus.core.routing import snapshot
from serinus.core.routing.cached import LONGEST_ANSWER, MOST, MOST_BYTES, AnswerCache
from tests.unit.control.production import PERSON, START_US, Production

ASKED, ANSWER = "How do I reset my password?", "Open Settings, then Security."
BOB = "bob@example.com"


class Shop(Production):
    """An app with cached answers, a live version and a candidate."""

    def __init__(self, **changes: Any) -> None:
        super().__init__()
        self.configure(**{"fallback_message": "Later.", "fallback_cached": CachedFallback()} | changes)

    def configure(self, **changes: Any) -> None:
        """Declare it anew, with these."""
        from_store = self.state().config
        self.put(msgspec.structs.replace(from_store, **changes))

    def put(self, config: Any) -> None:
        configure_app(self.control, START_US, PERSON, config)

    def state(self) -> Any:
        with self.control.tx() as tx:
            found = tx.app("shop")
        assert found is not None
        return found

    def cache(self) -> AnswerCache | None:
        """What gateways have."""
        newest = self.control.latest_snapshot()
        assert newest is not None
        return snapshot.decode(newest[1]).apps["shop"].cached

    def told(self) -> list[str]:
        """The answers that gateways have, sorted."""
        cache = self.cache()
        assert cache is not None
        return sorted(one.answer for entries in cache.answers.values() for one in entries)

    def propose(
        self, question: str = ASKED, answer: str = ANSWER, language: str = "", version: str = ""
    ) -> StoredAnswer:
        return propose_text(self.control, START_US, PERSON, "shop", question, answer, language, version)[0]

    def approve(self, one: StoredAnswer) -> StoredAnswer:
        return approve_answer(self.control, START_US + 1, BOB, one.id, "checked")

    def approved(self, question: str = ASKED, answer: str = ANSWER, version: str = "") -> StoredAnswer:
        return self.approve(self.propose(question, answer, "", version))

    def trail(self, *actions: Action) -> list[Entry]:
        with self.control.tx() as tx:
            return [entry for entry in tx.audit_entries(0, 1000) if entry.action in actions]


def test_J5_only_what_a_person_approved_reaches_gateways() -> None:
    """A proposal changes no snapshot. An approval is in the next one, under the behaviour of the version; the second
    approval is the first. Both are on the trail by an id that is a digest, without a word of the texts."""
    shop = Shop()
    before = shop.control.latest_snapshot()
    one = shop.propose()
    assert shop.propose() == one
    assert shop.control.latest_snapshot() == before
    assert shop.cache() == AnswerCache()
    shop.approve(one)
    assert shop.approve(one).approved_by == BOB
    cache = shop.cache()
    assert cache is not None
    ((behaviour, (entry,)),) = cache.answers.items()
    assert behaviour == shop.baseline.behaviour
    assert (entry.asked, entry.answer) == ("how do i reset my password", ANSWER)
    assert (entry.version, entry.language) == (shop.baseline.digest, "")
    proposed, approved = shop.trail(Action.ANSWER_PROPOSED, Action.ANSWER_APPROVED)
    assert (proposed.actor, approved.actor, approved.subject) == (PERSON, BOB, one.id)
    assert "Settings" not in msgspec.json.encode([proposed, approved]).decode()
    assert "password" not in msgspec.json.encode([proposed, approved]).decode()


def test_J5_an_entry_is_what_it_says_and_of_nothing_else() -> None:
    """Another word is another id, so nobody's approval is of a text that was exchanged meanwhile."""
    shop = Shop()
    first = shop.propose()
    assert len({first.id, shop.propose(answer="Other.").id, shop.propose(language="en").id}) == 3
    assert shop.propose(question="  how do I RESET my password ").id == first.id


@pytest.mark.parametrize(
    ("texts", "where"),
    [
        (("?!", "x", ""), "question"),
        (("x", " ", ""), "answer"),
        (("x" * 501, "x", ""), "question"),
        (("x", "x" * (LONGEST_ANSWER + 1), ""), "answer"),
        (("x", "\ud800", ""), "answer"),
        (("x", "x", "de-AT"), "language"),
    ],
)
def test_J5_what_cannot_be_an_entry_is_refused_by_its_field(texts: tuple[str, str, str], where: str) -> None:
    """Empty, too long, no text, no language."""
    with pytest.raises(InvalidInput) as refused:
        Shop().propose(*texts)
    assert refused.value.where == where


def test_J5_an_app_without_a_cache_and_a_version_that_nobody_gets_have_no_answers() -> None:
    """The refusal says what to declare, or which versions count."""
    shop = Shop(fallback_cached=None)
    assert shop.cache() is None
    with pytest.raises(Conflict, match=r"fallback_cached: \{\}"):
        shop.propose()
    shop = Shop()
    with pytest.raises(Conflict, match="is not served"):
        shop.propose(version=shop.candidate.name)
    shop.start()
    assert shop.propose(version=shop.candidate.name).behaviour == shop.candidate.behaviour


def test_J5_one_question_has_one_answer_for_each_language() -> None:
    """The second one is refused by the name of the first, until that is taken out."""
    shop = Shop()
    first = shop.approved()
    other = shop.propose(answer="Ask us.")
    shop.approve(shop.propose(answer="Unter Einstellungen.", language="de"))
    with pytest.raises(Conflict, match=first.id):
        shop.approve(other)
    assert remove_answer(shop.control, START_US, BOB, first.id, "moved") == first
    assert shop.told() == ["Unter Einstellungen."]
    shop.approve(other)
    assert shop.told() == ["Ask us.", "Unter Einstellungen."]
    with pytest.raises(NotFound):
        shop.approve(first)
    (removed,) = shop.trail(Action.ANSWER_REMOVED)
    assert (removed.subject, removed.reason, removed.actor) == (first.id, "moved", BOB)


def test_J5_what_callers_could_not_take_is_not_approved() -> None:
    """Against a rule of the app, not in its format."""
    shop = Shop(rules=(snapshot.PolicyRule(name="no_settings", kind="regex", pattern="Settings"),))
    with pytest.raises(Conflict, match="breaks rule no_settings"):
        shop.approved()
    shop = Shop(
        format_rule=snapshot.FormatRule(kind="json_object", required_keys=("answer",)), fallback_json={"answer": "x"}
    )
    with pytest.raises(Conflict, match="not in the app's `format`"):
        shop.approved()
    shop.approved(ASKED, '{"answer": "Open Settings."}')


def test_J5_a_version_that_promises_a_schema_keeps_its_promise_through_the_cache() -> None:
    """An answer that is not of it is refused with what is wrong."""
    shop = Shop()
    content = msgspec.json.decode(shop.baseline.content)
    schema = {"type": "object", "required": ["answer"]}
    content["response_format"] = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
    state = shop.state()
    with shop.control.tx() as tx:
        stored = msgspec.structs.replace(
            shop.baseline, digest="ee" * 32, behaviour="ff" * 32, name="shop-2026-W47-9",
            content=msgspec.json.encode(content),
        )  # fmt: skip
        tx.insert_version(stored)
        tx.put_app(msgspec.structs.replace(state, live=stored.digest))
    with pytest.raises(Conflict, match="is not JSON"):
        shop.approved()
    with pytest.raises(Conflict, match="'answer' is a required property"):
        shop.approved(ASKED, '{"text": 1}')
    shop.approved(ASKED, '{"answer": "Open Settings."}')
    assert shop.told() == ['{"answer": "Open Settings."}']


def test_J5_a_snapshot_takes_so_many_and_so_much_and_no_more() -> None:
    """The one too many is refused, not left out unseen; of the served versions the live one's come first."""
    shop = Shop()
    size = LONGEST_ANSWER
    fitting = MOST_BYTES // (size + 10)
    for number in range(fitting):
        shop.approved(f"question {number:02}", "x" * size)
    with pytest.raises(Conflict, match="128 KiB"):
        shop.approved("one more", "x" * size)
    assert len(shop.told()) == fitting
    shop.start()
    shop.approved("candidate's own", "y" * size, version=shop.candidate.name)
    assert len(shop.told()) == fitting
    small = Shop()
    for number in range(MOST):
        small.approved(f"question {number:03}", "x")
    with pytest.raises(Conflict, match="200"):
        small.approved("one more", "x")
    assert len(small.told()) == MOST


def test_J5_a_rollback_takes_the_answers_of_its_version_along() -> None:
    """In the snapshot that brings everybody back there are none of them, approved or proposed; the baseline's stay."""
    shop = Shop()
    shop.approved()
    release = shop.start()
    mine = shop.approved("What is new?", "Much.", version=shop.candidate.name)
    waiting = shop.propose("And more?", "More.", version=shop.candidate.name)
    assert shop.told() == ["Much.", ANSWER]
    back = roll_back_release(shop.control, START_US + 9, BOB, release.id, "it lies")
    assert shop.told() == [ANSWER]
    newest = shop.control.latest_snapshot()
    assert newest is not None
    assert newest[0] == back.final_revision
    with shop.control.tx() as tx:
        assert tx.stored_answer(mine.id) is tx.stored_answer(waiting.id) is None
    purged = shop.trail(Action.ANSWERS_PURGED)
    assert {entry.subject for entry in purged} == {mine.id, waiting.id}
    with pytest.raises(Conflict, match="is not served"):
        shop.propose("What is new?", "Much.", version=shop.candidate.name)


def test_J3_under_an_override_the_pinned_versions_answers_are_there() -> None:
    """They were approved while it was live."""
    shop = Shop()
    shop.approved()
    state = shop.state()
    with shop.control.tx() as tx:
        tx.put_app(msgspec.structs.replace(state, live=shop.candidate.digest))
        tx.mark_live(shop.candidate.digest, START_US)
    set_override(shop.control, START_US, BOB, "shop", shop.baseline.name, "back")
    assert shop.told() == [ANSWER]


def test_there_is_an_end_to_proposals() -> None:
    """Nobody fills the store with what nobody looks at."""
    shop = Shop()
    with shop.control.tx() as tx:
        one = shop_answer(shop)
        for number in range(MOST_PROPOSALS):
            tx.put_stored_answer(msgspec.structs.replace(one, id=f"ans_{number}"))
    with pytest.raises(Conflict, match="wait for approval"):
        shop.propose()


def shop_answer(shop: Shop) -> StoredAnswer:
    return StoredAnswer(
        id="ans_x",
        app="shop",
        version=shop.baseline.digest,
        behaviour=shop.baseline.behaviour,
        question="q",
        answer="a",
    )
