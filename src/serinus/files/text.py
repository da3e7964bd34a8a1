"""Bytes of a file as text that is safe to keep: UTF-8, without control characters, LF line ends."""

from __future__ import annotations

import re

from serinus.files.faults import InvalidFile, fault

MAX_BYTES = 10 * 1024 * 1024
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff]")


def read_text(file: str, raw: bytes, limit_bytes: int = MAX_BYTES) -> str:
    """The text of `raw` with LF line ends; InvalidFile, naming `file` and the line, for anything else than clean UTF-8
    of at most `limit_bytes`."""
    if len(raw) > limit_bytes:
        raise InvalidFile(
            [fault(file, 1, f"{len(raw):,} bytes are more than the limit of {limit_bytes:,}", "make it smaller")]
        )
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        what = f"byte 0x{raw[error.start]:02x} is not UTF-8"
        raise InvalidFile([fault(file, line, what, "save the file as UTF-8")]) from None
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    found = _CONTROL.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        what = f"control character U+{ord(found[0]):04X}"
        raise InvalidFile([fault(file, line, what, "delete it; only tabs and line ends are allowed")])
    return text
