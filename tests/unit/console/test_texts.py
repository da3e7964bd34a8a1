"""Kept texts and both sides of a shadow pair on the page of a call: who reads them, and that they stay text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from serinus.adapters.clock import SystemClock
from serinus.adapters.event_log import ParquetLog
from serinus.adapters.parquet_search import ParquetSearch, ReadLimits
from serinus.adapters.payload_files import PayloadFiles
from serinus.console.comparison import LONGEST_TEXT
from serinus.console.kept_texts import kept_texts
from serinus.console.worse_pairs import worse_pairs
from serinus.control.erase_texts import erase_texts
from serinus.core.records import call_id
from serinus.core.records.call import row
from serinus.core.records.payload import LoggedPayload
from serinus.core.records.record import Event, Score
from serinus.core.records.score import row as score_row
from serinus.core.routing.assignment import Arm
from serinus.ports.event_log import LogBatch, ScoreBatch
from serinus.ports.payloads import PayloadBatch
from tests.fake_workers import APP, KEY, START_US, ManualClock, end

from .conftest import Console, made
from .test_pages import HOSTILE, Structure

UNIT = b"\x11" * 8
RELEASE = bytes.fromhex("018f0000000070008000000000000001")
ID = "rel_018f0000000070008000000000000001"
SPOOL = f"{'0' * 32}-00000000"


@dataclass
class Kept:
    """A console with one pair in its log: the call that answered a user, and its copy for the candidate."""

    console: Console
    texts: PayloadFiles
    primary: str
    shadow: str


def raw(number: int, arm: Arm) -> bytes:
    stratum = 255 if arm is Arm.SHADOW else -1
    release = RELEASE if arm is Arm.SHADOW else bytes(16)
    return call_id.make(KEY, APP, START_US // 1000, number.to_bytes(5, "big"), release, arm, stratum, UNIT)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    """Both calls with hostile texts; the candidate broke the format, the baseline did not."""
    texts = PayloadFiles(tmp_path, SystemClock())
    console = made(ParquetSearch(tmp_path, ReadLimits()), payloads=texts)
    primary, shadow = raw(1, Arm.REST), raw(2, Arm.SHADOW)
    calls = [row(end(primary, ManualClock(), 0), "host-1"), row(end(shadow, ManualClock(), Event.INVALID_FORMAT), "h")]
    calls[1] = msgspec.structs.replace(calls[1], rules=(HOSTILE,), rung="message")
    log = ParquetLog(tmp_path)
    log.write(LogBatch(spool=SPOOL, start=64, end=100, rows=calls))
    answered = call_id.text(primary)
    worse = Score(shadow, START_US, "shadow.worse", 10**6, "pair", answered, "support-bot", 0, answered)
    log.write_scores(ScoreBatch(spool=SPOOL, start=64, end=100, rows=[score_row(worse, "h")]))
    asked = {"messages": [{"role": HOSTILE, "content": f"where? {HOSTILE}"}], "variables": {HOSTILE: HOSTILE}}
    rows = [
        LoggedPayload(
            call=call_id.text(one), app="support-bot", unit=UNIT.hex(), at_us=START_US, cut=False,
            request=msgspec.json.encode(asked).decode(),
            answer=msgspec.json.encode({"texts": [f"{who} {HOSTILE}"], "tools": [{"name": HOSTILE}]}).decode(),
        )
        for one, who in ((primary, "from the baseline"), (shadow, "from the candidate"))
    ]  # fmt: skip
    log.write_payloads(PayloadBatch(spool=SPOOL, start=64, end=100, rows=rows))
    yield Kept(console, texts, answered, call_id.text(shadow))
    for client in console.open:
        client.close()


def test_O1_texts_are_read_by_those_who_may_and_stay_text(kept: Kept) -> None:
    """Messages, answers, variables and tools as they were written, control characters as signs; nothing is markup."""
    page = kept.console.browser("ml_lead").page(f"/calls/{kept.primary}")
    found = Structure(page)
    text = "".join(found.text)
    for words in ("where? <script>alert(1)</script>", "from the baseline <script>", "tools it asked for", "variables"):
        assert words in text
    assert not any(sign in page for sign in "\x1b\u202e\u2028")
    assert all(str(one["src"]).startswith("/static/") for one in found.named("script"))
    assert not any(name.startswith("on") for _, attributes in found.tags for name in attributes)


def test_O1_whoever_may_not_read_texts_sees_the_call_without_them(kept: Kept) -> None:
    """An editor sees that there is a call, and that texts are not theirs to read."""
    page = kept.console.browser("editor").page(f"/calls/{kept.primary}")
    assert "from the baseline" not in page
    assert "Your roles do not read texts." in page


def test_L1_opening_a_call_enters_the_reading_for_readers_alone(kept: Kept) -> None:
    """A reader's visit is on the trail, the counterpart's text too; an editor's is not, since nothing is shown."""
    kept.console.browser("editor").page(f"/calls/{kept.shadow}")
    reader = kept.console.browser("ml_lead", name="bea")
    reader.page(f"/calls/{kept.shadow}")
    with kept.console.control.tx() as tx:
        entries = [one for one in tx.audit_entries(0, 100) if one.action == "person:texts:read"]
    assert [(one.actor.partition(" ")[0], one.subject) for one in entries] == [
        ("bea", kept.shadow),
        ("bea", kept.primary),
    ]
    shown = reader.page(f"/audit?subject={kept.shadow}")
    assert "texts read" in shown
    assert f'href="/calls/{kept.shadow}"' in shown


