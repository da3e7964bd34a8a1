"""`python -m serinus.adapters.vega_child`: draws Vega-Lite charts for its parent, a JSON line in, a JSON line out.

A process of its own, since the JavaScript engine in it takes some 150 MB and could take a process down with it: both
are gone when nobody has asked for `IDLE_S` seconds, or when the parent has closed its end.
"""

from __future__ import annotations

import json
import os
import select
import sys
from typing import Any

import vl_convert

IDLE_S = 120.0
_READ_BYTES = 1 << 16


def main() -> int:
    """Answer until nobody asks any more."""
    waiting = b""
    while True:
        line, separator, rest = waiting.partition(b"\n")
        if separator:
            waiting = rest
            _write(json.dumps(_answer(json.loads(line))).encode() + b"\n")
            continue
        if not select.select([0], [], [], IDLE_S)[0]:
            return 0
        more = os.read(0, _READ_BYTES)
        if not more:
            return 0
        waiting += more


def _answer(asked: dict[str, Any]) -> str | None:
    try:
        if "svg" in asked:
            svg: str = vl_convert.vegalite_to_svg(asked["svg"], allowed_base_urls=[])
            return svg
        script: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    except ValueError as error:
        print(f"cannot draw: {error}", file=sys.stderr)
        return None
    return script


def _write(line: bytes) -> None:
    left = memoryview(line)
    while left:
        left = left[os.write(1, left) :]


if __name__ == "__main__":
    sys.exit(main())
