"""Answers that we make ourselves instead of a model: the OpenAI error shape with the right status."""

from __future__ import annotations

import orjson

from serinus.core.errors import SerinusError

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class Refusal(SerinusError):
    """A request that gets an error answer. `status` is the HTTP status, `param` the field at fault (empty: none).

    `headers` are additional response headers. `close`: the connection cannot be used for another request.
    """

    def __init__(
        self,
        status: int,
        code: str,
        what: str,
        *,
        param: str = "",
        mend: str = "",
        headers: tuple[tuple[str, str], ...] = (),
        close: bool = False,
    ) -> None:
        super().__init__(what, mend=mend)
        self.status = status
        self.code = code
        self.param = param
        self.headers = headers
        self.close = close

    def body(self) -> bytes:
        """The JSON body, as the OpenAI API words its errors."""
        return error_body(self.status, self.code, str(self), self.param)


def error_body(status: int, code: str, message: str, param: str = "") -> bytes:
    """`{"error": {message, type, param, code}}`; the type follows from the status."""
    kind = _TYPES.get(status) or ("invalid_request_error" if status < 500 else "api_error")
    return orjson.dumps({"error": {"message": message, "type": kind, "param": param or None, "code": code}})
