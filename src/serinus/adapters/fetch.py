"""GETs with a hard time-out, from any thread: one event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future

import aiohttp
import msgspec

MAX_ANSWER_BYTES = 1024 * 1024
_BLOCK = 64 * 1024


class FetchFault(Exception):
    """Why there is no answer, in a part of a sentence without secrets."""


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """An answer of any status."""

    status: int
    body: bytes


class Fetcher:
    """`secret` gives what a variable of the environment holds. Nothing else of the environment has effect: no proxies,
    no netrc. Redirects are not followed. `close` ends the thread."""

    def __init__(self, secret: Callable[[str], str]) -> None:
        self._secret = secret
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fetch", daemon=True)
        self._thread.start()

    def get(self, url: str, timeout_s: float, token_env: str = "", query: Mapping[str, str] | None = None) -> Fetched:
        """The answer; FetchFault when there is no whole one within the time."""
        token = self._secret(token_env) if token_env else ""
        if token_env and not token:
            raise FetchFault(f"the variable {token_env} is not set where the control process runs")
        asked: Future[Fetched] = asyncio.run_coroutine_threadsafe(
            _get(url, timeout_s, token, dict(query or {})), self._loop
        )
        try:
            # The loop keeps the time; this is for one that hangs.
            return asked.result(timeout_s + 5.0)
        except TimeoutError:
            asked.cancel()
            raise FetchFault(f"no whole answer within {timeout_s:g} s") from None

    def close(self) -> None:
        """End the loop; what is on its way is dropped."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5.0)
        if not self._thread.is_alive():
            self._loop.close()


async def _get(url: str, timeout_s: float, token: str, query: dict[str, str]) -> Fetched:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    timeout = aiohttp.ClientTimeout(total=timeout_s)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.get(url, params=query, headers=headers, allow_redirects=False) as response,
        ):
            return Fetched(status=response.status, body=await _read(response))
    except (aiohttp.ClientPayloadError, aiohttp.ClientResponseError) as error:
        raise FetchFault(f"the answer broke off ({type(error).__name__})") from None
    except aiohttp.ServerTimeoutError:
        raise FetchFault(f"no whole answer within {timeout_s:g} s") from None
    except (aiohttp.ClientError, OSError) as error:
        if isinstance(error, TimeoutError):
            raise FetchFault(f"no whole answer within {timeout_s:g} s") from None
        raise FetchFault(f"it cannot be reached ({type(error).__name__})") from None
    except ValueError as error:  # aiohttp's word for URLs and headers that cannot be sent
        raise FetchFault(f"it cannot be asked ({type(error).__name__})") from None


async def _read(response: aiohttp.ClientResponse) -> bytes:
    blocks, size = [], 0
    async for block in response.content.iter_chunked(_BLOCK):
        size += len(block)
        if size > MAX_ANSWER_BYTES:
            raise FetchFault(f"it answers with more than {MAX_ANSWER_BYTES:,} bytes")
        blocks.append(block)
    return b"".join(blocks)
