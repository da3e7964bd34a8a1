"""The call log over the API: found, shown, exported, and by whom."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from serinus.adapters.event_log import ParquetLog
from serinus.adapters.parquet_search import ParquetSearch, ReadLimits
from serinus.api.call_query import ArmName, ErrorName
from serinus.core.records import call_id
from serinus.core.records.call import Call, row
from serinus.core.records.record import ErrorClass, Event, Score
from serinus.core.records.score import conversation_text
from serinus.core.records.score import row as score_row
from serinus.core.routing.assignment import Arm
from serinus.core.routing.conversation import issue, number_of, pseudonym
from serinus.ports.event_log import LogBatch, ScoreBatch
from tests.fake_workers import APP, KEY, START_US, VERSION, ManualClock, end

from .conftest import Api

RELEASE = bytes.fromhex("018f0000000070008000000000000001")
TOKEN = issue(KEY, "bot", bytes(8), 3, bytes(5))
HOUR = "2025-11-24T16:00:"


def _raw(number: int, unit: bytes) -> bytes:
    return call_id.make(KEY, APP, START_US // 1000, number.to_bytes(5, "big"), RELEASE, 1 + number % 2, 0, unit)


def _call(number: int, unit: bytes) -> Call:
    clock = ManualClock()
    clock.advance(number)
    made = end(_raw(number, unit), clock, Event.ERROR if number == 4 else 0, latency_us=1000 * (number + 1))
    return row(made, "host-1")


@pytest.fixture
def log_api(api: Api, tmp_path: Path) -> Iterator[Api]:
    """An API that reads a log of ten calls, a second apart; the first two are Ada's, and she was not pleased."""
    with api.control.tx() as tx:
        ada = pseudonym(bytes.fromhex(tx.secrets().pseudonym_key), "ada")
    calls = [_call(number, ada if number < 2 else bytes(8)) for number in range(10)]
    log = ParquetLog(tmp_path)
    log.write(LogBatch(spool=f"{'0' * 32}-00000000", start=64, end=100, rows=calls))
    said = [
        Score(_raw(0, ada), START_US + 5, "feedback.thumbs_down", 10**6, "feedback", "k", "support-bot"),
        Score(_raw(0, ada), START_US + 6, "feedback.text", 0, "feedback", "k", "support-bot", 0, "<b>no</b>"),
    ]
    rows = [score_row(score, "host-1") for score in said]
    log.write_scores(ScoreBatch(spool=f"{'0' * 32}-00000000", start=64, end=100, rows=rows))
    search = ParquetSearch(tmp_path, ReadLimits())
    with api.with_parts(log=search) as made:
        yield made


def _found(api: Api, query: str = "") -> list[int]:
    """Numbers of the calls that a query finds."""
    items = api.ok("GET", f"/calls{query}")["items"]
    return [round(item["latency_s"] * 1000) - 1 for item in items]


def test_O1_a_call_is_shown_with_all_that_is_known_and_what_was_said(log_api: Api) -> None:
    """Identity, arm, times, outcome and scores; what nobody knows is null."""
    id = log_api.ok("GET", "/calls?user=ada&status=200")["items"][1]["id"]
    shown = log_api.ok("GET", f"/calls/{id}")
    assert (shown["id"], shown["app"], shown["arm"], shown["stratum"]) == (id, "support-bot", "candidate", 0)
    assert (shown["status"], shown["error"], shown["rung"], shown["finish"]) == (200, "none", "none", "stop")
    assert (shown["latency_s"], shown["first_token_s"], shown["tokens_cached"]) == (0.001, 0.0005, None)
    assert shown["at"] == f"{HOUR}00Z"
    assert shown["version"] == VERSION.hex()
    assert [(score["metric"], score["value"], score["text"]) for score in shown["scores"]] == [
        ("feedback.thumbs_down", 1.0, ""),
        ("feedback.text", 0.0, "<b>no</b>"),
    ]


def test_O3_calls_are_found_by_each_condition(log_api: Api) -> None:
    """Newest first; conditions add up; a unit is found by its own name, which is stored nowhere."""
    assert _found(log_api) == list(range(9, -1, -1))
    assert _found(log_api, "?user=ada") == [1, 0]
    assert _found(log_api, f"?unit={'00' * 8}&arm=control") == [9, 7, 5, 3]
    assert _found(log_api, "?event=call.error") == _found(log_api, "?event=call.error&app=support-bot") == [4]
    assert _found(log_api, "?event=feedback.thumbs_down") == _found(log_api, "?scored=true") == [0]
    assert _found(log_api, "?scored=false&limit=2") == [9, 8]
    assert _found(log_api, "?min_latency_s=0.0085") == [9, 8]
    assert _found(log_api, f"?from={HOUR}03Z&to=2025-11-24T17:00:05%2B01:00") == [4, 3]
    assert _found(log_api, f"?version={VERSION.hex()}&status=200&error=none&limit=1") == [9]
    assert _found(log_api, f"?conversation={conversation_text(7)}&limit=1") == [9]
    assert _found(log_api, f"?conversation={TOKEN}") == []
    assert _found(log_api, "?app=nobody") == _found(log_api, "?release=rel_0") == []
    assert number_of(TOKEN) != 7