def test_L3_erased_texts_are_gone_from_the_page(kept: Kept) -> None:
    """The call stays, and the page says how texts are kept."""
    erase_texts(kept.console.control, kept.texts, START_US + 1, "ada", UNIT.hex(), "request 4711")
    page = kept.console.browser("ml_lead").page(f"/calls/{kept.primary}")
    assert "from the baseline" not in page
    assert "<code>payload_share</code>" in page


def test_E3_both_calls_of_a_pair_lead_to_each_other_with_both_answers(kept: Kept) -> None:
    """The shadow call to the one that answered the user, and back where the release is known."""
    browser = kept.console.browser("ml_lead")
    page = browser.page(f"/calls/{kept.shadow}")
    assert f'href="/calls/{kept.primary}"' in page
    assert "from the baseline" in page
    assert "from the candidate" in page
    assert "worse than the baseline" in page
    back = browser.page(f"/calls/{kept.primary}")
    assert f'href="/calls/{kept.shadow}"' in back
    assert "from the candidate" in back


def test_O3_calls_are_found_by_rule_fallback_and_disagreement(kept: Kept) -> None:
    """Hostile names of rules are text; what is not known is refused by name."""
    browser = kept.console.browser("ml_lead")
    for query in ("rung=message", "worse=yes", "arm=shadow&worse=yes"):
        page = browser.page(f"/calls?{query}")
        assert f"/calls/{kept.shadow}" in page
        assert f"/calls/{kept.primary}" not in page
        assert "<script>alert" not in page
    assert f"/calls/{kept.primary}" in browser.page("/calls?worse=no")
    assert (
        f"/calls/{kept.shadow}"
        in browser.get(
            "/calls",
        ).text
    )
    for query in ("rung=ladder", "worse=maybe"):
        response = browser.get(f"/calls?{query}")
        assert response.status_code == 422
        assert f'role="alert">{query.partition("=")[0]}:' in response.text


def test_texts_of_another_shape_and_huge_ones_are_shown(kept: Kept) -> None:
    """What is no JSON of ours as it is; what is too long for a page with how much is missing."""
    like = LoggedPayload(call="c", app="a", unit="u", at_us=1, request="words", answer="[1]", cut=True)
    odd = kept_texts(like)
    assert [(one.role, one.text) for one in (*odd.asked, *odd.answered)] == [("request", "words"), ("answer", "[1]")]
    assert odd.cut
    long = msgspec.json.encode({"texts": ["x" * (LONGEST_TEXT + 7)], "tools": []}).decode()
    parts = kept_texts(msgspec.structs.replace(like, request='{"messages": [{"content": [1]}]}', answer=long))
    assert parts.answered[0].left_out == 7
    assert parts.asked[0].role == "?"


def test_E3_a_review_leads_to_the_disagreements_with_both_calls(kept: Kept) -> None:
    """The calls that only the candidate got wrong; those who may not see calls are shown none."""
    pairs = worse_pairs(kept.console.parts, ID)
    assert pairs is not None
    assert [(one.call.call, one.answered, one.more) for one in pairs] == [(kept.shadow, kept.primary, 1)]
    assert worse_pairs(kept.console.parts, "rel_none") == ()
    assert worse_pairs(made().parts, ID) is None
