"""Bad input gets a clear error and the right status, and nothing else suffers."""

from __future__ import annotations

import asyncio
import json
import random
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from serinus.core.routing.snapshot import App, Limits
from tests.process import gateway_rig as rig

pytestmark = pytest.mark.process


async def refused(worker: rig.Worker, raw: bytes) -> tuple[int, str, dict[str, Any]]:
    """Status, code and error of an answer."""
    status, _, body = await rig.exchange(worker.port, raw)
    error = json.loads(body)["error"]
    return status, error["code"], error


async def test_what_a_caller_can_do_wrong_has_its_status_and_field(tmp_path: Path) -> None:
    """Unknown keys and apps, bad JSON, forbidden fields, missing units and variables: named, with the remedy."""
    versions = {rig.LIVE: rig.VARIABLE_VERSION, rig.CANDIDATE: rig.version(rig.CANDIDATE, "assistant-2026-W47-2")}
    apps = {
        "assistant": App(name="assistant", live=rig.LIVE),
        "plain": App(name="plain", live=rig.CANDIDATE),
        "empty": App(name="empty"),
    }
    build = partial(rig.snapshot, versions=versions, apps=apps)
    plain = rig.question() | {"model": "plain"}
    nobody = {key: value for key, value in plain.items() if key != "user"}
    cases: list[tuple[bytes, int, str, str | None]] = [
        (rig.chat(plain, key=None), 401, "invalid_api_key", None),
        (rig.chat(plain, key="sk-wrong"), 401, "invalid_api_key", None),
        (rig.chat(plain, key=rig.NARROW_KEY), 403, "app_not_allowed", "model"),
        (rig.chat(plain | {"model": "nobody"}), 404, "model_not_found", "model"),
        (rig.chat(plain | {"model": 3}), 400, "model_missing", "model"),
        (rig.chat(plain | {"model": "empty"}), 503, "no_live_version", "model"),
        (rig.chat(b'{"model": "plain",\n oops}'), 400, "invalid_json", None),
        (rig.chat(b'{"model": "\xff\xfe"}'), 400, "invalid_json", None),
        (rig.chat(b'{"model": "\\ud800"}'), 400, "invalid_json", None),
        (rig.chat(b"[" * 100_000), 400, "invalid_json", None),
        (rig.chat(b"[]"), 400, "invalid_json", None),
        (rig.chat(b""), 400, "invalid_json", None),
        (rig.chat(plain | {"stream": "yes"}), 400, "invalid_value", "stream"),
        (rig.chat(plain | {"user": 3}), 400, "invalid_value", "user"),
        (rig.chat(plain | {"temperature": 1}), 400, "invalid_input", "temperature"),
        (rig.chat(plain | {"messages": []}), 400, "invalid_input", "messages"),
        (rig.chat(plain | {"messages": [{"role": "system", "content": "x"}]}), 400, "invalid_input", "messages[0]"),
        (rig.chat(nobody), 422, "unit_missing", "user"),
        (rig.chat(plain, "x-serinus-conversation: nonsense"), 400, "invalid_conversation", "x-serinus-conversation"),
        (rig.chat(rig.question()), 422, "template_error", "variables.city"),
        (rig.chat(rig.question(variables={"city": "a", "x": 1})), 422, "template_error", "variables.x"),
    ]
    async with rig.rig(tmp_path, build) as (worker, upstream):
        for raw, status, code, param in cases:
            found = await refused(worker, raw)
            assert found[:2] == (status, code), found
            assert found[2]["param"] == param
        assert "line 2, column 2" in (await refused(worker, cases[6][0]))[2]["message"]
        assert "byte 11" in (await refused(worker, cases[7][0]))[2]["message"]
        assert upstream.seen == []
        good = rig.chat(rig.question(variables={"city": "Bern"}))
        assert (await rig.exchange(worker.port, good))[0] == 200


async def test_paths_and_methods_have_their_status(tmp_path: Path) -> None:
    """404 for what is not there, 405 with `allow` for the wrong method, HEAD without a body."""
    async with rig.rig(tmp_path) as (worker, _):
        assert (await rig.get(worker.port, "/v1/nothing"))[0] == 404
        status, headers, _ = await rig.get(worker.port, "/v1/chat/completions")
        assert (status, headers["allow"]) == (405, "POST")
        status, headers, _ = await rig.get(worker.port, "/v1/models", method="DELETE")
        assert (status, headers["allow"]) == (405, "GET, HEAD")
        assert (await rig.get(worker.port, "/live", method="BREW"))[0] == 405
        assert await rig.get(worker.port, "/live", method="HEAD")
        assert (await rig.get(worker.port, "/models/assistant"))[0] == 200
        assert (await rig.get(worker.port, "/models/nobody"))[0] == 404
        assert (await rig.get(worker.port, "/v1/models", key="wrong"))[0] == 401
        narrow = json.loads((await rig.get(worker.port, "/v1/models", key=rig.NARROW_KEY))[2])
        assert narrow["data"] == []


async def test_units_come_from_the_documented_places_in_order(tmp_path: Path) -> None:
    """The header wins, then safety_identifier, user, metadata.user_id, Claude Code's session; each is one unit."""
    anonymous = {"model": "assistant", "messages": [{"role": "user", "content": "hi"}]}
    asks = [
        rig.chat(anonymous | {"user": "other", "safety_identifier": "other"}, "x-serinus-unit: ann"),
        rig.chat(anonymous | {"user": "other", "safety_identifier": "ann"}),
        rig.chat(anonymous | {"user": "ann", "metadata": {"user_id": "other"}}),
        rig.chat(anonymous | {"metadata": {"user_id": "ann"}}, "x-claude-code-session-id: other"),
        rig.chat(anonymous, "x-claude-code-session-id: ann"),
    ]
    async with rig.rig(tmp_path) as (worker, _):
        for raw in asks:
            assert (await rig.exchange(worker.port, raw))[0] == 200
        assert len(rig.units(worker)) == 1


