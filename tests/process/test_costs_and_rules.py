"""Cost, policy rules and kept texts of real calls, in real processes."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.process.live_rig import APP, Live, plan

pytestmark = pytest.mark.process
PRICES = {"sim-large": {"input": 2_500_000_000, "output": 10_000_000_000, "cached": 1_250_000_000}}
RULE = {"name": "no_categories", "kind": "json_value", "key": "category"}
"""Only a version that answers in JSON breaks it."""
SECRET, MAIL = "my-zebra-is-called-otto", "otto@zebra.example"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A running Serinus whose tests declare what they need."""
    with Live(tmp_path_factory.mktemp("live")) as made:
        yield made.start(plan(), control=("--period-s", "0.2"))


def ask(live: Live, text: str, user: str = "ada", **body: Any) -> tuple[str, dict[str, Any]]:
    """(call id, the answer's JSON) of one call."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{live.port}/v1/chat/completions",
        data=json.dumps({"model": APP, "user": user, "messages": [{"role": "user", "content": text}], **body}).encode(),
        headers={"authorization": f"Bearer {live.key}", "content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.headers["x-request-id"], json.load(answer)


def told(live: Live, call: str) -> dict[str, Any]:
    """What the API says of a call, once it is in the log."""
    found: list[dict[str, Any]] = []

    def there() -> bool:
        found[:] = [one for one in live.api("GET", "/calls?limit=100")["items"] if one["id"] == call]
        return bool(found)

    assert live.stack.wait(there)
    return found[0]


def declare(live: Live, **app: Any) -> None:
    """Declare the app anew; every worker follows."""
    live.api("PUT", f"/apps/{APP}", {"plan": plan(), **app})
    newest = live.revision()
    assert live.stack.wait(lambda: live.all_follow(newest))


def price(live: Live) -> None:
    """Declare the endpoint with prices."""
    url = f"http://127.0.0.1:{live.provider.ready['port']}/v1"
    live.api("PUT", "/endpoints/main", {"base_url": url, "prices": PRICES})
    newest = live.revision()
    assert live.stack.wait(lambda: live.all_follow(newest))


def key_of(live: Live, role: str) -> str:
    """A new key with a role."""
    key: str = live.api("POST", "/keys", {"name": role, "roles": [role], "apps": []})["secret"]
    return key


def status(live: Live, method: str, path: str, key: str) -> int:
    """The status that a key gets."""
    request = urllib.request.Request(
        f"{live.stack.url}/api/v1{path}", method=method, headers={"authorization": f"Bearer {key}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def words_on_disk(root: Path, word: str) -> list[str]:
    """Files under a folder that hold a word, if only within compressed Parquet."""
    import duckdb

    found = []
    for path in root.rglob("*"):
        if path.is_file() and word.encode() in path.read_bytes():
            found.append(str(path))
        elif path.suffix == ".parquet":
            rows = duckdb.sql(f"SELECT * FROM read_parquet('{path}')").fetchall()
            found += [str(path)] if word in str(rows) else []
    return found


def test_O1_a_call_costs_its_tokens_times_its_price(live: Live) -> None:
    """To the nano-dollar, by the table that the record names; before the price was declared it was unknown."""
    before, _ = ask(live, "How long do refunds take?")
    price(live)
    call, answer = ask(live, "How long do refunds take?")
    usage = answer["usage"]
    expected = (usage["prompt_tokens"] * 2_500_000_000 + usage["completion_tokens"] * 10_000_000_000 + 500_000) // 10**6
    row = told(live, call)
    assert row["cost_nano_usd"] == expected > 0
    assert row["price_table"].startswith("project:")
    assert told(live, before)["cost_nano_usd"] is None
    assert live.cli("calls", "--limit", "1")["items"][0]["cost_nano_usd"] == expected


def test_J1_zero_tolerance_takes_a_candidate_back_within_seconds(live: Live) -> None:
    """The rule is judged on whole answers and on streams, of both arms; the calls that broke it are found by it."""
    declare(live, rules=[{**RULE, "zero_tolerance": True}])
    with live.users(rate=40):
        id = live.release(live.push("You are a shop. Answer in JSON."))
        release = live.stack.wait_release(id, "rolled_back", within_s=30)
    assert "which tolerates nothing, was broken by an answer of" in release["reason"], release["reason"]
    assert live.stack.wait(lambda: bool(live.api("GET", f"/calls?rule={RULE['name']}")["items"]))
    found = live.api("GET", f"/calls?rule={RULE['name']}&release={id}")["items"]
    assert "candidate" in {one["arm"] for one in found}
    assert all("call.zero_tolerance" in one["events"] for one in found)


def test_L3_texts_are_kept_only_when_asked_for_and_go_for_good(live: Live) -> None:
    """Nothing with a share of 0; redacted with one; read by role; erased by user beside an audit trail that holds."""
    folder, reviewer, viewer = live.stack.directory, key_of(live, "reviewer"), key_of(live, "viewer")
    silent, _ = ask(live, SECRET)
    told(live, silent)
    assert words_on_disk(folder, SECRET) == []
    declare(live, payload_share=1.0)
    kept, _ = ask(live, f"{SECRET}, write to {MAIL}", user="otto")
    other, _ = ask(live, "What is your phone number?", user="ada")
    told(live, kept)
    assert live.stack.wait(lambda: status(live, "GET", f"/texts/{other}", reviewer) == 200)
    texts = live.cli("calls", "show", kept, "--texts")["texts"]
    assert SECRET in texts["request"]
    assert "[email]" in texts["request"]
    assert json.loads(texts["answer"])["texts"][0]
    assert words_on_disk(folder, MAIL) == []
    assert status(live, "GET", f"/texts/{kept}", viewer) == 403
    assert status(live, "GET", f"/texts/{silent}", reviewer) == 404
    done = live.cli("calls", "erase", "--user", "otto", "-m", "request 4711")
    assert done["calls"] == 1
    assert status(live, "GET", f"/texts/{kept}", reviewer) == 404
    assert status(live, "GET", f"/texts/{other}", reviewer) == 200
    assert words_on_disk(live.stack.segments, SECRET) == []
    assert live.cli("audit", "verify")["faults"] == []
    trail = live.audit()
    assert "person:unit:erase" in [entry["action"] for entry in trail]
    read = [entry["subject"] for entry in trail if entry["action"] == "person:texts:read"]
    assert read.count(kept) == 1
    assert silent not in read
    assert SECRET not in json.dumps(trail)
    live.gateway.stop()
    assert words_on_disk(folder, SECRET) == []
