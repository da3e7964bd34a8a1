"""When two contents are attempts of one lineage."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from serinus.core.routing.snapshot import Message
from serinus.core.versions.content import VersionContent
from serinus.core.versions.kinship import nearly_same

WORDS = " ".join(f"Rule {number} of the shop is to be kind." for number in range(40))


def content(text: str = WORDS, **changes: Any) -> VersionContent:
    """A version with this prompt."""
    made = VersionContent(endpoint="main", model="m", messages=(Message(role="system", template=text),))
    return msgspec.structs.replace(made, **changes)


@pytest.mark.parametrize(
    "other",
    [
        content(),
        content(notes="tried before"),
        content(known_issues=("long answers",)),
        content(WORDS.replace("Rule 7 ", "Rule seven ")),
        content(WORDS + " "),
    ],
)
def test_the_same_in_other_words_for_people_or_in_one_word_is_nearly_the_same(other: VersionContent) -> None:
    """Notes say nothing to a model; one word in three hundred is no other candidate."""
    assert nearly_same(content(), other)
    assert nearly_same(other, content())


@pytest.mark.parametrize(
    "other",
    [
        content(WORDS + " Never promise a refund, and hand over to a person when asked for one."),
        content(model="n"),
        content(parameters={"temperature": 0.1}),
        content(messages=(Message(role="user", template=WORDS),)),
        content(messages=(Message(role="system", template=WORDS), Message(role="user", template="Hi"))),
        content("You are somebody else."),
    ],
)
def test_a_rule_more_another_model_or_parameter_is_another_candidate(other: VersionContent) -> None:
    """It is judged on its own."""
    assert not nearly_same(content(), other)
