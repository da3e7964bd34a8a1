"""Copies of requests at a candidate that does its worst, and users who notice nothing (E1, E2)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from serinus.core.records import call_id
from serinus.core.records.record import Begin, End, ErrorClass, Event, Pair
from serinus.core.routing.assignment import Arm, mirror_point
from serinus.core.routing.conversation import pseudonym
from serinus.core.routing.snapshot import App, Endpoint, FormatRule, Limits, Message, Mirror, Snapshot, Variable
from tests.process import gateway_rig as rig

pytestmark = pytest.mark.process
QUICK = Limits(connect_s=0.5, first_token_s=0.5, between_tokens_s=0.5, total_s=1.5)
UNHURRIED = Limits()


def mirroring(port: int, mirror: Mirror | None = None, *, limits: Limits = UNHURRIED, **changes: Any) -> Snapshot:
    """A snapshot whose release sends copies to CANDIDATE, at an endpoint of its own."""
    release = rig.release(ramp=(), mirror=mirror or Mirror(share=1.0, max_concurrency=8))
    app = App(name="assistant", live=rig.LIVE, release=release, limits=limits, **changes.pop("app", {}))
    return rig.snapshot(port, app=app, **changes)


class Candidate:
    """What the candidate's requests meet, told from the baseline's by their model."""

    def __init__(self, upstream: rig.Upstream, behave: rig.Behave) -> None:
        self.seen: list[dict[str, Any]] = []
        self.heads: list[str] = []
        self.behave = behave
        self.port = upstream.port
        self._upstream = upstream
        upstream.behave = self._either

    async def _either(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: dict[str, Any]) -> None:
        if body["model"].endswith("-2"):
            self.seen.append(body)
            self.heads.append(self._upstream.heads[-1])
            await self.behave(reader, writer, body)
        else:
            await rig.completes(reader, writer, body)


@asynccontextmanager
async def mirror_rig(
    root: Path, behave: rig.Behave = rig.completes, build: Callable[[int], Snapshot] = mirroring, *arguments: str
) -> AsyncIterator[tuple[rig.Worker, Candidate]]:
    """A worker with a lease that mirrors to a candidate which behaves so."""
    async with rig.rig(root, build, *arguments) as (worker, upstream):
        candidate = Candidate(upstream, behave)
        await worker.until_leased()
        yield worker, candidate


async def hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: object) -> None:
    """Never answer."""
    await reader.read()


def records(worker: rig.Worker, kind: type) -> list[Any]:
    return [record for record in worker.host.records(worker.instance) if isinstance(record, kind)]


def shadows(worker: rig.Worker) -> list[End]:
    """The ends of copies."""
    return [end for end in records(worker, End) if call_id.parse(end.call).arm is Arm.SHADOW]


async def until_found(worker: rig.Worker, kind: type, count: int = 1) -> list[Any]:
    """The records of a kind, once there are so many."""

    async def there() -> bool:
        worker.host.renew()
        return len(records(worker, kind)) >= count

    await rig.until(there, f"no {kind.__name__}")
    return records(worker, kind)


async def until_drops(worker: rig.Worker, reason: str, count: int = 1) -> dict[str, Any]:
    """The worker's status, once it has told of so many copies that were not made for this reason."""

    async def told() -> bool:
        worker.host.renew()
        return bool(worker.host.status(worker.instance).get("mirror_drops", {}).get(reason, 0) >= count)

    await rig.until(told, f"no copy dropped for {reason}")
    return worker.host.status(worker.instance)


async def ask(worker: rig.Worker, *headers: str, **fields: Any) -> tuple[int, dict[str, str], bytes]:
    """One user's request."""
    return await rig.exchange(worker.port, rig.chat(rig.question(**fields), *headers))


