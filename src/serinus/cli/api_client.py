"""The API from the outside: JSON in and out, problems as errors."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, BinaryIO, Self
from urllib.parse import quote

import httpx

from serinus.adapters.clock import system_random
from serinus.bootstrap import settings
from serinus.cli.failures import Refused, Unreachable
from serinus.core.errors import InvalidInput

TIMEOUT_S = 30.0
DOWNLOAD_S = 600.0  # an export is made before its first byte comes
ATTEMPTS = 3
_NO_KEY = 401
_KEY_MEND = "export SERINUS_API_KEY=… with a key that `serinus up` or `serinus key create` printed"

Document = dict[str, Any]


class ApiClient:
    """One session with the API at `url`, closed at the end of its `with`.

    Every POST carries an idempotency key, so a lost answer is asked for again without doing the thing twice.
    """

    def __init__(
        self,
        url: str,
        key: str,
        transport: httpx.BaseTransport | None = None,
        random_bytes: Callable[[int], bytes] = system_random,
    ) -> None:
        self._url = url.rstrip("/")
        self._random_bytes = random_bytes
        headers = {"authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(
            base_url=f"{self._url}/api/v1", headers=headers, timeout=TIMEOUT_S, transport=transport, trust_env=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, **query: Any) -> Document:
        """The document at a path. Empty query values are left out."""
        return self._ask("GET", path, params={k: v for k, v in query.items() if v not in (None, "", [])})

    def put(self, path: str, body: Document) -> Document:
        """The document that a PUT answers with."""
        return self._ask("PUT", path, json=body)

    def post(self, path: str, body: Document | bytes, seq: int | None = None) -> Document:
        """The document that a POST answers with; `seq` goes as If-Match."""
        headers = {"idempotency-key": self._random_bytes(16).hex()}
        if seq is not None:
            headers["if-match"] = str(seq)
        if isinstance(body, bytes):
            headers["content-type"] = "application/json"
            return self._ask("POST", path, content=body, headers=headers)
        return self._ask("POST", path, json=body, headers=headers)

    def delete(self, path: str, body: Document | None = None) -> Document:
        """The document that a DELETE answers with."""
        return self._ask("DELETE", path, json=body or {})

    def download(self, path: str, file: BinaryIO, **query: Any) -> int:
        """Write what lies at a path into a file as it comes; the number of bytes. Unreachable when it was cut."""
        params = {k: v for k, v in query.items() if v not in (None, "", [])}
        timeout = httpx.Timeout(TIMEOUT_S, read=DOWNLOAD_S)
        size = 0
        try:
            with self._http.stream("GET", path, params=params, timeout=timeout) as response:
                if not response.is_success:
                    response.read()
                    _read(response)
                for chunk in response.iter_raw():
                    size += file.write(chunk)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise self._unreachable(error) from None
        return size

    def _ask(self, method: str, path: str, **request: Any) -> Document:
        """PUT, DELETE and GET are idempotent, POST carries a key: each may be asked again after a cut."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return _read(self._http.request(method, path, **request))
            except httpx.ConnectError as error:
                raise self._unreachable(error) from None
            except httpx.InvalidURL as error:
                raise self._unreachable(error) from None
            except httpx.TransportError as error:
                if attempt == ATTEMPTS:
                    raise self._unreachable(error) from None
        raise AssertionError("the loop returns or raises")

    def _unreachable(self, error: Exception) -> Unreachable:
        return Unreachable(
            f"the API does not answer: {error or type(error).__name__}",
            where=self._url,
            mend="start it with `serinus up`, or name another with --url or SERINUS_URL",
        )


def part(name: str) -> str:
    """A name as one part of a path; InvalidInput for one that could be several, since servers decode slashes first."""
    if "/" in name or name in ("", ".", ".."):
        raise InvalidInput(f"{name!r} is not a name", where="argument", mend="give the name or id as it is listed")
    return quote(name, safe="")


def connect(url: str, key: str) -> ApiClient:
    """A session; what is empty comes from the environment. InvalidInput for what cannot be an address or a key."""
    given = settings.read()
    url, key = url or given.url, key or given.api_key
    if not re.fullmatch(r"https?://[^/?#\s]+/?", url):
        mend = f"give scheme, host and port only, such as {settings.Settings().url}, with --url or SERINUS_URL"
        raise InvalidInput(f"not the address of an API: {url}", where="SERINUS_URL", mend=mend)
    if not (key.isascii() and key.isprintable()):
        raise InvalidInput("not a key: it has characters that no key has", where="SERINUS_API_KEY", mend=_KEY_MEND)
    return ApiClient(url, key)


def _read(response: httpx.Response) -> Document:
    try:
        document = response.json()
    except ValueError:
        document = None
    if not isinstance(document, dict) or not (response.is_success or "code" in document):
        raise Refused(
            "not_serinus",
            f"the answer ({response.status_code}) is not one of Serinus' API",
            where=str(response.url),
            mend="check SERINUS_URL or --url: it is the API's address (`serinus up` prints it), not the gateway's",
            status=response.status_code,
        )
    if response.is_success:
        return document
    code, status = str(document["code"]), response.status_code
    if status == _NO_KEY:
        known = "authorization" in response.request.headers
        what = "the API does not know this key, or it is revoked" if known else "no key was given"
        raise Refused(code, what, where="SERINUS_API_KEY or --key", mend=_KEY_MEND, status=status)
    raise Refused(
        code,
        str(document.get("detail", response.reason_phrase)),
        where=str(document.get("where", "")),
        mend=str(document.get("mend", "")),
        status=status,
    )
