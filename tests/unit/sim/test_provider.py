"""The simulated provider without a socket."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from serinus.sim.behaviour import Behaviour
from serinus.sim.chat import parse_chat
from serinus.sim.connection import HttpRequest
from serinus.sim.faults import FaultRule
from serinus.sim.provider import Provider, Settings, truth


class Told:
    """Status, headers and body of a script's bytes (not chunked)."""

    def __init__(self, provider: Provider, method: str, path: str, body: bytes = b"", **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = HttpRequest(method=method, path=path, headers=named, body=body, keep_alive=True, http10=False)
        script = provider.respond(request)
        head, _, self.body = b"".join(data for _, data in script.steps).partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        self.status = int(status.split()[1])
        self.headers = dict(line.split(": ", 1) for line in lines)

    @property
    def json(self) -> Any:
        """The body parsed."""
        return orjson.loads(self.body)


def chat(**fields: Any) -> bytes:
    """A chat request."""
    return orjson.dumps({"model": "sim-large", "messages": [{"role": "user", "content": "Hello"}], **fields})


def provider(now_s: list[float] | None = None, **settings: Any) -> Provider:
    """A provider whose clock shows the first number of `now_s`."""
    shown = now_s or [0.0]
    return Provider(Settings(**settings), lambda: shown[0])


def test_an_answer_tells_its_truth() -> None:
    """`x-sim-truth` names for each choice the flaws that the behaviour drew."""
    body = chat(n=16, model="sim-small", temperature=2)
    outcomes = Behaviour(1).outcomes(parse_chat(body))
    told = Told(provider(), "POST", "/v1/chat/completions", body)
    assert told.headers["x-sim-truth"] == ";".join(truth(outcome) for outcome in outcomes)
    assert len({outcome.text for outcome in outcomes}) > 1


def test_the_same_request_gets_the_same_bytes_but_for_its_request_id() -> None:
    """Whatever was asked before."""
    one, other = provider(), provider()
    Told(other, "POST", "/v1/chat/completions", chat(user="before"))
    first, second = (Told(each, "POST", "/v1/chat/completions", chat()) for each in (one, other))
    assert first.body == second.body
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/models", 200),
        ("GET", "/models", 200),
        ("GET", "/v1/models/sim-large", 200),
        ("GET", "/sim/stats", 200),
        ("DELETE", "/sim/stats", 200),
        ("GET", "/sim/faults", 200),
        ("GET", "/v1/chat/completions", 404),
        ("POST", "/v1/embeddings", 404),
        ("PUT", "/sim/faults", 404),
    ],
)
def test_paths_are_known_or_refused(method: str, path: str, status: int) -> None:
    """Everything else is a 404 in OpenAI's form."""
    told = Told(provider(), method, path)
    assert told.status == status
    assert status == 200 or told.json["error"]["code"] == "unknown_url"


@pytest.mark.parametrize(("given", "status"), [("Bearer right", 200), ("Bearer wrong", 401), ("", 401)])
def test_a_key_is_asked_for_when_one_is_set(given: str, status: int) -> None:
    """401 in OpenAI's form for any other."""
    told = Told(provider(api_key="right"), "POST", "/v1/chat/completions", chat(), authorization=given)
    assert told.status == status
    assert status == 200 or told.json["error"]["code"] == "invalid_api_key"


def test_rules_can_be_set_seen_and_cleared_at_run_time() -> None:
    """POST replaces, GET shows, DELETE clears; a bad document changes nothing."""
    running = provider(faults=(FaultRule(kind="500"),))
    assert Told(running, "POST", "/v1/chat/completions", chat()).status == 500
    assert Told(running, "POST", "/sim/faults", b'{"rules": [{"kind": "429", "value": 7}]}').status == 200
    told = Told(running, "POST", "/v1/chat/completions", chat())
    assert (told.status, told.headers["retry-after"]) == (429, "7")
    assert Told(running, "POST", "/sim/faults", b'{"rules": [{"kind": "x"}]}').status == 400
    assert Told(running, "POST", "/sim/faults", b"{").status == 400
    assert Told(running, "GET", "/sim/faults").json["rules"][0]["kind"] == "429"
    assert Told(running, "DELETE", "/sim/faults").json == {"rules": []}
    assert Told(running, "POST", "/v1/chat/completions", chat()).status == 200


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        ({"model": "sim-large+503"}, {}),
        ({"metadata": {"sim_fault": "503"}}, {}),
        ({}, {"x_sim_fault": "503"}),
    ],
)
def test_a_fault_can_be_demanded_for_one_request(fields: dict[str, Any], headers: dict[str, str]) -> None:
    """By model suffix, metadata or header."""
    assert Told(provider(), "POST", "/v1/chat/completions", chat(**fields), **headers).status == 503


def test_an_unknown_demand_is_refused_with_the_known_kinds() -> None:
    """400 that lists what there is."""
    told = Told(provider(), "POST", "/v1/chat/completions", chat(model="sim-large+nope"))
    assert told.status == 400
    assert "hang" in told.json["error"]["message"]


def test_the_counts_agree_with_the_truths() -> None:
    """`/sim/stats` adds up what the headers told, by model and by prompt, faults apart."""
    running = provider()
    told = [Told(running, "POST", "/v1/chat/completions", chat(user=str(n), temperature=2)) for n in range(300)]
    Told(running, "POST", "/v1/chat/completions", chat(model="sim-large+500"))
    flaws = [name for answer in told for name in answer.headers["x-sim-truth"].split(",") if name != "none"]
    counts = Told(running, "GET", "/sim/stats").json
    group = counts["models"]["sim-large"]
    assert group["flaws"] == {name: flaws.count(name) for name in set(flaws)}
    assert (counts["requests"], group["requests"], group["answers"], counts["faults"]) == (301, 301, 300, {"500": 1})
    assert list(counts["prompts"].values()) == [group]


def test_a_rate_limit_is_told_and_kept() -> None:
    """The headers count down; above the limit 429 with `retry-after`; a minute later it is open again."""
    now_s = [0.0]
    running = provider(now_s, requests_per_minute=2)
    answers = [Told(running, "POST", "/v1/chat/completions", chat()) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert [answer.headers["x-ratelimit-remaining-requests"] for answer in answers] == ["1", "0", "0"]
    assert answers[2].headers["retry-after"] == "60"
    now_s[0] = 60.0
    assert Told(running, "POST", "/v1/chat/completions", chat()).status == 200
