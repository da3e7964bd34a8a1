"""The upstream body of a version."""

from __future__ import annotations

import json
from typing import Any

import pytest

from serinus.core.errors import InvalidInput, TemplateError
from serinus.core.routing.snapshot import Message, Variable, Version
from serinus.core.versions.compose import PARAMETERS, Composer

ASK = [{"role": "user", "content": "héllo"}]


def composer(**changes: Any) -> Composer:
    """A composer of a small version."""
    values: dict[str, Any] = {
        "digest": "11" * 32,
        "name": "v",
        "behaviour": "11" * 32,
        "endpoint": "up",
        "model": "gpt-x",
        "messages": (Message(role="system", template="Be kind."),),
        "parameters": '"temperature":0.5,"max_tokens":9',
    } | changes
    return Composer(Version(**values))


def composed(caller: dict[str, Any], stream: bool = False, **changes: Any) -> dict[str, Any]:
    """The body, parsed."""
    made: dict[str, Any] = json.loads(composer(**changes).compose(caller, stream))
    return made


def test_the_version_decides_and_the_callers_messages_follow() -> None:
    """Model, prompt and parameters are the version's; `user` and unknown fields pass through untouched."""
    assert composed({"model": "app", "messages": ASK, "user": "ann", "future_field": {"a": [1]}}) == {
        "model": "gpt-x",
        "messages": [{"role": "system", "content": "Be kind."}, *ASK],
        "temperature": 0.5,
        "max_tokens": 9,
        "user": "ann",
        "future_field": {"a": [1]},
    }


def test_callers_of_a_kind_are_composed_alike_and_faults_are_found_each_time() -> None:
    """What a version passes on of some fields is remembered by their names, never by what they hold; what is refused is
    not remembered, and names that callers make up fill no memory."""
    made = composer()
    for user in ("ann", "ben"):
        body = json.loads(made.compose({"model": "app", "messages": ASK, "user": user}, False))
        assert body["user"] == user
        assert json.loads(made.compose({"messages": ASK, "user": user}, False)) == body
        with pytest.raises(InvalidInput, match="top_p"):
            made.compose({"model": "app", "messages": ASK, "top_p": 1}, False)
    for number in range(1000):
        made.compose({"messages": ASK, f"made_up_{number}": 1}, False)
        made.compose({"messages": ASK, "n" * 100 + str(number): 1}, False)
    assert len(made._shapes) == 256
    with pytest.raises(InvalidInput):
        composer().compose({}, False)


def test_a_stream_asks_for_usage() -> None:
    """Our record needs usage; other stream options are the caller's."""
    plain = composed({"messages": ASK}, stream=True)
    assert (plain["stream"], plain["stream_options"]) == (True, {"include_usage": True})
    given = composed({"messages": ASK, "stream_options": {"include_usage": False, "x": 1}}, stream=True)
    assert given["stream_options"] == {"include_usage": True, "x": 1}


@pytest.mark.parametrize("field", sorted(PARAMETERS))
def test_a_parameter_from_a_caller_is_refused_by_name(field: str) -> None:
    """The version is authoritative over everything that changes behaviour."""
    with pytest.raises(InvalidInput) as error:
        composer().compose({"messages": ASK, field: 1}, False)
    assert error.value.where == field


def test_a_field_that_the_version_sets_is_refused_too() -> None:
    """Even one that no list knows."""
    with pytest.raises(InvalidInput) as error:
        composer(parameters='"house_style":"short"').compose({"messages": ASK, "house_style": "long"}, False)
    assert error.value.where == "house_style"


def test_a_caller_sets_what_the_version_lets_it_set() -> None:
    """A listed field replaces the version's value; unlisted ones stay refused."""
    allowed = {"caller_may_set": ("temperature", "seed")}
    made = composed({"messages": ASK, "temperature": 1, "seed": 3}, **allowed)
    assert (made["temperature"], made["seed"], made["max_tokens"]) == (1, 3, 9)
    assert composed({"messages": ASK}, **allowed)["temperature"] == 0.5
    with pytest.raises(InvalidInput):
        composer(**allowed).compose({"messages": ASK, "max_tokens": 3}, False)


@pytest.mark.parametrize("role", ["system", "developer"])
def test_system_messages_come_from_the_version(role: str) -> None:
    """A caller's are refused, with their place, unless the version lists `system`."""
    messages = [*ASK, {"role": role, "content": "obey"}]
    with pytest.raises(InvalidInput) as error:
        composer().compose({"messages": messages}, False)
    assert error.value.where == "messages[1]"
    assert composed({"messages": messages}, caller_may_set=("system",))["messages"][1:] == messages


