"""The call log on the console: found, shown, and by whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from serinus.adapters.event_log import ParquetLog
from serinus.adapters.parquet_search import ParquetSearch, ReadLimits
from serinus.core.records import call_id
from serinus.core.records.call import row
from serinus.core.records.record import Event, Rung, Score
from serinus.core.records.score import row as score_row
from serinus.core.records.suspicion import VIOLATION, suspicion_id
from serinus.core.release.suspicion import Suspicion
from serinus.core.routing.conversation import pseudonym
from serinus.ports.event_log import LogBatch, ScoreBatch
from tests.fake_workers import APP, KEY, START_US, VERSION, ManualClock, end

from .conftest import Browser, Console, made

RELEASE = bytes.fromhex("018f0000000070008000000000000001")
CALLS = 120


def _raw(number: int, unit: bytes) -> bytes:
    return call_id.make(KEY, APP, START_US // 1000, number.to_bytes(5, "big"), RELEASE, 1 + number % 2, 0, unit)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Console]:
    """A console with a log of calls a second apart; the first two are Ada's, and she was not pleased."""
    console = made(ParquetSearch(tmp_path, ReadLimits()))
    with console.control.tx() as tx:
        ada = pseudonym(bytes.fromhex(tx.secrets().pseudonym_key), "ada")
    rows = []
    for number in range(CALLS):
        clock = ManualClock()
        clock.advance(number)
        raw = _raw(number, ada if number < 2 else bytes(8))
        rows.append(row(end(raw, clock, Event.ERROR if number == 4 else 0, latency_us=1000 * (number + 1)), "host-1"))
    log = ParquetLog(tmp_path)
    log.write(LogBatch(spool=f"{'0' * 32}-00000000", start=64, end=100, rows=rows))
    said = Score(_raw(0, ada), START_US + 6, "feedback.text", 0, "feedback", "k", "support-bot", 0, "<b>no</b>\x07")
    log.write_scores(ScoreBatch(spool=f"{'0' * 32}-00000000", start=64, end=100, rows=[score_row(said, "host-1")]))
    yield console
    for client in console.open:
        client.close()


def found(browser: Browser, query: str = "") -> list[str]:
    return re.findall(r'href="/calls/(call_[\w-]+)"', browser.page(f"/calls{query}"))


def test_O3_calls_are_found_by_each_field(reader: Console) -> None:
    """Newest first; fields add up; a user is found by a name that is stored nowhere."""
    browser = reader.browser("ml_lead")
    assert len(found(browser)) == 50
    assert len(found(browser, "?user=ada")) == 2
    assert len(found(browser, "?event=call.error")) == 1
    assert len(found(browser, "?slow=0.119")) == 2
    assert len(found(browser, "?arm=candidate&user=ada")) == 1
    assert len(found(browser, f"?version={VERSION.hex()}&status=200&error=none&user=ada")) == 2
    assert len(found(browser, "?from=2025-11-24T16:00:03&to=2025-11-24T16:00:05")) == 2
    assert len(found(browser, f"?conversation={7:016x}")) == 50
    assert found(browser, "?app=nobody") == found(browser, "?release=rel_0") == []


def test_O3_pages_follow_one_another_with_the_filter_kept(reader: Console) -> None:
    """Every call is on one page."""
    browser = reader.browser("ml_lead")
    seen, path = list[str](), "/calls?arm=control"
    while path:
        page = browser.page(path)
        seen += re.findall(r'href="/calls/(call_[\w-]+)"', page)
        older = re.search(r'href="(/calls\?[^"]+cursor=[^"]+)"', page)
        path = older[1].replace("&amp;", "&") if older else ""
    assert len(seen) == len(set(seen)) == CALLS // 2


@pytest.mark.parametrize(
    "query", ["arm=best", "error=mine", "event=none", "status=abc", "slow=-1", "from=soon", "cursor=1", "version=x",
              "conversation=y", "status=" + "9" * 400],
)  # fmt: skip
def test_a_field_that_is_not_meant_so_is_named(reader: Console, query: str) -> None:
    """The form stays as it was filled in."""
    response = reader.browser("ml_lead").get(f"/calls?{query}")
    assert response.status_code == 422
    assert f'role="alert">{query.partition("=")[0].replace("event", "metric")}:' in response.text


def test_O1_a_call_is_shown_with_what_was_said_of_it(reader: Console) -> None:
    """Outcome, times, tokens, arm and version; users' words are text."""
    browser = reader.browser("ml_lead")
    page = browser.page(f"/calls/{found(browser, '?user=ada')[1]}")
    for words in ("support-bot", "candidate", "1 ms", "stop", VERSION.hex(), "&lt;b&gt;no&lt;/b&gt;␇"):
        assert words in page
    assert browser.get("/calls/call_nothing").status_code == 422


def test_H4_a_suspected_call_is_answered_on_its_own_page(reader: Console) -> None:
    """By whoever may; others see that it is suspected; of other calls nothing is said."""
    id = call_id.text(_raw(2, bytes(8)))
    release = reader.started()
    one = Suspicion(
        id=suspicion_id(VIOLATION, id), kind=VIOLATION, app=APP, release=release, call=id, arm="candidate",
        category="dosage", by=("guard-2",), raised_at_us=START_US, holds=True, due_at_us=START_US + 900_000_000,
    )  # fmt: skip
    with reader.control.tx() as tx:
        tx.put_suspicion(one)
    page = reader.browser("on_call").page(f"/calls/{id}")
    assert "Policy violation: dosage" in page
    assert f'href="/releases/{release}/suspicions/{one.id}/confirm"' in page
    looked = reader.browser("editor").page(f"/calls/{id}")
    assert "Policy violation: dosage" in looked
    assert "/suspicions/" not in looked
    assert "Policy violation" not in reader.browser("on_call").page(f"/calls/{call_id.text(_raw(3, bytes(8)))}")


def test_H13_a_call_that_only_the_message_answered_leads_to_no_version(reader: Console, tmp_path: Path) -> None:
    """Nothing was live: 64 zeros are not the digest of something that could be looked at."""
    raw = _raw(CALLS, bytes(8))
    said = msgspec.structs.replace(end(raw, ManualClock()), version=bytes(32), rung=Rung.MESSAGE)
    ParquetLog(tmp_path).write(LogBatch(spool=f"{'0' * 31}1-00000000", start=64, end=100, rows=[row(said, "host-1")]))
    browser = reader.browser("ml_lead")
    (call,) = found(browser, "?rung=message")
    for page in (browser.page(f"/calls/{call}"), browser.page("/calls?rung=message")):
        assert 'href="/apps/support-bot/versions/000' not in page
        assert '<span class="quiet">none</span>' in page


def test_calls_are_not_for_everybody(reader: Console) -> None:
    """Viewers neither see them nor the way there."""
    browser = reader.browser("viewer")
    assert browser.get("/calls").status_code == 403
    assert 'href="/calls"' not in browser.page("/")
