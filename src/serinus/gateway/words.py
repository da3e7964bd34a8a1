"""What an app itself says where no version answers (J5): a cached answer, its message, or the words of a hand-off."""

from __future__ import annotations

from typing import NamedTuple

from serinus.core.records.record import Rung
from serinus.core.routing.assignment import Arm
from serinus.core.routing.cached import Searchable
from serinus.core.wire.request import Request
from serinus.gateway import heads, message
from serinus.gateway.admission import Admitted
from serinus.gateway.cached import Found, look_up
from serinus.gateway.routes import Served

_CANDIDATE, _PINNED = Arm.CANDIDATE, Arm.PINNED


class Said(NamedTuple):
    """A text, which rung says it, the headers that tell so, and the version in whose name."""

    text: str
    rung: Rung
    headers: bytes
    by: Served


def last(call: Admitted, request: Request, served: Served, cache: Searchable | None) -> Said | None:
    """What is said once no version is left to ask; None: an honest error. Where the cache could be searched and holds
    nothing that is like the question enough, the words of a hand-off stand in for the message."""
    found = _found(call, request, served, cache)
    if found is None or found.entry is not None:
        return _said(found) if found is not None else message_of(call, served)
    text = message.handed_off(call, served) if found.measured else ""
    return Said(text, Rung.HAND_OFF, heads.HAND_OFF, served) if text else message_of(call, served)


def cached(call: Admitted, request: Request, served: Served, cache: Searchable | None) -> Said | None:
    """The cached answer to a call; None without one."""
    found = _found(call, request, served, cache)
    return _said(found) if found is not None and found.entry is not None else None


def message_of(call: Admitted, served: Served) -> Said | None:
    """The app's message; None when it has none that the caller can take."""
    text = message.said(call, served)
    return Said(text, Rung.MESSAGE, heads.MESSAGE, served) if text else None


def _found(call: Admitted, request: Request, served: Served, cache: Searchable | None) -> Found | None:
    """None where nothing is cached, and for who pins a version and so wants to hear from that one."""
    if cache is None or call.arm is _PINNED:
        return None
    return look_up(cache, call, request, served, call.app.live if call.arm is _CANDIDATE else None)


def _said(found: Found) -> Said:
    assert found.entry is not None
    headers = b"%bx-serinus-version: %b\r\n" % (heads.CACHE, found.entry.version.encode())
    return Said(found.entry.answer, Rung.CACHE, headers, found.by)
