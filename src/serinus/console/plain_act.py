"""An act on something else than a release: what its page says, and how it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from serinus.console.form import Form
from serinus.console.page import Desk
from serinus.console.visitor import Visitor
from serinus.core.access import Operation
from serinus.ports.control_store import ControlStore

Carry = Callable[[ControlStore, int, Visitor, dict[str, str], Form], object]
Facts = list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One more field of a form, of one line, that may stay empty. `check` raises InvalidInput for what it does not
    take; `pattern` tells the browser the same."""

    name: str
    label: str
    hint: str
    pattern: str
    longest: int
    check: Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A further field of the form: one of `options` (value, words), or a line of text without any."""

    name: str
    label: str
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """An act on something else than a release; `done.DONE` tells under `name` that it was done.

    `facts` are shown; `back` is where it leads; `field` and `choices` are asked for before the
    reason.
    """

    name: str
    operation: Operation
    button: str
    title: str
    says: str
    do: Carry
    facts: Callable[[Desk, dict[str, str]], Facts]
    back: Callable[[dict[str, str]], str]
    tone: str = "plain"
    field: Field | None = None
    choices: tuple[Choice, ...] = ()