async def test_callers_without_a_unit_fare_as_the_app_says(tmp_path: Path) -> None:
    """`user`: a conversation id is enough; `refuse`: it is not; `request`: each call is its own unit, and a returned
    token makes the next call the same one. Never one bucket for all."""
    anonymous = {"messages": [{"role": "user", "content": "hi"}]}
    session = {"metadata": {"session_id": "s"}}
    apps = {name: App(name=name, live=rig.LIVE, unit=name) for name in ("user", "refuse", "request")}  # type: ignore[arg-type]
    async with rig.rig(tmp_path, partial(rig.snapshot, apps=apps)) as (worker, _):
        statuses = {}
        for name in apps:
            for extra in ({}, session):
                raw = rig.chat(anonymous | extra | {"model": name})
                statuses[name, bool(extra)] = (await rig.exchange(worker.port, raw))[0]
        assert statuses == {
            ("user", False): 422,
            ("user", True): 200,
            ("refuse", False): 422,
            ("refuse", True): 422,
            ("request", False): 200,
            ("request", True): 200,
        }
        before = len(rig.units(worker))
        _, headers, _ = await rig.exchange(worker.port, rig.chat(anonymous | {"model": "request"}))
        token = f"x-serinus-conversation: {headers['x-serinus-conversation']}"
        _, again, _ = await rig.exchange(worker.port, rig.chat(anonymous | {"model": "request"}, token))
        assert again["x-serinus-conversation"] == headers["x-serinus-conversation"]
        assert len(rig.units(worker)) == before + 1


async def test_a_body_above_the_limit_is_refused_unread(tmp_path: Path) -> None:
    """100 MB are announced, 413 comes before they are sent, and also when the client sends on regardless."""
    async with rig.rig(tmp_path) as (worker, _):
        head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: 104857600\r\n\r\n"
        assert (await refused(worker, head))[:2] == (413, "body_too_large")
        assert (await refused(worker, head + b"x" * 3_000_000))[:2] == (413, "body_too_large")
        small = App(name="assistant", live=rig.LIVE, limits=Limits(body_bytes=1000))
        large = App(name="large", live=rig.LIVE)
        worker.host.publish(rig.snapshot(9, revision=2, apps={"assistant": small, "large": large}))
        await worker.until_acked(2)
        assert (await refused(worker, rig.chat(rig.question("x" * 2000))))[:2] == (413, "body_too_large")


async def test_smuggled_requests_reach_nobody(tmp_path: Path) -> None:
    """A request hidden behind ambiguous framing gets one 400 and a closed connection."""
    hidden = rig.chat(rig.question("hidden"))
    async with rig.rig(tmp_path) as (worker, upstream):
        for lines in (
            b"content-length: 4\r\ntransfer-encoding: chunked",
            b"transfer-encoding: chunked\r\ntransfer-encoding: identity",
            b"content-length: 0\r\ncontent-length: 44",
            b"content-length : 0",
        ):
            raw = b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\n" + lines + b"\r\n\r\n0\r\n\r\n" + hidden
            reader, writer = await asyncio.open_connection("127.0.0.1", worker.port)
            writer.write(raw)
            status, _, _ = await rig.answer(reader)
            assert status == 400
            assert await asyncio.wait_for(reader.read(), rig.DEADLINE_S) == b""
            writer.close()
        assert upstream.seen == []


async def test_pipelined_and_waiting_clients_are_served(tmp_path: Path) -> None:
    """Requests sent at once are answered in order; `Expect: 100-continue` is answered before the body."""
    async with rig.rig(tmp_path) as (worker, upstream):
        reader, writer = await asyncio.open_connection("127.0.0.1", worker.port)
        writer.write(b"".join(rig.chat(rig.question(f"q{n}"), close=False) for n in range(3)))
        for _ in range(3):
            assert (await rig.answer(reader))[0] == 200
        assert [seen["messages"][-1]["content"] for seen in upstream.seen] == ["q0", "q1", "q2"]
        raw = rig.chat(rig.question(), "expect: 100-continue", close=False)
        head, _, body = raw.partition(b"\r\n\r\n")
        writer.write(head + b"\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(body)
        assert (await rig.answer(reader))[0] == 200
        writer.close()


async def test_odd_values_in_any_field_get_an_answer_and_break_nothing(tmp_path: Path) -> None:
    """Five hundred bodies with values of the wrong type or size: 200 or a 4xx, never a dropped connection."""
    values: list[Any] = [None, [], {}, "x", 3, 1.5, True, [[]], {"a": []}, "\0", "é" * 10, 10**30, [None]]
    fields = ["model", "messages", "stream", "user", "metadata", "variables", "stream_options", "safety_identifier"]
    rng = random.Random(4)
    async with rig.rig(tmp_path) as (worker, _):
        for _ in range(500):
            body = rig.question() | {field: rng.choice(values) for field in rng.sample(fields, rng.randint(0, 2))}
            if rng.random() < 0.3:
                body["metadata"] = {rng.choice(["user_id", "session_id", "variables", "z"]): rng.choice(values)}
            if rng.random() < 0.3:
                body["messages"] = [{"role": rng.choice([*values, "user"]), "content": rng.choice(values)}]
            status, _, _ = await rig.exchange(worker.port, rig.chat(body))
            assert status in (200, 400, 404, 422), body
        assert '"failure"' not in worker.log