def test_O3_pages_of_calls_follow_one_another(log_api: Api) -> None:
    """The cursor of a page leads to the next one, and is empty at the end."""
    seen, cursor = list[str](), ""
    for _ in range(4):
        found = log_api.ok("GET", f"/calls?limit=3&cursor={cursor}")
        seen += [item["id"] for item in found["items"]]
        cursor = found["next_cursor"]
    assert cursor == ""
    assert len(seen) == len(set(seen)) == 10


def test_O3_an_export_holds_what_the_search_finds(log_api: Api) -> None:
    """The same conditions, the columns of the event log, with a length that shows a cut."""
    response = log_api.ask("GET", "/calls/export?arm=candidate")
    assert response.headers["content-type"] == "application/jsonl"
    assert int(response.headers["content-length"]) == len(response.content)
    assert [json.loads(line)["latency_us"] for line in response.text.splitlines()] == [1000, 3000, 5000, 7000, 9000]
    parquet = log_api.ask("GET", "/calls/export?format=parquet&user=ada")
    assert parquet.content[:4] == parquet.content[-4:] == b"PAR1"
    assert 'filename="calls.parquet"' in parquet.headers["content-disposition"]
    scores = log_api.ask("GET", "/calls/export?table=scores&event=feedback.text&user=ada").text.splitlines()
    assert [json.loads(line)["text"] for line in scores] == ["<b>no</b>"]


@pytest.mark.parametrize(
    ("path", "status", "where"),
    [
        ("/calls?version=bot-2026-W47-1", 422, "version"),
        ("/calls?app=bot&version=bot-2026-W47-1", 404, "version"),
        ("/calls?user=ada&unit=00", 422, "user"),
        ("/calls?event=call.erorr", 422, "event"),
        ("/calls?conversation=abc", 422, "conversation"),
        ("/calls?arm=both", 422, "query.arm"),
        ("/calls?error=mine", 422, "query.error"),
        ("/calls?from=2025-11-24T16:00:00", 422, "query.from"),
        ("/calls?min_latency_s=NaN", 422, "query.min_latency_s"),
        ("/calls?cursor=17", 422, "cursor"),
        ("/calls?limit=201", 422, "query.limit"),
        ("/calls/call_x", 422, "call_id"),
        ("/calls/export?format=csv", 422, "query.format"),
        ("/calls/export?table=scores&status=200", 422, "status"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_its_field(log_api: Api, path: str, status: int, where: str) -> None:
    """A problem document that names the field."""
    response = log_api.ask("GET", path)
    assert (response.status_code, response.json()["where"]) == (status, where)


def test_an_unknown_call_is_not_found(log_api: Api) -> None:
    """With the reason that is most likely: it has just ended."""
    response = log_api.ask("GET", f"/calls/{call_id.text(_raw(77, bytes(8)))}")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert "some seconds" in response.json()["mend"]


def test_without_a_log_the_routes_say_how_to_get_one(api: Api) -> None:
    """503, and what to start it with."""
    for path in ("/calls", "/calls/export", f"/calls/{call_id.text(_raw(1, bytes(8)))}"):
        response = api.ask("GET", path)
        assert (response.status_code, response.json()["code"]) == (503, "store_unavailable")
        assert "--segments" in response.json()["mend"]


def test_G1_calls_are_not_for_everybody_who_looks(log_api: Api) -> None:
    """A viewer sees none, a reviewer cannot take them along."""
    viewer, reviewer = log_api.key("viewer"), log_api.key("reviewer")
    assert log_api.ask("GET", "/calls", key=viewer).status_code == 403
    assert log_api.ask("GET", "/calls", key=reviewer).status_code == 200
    assert log_api.ask("GET", "/calls/export", key=reviewer).status_code == 403
    assert log_api.ask("GET", "/calls/export", key="").status_code == 401


def test_a_question_that_takes_too_long_is_a_504(log_api: Api, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It says to ask for less; no retry is asked for."""
    monkeypatch.setattr(
        "serinus.adapters.parquet_search.calls_statement",
        lambda *_: ("SELECT count(*) FROM range(1000000) a, range(1000000) b", {}),
    )
    search = ParquetSearch(tmp_path, ReadLimits(query_s=0.5))
    with log_api.with_parts(log=search) as made:
        response = made.ask("GET", "/calls")
    assert (response.status_code, response.json()["code"]) == (504, "query_limit")
    assert "retry-after" not in response.headers


def test_the_words_of_the_query_are_those_of_the_records() -> None:
    """An arm or error that is added can be asked for."""
    assert set(get_args(ArmName)) == {arm.label for arm in Arm}
    assert set(get_args(ErrorName)) == {error.name.lower() for error in ErrorClass}


def test_E3_the_worst_calls_are_one_page(log_api: Api) -> None:
    """Only shadow calls that were worse; what contradicts that is refused by name."""
    page = log_api.ok("GET", "/calls?order=worst")
    assert (page["items"], page["next_cursor"]) == ([], "")
    for field, text in (("cursor", "1.call_x"), ("worse", "false")):
        refused = log_api.ask("GET", f"/calls?order=worst&{field}={text}")
        assert refused.status_code == 422
        assert refused.json()["where"] == field
