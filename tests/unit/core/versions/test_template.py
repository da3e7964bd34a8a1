"""Prompts render strictly, or say what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from serinus.core.errors import TemplateError
from serinus.core.routing.snapshot import Message, Variable
from serinus.core.versions.template import MAX_ITERATIONS, MAX_TEXT_CHARS, Prompt

ANY = {"x": Variable(type="list", required=False, default=[]), "name": Variable()}


def prompt(source: str, variables: dict[str, Variable] | None = None) -> Prompt:
    """A prompt of one system message."""
    return Prompt([Message(role="system", template=source)], variables or {})


def text(source: str, variables: dict[str, Variable] | None = None, **values: Any) -> str:
    """What it renders to."""
    return prompt(source, variables).render(values)[0]["content"]


def test_a_prompt_renders_its_messages_in_order() -> None:
    """Roles and texts come out as they stand, variables filled in, nothing escaped."""
    two = Prompt(
        [Message(role="system", template="Serve {{ name }}.\n"), Message(role="user", template="<{{ name | upper }}>")],
        {"name": Variable()},
    )
    assert two.render({"name": "A&B"}) == [
        {"role": "system", "content": "Serve A&B.\n"},
        {"role": "user", "content": "<A&B>"},
    ]
    assert not two.static


def test_a_prompt_without_anything_to_fill_in_is_static() -> None:
    """Such a prompt can be encoded once."""
    assert prompt("Be kind.").static
    assert not prompt("Be {{ 'kind' }}.").static


@pytest.mark.parametrize(
    ("source", "variables", "values", "named"),
    [
        ("{{ name }}", ANY, {}, "name"),
        ("{{ name }}", ANY, {"name": "a", "nmae": "b"}, "nmae"),
        ("{{ name }}", ANY, {"name": 3}, "name"),
        ("{{ name }}", ANY, {"name": None}, "name"),
        ("{{ n }}", {"n": Variable(type="integer")}, {"n": True}, "n"),
        ("{{ n }}", {"n": Variable(type="number")}, {"n": "1"}, "n"),
        ("{{ n }}", {"n": Variable(type="boolean")}, {"n": 1}, "n"),
        ("{{ n }}", {"n": Variable(type="object")}, {"n": []}, "n"),
    ],
)
def test_a_missing_unknown_or_mistyped_variable_is_named(
    source: str, variables: dict[str, Variable], values: dict[str, Any], named: str
) -> None:
    """The error says which variable, and where callers give it."""
    with pytest.raises(TemplateError) as error:
        prompt(source, variables).render(values)
    assert repr(named) in error.value.what
    assert error.value.where == f"variables.{named}"
    assert error.value.mend


def test_defaults_and_optional_variables() -> None:
    """A default stands in; an optional variable without one is empty, and false in a condition."""
    variables = {"a": Variable(default="x"), "b": Variable(required=False)}
    assert text("{{ a }}{{ b }}{% if b %}!{% endif %}", variables) == "x"
    assert text("{{ a }}{{ b }}", variables, a="1", b=None) == "1"


@pytest.mark.parametrize(
    ("source", "where"),
    [
        ("{{ nmae }}", "messages[0]"),
        ("a\n{% if %}", "messages[0], line 2"),
        ("{{ name | nofilter }}", "messages[0], line 1"),
        ("{% macro f() %}{% endmacro %}", "messages[0], line 1"),
        ("{% include 'x' %}", "messages[0], line 1"),
        ("{% for i in x recursive %}{{ loop(i) }}{% endfor %}", "messages[0], line 1"),
    ],
)
def test_a_template_that_cannot_be_served_is_refused_when_it_is_compiled(source: str, where: str) -> None:
    """Undeclared variables, bad syntax, and what could run without bound are found before any call."""
    with pytest.raises(TemplateError) as error:
        prompt(source, ANY)
    assert error.value.where == where


@pytest.mark.parametrize(
    "source",
    [
        "{{ name.__class__.__mro__ }}",
        "{{ name.missing }}",
        "{{ x[3] }}",
        "{{ 1 / 0 }}",
        "{{ 'a' + 1 }}",
        "{% for i in range(20000) %}.{% endfor %}",
        "{% for a in range(200) %}{% for b in range(200) %}.{% endfor %}{% endfor %}",
        "{{ 'a' * 100000 * 100000 }}",
        "{{ [1] * 100000000 }}",
        "{{ 2 ** 100000 }}",
    ],
)
def test_no_template_escapes_crashes_or_runs_without_bound(source: str) -> None:
    """The sandbox, strictness, and the limits on loops and sizes end in an error that says so."""
    with pytest.raises(TemplateError):
        text(source, ANY, name="ann")


def test_loops_have_a_budget_for_the_whole_message_list() -> None:
    """The limit counts every turn of a rendering, over all its messages."""
    half = "{% for i in x %}{{ loop.index if loop.last }}{% endfor %}"
    double = Prompt([Message(role="system", template=half)] * 2, {"x": Variable(type="list")})
    enough = [0] * (MAX_ITERATIONS // 2)
    assert double.render({"x": enough})[1]["content"] == str(len(enough))
    with pytest.raises(TemplateError):
        double.render({"x": [*enough, 0]})


def test_a_text_is_bounded() -> None:
    """A prompt beyond the limit is refused."""
    with pytest.raises(TemplateError):
        text("{{ name }}{{ name }}", {"name": Variable()}, name="a" * (MAX_TEXT_CHARS // 2 + 1))


def test_chance_is_not_available() -> None:
    """A prompt is a function of its variables alone."""
    for source in ("{{ x | random }}", "{{ lipsum() }}"):
        with pytest.raises(TemplateError):
            prompt(source, ANY)
