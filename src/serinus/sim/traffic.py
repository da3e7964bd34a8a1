"""Simulated traffic: users who call an application in an open loop, over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import msgspec
import orjson

from serinus.sim.arrivals import Shape, Spacing, arrivals
from serinus.sim.chance import Draws
from serinus.sim.opinion import is_good, thumbs
from serinus.sim.tally import Seen, Tally
from serinus.sim.users import Population, Turn

_DONE = b"[DONE]"
_READ_BYTES = 1024 * 1024
Log = Callable[[Seen], None]


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What to send where. It ends after `requests` (0: no limit) or `duration_s`, whichever comes first.

    `base_url` ends in `/v1`; `concurrency` is the most requests open at once; `feedback` posts thumbs to the gateway;
    `attributes` sends who the user is with each call.
    """

    base_url: str
    app: str
    api_key: str = ""
    rate: float = 20.0
    spacing: Spacing = "poisson"
    shape: Shape = "flat"
    day_s: float = 86_400.0
    duration_s: float = 60.0
    requests: int = 0
    concurrency: int = 1000
    timeout_s: float = 60.0
    feedback: bool = False
    attributes: bool = False
    seed: int = 1


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A whole answer as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes
    first_s: float
    end_s: float


class Traffic:
    """One run. Arrivals never wait for answers; latencies count from the intended time (no coordinated omission)."""

    def __init__(self, load: Load, population: Population, log: Log) -> None:
        self.tally = Tally()
        self._load = load
        self._population = population
        self._log = log
        self._open = 0

    async def run(self, stop: asyncio.Event) -> dict[str, Any]:
        """Send until the end or `stop`, wait for the open answers, and return the result."""
        loop = asyncio.get_running_loop()
        headers = {"content-type": "application/json"}
        if self._load.api_key:
            headers["authorization"] = f"Bearer {self._load.api_key}"
        limit = aiohttp.ClientTimeout(total=self._load.timeout_s)
        connector = aiohttp.TCPConnector(limit=0)
        started_s = loop.time()
        async with aiohttp.ClientSession(
            connector=connector,
            headers=headers,
            timeout=limit,
            read_bufsize=_READ_BYTES,
            cookie_jar=aiohttp.DummyCookieJar(),
        ) as session:
            async with asyncio.TaskGroup() as group:
                await self._send_all(session, group, started_s, stop)
            return self.tally.document(loop.time() - started_s)

    async def _send_all(
        self, session: aiohttp.ClientSession, group: asyncio.TaskGroup, started_s: float, stop: asyncio.Event
    ) -> None:
        load = self._load
        loop = asyncio.get_running_loop()
        times = arrivals(load.rate, load.spacing, load.shape, load.day_s, Draws(load.seed, "arrivals"))
        for number, at_s in enumerate(times):
            if at_s >= load.duration_s or (load.requests and number >= load.requests):
                return
            due_s = started_s + at_s
            if await _stopped_before(stop, due_s - loop.time()):
                return
            self.tally.late_ms_most = max(self.tally.late_ms_most, (loop.time() - due_s) * 1000.0)
            turn = self._population.next_turn()
            if self._open >= load.concurrency:
                self.tally.overloaded += 1
                turn.talk.answered("", "")
                continue
            self._open += 1
            self.tally.sent += 1
            group.create_task(self._call(session, turn, due_s))

    async def _call(self, session: aiohttp.ClientSession, turn: Turn, due_s: float) -> None:
        token, text = "", ""
        try:
            answer = await self._ask(session, turn)
            token = answer.headers.get("x-serinus-conversation", "")
            text, whole = answer_text(answer, turn.stream)
            await self._completed(session, turn, answer, due_s, text, whole)
        except TimeoutError:
            self.tally.incomplete("timeout")
        except (aiohttp.ClientError, OSError) as error:
            self.tally.incomplete(type(error).__name__)
        finally:
            turn.talk.answered(token, text)
            self._open -= 1

    async def _ask(self, session: aiohttp.ClientSession, turn: Turn) -> Answer:
        loop = asyncio.get_running_loop()
        headers = {"x-serinus-unit": turn.unit}
        if turn.talk.token:
            headers["x-serinus-conversation"] = turn.talk.token
        if self._load.attributes:
            headers["x-serinus-attributes"] = orjson.dumps(turn.attributes).decode()
        url = f"{self._load.base_url}/chat/completions"
        async with session.post(url, data=orjson.dumps(turn.body(self._load.app)), headers=headers) as response:
            parts = [await response.content.readany()]
            first_s = loop.time()
            while part := await response.content.readany():
                parts.append(part)
            told = {name.lower(): value for name, value in response.headers.items()}
            return Answer(
                status=response.status, headers=told, body=b"".join(parts), first_s=first_s, end_s=loop.time()
            )

    async def _completed(
        self, session: aiohttp.ClientSession, turn: Turn, answer: Answer, due_s: float, text: str, whole: bool
    ) -> None:
        told = answer.headers
        good = is_good(answer.status, text, turn.query.category)
        rating = thumbs(good, Draws(self._load.seed, "thumbs", turn.number))
        seen = Seen(
            call=told.get("x-request-id", ""),
            arm=told.get("x-serinus-arm", ""),
            version=told.get("x-serinus-version", ""),
            release=told.get("x-serinus-release", ""),
            status=answer.status,
            unit=turn.unit,
            conversation=told.get("x-serinus-conversation", ""),
            turn=turn.talk.turn,
            ok=answer.status == 200 and whole,
            stream=turn.stream,
            ms=round((answer.end_s - due_s) * 1000.0, 3),
            first_ms=round((answer.first_s - due_s) * 1000.0, 3),
            thumbs=rating,
        )
        self.tally.completed(seen)
        self._log(seen)
        if rating and self._load.feedback:
            await self._rate(session, seen.call, rating)

    async def _rate(self, session: aiohttp.ClientSession, call: str, rating: str) -> None:
        body = orjson.dumps({"call_id": call, "thumbs": rating})
        self.tally.feedback_sent += 1
        try:
            async with session.post(f"{self._load.base_url}/feedback", data=body) as response:
                self.tally.feedback_refused += response.status >= 400
        except (aiohttp.ClientError, OSError):
            self.tally.feedback_refused += 1


async def _stopped_before(stop: asyncio.Event, wait_s: float) -> bool:
    """Wait this long, or until `stop` is set; whether it is."""
    if wait_s <= 0:
        await asyncio.sleep(0)
        return stop.is_set()
    try:
        async with asyncio.timeout(wait_s):
            return await stop.wait()
    except TimeoutError:
        return False


def answer_text(answer: Answer, stream: bool) -> tuple[str, bool]:
    """The text of the first choice or its refusal, and whether the answer is whole: JSON, or events up to `[DONE]`."""
    if answer.status != 200:
        return "", False
    try:
        if not stream:
            return _text(orjson.loads(answer.body)["choices"][0]["message"]), True
        events = [line[6:] for line in answer.body.splitlines() if line.startswith(b"data: ")]
        texts = [_delta(orjson.loads(event)) for event in events if event != _DONE]
    except (orjson.JSONDecodeError, LookupError, TypeError):
        return "", False
    return "".join(texts), events[-1:] == [_DONE]


def _text(message: dict[str, Any]) -> str:
    return message.get("content") or message.get("refusal") or ""


def _delta(event: dict[str, Any]) -> str:
    choices = event.get("choices") or []
    return _text(choices[0]["delta"]) if choices and choices[0]["index"] == 0 else ""
