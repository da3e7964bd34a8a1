"""Forms that are done once, however often their button is pressed.

Each form carries a number of its own. The first time it is done, that is kept in the same transaction as the change;
whoever sends it again comes to the same page, and nothing else happens.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from serinus.console.form import Form
from serinus.console.parts import Parts
from serinus.console.visitor import Visitor
from serinus.control.enclosed import Enclosed
from serinus.core.errors import InvalidInput
from serinus.ports.control_store import ControlStore, ControlTx
from serinus.ports.retry import run

ONCE = "once"
_BYTES = 16
_FORM = re.compile(r"[0-9a-f]{32}")
_STATUS = 303


def fresh_number(parts: Parts) -> str:
    """The number of a new form."""
    return parts.random_bytes(_BYTES).hex()


def do_once(parts: Parts, visitor: Visitor, form: Form, work: Callable[[ControlStore], object]) -> None:
    """`work(store)` unless this form was done before; wakes the tick."""
    number = form.text(ONCE)
    if not _FORM.fullmatch(number):
        raise InvalidInput("the form has no number", where=ONCE, mend="go back, load the page again")
    name = f"{visitor.key.id}:console:{number}"

    def remembered(tx: ControlTx) -> None:
        now_us = parts.clock.now_us()
        if tx.remembered(name, now_us) is None:
            work(Enclosed(parts.control, tx))
            tx.remember(name, "", _STATUS, b"", now_us)

    run(parts.control, remembered)
    parts.wake()
