"""Live pages: the parts that are sent while a page is open."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

from .conftest import Console, made


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
