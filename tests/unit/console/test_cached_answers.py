"""Cached answers on the console: proposed on a call's page, approved and removed on the app's list."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from serinus.adapters.clock import SystemClock
from serinus.adapters.event_log import ParquetLog
from serinus.adapters.parquet_search import ParquetSearch, ReadLimits
from serinus.adapters.payload_files import PayloadFiles
from serinus.control.configure_app import configure_app
from serinus.control.propose_answer import propose_text
from serinus.core.pipeline.app import CachedFallback
from serinus.core.pipeline.stored_answer import StoredAnswer
from serinus.core.records import call_id
from serinus.core.records.call import row
from serinus.core.records.payload import LoggedPayload
from serinus.core.routing.assignment import Arm
from serinus.ports.control_store import Page
from serinus.ports.event_log import LogBatch
from serinus.ports.payloads import PayloadBatch
from tests.fake_workers import KEY, ManualClock, end
from tests.fake_workers import START_US as CALLED_US

from .conftest import START_US, Console, made
from .test_pages import HOSTILE

LIST = "/apps/bot/cached-answers"


def declared(console: Console) -> None:
    """The app with a live version and cached answers."""
    console.started()
    with console.control.tx() as tx:
        state = tx.app("bot")
    assert state is not None
    config = msgspec.structs.replace(
        state.config, fallback_message="Later.", fallback_cached=CachedFallback(after_s=5.5), hand_off_message=HOSTILE
    )
    configure_app(console.control, START_US, "ada", config)


def proposed(console: Console) -> StoredAnswer:
    declared(console)
    return propose_text(console.control, START_US, f"ada {HOSTILE}", "bot", f"Where? {HOSTILE}", HOSTILE, "")[0]


def entries(console: Console) -> list[StoredAnswer]:
    with console.control.tx() as tx:
        return tx.stored_answers(Page(limit=9), "bot")[0]


def test_J5_the_list_shows_what_waits_and_hostile_texts_stay_text(console: Console) -> None:
    """With the buttons of the visitor's roles; who may not read texts does not see them."""
    one = proposed(console)
    page = console.browser("quality_lead").page(LIST)
    assert "<script>alert" not in page
    for part in ("Where?", "75 %", "5.5", "1 wait for approval", f"{LIST}/{one.id}/approve", f"{LIST}/{one.id}/remove"):
        assert part in page
    looked = console.browser("ml_engineer").page(LIST)
    assert f"{LIST}/{one.id}/approve" not in looked
    assert console.browser("viewer").get(LIST).status_code == 403
    app = console.browser("viewer").page("/apps/bot")
    assert "75 %" in app
    assert LIST not in app
    assert "<script>alert" not in app
    assert LIST in console.browser("reviewer").page("/apps/bot")


def test_J5_approving_shows_the_whole_text_and_asks_for_a_reason(console: Console) -> None:
    """Then it is approved by name; removing takes it out."""
    one = proposed(console)
    browser = console.browser("quality_lead", name="quinn")
    path = f"{LIST}/{one.id}/approve"
    assert "Where?" in browser.page(path)
    assert browser.submit(path, reason="").status_code == 422
    response = browser.submit(path, reason="checked")
    assert response.headers["location"] == f"{LIST}?done=approve_answer"
    assert entries(console)[0].approved_by.startswith("quinn")
    shown = browser.page(response.headers["location"])
    assert "The answer is approved" in shown
    assert path not in shown
    assert console.browser("ml_engineer").get(path).status_code == 403
    removed = browser.submit(f"{LIST}/{one.id}/remove", reason="moved")
    assert removed.headers["location"] == f"{LIST}?done=remove_answer"
    assert entries(console) == []
    assert browser.get(f"{LIST}/{one.id}/approve").status_code == 404


def test_J5_a_list_without_a_declaration_says_what_to_declare(console: Console) -> None:
    """And an empty one how it is filled."""
    console.started()
    page = console.browser("reviewer").page(LIST)
    assert "fallback_cached" in page
    assert "serinus cache propose" in page


@pytest.mark.parametrize("asked", ["How do I pay?", "I am [email]"])
def test_J5_a_call_is_proposed_from_its_page(tmp_path: Path, asked: str) -> None:
    """If it can stand for others; else the refusal says why."""
    texts = PayloadFiles(tmp_path, SystemClock())
    console = made(ParquetSearch(tmp_path, ReadLimits()), payloads=texts)
    declared(console)
    with console.control.tx() as tx:
        state = tx.app("bot")
    assert state is not None
    assert state.live is not None
    raw = call_id.make(KEY, b"bot", CALLED_US // 1000, bytes(5), bytes(16), Arm.REST, -1, b"\x11" * 8)
    call = msgspec.structs.replace(row(end(raw, ManualClock(), 0), "h"), app="bot", version=state.live, finish="stop")
    log = ParquetLog(tmp_path)
    spool = f"{'0' * 32}-00000000"
    log.write(LogBatch(spool=spool, start=64, end=100, rows=[call]))
    kept = LoggedPayload(
        call=call.call, app="bot", unit="11" * 8, at_us=CALLED_US, cut=False,
        request=msgspec.json.encode({"messages": [{"role": "user", "content": asked}], "variables": None}).decode(),
        answer=msgspec.json.encode({"texts": ["By card."], "tools": []}).decode(),
    )  # fmt: skip
    log.write_payloads(PayloadBatch(spool=spool, start=64, end=100, rows=[kept]))
    browser = console.browser("ml_engineer")
    assert "Answered by a fallback" not in browser.page(LIST)
    assert f"/calls/{call.call}/cache" in browser.page(f"/calls/{call.call}")
    response = browser.submit(f"/calls/{call.call}/cache", reason="asked daily")
    if asked == "How do I pay?":
        assert response.headers["location"].endswith("?done=propose_answer")
        (one,) = entries(console)
        assert (one.question, one.answer, one.why, one.call) == (asked, "By card.", "asked daily", call.call)
    else:
        assert response.status_code == 409
        assert "something personal" in response.text
        assert entries(console) == []
    for client in console.open:
        client.close()


def test_J5_the_list_counts_what_each_rung_answered(tmp_path: Path) -> None:
    """Of the last day, each with a link to its calls."""
    console = made(ParquetSearch(tmp_path, ReadLimits()), payloads=PayloadFiles(tmp_path, SystemClock()))
    declared(console)
    raws = [call_id.make(KEY, b"bot", 1, bytes([n] * 5), bytes(16), Arm.REST, -1, bytes(8)) for n in range(3)]
    calls = [
        msgspec.structs.replace(row(end(raw, ManualClock(), 0), "h"), app="bot", rung=rung, at_us=START_US)
        for raw, rung in zip(raws, ("cache", "cache", "none"), strict=True)
    ]
    ParquetLog(tmp_path).write(LogBatch(spool=f"{'0' * 32}-00000000", start=64, end=100, rows=calls))
    page = console.browser("reviewer").page(LIST)
    assert '/calls?app=bot&amp;rung=cache">cache 2</a>' in page
    assert "rung=none" not in page
    for client in console.open:
        client.close()
