"""Callers and providers that do everything wrong, through a whole Serinus: clear errors, no call lost, nobody dead."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from serinus.core.errors import SerinusError
from serinus.core.records.call import Call
from tests.process.live_rig import APP, FAST, MODEL, Live, plan

pytestmark = pytest.mark.process
LIMITS = {"connect_s": 1, "first_token_s": 1, "between_tokens_s": 1, "total_s": 10, "answer_bytes": 4 << 20}
LARGE = 100 << 20
ASK = [{"role": "user", "content": "Where is my order?"}]

# What the provider does → status, error in the call log: of whole answers, and of streams without a good first byte.
FAULTS = {
    "500": (500, "upstream_status"),
    "503": (503, "upstream_status"),
    "429": (429, "rate_limited"),
    "hang": (504, "upstream_timeout"),
    "garbage": (502, "upstream_garbage"),
    "garbage_head": (502, "upstream_garbage"),
    "gzip": (502, "upstream_garbage"),
    "http10": (200, "none"),
    "cut:3": (502, "upstream_cut"),
    "reset:3": (502, "upstream_cut"),
}
CUTS = ("cut:3", "reset:3")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One running Serinus for all of it: nothing of it may break what follows."""
    with Live(tmp_path_factory.mktemp("live")) as made:
        made.start(plan(), endpoint={"breaker": {"failures": 0}}, limits=LIMITS)
        yield made


class Caller:
    """Somebody with a key, who keeps what each answer told of its call."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self.told: dict[str, int] = {}

    def call(self, body: Any, **headers: str) -> tuple[int, bytes]:
        """Status and body of an answer, on a connection of its own; of a cut one what had come."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        url = f"http://127.0.0.1:{self._live.port}/v1/chat/completions"
        known = {"authorization": f"Bearer {self._live.key}", "content-type": "application/json"} | headers
        parts = []
        with (
            httpx.Client(timeout=30, trust_env=False) as client,
            client.stream("POST", url, content=raw, headers=known) as answer,
        ):
            if "x-request-id" in answer.headers:
                self.told[answer.headers["x-request-id"]] = answer.status_code
            with contextlib.suppress(httpx.RemoteProtocolError):  # cut: that is what is looked at
                parts.extend(answer.iter_raw())
        return answer.status_code, b"".join(parts)

    def ask(self, **changes: Any) -> tuple[int, bytes]:
        """Call the app."""
        return self.call({"model": APP, "user": "ann", "messages": ASK, **changes})

    def recorded(self) -> dict[str, Call]:
        """The rows of all told calls, once each is there; every one is there once."""
        assert self._live.stack.wait(lambda: set(self.told) <= {call.call for call in self._live.stack.calls()})
        calls = self._live.stack.calls()
        assert max(Counter(call.call for call in calls).values()) == 1
        return {call.call: call for call in calls if call.call in self.told}


def error_of(body: bytes) -> dict[str, Any]:
    """The error in OpenAI's form, with all its fields."""
    error: dict[str, Any] = json.loads(body)["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"]
    return error


def alive(live: Live) -> bool:
    """Whether the workers of the start still run."""
    return all(Path(f"/proc/{pid}").exists() for pid in live.gateway.ready["workers"])


def test_what_callers_do_wrong_is_refused_by_name(live: Live) -> None:
    """Each error has its status, its code and the field it is about; good calls go on in between."""
    caller = Caller(live)
    good = {"model": APP, "user": "ann", "messages": ASK}
    cases: list[tuple[Any, dict[str, str], int, str, str | None]] = [
        (good | {"model": "nobody"}, {}, 404, "model_not_found", "model"),
        (good, {"authorization": "Bearer sk-wrong"}, 401, "invalid_api_key", None),
        (b'{"model": "shop", oops}', {}, 400, "invalid_json", None),
        (b'{"model": "shop", "user": "\xff\xfe"}', {}, 400, "invalid_json", None),
        ({"model": APP, "messages": ASK}, {}, 422, "unit_missing", "user"),
        (good | {"temperature": 2}, {}, 400, "invalid_input", "temperature"),
    ]
    for body, headers, status, code, param in cases:
        found, raw = caller.call(body, **headers)
        error = error_of(raw)
        assert (found, error["code"], error["param"]) == (status, code, param), raw
        assert caller.ask()[0] == 200
    assert alive(live)
    assert len(caller.recorded()) == len(caller.told)
    assert set(Counter(call.status for call in caller.recorded().values())) <= {200, 400, 422}