@pytest.mark.parametrize("stream", [False, True])
async def test_E1_a_copy_goes_to_the_candidate_and_a_pair_is_recorded(tmp_path: Path, stream: bool) -> None:
    """The user is answered by the baseline, in the arm `rest`; the copy asks the same, streaming if they do."""
    async with mirror_rig(tmp_path) as (worker, candidate):
        status, headers, _ = await ask(worker, stream=stream)
        (pair,) = await until_found(worker, Pair)
        assert (status, headers["x-serinus-arm"], headers["x-serinus-version"]) == (200, "rest", rig.LIVE)
        assert [message["content"] for message in candidate.seen[0]["messages"]][1:] == ["hello"]
        assert bool(candidate.seen[0].get("stream")) is stream
        (shadow,) = shadows(worker)
        key = call_id.parse(shadow.call)
        assert (key.release, key.stratum, shadow.version.hex()) == (rig.RELEASE, -1, rig.CANDIDATE)
        assert call_id.text(pair.primary) == headers["x-request-id"]
        assert (pair.call, pair.first_turn, pair.candidate_events, pair.baseline_events) == (shadow.call, True, 0, 0)
        assert pair.candidate_tokens_out == pair.baseline_tokens_out == (2 if stream else 3)
        assert pair.candidate_chars == pair.baseline_chars == 5
        assert min(pair.candidate_latency_us, pair.candidate_ttft_us, pair.baseline_ttft_us) > 0
        assert len(records(worker, Begin)) == 2


BAD = {
    "hangs": (hangs, ErrorClass.UPSTREAM_TIMEOUT),
    "500": (rig.writes(rig.json_answer({"error": {"message": "x"}}, "500 Oops")), ErrorClass.UPSTREAM_STATUS),
    "429": (
        rig.writes(rig.json_answer({"error": {}}, "429 Slow down", "retry-after: 1")),
        ErrorClass.RATE_LIMITED,
    ),
    "cut": (rig.writes(close=True), ErrorClass.UPSTREAM_CUT),
    "garbage": (rig.writes(b"SSH-2.0\r\n\r\n", close=True), ErrorClass.UPSTREAM_GARBAGE),
}


@pytest.mark.parametrize("name", BAD)
async def test_E1_a_candidate_that_fails_reaches_no_user(tmp_path: Path, name: str) -> None:
    """Ten users are answered by the baseline with nothing new in their headers; only the pairs know of the errors, and
    the circuit breaker of the endpoint, which is the baseline's too, stays closed."""
    behave, error = BAD[name]
    build = partial(mirroring, limits=QUICK)
    async with mirror_rig(tmp_path, behave, build) as (worker, candidate):
        told = {frozenset((await ask(worker, user=f"u{number}"))[1]) for number in range(10)}
        answers = [await ask(worker, user=f"v{number}") for number in range(2)]
        assert {status for status, _, _ in answers} == {200}
        await until_found(worker, Pair, 8)
        assert {pair.candidate_events & Event.ERROR for pair in records(worker, Pair)} == {Event.ERROR}
        assert {pair.baseline_events for pair in records(worker, Pair)} == {0}
        assert {end.error for end in shadows(worker)} == {error}
        assert not worker.host.status(worker.instance)["breakers"]
        plain = App(name="assistant", live=rig.LIVE, release=rig.release(ramp=()))
        worker.host.publish(rig.snapshot(candidate.port, revision=2, app=plain))
        await worker.until_acked(2)
        assert told == {frozenset((await ask(worker))[1])}


async def test_E1_the_user_does_not_wait_and_may_leave(tmp_path: Path) -> None:
    """While the copy hangs the stream is answered whole; a user who leaves in the middle does not stop the copy."""
    release = asyncio.Event()

    async def waits(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: dict[str, Any]) -> None:
        await release.wait()
        await rig.completes(reader, writer, body)

    async with mirror_rig(tmp_path, waits) as (worker, candidate):
        status, _, body = await ask(worker, user="stays", stream=True)
        assert (status, b"[DONE]" in body) == (200, True)
        await ask(worker, user="leaves")  # the connection closes behind the answer

        async def asked() -> bool:
            worker.host.renew()
            return len(candidate.seen) == 2

        await rig.until(asked, "no copies")
        assert not shadows(worker)
        release.set()
        assert len(await until_found(worker, Pair, 2)) == 2


