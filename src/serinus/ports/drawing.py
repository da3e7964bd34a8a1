"""Drawing charts: a Vega-Lite specification as a picture, and the script that draws the same in a browser."""

from __future__ import annotations

from typing import Any, Protocol


class Drawing(Protocol):
    """Safe to use from several threads. What cannot be drawn is None: a page is worth more than its pictures."""

    def svg(self, spec: dict[str, Any]) -> bytes | None:
        """The picture as an SVG document."""
        ...

    def script(self) -> bytes | None:
        """The browser's script, gzipped: it sets `vegaEmbed` on the window. The same bytes each time."""
        ...

    def close(self) -> None: ...
