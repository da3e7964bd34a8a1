"""Asking OpenAI-compatible endpoints over HTTP."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from typing import Self

import aiohttp
import orjson

from serinus.core.errors import InvalidInput
from serinus.core.judging.answer import Answer, Fault, FaultKind
from serinus.core.routing.snapshot import Endpoint
from serinus.core.wire.answer import Completion, Findings, read_completion
from serinus.core.wire.fault import UpstreamFault

MAX_ANSWER_BYTES = 16 * 1024 * 1024
_BLOCK = 64 * 1024
_TOLD_CHARS = 200
_CONNECT_S = 10.0


class HttpCompletions:
    """One pool of connections; use it in an `async with`. `secret` gives the key in an environment variable.

    Nothing of the environment but those keys has effect: no proxies, no netrc. Redirects are not followed.
    """

    def __init__(self, secret: Callable[[str], str], mono_ns: Callable[[], int], connections: int = 256) -> None:
        self._secret = secret
        self._mono_ns = mono_ns
        self._connections = connections
        self._tls: dict[str, ssl.SSLContext] = {}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=self._connections)
        self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def ask(self, endpoint: Endpoint, body: bytes, timeout_s: float) -> Answer | Fault:
        assert self._session is not None
        key = self._secret(endpoint.api_key_env) if endpoint.api_key_env else ""
        begun_ns = self._mono_ns()
        try:
            async with self._session.post(
                f"{endpoint.base_url.rstrip('/')}/chat/completions",
                data=body,
                headers=_headers(key),
                ssl=self._tls_of(endpoint.ca_file),
                timeout=aiohttp.ClientTimeout(total=timeout_s, sock_connect=min(_CONNECT_S, timeout_s)),
                allow_redirects=False,
            ) as response:
                raw = await _read(response)
                latency_ms = (self._mono_ns() - begun_ns) / 1e6
                if raw is None:
                    return Fault(kind="garbage", text=f"more than {MAX_ANSWER_BYTES:,} bytes", status=response.status)
                if response.status != 200:
                    return _refused(response.status, response.headers, raw, key)
                return read_answer(raw, latency_ms, key)
        except aiohttp.ConnectionTimeoutError as error:
            return Fault(kind="unreachable", text=f"{endpoint.base_url}: {type(error).__name__}")
        except TimeoutError:
            return Fault(kind="timeout", text=f"no whole answer within {timeout_s:g} s")
        except (aiohttp.ClientPayloadError, aiohttp.ClientResponseError) as error:
            return Fault(kind="upstream_error", text=f"the answer broke off: {type(error).__name__}")
        except (aiohttp.ClientError, OSError) as error:
            return Fault(kind="unreachable", text=f"{endpoint.base_url}: {type(error).__name__}")
        except ValueError as error:  # aiohttp's word for URLs and headers that cannot be sent
            return Fault(kind="request_refused", text=f"{endpoint.name} cannot be asked: {type(error).__name__}")

    def _tls_of(self, ca_file: str) -> ssl.SSLContext | bool:
        if not ca_file:
            return True
        if ca_file not in self._tls:
            try:
                self._tls[ca_file] = ssl.create_default_context(cafile=ca_file)
            except OSError as error:
                raise InvalidInput(
                    f"cannot be used: {error.strerror or error}", where=ca_file, mend="give a PEM file"
                ) from error
        return self._tls[ca_file]


def _headers(key: str) -> dict[str, str]:
    headers = {"content-type": "application/json"}
    if key:
        headers["authorization"] = f"Bearer {key}"
    return headers


async def _read(response: aiohttp.ClientResponse) -> bytes | None:
    blocks, size = [], 0
    async for block in response.content.iter_chunked(_BLOCK):
        size += len(block)
        if size > MAX_ANSWER_BYTES:
            return None
        blocks.append(block)
    return b"".join(blocks)


def _refused(status: int, headers: Mapping[str, str], raw: bytes, key: str) -> Fault:
    kind: FaultKind = "request_refused"
    if status == 429:
        kind = "rate_limited"
    elif status >= 500:
        kind = "upstream_error"
    elif status in (408, 409, 425):
        kind = "timeout"
    elif status < 400:
        kind = "garbage"
    return Fault(
        kind=kind,
        text=_told(raw, key),
        status=status,
        retry_after_s=_seconds(headers.get("retry-after", "")),
    )


def _told(raw: bytes, key: str) -> str:
    """The provider's own words, if it has any, without the key that it may quote."""
    try:
        said = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return ""
    error = said.get("error") if isinstance(said, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    text = message if isinstance(message, str) else ""
    shown = "".join(char for char in text if char.isprintable())
    return (shown.replace(key, "…") if key else shown)[:_TOLD_CHARS]


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        return 0.0
    return seconds if 0 < seconds < 86_400 else 0.0


def read_answer(raw: bytes, latency_ms: float, key: str = "") -> Answer | Fault:
    """The first choice of a chat completion; a Fault for anything else, whose text does not hold the key."""
    try:
        completion = read_completion(raw)
    except UpstreamFault:
        return Fault(kind="garbage", text="the answer is not JSON", status=200)
    if completion is None:
        return Fault(kind="garbage", text="the answer is no chat completion", status=200)
    if completion.error is not None:
        return Fault(kind="upstream_error", text=_told(raw, key), status=200)
    if not completion.choices or completion.choices[0].message is None:
        return Fault(kind="garbage", text="the answer has no choice", status=200)
    findings = Findings()
    findings.note(completion, keep_text=True)
    return Answer(
        text=findings.text or _refusal(completion),
        latency_ms=latency_ms,
        refused=findings.refused,
        finish=findings.finish,
        tokens_in=findings.tokens_in,
        tokens_out=findings.tokens_out,
    )


def _refusal(completion: Completion) -> str:
    said = completion.choices[0].message if completion.choices else None
    return (said.refusal or "") if said else ""
