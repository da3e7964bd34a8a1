"""A JSON fallback message is what a version promises its callers, or it is refused before it is needed."""

from __future__ import annotations

from typing import Any

import pytest

from serinus.core.errors import InvalidInput
from serinus.core.judging.fallback_fit import check_fallback_fit
from serinus.core.pipeline.app import AppConfig
from serinus.core.routing.snapshot import Message
from serinus.core.versions.content import VersionContent

STRICT = {
    "type": "json_schema",
    "json_schema": {
        "name": "answer",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"answer": {"type": "string"}},
            "required": ["answer"],
            "additionalProperties": False,
        },
    },
}


def content(**changes: Any) -> VersionContent:
    return VersionContent(endpoint="e", model="m", messages=(Message(role="system", template="x"),), **changes)


def config(**json: Any) -> AppConfig:
    return AppConfig(name="bot", fallback_message="Later.", fallback_json=json)


@pytest.mark.parametrize("asked", [None, {"type": "text"}, {"type": "json_object"}, STRICT])
def test_J5_a_message_that_fits_is_taken(asked: dict[str, Any] | None) -> None:
    """Also where the version answers in text, or the app has no JSON message: then callers get the error."""
    for needed in (False, True):
        check_fallback_fit(config(answer="Later."), "bot-1", content(response_format=asked), needed=needed)
    check_fallback_fit(config(), "bot-1", content(response_format=asked))


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"answer": 1}, "$.answer"),
        ({"answer": "", "text": "Later."}, "'text' was unexpected"),
        ({"a": 1}, "bot-1 promises"),
    ],
)
def test_J5_a_message_that_is_not_of_the_schema_is_refused_with_the_place(given: dict[str, Any], what: str) -> None:
    """A wrong type, an unknown key, a missing one."""
    with pytest.raises(InvalidInput) as refused:
        check_fallback_fit(config(**given), "bot-1", content(response_format=STRICT))
    assert refused.value.where == "app.fallback_json"
    assert what in refused.value.what


def test_H13_a_first_release_in_json_needs_a_message_in_json() -> None:
    """A rollback leads to it, and callers parse it."""
    with pytest.raises(InvalidInput, match="the fallback message that a rollback leads to is text"):
        check_fallback_fit(config(), "bot-1", content(response_format=STRICT), needed=True)
    check_fallback_fit(config(), "bot-1", content(), needed=True)


def test_a_schema_that_does_not_read_refuses_nothing_here() -> None:
    """Whether a provider takes it is not the message's business."""
    odd = {"type": "json_schema", "json_schema": {"schema": {"$ref": "https://elsewhere.example/x"}}}
    check_fallback_fit(config(answer=1), "bot-1", content(response_format=odd))
    check_fallback_fit(config(answer=1), "bot-1", content(response_format={"type": "json_schema"}))