def test_tool_results_and_earlier_turns_pass() -> None:
    """A conversation with tools goes through as it is."""
    turns = [*ASK, {"role": "assistant", "tool_calls": [{"id": "t"}]}, {"role": "tool", "tool_call_id": "t"}]
    assert composed({"messages": turns})["messages"][1:] == turns


@pytest.mark.parametrize(
    "messages", [None, [], "hi", {}, [3], [{}], [{"role": "judge"}], [{"role": []}], {"role": "user"}, 7]
)
def test_messages_that_are_none_are_refused(messages: Any) -> None:
    """No messages, or unknown roles, are refused with the field's name."""
    with pytest.raises(InvalidInput) as error:
        composer().compose({"messages": messages}, False)
    assert error.value.where.startswith("messages")


def test_a_prompt_that_asks_by_itself_needs_no_messages() -> None:
    """A version whose prompt ends with a user message can be called with variables only."""
    asking = {
        "messages": (Message(role="user", template="Translate {{ word }}."),),
        "variables": {"word": Variable()},
        "parameters": "",
    }
    assert composed({"variables": {"word": "ça"}}, **asking) == {
        "model": "gpt-x",
        "messages": [{"role": "user", "content": "Translate ça."}],
    }


@pytest.mark.parametrize(
    "caller",
    [
        {"variables": {"city": "Bern"}},
        {"metadata": {"variables": {"city": "Bern"}}},
        {"metadata": {"variables": '{"city": "Bern"}', "user_id": "u", "session_id": "s", "conversation_id": "c"}},
    ],
)
def test_variables_come_in_the_body_or_in_metadata(caller: dict[str, Any]) -> None:
    """Both places, and JSON text for clients whose metadata holds strings; our own metadata goes no further."""
    version = {"messages": (Message(role="system", template="{{ city }}"),), "variables": {"city": Variable()}}
    made = composed({"messages": ASK} | caller, **version)
    assert made["messages"][0]["content"] == "Bern"
    assert "metadata" not in made
    assert "variables" not in made


@pytest.mark.parametrize("variables", [[], "nonsense", 3])
def test_variables_that_are_no_object_are_refused(variables: Any) -> None:
    """The field is named."""
    with pytest.raises(InvalidInput) as error:
        composer().compose({"messages": ASK, "variables": variables}, False)
    assert error.value.where == "variables"


def test_an_unknown_variable_is_refused_even_by_a_version_without_any() -> None:
    """A typing error must not pass in silence."""
    with pytest.raises(TemplateError):
        composer().compose({"messages": ASK, "variables": {"x": 1}}, False)


@pytest.mark.parametrize("caller", [{"variables": {}}, {"variables": None}, {"metadata": {"variables": "{}"}}])
def test_no_variables_are_the_same_in_every_spelling(caller: dict[str, Any]) -> None:
    """A prompt without variables stands in the body as it was encoded once, whatever else metadata holds."""
    fixed = composer()
    fixed._prompt.render = None  # type: ignore[method-assign,assignment] # it is not rendered again
    assert json.loads(fixed.compose({"messages": ASK} | caller, False)) == composed({"messages": ASK})


def test_other_metadata_passes_on() -> None:
    """Only our own keys are taken out."""
    assert composed({"messages": ASK, "metadata": {"user_id": "u", "team": "x"}})["metadata"] == {"team": "x"}


def test_parameters_that_are_not_json_are_refused_when_the_version_is_loaded() -> None:
    """Not at the first call."""
    with pytest.raises(InvalidInput):
        composer(parameters='"temperature":')


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": [{"role": "user", "content": "DEEP"}]},
        {"future_field": "DEEP"},
        {"metadata": {"mine": "DEEP"}},
        {"stream_options": {"mine": "DEEP"}},
        {"seed": "DEEP"},
    ],
)
def test_what_is_read_but_too_deep_to_be_sent_on_is_refused(fields: dict[str, Any]) -> None:
    """As the caller's fault, wherever it stands, and never as an error of our own."""
    raw = json.dumps({"messages": ASK} | fields)
    composer_of = composer(caller_may_set=("seed",))
    fits, deep = (json.loads(raw.replace('"DEEP"', "[" * depth + "]" * depth)) for depth in (200, 400))
    assert b"[[[" in composer_of.compose(fits, True)
    with pytest.raises(InvalidInput, match="too deeply"):
        composer_of.compose(deep, True)
