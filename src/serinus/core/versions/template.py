"""Prompts: Jinja2 in a sandbox, every variable declared, loops and sizes bounded, no chance and no clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import jinja2
from jinja2 import meta, nodes
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from serinus.core.errors import TemplateError
from serinus.core.routing.snapshot import Message, Variable

MAX_ITERATIONS = 10_000
MAX_TEXT_CHARS = 4_000_000
_BUDGET = "serinus_iterations_left"
_BOUNDED = "serinus_bounded"
_MAX_POWER = 64
_REFUSED = (nodes.Macro, nodes.CallBlock, nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "list": (list,),
    "object": (dict,),
}


class _Budget:
    """How many loop turns a rendering may still take."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_ITERATIONS

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise TemplateError(
                f"the prompt's loops take more than {MAX_ITERATIONS:,} turns", mend="shorten the lists given"
            )


@jinja2.pass_context
def _bounded(context: Context, iterable: Iterable[Any]) -> Iterator[Any]:
    budget: _Budget = context[_BUDGET]
    for item in iterable:
        budget.spend()
        yield item


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja2 without chance, with bounded products and powers."""

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" and not abs(right) <= _MAX_POWER:
            raise TemplateError("`**` with so large a power is refused", mend="compute it before the call")
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        if operator == "*" and not numbers and _length(left) * _length(right) > MAX_TEXT_CHARS:
            raise TemplateError("`*` makes too long a text", mend="compute it before the call")
        return super().call_binop(context, operator, left, right)


def _length(operand: Any) -> float:
    """How much an operand of `*` can lengthen a text or list: their length, or the number beside them."""
    if isinstance(operand, int | float):
        return abs(operand) if operand else 1
    return len(operand)


def _sandbox() -> _Sandbox:
    sandbox = _Sandbox(
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # prompts are plain text, never HTML
        finalize=lambda value: "" if value is None else value,
        keep_trailing_newline=True,
    )
    sandbox.filters.pop("random")
    sandbox.globals.pop("lipsum")
    sandbox.filters[_BOUNDED] = _bounded
    return sandbox


class Prompt:
    """The messages of a version, compiled once. TemplateError at compile names the message and the fault.

    `static` is true when no message holds anything to fill in: `render({})` is then always the same.
    """

    def __init__(self, messages: Sequence[Message], variables: Mapping[str, Variable]) -> None:
        self._variables = dict(variables)
        sandbox = _sandbox()
        self._templates = [
            (message.role, _compile(sandbox, message.template, variables, f"messages[{index}]"))
            for index, message in enumerate(messages)
        ]
        self.static = not variables and not any("{" in message.template for message in messages)

    def render(self, values: Mapping[str, Any]) -> list[dict[str, str]]:
        """`[{"role", "content"}]`. TemplateError names a variable that is missing, unknown or of the wrong type."""
        known = self._values(values)
        known[_BUDGET] = _Budget()
        return [{"role": role, "content": _render(template, known)} for role, template in self._templates]

    def _values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        for name in given:
            if name not in self._variables:
                declared = ", ".join(sorted(self._variables)) or "none"
                raise TemplateError(
                    f"unknown variable {name!r}", where=f"variables.{name}", mend=f"this version declares: {declared}"
                )
        return {name: _value(name, variable, given) for name, variable in self._variables.items()}


def _value(name: str, variable: Variable, given: Mapping[str, Any]) -> Any:
    if name not in given:
        if variable.required and variable.default is None:
            raise TemplateError(
                f"variable {name!r} is missing", where=f"variables.{name}", mend="give it in metadata.variables"
            )
        return variable.default
    value = given[name]
    fits = isinstance(value, _TYPES[variable.type]) and (variable.type == "boolean" or not isinstance(value, bool))
    if not fits and not (value is None and not variable.required):
        raise TemplateError(
            f"variable {name!r} is not a {variable.type}",
            where=f"variables.{name}",
            mend=f"send a JSON {variable.type}",
        )
    return value


def _compile(sandbox: _Sandbox, source: str, variables: Mapping[str, Variable], where: str) -> jinja2.Template:
    try:
        tree = sandbox.parse(source)
        undeclared = sorted(meta.find_undeclared_variables(tree) - set(variables) - set(sandbox.globals))
        if undeclared:
            raise TemplateError(
                f"{undeclared[0]!r} is used but not declared", where=where, mend=f"declare variables.{undeclared[0]}"
            )
        refused = next(tree.find_all(_REFUSED), None)
        if refused is not None:
            raise TemplateError(
                "macros and includes are refused", where=f"{where}, line {refused.lineno}", mend="write it out"
            )
        for loop in tree.find_all(nodes.For):
            if loop.recursive:
                raise TemplateError(
                    "recursive loops are refused", where=f"{where}, line {loop.lineno}", mend="nest them"
                )
            loop.iter = nodes.Filter(loop.iter, _BOUNDED, [], [], None, None, lineno=loop.lineno)
        return sandbox.template_class.from_code(sandbox, sandbox.compile(tree), sandbox.make_globals(None))
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(
            f"not a template: {error.message}", where=f"{where}, line {error.lineno}", mend="see the Jinja2 syntax"
        ) from None
    except jinja2.TemplateError as error:
        raise TemplateError(f"not a template: {error.message}", where=where, mend="see the Jinja2 syntax") from None


def _render(template: jinja2.Template, values: dict[str, Any]) -> str:
    try:
        text = template.render(values)
    except TemplateError:
        raise
    except (jinja2.TemplateError, ArithmeticError, TypeError, ValueError, LookupError, RecursionError) as error:
        raise TemplateError(
            f"the prompt does not render: {error}", where="variables", mend="give the values the template expects"
        ) from None
    if len(text) > MAX_TEXT_CHARS:
        raise TemplateError(f"the prompt is above {MAX_TEXT_CHARS:,} characters", mend="shorten the variables")
    return text