def test_a_hundred_megabytes_are_refused_without_being_read(live: Live) -> None:
    """413 comes while the body is still being sent, a client that sends all of it first gets it too, and no worker has
    grown by it."""
    before = {pid: rss_bytes(pid) for pid in live.gateway.ready["workers"]}
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {live.key}\r\n"
    head += f"content-length: {LARGE}\r\n\r\n"
    sent = 0
    with socket.create_connection(("127.0.0.1", live.port), timeout=20) as connection:
        connection.sendall(head.encode())
        while sent < LARGE and not select.select([connection], [], [], 0)[0]:
            sent += connection.send(b"x" * 65536)
        answer = connection.recv(65536)
    assert sent < LARGE / 2
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert error_of(answer.partition(b"\r\n\r\n")[2])["code"] == "body_too_large"
    status, raw = Caller(live).call(b"x" * LARGE)
    assert (status, error_of(raw)["code"]) == (413, "body_too_large")
    assert all(rss_bytes(pid) - before[pid] < 20 << 20 for pid in before)
    assert Caller(live).ask()[0] == 200


def rss_bytes(pid: int) -> int:
    """Memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_what_a_provider_does_wrong_is_told_and_recorded_once(live: Live) -> None:
    """Errors, silence, garbage, gzip and HTTP/1.0: the right status in OpenAI's form, whole and streamed, and one row
    each in the call log that says what it was. A cut stream ends with an error and never with `[DONE]`."""
    caller = Caller(live)
    expected: dict[str, str] = {}
    for fault, (status, error) in FAULTS.items():
        for stream in (False, True):
            if stream and fault in CUTS:
                continue
            found, raw = caller.ask(stream=stream, metadata={"sim_fault": fault})
            assert found == status, (fault, stream, raw)
            if status != 200:
                error_of(raw)
            expected[list(caller.told)[-1]] = error
    for fault in CUTS:
        found, raw = caller.ask(stream=True, metadata={"sim_fault": fault})
        assert (found, b"[DONE]" in raw) == (200, False)
        error_of(raw.strip().rpartition(b"data: ")[2])
        expected[list(caller.told)[-1]] = "upstream_cut"
    assert caller.ask(metadata={"sim_fault": "huge:8"})[0] == 502
    recorded = caller.recorded()
    assert {id: recorded[id].error for id in expected} == expected
    assert {id: recorded[id].status for id in caller.told} == caller.told
    assert caller.ask()[0] == 200
    assert alive(live)


def test_a_provider_that_is_down_and_comes_back_needs_no_restart_of_ours(live: Live) -> None:
    """While it is down callers get 502 at once; when it listens again calls go through the same workers."""
    caller = Caller(live)
    assert caller.ask()[0] == 200
    live.provider.kill()
    began = time.monotonic()
    statuses = {caller.ask(stream=stream)[0] for stream in (False, True)}
    assert statuses == {502}
    assert time.monotonic() - began < 10
    live.provider = live.stack.provider(*FAST, "--port", str(live.provider.ready["port"]))
    assert live.stack.wait(lambda: caller.ask()[0] == 200)
    recorded = caller.recorded()
    assert {id: recorded[id].status for id in caller.told} == caller.told
    assert {call.error for call in recorded.values() if call.status == 502} == {"upstream_connect"}
    assert alive(live)


def test_a_candidate_that_wants_a_new_variable_refuses_nobody(live: Live) -> None:
    """Its users are answered by the baseline, and their calls are on record as the version's fault, once each."""
    declared = {"city": {"type": "string"}}
    id = live.release(live.push("You are a shop in {{ city }}.", variables=declared))
    caller = Caller(live)

    def met() -> bool:
        status, _ = caller.ask(user=f"user-{len(caller.told)}-{time.monotonic_ns()}")
        assert status == 200
        return any(call.arm == "candidate" for call in live.stack.calls() if call.call in caller.told)

    assert live.stack.wait(met)
    live.api("POST", f"/releases/{id}/abort", {"reason": "test"})
    live.stack.wait_release(id, "aborted")
    served = [call for call in caller.recorded().values() if call.arm == "candidate"]
    assert {(call.error, call.rung, "call.error" in call.events) for call in served} == {("template", "baseline", True)}


def test_a_version_that_cannot_be_served_is_refused_at_the_push(live: Live, tmp_path: Path) -> None:
    """The command line names file, line, what and how to mend it; the API refuses an undeclared variable too."""
    file = tmp_path / "broken.md"
    file.write_text("---\nmodel: sim-large\nendpoint: main\ntemprature: 1\n---\n# system\nHi {{ city }}\n", "utf-8")
    told = live.run_cli("push", APP, str(file))
    assert told.returncode != 0
    assert "broken.md:4" in told.stderr
    assert "unknown key `temprature`" in told.stderr
    assert "mend:" in told.stderr
    with pytest.raises(SerinusError, match="city"):
        live.push("Hi {{ city }}.", MODEL)
