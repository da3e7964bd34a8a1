"""A submitted form: bounded, UTF-8, each field once, and sent by a page of this session."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request

from serinus.core.errors import Forbidden, InvalidInput

MAX_BYTES = 64 * 1024
MAX_REASON = 2000
TOKEN = "token"  # noqa: S105 - the name of a field


class Form:
    """The fields of a form. Line ends are LF."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = fields

    def text(self, name: str) -> str:
        """A field without the spaces around it; empty when it is not there."""
        return self._fields.get(name, "").replace("\r\n", "\n").strip()

    def reason(self) -> str:
        """Why somebody acts. InvalidInput without one: whoever reads the trail later asks for it."""
        text = self.text("reason")
        if not text:
            raise InvalidInput("no reason is given", where="reason", mend="say in a few words why")
        if len(text) > MAX_REASON:
            raise InvalidInput(
                f"{len(text):,} characters are more than {MAX_REASON:,}", where="reason", mend="say it in fewer words"
            )
        return text

    def number(self, name: str) -> int | None:
        """A whole number; None when the field is empty."""
        text = self.text(name)
        if not text:
            return None
        if not (text.isascii() and text.isdecimal() and len(text) <= 18):
            raise InvalidInput("not a whole number", where=name, mend="load the page again")
        return int(text)


async def read_form(request: Request) -> Form:
    """The form of a POST; InvalidInput when it is too large or none."""
    raw = bytearray()
    async for part in request.stream():
        raw += part
        if len(raw) > MAX_BYTES:
            raise InvalidInput(f"the form is above {MAX_BYTES:,} bytes", where="form", mend="send less")
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, max_num_fields=50, errors="strict")
    except ValueError:
        raise InvalidInput("not a form", where="form", mend="load the page again") from None
    return Form(dict(pairs))


def refuse_foreign(request: Request) -> None:
    """Forbidden when the browser says that another site sent this."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("another site sent this form", where="form", mend="use the console's own pages")
