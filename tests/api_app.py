"""The API's application, put together once per process: its routes take longer to make than most tests to run."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi import FastAPI

from serinus.api.app import create_app
from serinus.ports.signatures import NoCheck


class StandIn:
    """In the place of a part: passes everything on to the one it stands for now."""

    def __init__(self) -> None:
        self.part: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.part, name)

    def __call__(self, *arguments: Any) -> Any:
        return self.part(*arguments)


def api_app(**parts: Any) -> FastAPI:
    """An application over these arguments of `create_app`. One that was made before with the same kinds of them serves
    them from now on, and no longer those it had: one test at a time."""
    given = {name: part for name, part in parts.items() if part is not None}
    given.setdefault("signatures", NoCheck())
    app, stand_ins = _made(frozenset(given))
    for name, part in given.items():
        stand_ins[name].part = part
    return app


@cache
def _made(names: frozenset[str]) -> tuple[FastAPI, dict[str, StandIn]]:
    stand_ins = {name: StandIn() for name in names}
    return create_app(**stand_ins), stand_ins  # type: ignore[arg-type]