async def test_E1_a_copy_goes_on_when_its_user_leaves_within_the_stream(tmp_path: Path) -> None:
    """It ends on record; there is no pair, since nobody knows what the whole answer would have been."""

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: dict[str, Any]) -> None:
        writer.write(rig.SSE_HEAD + rig.chunked(rig.delta("hel")))
        await writer.drain()
        await reader.read()

    async with rig.rig(tmp_path, mirroring) as (worker, upstream):
        candidate = Candidate(upstream, rig.completes)

        async def baseline_slow(r: asyncio.StreamReader, w: asyncio.StreamWriter, body: dict[str, Any]) -> None:
            await (rig.completes if body["model"].endswith("-2") else slow)(r, w, body)

        upstream.behave = baseline_slow
        await worker.until_leased()
        reader, writer = await asyncio.open_connection("127.0.0.1", worker.port)
        writer.write(rig.chat(rig.question(stream=True)))
        await reader.readuntil(b"hel")
        writer.close()
        ends = await until_found(worker, End, 2)
        assert {(call_id.parse(end.call).arm, end.status) for end in ends} == {(Arm.REST, 499), (Arm.SHADOW, 200)}
        assert not records(worker, Pair)
        assert not candidate.seen


async def test_E1_copies_above_the_ceiling_are_dropped_and_counted(tmp_path: Path) -> None:
    """With room for four on a host of two workers this one takes two; the rest is told by reason."""
    build = partial(mirroring, mirror=Mirror(share=1.0, max_concurrency=4))
    async with mirror_rig(tmp_path, hangs, build, "--workers", "2") as (worker, candidate):
        for number in range(5):
            assert (await ask(worker, user=f"u{number}"))[0] == 200
        status = await until_drops(worker, "concurrency", 3)
        assert (status["mirror_sent"], status["mirror_dropped"]) == (2, 3)
        assert len(candidate.seen) == 2


async def test_E1_without_a_lease_nothing_is_mirrored(tmp_path: Path) -> None:
    """Before the first renewal, and again when it has lapsed, users are answered and copies are not made."""
    mirrored = partial(rig.release, ramp=(), mirror=Mirror(share=1.0, max_concurrency=8), lease_s=0.5)
    build = partial(rig.snapshot, app=App(name="assistant", live=rig.LIVE, release=mirrored()))
    async with rig.rig(tmp_path, build) as (worker, upstream):
        assert (await ask(worker))[0] == 200

        async def dropped() -> bool:
            return bool(worker.host.status(worker.instance).get("mirror_drops", {}).get("lease") == 1)

        await rig.until(dropped, "not dropped")
        await worker.until_leased()
        await rig.until(lambda: _lapsed(worker), "the lease did not lapse")
        assert (await ask(worker))[0] == 200

        async def dropped_again() -> bool:
            return bool(worker.host.status(worker.instance)["mirror_drops"].get("lease") == 2)

        await rig.until(dropped_again, "not dropped")
        assert {body["model"][-2:] for body in upstream.seen} == {"-1"}


async def _lapsed(worker: rig.Worker) -> bool:
    return not worker.host.status(worker.instance)["leased"]


async def test_E2_tool_calls_of_a_copy_are_recorded_and_nothing_else(tmp_path: Path) -> None:
    """A candidate that proposes to pay is asked once; the user's answer is the baseline's, byte for byte."""
    function = {"name": "pay", "arguments": '{"amount": 1000}'}
    message = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "t", "type": "function", "function": function}],
    }
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    proposes = rig.writes(rig.json_answer({**rig.ANSWER, "choices": [choice]}))
    async with mirror_rig(tmp_path, proposes) as (worker, candidate):
        status, _, body = await ask(worker)
        await until_found(worker, Pair)
        assert (status, json.loads(body)) == (200, rig.ANSWER)
        (shadow,) = shadows(worker)
        assert (shadow.finish, shadow.status) == ("tool_calls", 200)
        assert len(candidate.seen) == 1


async def test_a_candidate_that_wants_a_new_variable_has_an_error_in_the_pair(tmp_path: Path) -> None:
    """It would have failed the user; nothing is sent upstream."""
    wants = rig.version(
        rig.CANDIDATE,
        "assistant-2026-W47-2",
        messages=(Message(role="system", template="Serve {{ city }}."),),
        variables={"city": Variable()},
    )
    versions = {rig.LIVE: rig.version(rig.LIVE, "assistant-2026-W47-1"), rig.CANDIDATE: wants}
    async with mirror_rig(tmp_path, rig.completes, partial(mirroring, versions=versions)) as (worker, candidate):
        assert (await ask(worker))[0] == 200
        (pair,) = await until_found(worker, Pair)
        assert (pair.candidate_events, pair.baseline_events) == (Event.ERROR, 0)
        assert (pair.candidate_latency_us, candidate.seen) == (-1, [])
        assert [end.error for end in shadows(worker)] == [ErrorClass.TEMPLATE]


