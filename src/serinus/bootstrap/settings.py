"""Settings from the environment. This is the only module that reads it."""

from __future__ import annotations

import os
from collections.abc import Mapping

import msgspec

GATEWAY_PORT = 8700
API_PORT = 8701


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the environment says. `url` and `api_key` are for clients of the API (`SERINUS_URL`, `SERINUS_API_KEY`),
    `store` names the stores of a control process or host agent (`SERINUS_STORE`), `public_url` is where people reach
    the API (`SERINUS_PUBLIC_URL`)."""

    url: str = f"http://127.0.0.1:{API_PORT}"
    api_key: str = ""
    store: str = ""
    public_url: str = ""


def secret(name: str, environ: Mapping[str, str] | None = None) -> str:
    """The key of an endpoint in the variable that its configuration names; empty when it is not set."""
    return (os.environ if environ is None else environ).get(name, "")


def read(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings in this environment (None: the process's own)."""
    given = os.environ if environ is None else environ
    names = {
        "url": "SERINUS_URL",
        "api_key": "SERINUS_API_KEY",
        "store": "SERINUS_STORE",
        "public_url": "SERINUS_PUBLIC_URL",
    }
    return Settings(**{field: given[name] for field, name in names.items() if given.get(name)})


def variable(name: str, environ: Mapping[str, str] | None = None) -> str:
    """What a variable that a declaration names holds, such as a target's URL; empty when there is none."""
    given = os.environ if environ is None else environ
    return given.get(name, "")
