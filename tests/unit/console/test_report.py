"""Evidence packs: complete, self-contained, and harmless whatever stands in them."""

from __future__ import annotations

import hashlib
import json
import re

from serinus.control.answer_suspicion import answer_suspicion
from serinus.control.report_release import report_release
from serinus.core.records.record import Event
from serinus.core.release.table import State
from tests.unit.control.production import Production, rate
from tests.unit.control.suspects import WITHIN_S, a_call, answer, running, suspect

from .conftest import Console
from .suspicions import suspect_call

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\x1b[31m‮"


def test_L2_a_pack_holds_versions_decisions_and_the_check_of_the_trail() -> None:
    """A release that was rolled back: each decision identical when decided anew, the chain whole, and the same facts
    give the same bytes."""
    world = Production()
    world.rates = {Event.INVALID_FORMAT: rate(0.3, 0.1)}
    world.start()
    id = world.until(State.ROLLED_BACK).id
    now_us = world.clock.now_us()
    pack = report_release(world.control, world.telemetry, now_us, id)
    assert (pack.candidate.digest, pack.control.digest) == (world.candidate.digest, world.baseline.digest)
    assert pack.comparison is not None
    assert {one.outcome for one in pack.decisions} == {"identical"}
    assert [entry.seq for entry in pack.entries] == sorted(entry.seq for entry in pack.entries)
    assert pack.entries[0].action == "person:release:create"
    assert (pack.chain.faults, pack.chain.last_hash) == ((), pack.entries[-1].hash)
    assert pack.standing.evidence[0].culprit
    assert pack.encoded() == report_release(world.control, world.telemetry, now_us, id).encoded()


def test_L2_the_page_needs_nothing_else_and_holds_the_pack_as_json(console: Console) -> None:
    """No address of anything is loaded; the embedded document has the digest that the page names."""
    page = _page(console, console.started())
    assert "bot-" in page
    assert "all 0 decisions come out identical" in page
    assert re.findall(r"""(?:src|href|action)\s*=|@import|url\(""", page.partition("<script")[0]) == []
    embedded = re.search(r'<script type="application/json" id="pack">(.*)</script>', page, re.S)
    assert embedded is not None
    assert hashlib.sha256(embedded[1].encode()).hexdigest() in page
    pack = json.loads(embedded[1])
    assert pack["release"]["app"] == "bot"
    assert pack["candidate"]["content"]["messages"][0]["template"] == "Be very kind."


def test_L2_a_pack_holds_what_was_suspected_and_answered() -> None:
    """Who, of which call, and that nobody answered in time; the decisions that followed come out identical."""
    world = running()
    answered = suspect(world, a_call(world, 1))
    world.second()
    answer(world, answered, "dismissed", reason="a cookery question")
    suspect(world, a_call(world, 2), by="guard-2")
    world.until(State.ROLLED_BACK, within_s=WITHIN_S + 5)
    pack = report_release(world.control, world.telemetry, world.clock.now_us(), world.release().id)
    assert [(one.by, one.answer, one.expired_at_us > 0) for one in pack.suspicions] == [
        (("classifier",), "dismissed", False),
        (("guard-2",), "", True),
    ]
    assert {one.outcome for one in pack.decisions} == {"identical"}
    assert "person:suspicion:dismiss" in {entry.action for entry in pack.entries}


def test_L2_the_page_of_a_pack_tells_suspicions_and_their_markup_stays_text(console: Console) -> None:
    """What, of which call, who raised it and that it was answered."""
    id = console.started()
    one = suspect_call(console, id, reason=HOSTILE)
    answer_suspicion(console.control, console.clock.now_us(), "jon (33333333)", one.id, "confirmed", "a dose")
    page = _page(console, id)
    assert "suspected violation: dosage" in page
    assert one.call in page.partition("<script")[0]
    assert page.count("<script") == 1
    assert "<img" not in page


def test_hostile_text_in_prompts_and_reasons_stays_text(console: Console) -> None:
    """Neither the page nor the document in it can be left."""
    id = console.started(reason=HOSTILE)
    page = _page(console, id)
    assert page.count("<script") == 1
    assert page.count("</script>") == 1
    assert "<img" not in page
    assert "\x1b" not in page.partition("<script")[0]
    assert HOSTILE in json.loads(page.partition('id="pack">')[2].partition("</script>")[0])["entries"][0]["reason"]


def test_a_pack_is_for_those_who_may_see_the_trail(console: Console) -> None:
    """As a file to keep; without a session one is sent to sign in, and what is not there is not found."""
    id = console.started()
    answer = console.browser("viewer").get(f"/releases/{id}/report")
    assert answer.headers["content-disposition"] == f'attachment; filename="{id}.html"'
    assert console.browser().get(f"/releases/{id}/report").status_code == 303
    assert console.browser("viewer").get("/releases/rel_nothing/report").status_code == 404


def _page(console: Console, id: str) -> str:
    return console.browser("viewer").page(f"/releases/{id}/report")