async def test_copies_are_judged_by_the_same_rules(tmp_path: Path) -> None:
    """An answer that breaks the format rule does so in the pair, too."""
    app = {"format_rule": FormatRule(kind="regex", pattern="^hello")}
    other = {**rig.ANSWER, "choices": [{"index": 0, "message": {"content": "good day"}, "finish_reason": "stop"}]}
    behave = rig.writes(rig.json_answer(other))
    async with mirror_rig(tmp_path, behave, partial(mirroring, app=app)) as (worker, _):
        await ask(worker)
        (pair,) = await until_found(worker, Pair)
        assert (pair.candidate_events, pair.baseline_events) == (Event.INVALID_FORMAT, 0)
        assert (pair.candidate_chars, pair.baseline_chars) == (8, 5)


async def test_copies_have_their_own_key_and_never_the_users_idempotency(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The endpoint's second key goes with copies alone; without its value no copy is made."""
    monkeypatch.setenv("USERS_KEY", "sk-users")
    monkeypatch.setenv("SHADOW_KEY", "sk-shadow")

    def build(port: int, variable: str = "SHADOW_KEY") -> Snapshot:
        url = f"http://127.0.0.1:{port}/v1"
        up = Endpoint(name="up", base_url=url, api_key_env="USERS_KEY", shadow_api_key_env=variable)
        return mirroring(port, endpoints={"up": up})

    async with rig.rig(tmp_path, build) as (worker, upstream):
        candidate = Candidate(upstream, rig.completes)
        await worker.until_leased()
        await ask(worker, "Idempotency-Key: once", "OpenAI-Organization: org")
        await until_found(worker, Pair)
        (head,) = candidate.heads
        (users,) = (known for known in upstream.heads if known != head)
        assert "Bearer sk-shadow" in head
        assert "idempotency-key" not in head.lower()
        assert "openai-organization: org" in head.lower()
        assert "Bearer sk-users" in users
        assert "idempotency-key: once" in users.lower()
        worker.host.publish(msgspec.structs.replace(build(upstream.port, "NOT_SET_KEY"), revision=2))
        await worker.until_acked(2)
        await worker.until_leased()
        assert (await ask(worker))[0] == 200
        await until_drops(worker, "key")
        assert len(candidate.heads) == 1


async def test_only_the_share_of_users_is_mirrored(tmp_path: Path) -> None:
    """By a point of the unit that the arms do not share, so the same users each time; pinned calls never are."""
    build = partial(mirroring, mirror=Mirror(share=0.5, max_concurrency=64))
    async with mirror_rig(tmp_path, rig.completes, build) as (worker, candidate):
        users = [f"user-{number}" for number in range(20)]
        key = bytes.fromhex("bb" * 32)
        expected = {user for user in users if mirror_point("salt", pseudonym(key, user)) < 0.5}
        assert 0 < len(expected) < 20
        for user in users:
            await ask(worker, user=user)
        pinned = rig.question(model=f"assistant@{rig.LIVE}", user=min(expected))
        assert (await rig.exchange(worker.port, rig.chat(pinned, key=rig.PIN_KEY)))[0] == 200
        await until_found(worker, Pair, len(expected))
        assert {body["user"] for body in candidate.seen} == expected
        assert len(candidate.seen) == len(expected)


async def test_what_the_next_turn_holds_is_told(tmp_path: Path) -> None:
    """A history with an answer of the baseline is no first turn."""
    async with mirror_rig(tmp_path) as (worker, _):
        said = [
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b"},
            {"role": "user", "content": "c"},
        ]
        await ask(worker, messages=said)
        (pair,) = await until_found(worker, Pair)
        assert pair.first_turn is False


async def test_a_stop_ends_copies_on_record(tmp_path: Path) -> None:
    """A worker that is told to end does not wait for copies: each gets its end, which is nobody's failure."""
    async with mirror_rig(tmp_path, hangs) as (worker, candidate):
        await ask(worker)

        async def asked() -> bool:
            return bool(candidate.seen)

        await rig.until(asked, "no copy")
        worker.stop()
        assert [end.error for end in shadows(worker)] == [ErrorClass.INFRASTRUCTURE]
        assert not records(worker, Pair)
