"""Users of one app in an open loop, in a thread of this process, who note what each answer told them and when."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import aiohttp

_ANSWER_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer as its user saw it. `sent_ns` and `head_ns` are monotonic: before sending, and when the head of the
    answer was there."""

    unit: str
    sent_ns: int
    head_ns: int
    status: int
    arm: str
    version: str
    release: str
    call: str


class Users:
    """`rate` requests per second by `units` users in turn, each on a connection of its own, so that all workers get
    some. Requests never wait for answers: a hanging arm slows nobody else down."""

    def __init__(self, port: int, key: str, app: str, *, rate: float = 80.0, units: int = 400) -> None:
        self.answers: list[Answer] = []
        self.failures: list[str] = []
        self._url = f"http://127.0.0.1:{port}/v1/chat/completions"
        self._key = key
        self._app = app
        self._rate = rate
        self._units = units
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="users")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def since(self, mono_ns: int, true: Callable[[Answer], bool] = lambda _: True) -> list[Answer]:
        """Answers to requests sent at `mono_ns` or later for which `true` holds."""
        recent = itertools.takewhile(lambda answer: answer.head_ns >= mono_ns, reversed(self.answers))
        return [answer for answer in recent if answer.sent_ns >= mono_ns and true(answer)]

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        headers = {"authorization": f"Bearer {self._key}"}
        timeout = aiohttp.ClientTimeout(total=_ANSWER_S)
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        async with aiohttp.ClientSession(connector=connector, headers=headers, timeout=timeout) as session:
            tasks: set[asyncio.Task[None]] = set()
            due_s = loop.time()
            for number in itertools.count():
                if self._stop.is_set():
                    break
                task = loop.create_task(self._call(session, f"user-{number % self._units}", number))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
                due_s += 1 / self._rate
                await asyncio.sleep(max(0.0, due_s - loop.time()))
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _call(self, session: aiohttp.ClientSession, unit: str, number: int) -> None:
        body = {
            "model": self._app,
            "user": unit,
            "messages": [{"role": "user", "content": "Where is my order?"}],
            "metadata": {"sim_call": str(number)},
        }
        sent_ns = time.monotonic_ns()
        try:
            async with session.post(self._url, json=body) as response:
                head_ns = time.monotonic_ns()
                await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            self.failures.append(repr(error))
            return
        told = response.headers
        self.answers.append(
            Answer(
                unit=unit,
                sent_ns=sent_ns,
                head_ns=head_ns,
                status=response.status,
                arm=told.get("x-serinus-arm", ""),
                version=told.get("x-serinus-version", ""),
                release=told.get("x-serinus-release", ""),
                call=told.get("x-request-id", ""),
            )
        )
