"""Where a conversation belongs when an app names populations or opted-in units: found once, at its first turn."""

from __future__ import annotations

from typing import Any

import orjson

from serinus.core.errors import InvalidInput
from serinus.core.routing.assignment import Arm, unit_point
from serinus.core.routing.attributes import MOST_BYTES, attributes_of
from serinus.core.routing.population import FORCED, arm_at, place_of
from serinus.core.routing.predicate import Facts, Value
from serinus.core.routing.snapshot import App, Release
from serinus.core.wire.refusal import Refusal
from serinus.core.wire.request import Request

_HEADER = "x-serinus-attributes"
_IN_METADATA = "metadata.attributes"


class Scope:
    """What an app asks of a first turn. `release` is the one whose populations or opted-in units decide; None: there is
    none, and attributes are only checked, so that callers learn of faults before a release needs them."""

    __slots__ = ("_forced", "_sources", "release")

    def __init__(self, app: App) -> None:
        release = app.release
        self._sources = app.attributes
        self._forced = frozenset(release.forced) if release else frozenset()
        self.release: Release | None = release if release and (release.populations or release.forced) else None

    @classmethod
    def of(cls, app: App) -> Scope | None:
        """The scope of an app; None when a first turn is as any other, as with most apps."""
        scope = cls(app)
        return scope if scope._sources or scope.release else None

    def place(self, unit: str, revision: int, request: Request, body: dict[str, Any]) -> int | None:
        """The place of a conversation that begins now; None: nothing is asked. Raises Refusal for bad attributes."""
        attributes = self._attributes(request, body)
        release = self.release
        if release is None:
            return None
        if unit in self._forced:
            return FORCED
        facts = _facts(attributes, body)
        return place_of(unit_point(release.salt, unit), release.ramp, release.populations, revision, facts)

    def arm(self, release: Release, unit: str, started: int, place: int | None) -> tuple[Arm, int]:
        """Arm and stratum of a conversation. One without a place began before this was asked, or its caller's token
        comes from another release: then only steps for everyone hold it."""
        u = unit_point(release.salt, unit)
        if place is None:
            place = place_of(u, release.ramp, release.populations, started, None)
        return arm_at(u, release.ramp, started, place)

    def _attributes(self, request: Request, body: dict[str, Any]) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for source in self._sources:
            given = _from_header(request) if source == "header" else _from_metadata(body)
            if given:
                found = {**given, **found}
        return found


def _from_header(request: Request) -> dict[str, Value]:
    raw = request.headers.get(b"x-serinus-attributes")
    return _checked(raw, _HEADER) if raw else {}


def _from_metadata(body: dict[str, Any]) -> dict[str, Value]:
    metadata = body.get("metadata")
    given = metadata.get("attributes") if isinstance(metadata, dict) else None
    if given is None:
        return {}
    return _checked(given, _IN_METADATA)  # a text as well: official clients take only texts in metadata


def _checked(given: Any, where: str) -> dict[str, Value]:
    try:
        if isinstance(given, bytes | str):
            given = _decoded(given, where)
        return attributes_of(given, where)
    except InvalidInput as error:
        raise Refusal(400, "invalid_attributes", error.what, param=where, mend=error.mend) from None


def _decoded(given: bytes | str, where: str) -> Any:
    if len(given) > MOST_BYTES:
        raise InvalidInput(f"attributes of {len(given):,} bytes", where=where, mend=f"send {MOST_BYTES:,} at most")
    try:
        return orjson.loads(given)
    except orjson.JSONDecodeError:
        raise InvalidInput("attributes are not JSON in UTF-8", where=where, mend='e.g. {"region": "eu"}') from None


def _facts(attributes: dict[str, Value], body: dict[str, Any]) -> Facts:
    messages = body.get("messages")
    found = messages if isinstance(messages, list) else []
    return Facts(
        attributes=attributes,
        chars=sum(_chars(message.get("content")) for message in found if isinstance(message, dict)),
        messages=len(found),
        has_tools=bool(body.get("tools") or body.get("functions")),
    )


def _chars(content: object) -> int:
    """Characters of a message: its text, or its text parts."""
    if isinstance(content, str):
        return len(content)
    parts = content if isinstance(content, list) else []
    texts = (part.get("text") for part in parts if isinstance(part, dict))
    return sum(len(text) for text in texts if isinstance(text, str))
