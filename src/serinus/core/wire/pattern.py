"""Regular expressions whose time grows with the text alone, whatever the pattern: RE2, without look-around and
back-references."""

from __future__ import annotations

import functools
from typing import Any

import re2

from serinus.core.errors import InvalidInput

LONGEST = 1000
_MEMORY = 8 << 20


@functools.lru_cache(maxsize=512)
def compiled(pattern: str) -> Any:
    """The compiled pattern; InvalidInput when RE2 does not take it."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    mend = "write it without look-around, back-references and large repetitions"
    if len(pattern) > LONGEST:
        raise InvalidInput(
            f"a pattern of more than {LONGEST:,} characters", where="pattern", mend="split it in several"
        )
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        told = error.args[0] if error.args else ""
        what = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
        raise InvalidInput(f"not a regular expression of RE2: {what}", where="pattern", mend=mend) from None


def sound(text: str) -> str:
    """The text without lone surrogates, which JSON may hold and UTF-8 may not."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
