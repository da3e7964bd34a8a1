"""Core values from and to the JSON documents in which SQL stores them."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from serinus.core.errors import FormatError, SerinusError
from serinus.core.pipeline.app import AppState
from serinus.core.release.release import Progress, Release

KEPT = 4096
"""Documents whose value is remembered: most do not change from one second to the next."""


def document(value: msgspec.Struct) -> str:
    """A core value as it is stored."""
    return msgspec.json.encode(value).decode()


@lru_cache(maxsize=KEPT)
def release_from(raw: str) -> Release:
    """The release; FormatError when this Serinus cannot read it, or would refuse its plan now."""
    try:
        return msgspec.json.decode(raw, type=Release)
    except (msgspec.MsgspecError, SerinusError) as error:
        raise FormatError(
            f"the stored release cannot be read: {error}", where="release", mend="see which Serinus wrote it"
        ) from error


def progress_from(raw: str) -> Progress:
    """The progress; FormatError when this Serinus cannot read it."""
    try:
        return msgspec.json.decode(raw, type=Progress)
    except msgspec.MsgspecError as error:
        raise FormatError(
            f"the stored progress cannot be read: {error}", where="progress", mend="see which Serinus wrote it"
        ) from error


@lru_cache(maxsize=KEPT)
def app_from(raw: str) -> AppState:
    """The app. One whose plan this Serinus cannot read, or would refuse now, has none: it is served on, and its next
    release needs a plan that is declared anew."""
    try:
        return msgspec.json.decode(raw, type=AppState)
    except (msgspec.MsgspecError, SerinusError) as error:
        return _without_plan(raw, error)


def _without_plan(raw: str, error: Exception) -> AppState:
    try:
        fields = msgspec.json.decode(raw)
        del fields["config"]["plan"]
        return msgspec.convert(fields, type=AppState)
    except (msgspec.MsgspecError, SerinusError, KeyError, TypeError):
        raise FormatError(
            f"the stored app cannot be read: {error}", where="app", mend="see which Serinus wrote it"
        ) from error
