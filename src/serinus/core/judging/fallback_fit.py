"""Whether an app's JSON fallback message is what callers of a version parse (J5)."""

from __future__ import annotations

from typing import Any

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.judging.rules import schema_fault
from serinus.core.pipeline.app import AppConfig
from serinus.core.versions.content import VersionContent


def check_fallback_fit(config: AppConfig, version: str, content: VersionContent, *, needed: bool = False) -> None:
    """InvalidInput at `app.fallback_json` when the version answers in a schema that the app's message is not of, or
    in JSON where the message is `needed` and there is none: a first release's rollback leads to it (H13).

    Elsewhere callers who ask for JSON get an honest error without one. A schema that does not read refuses nothing.
    """
    asked = content.response_format or None
    if not isinstance(asked, dict) or asked.get("type") not in ("json_object", "json_schema"):
        return
    if not config.fallback_json:
        if needed:
            raise InvalidInput(
                f"{version} answers in JSON, and the fallback message that a rollback leads to is text",
                where="app.fallback_json",
                mend='write what callers can parse instead: `fallback_json: {answer: "One moment, please."}`',
            )
        return
    messages = {"app.fallback_json": config.fallback_json}
    if config.hand_off_json:
        messages["app.hand_off_json"] = config.hand_off_json
    for where, message in messages.items():
        fault = schema_fault(_schema(asked), message)
        if fault:
            raise InvalidInput(
                f"the JSON fallback message is not what {version} promises its callers: {fault}",
                where=where,
                mend="give it the keys and types of the version's response_format",
            )


def answer_fault(content: VersionContent, answer: str) -> str:
    """What is wrong with a cached answer for callers of this version, who parse what its response_format promises;
    empty: nothing."""
    asked = content.response_format or None
    if not isinstance(asked, dict) or asked.get("type") not in ("json_object", "json_schema"):
        return ""
    try:
        found = msgspec.json.decode(answer)
    except msgspec.DecodeError as error:
        return f"it is not JSON: {error}"
    if not isinstance(found, dict):
        return "it is not a JSON object"
    return schema_fault(_schema(asked), found)


def _schema(asked: dict[str, Any]) -> dict[str, Any]:
    declared = asked.get("json_schema")
    found = declared.get("schema") if isinstance(declared, dict) else None
    return found if isinstance(found, dict) else {}
