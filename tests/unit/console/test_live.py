"""Live pages: the parts that are sent while a page is open."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import msgspec

from serinus.core.decision.labels import read_on
from serinus.core.pipeline.plan import Guardrail
from serinus.core.records.label_sums import LabelSums
from serinus.core.records.labels import AwaitedUnit, Label, LabelKey
from serinus.core.records.live_calls import Hour, Past, Position, Watched
from serinus.core.release.release import Progress
from serinus.core.stats.usual import learn

from .conftest import PLAN, Console, made


def events(text: str) -> list[tuple[str, dict[str, str]]]:
    return [(name, json.loads(data)) for name, data in re.findall(r"event: (\w+)\ndata: (.*)\n\n", text)]


class Places(HTMLParser):
    """The parts that a page has places for."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [str(value) for name, value in attrs if name == "data-part"]


def test_every_part_that_is_sent_has_its_place_and_is_what_the_page_holds(console: Console) -> None:
    """So a page that was open long is the page that is loaded anew."""
    id = console.started()
    browser = console.browser("on_call")
    for page, stream in ((f"/releases/{id}", f"/live/releases/{id}"), ("/", "/live/overview")):
        response = browser.get(stream)
        assert response.headers["content-type"].startswith("text/event-stream")
        ((name, parts),) = events(response.text)
        html = browser.page(page)
        assert name == "parts"
        assert sorted(parts) == sorted(Places(html).found)
        assert all(part.strip() in html for part in parts.values())


def test_a_stream_needs_a_session_and_what_it_shows_must_be_there(console: Console) -> None:
    """401 for a browser that is not signed in: it does not follow a redirect to a page."""
    id = console.started()
    assert console.browser().get(f"/live/releases/{id}").status_code == 401
    assert console.browser("viewer").get("/live/releases/rel_0").status_code == 404


def test_a_stream_says_when_it_ends(console: Console) -> None:
    """An ended release is not followed at all."""
    id = console.started()
    browser = console.browser("on_call")
    assert "data-final" not in browser.page(f"/releases/{id}")
    assert 'data-live="/live/overview"' in browser.page("/")


def test_G1_acts_in_a_part_are_those_of_its_reader() -> None:
    """Who may do nothing is sent no buttons."""
    console = made()
    id = console.started()
    ((_, viewer),) = events(console.browser("viewer").get(f"/live/releases/{id}").text)
    ((_, on_call),) = events(console.browser("on_call").get(f"/live/releases/{id}").text)
    assert ("act-pause" in viewer["head"], "act-pause" in on_call["head"]) == (False, True)


def test_H5_a_score_has_a_row_with_both_means_and_their_difference(console: Console) -> None:
    """On the page and in what is sent while it is open: means on the scale of 1 to 5, users, and the odds; marked once
    it is found to be the cause."""
    rail = Guardrail(metric="feedback.rating", max_drop=0.02)
    id = console.started(msgspec.structs.replace(PLAN, guardrails=(rail,)))
    browser = console.browser("on_call")
    assert re.search(r">Rating</th>\s*<td class=\"num\">–", browser.page(f"/releases/{id}"))
    units = [
        AwaitedUnit(LabelKey(id, rail.metric, bytes([i])), i, 0, 1 + i % 2, Label(i, 400_000 + 400_000 * (i % 2)))
        for i in range(200)
    ]
    sums = read_on(LabelSums(metric=rail.metric), rail, 1, units)
    with console.control.tx() as tx:
        tx.put_progress(Progress(release=id, step=0, labels=(sums,)))
    ((_, parts),) = events(browser.get(f"/live/releases/{id}").text)
    for text in (browser.page(f"/releases/{id}"), parts["compare"]):
        [row] = [one for one in re.findall(r"<tr.*?</tr>", text, re.DOTALL) if ">Rating</th>" in one]
        assert row.startswith('<tr class="culprit">')
        cells = [re.sub(r"<[^>]+>", "", cell).split() for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)]
        assert cells[:3] == [["2.6", "100"], ["4.2", "100"], ["-1.6"]]
        assert cells[3][1:] == ["to", "1"]


def test_2_7_an_ill_control_is_told_on_the_releases_page(console: Console) -> None:
    """One sentence when it is ill, and how it stands against its past in any case."""
    id = console.started(PLAN)
    with console.control.tx() as tx:
        release = tx.release(id)
    assert release is not None
    usual = learn(Hour(hour, 6000, 120) for hour in range(168))
    known = msgspec.structs.replace(release, past=(Past(metric="call.error", usual=usual),), seq=release.seq + 1)
    path = f"/releases/{id}"
    assert "against its own past" not in console.browser("viewer").page(path)
    with console.control.tx() as tx:
        tx.replace_release(known, release.seq)
    page = console.browser("viewer").page(path)
    assert "against its own past" in page
    assert "has had no calls since users saw the candidate" in page
    at = Position(calls=2000, events=300, expected_micro=42_000_000)
    with console.control.tx() as tx:
        tx.put_progress(Progress(release=id, step=0, live=(Watched(metric="call.error", at=at),)))
    page = console.browser("viewer").page(path)
    assert "The live version itself is not well: 15 % of the live version&#39;s own 2,000 calls had errors" in page
