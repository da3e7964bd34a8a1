"""What every page keeps: headers, structure, and text that stays text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import msgspec
import pytest

from serinus.console.headers import HEADERS
from serinus.console.words import visible
from serinus.control.start_release import start_release
from serinus.core.errors import StoreUnavailable
from serinus.core.fleet import HostStatus, WorkerStatus
from serinus.core.routing.snapshot import PolicyRule
from serinus.files.scaffold import Answers, scaffold

from .conftest import Browser, Console, form_of

HOSTILE = (
    """<script>alert(1)</script><img src=x onerror=alert(2)>"'`{{7*7}}${7*7}</textarea></title>\x1b[2J\u202e\u2028"""
)
PLACES = (
    "/", "/releases", "/releases?app=bot&state=running", "/apps/bot", "/apps/bot/versions/{first}",
    "/apps/bot/versions/{second}", "/apps/bot/versions/{second}?against={first}", "/apps/bot/versions/{second}/release",
    "/apps/bot/versions/{first}/pin", "/releases/{id}", "/releases/{id}/pause", "/releases/{id}/rollback", "/audit",
    "/audit?subject={id}", "/audit/3", "/no-such-page", "/releases/{id}/review",
    "/apps/bot/monitors", "/apps/none", "/releases/rel_0", "/calls",
)  # fmt: skip
_VOID = {"meta", "link", "input", "img", "br", "source"}


class Structure(HTMLParser):
    """What a page is made of. Fails on tags that do not close in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def hostile(console: Console) -> dict[str, str]:
    """A release of which every text that people write is hostile; what the places name."""
    first, _ = console.prepared(fallback_message=HOSTILE, name="bot")
    second = console.push(HOSTILE.replace("\x1b", "").replace("{{7*7}}", ""), notes=HOSTILE, known_issues=[HOSTILE])
    salt = console.random_bytes(16).hex()
    starter = f"{HOSTILE} (33333333)"
    id = start_release(console.control, console.clock.now_us(), starter, console.ids, salt, "bot", second, HOSTILE).id
    workers = (WorkerStatus(instance=HOSTILE, pid=1, acked=0, leased=True, dropped=0),)
    with console.telemetry.tx() as tx:
        tx.put_host(HostStatus(host=HOSTILE, beat=1, shipped_until_us=console.clock.now_us(), workers=workers))
    return {"first": first, "second": second, "id": id}


@pytest.mark.parametrize("place", PLACES)
def test_what_people_write_is_text_on_every_page(console: Console, place: str) -> None:
    """HTML is shown as it was written, control and invisible characters as signs; nothing of it is markup or code."""
    names = hostile(console)
    browser = console.browser("admin", name=HOSTILE)
    page = browser.get(place.format(**names)).text
    found = Structure(page)
    assert all(str(one["src"]).startswith("/static/") for one in found.named("script"))
    assert all(str(one["src"]).startswith(("/static/", "/releases/")) for one in found.named("img"))
    assert not any(name.startswith("on") or name == "style" for _, attributes in found.tags for name in attributes)
    assert not found.named("style")
    assert not any(sign in page for sign in "\x1b\u202e\u2028")
    assert str(visible(HOSTILE)) in "".join(found.text)  # at least the visitor's own name


@pytest.mark.parametrize("place", PLACES)
def test_pages_are_built_for_screen_readers_and_keyboards(console: Console, place: str) -> None:
    """One main heading and landmark each, a way past the head, labels for all fields, captions for all tables."""
    names = hostile(console)
    found = Structure(console.browser("admin").get(place.format(**names)).text)
    assert len(found.named("main")) == len(found.named("h1")) == len(found.named("title")) == 1
    assert found.named("html")[0].get("lang") == "en"
    assert next(one for one in found.named("a")).get("href") == "#main"
    assert len(found.named("table")) == len(found.named("caption"))
    labelled = {one.get("for") for one in found.named("label")}
    fields = found.named("textarea") + found.named("select")
    fields += [one for one in found.named("input") if one.get("type") != "hidden"]
    assert all(one.get("id") in labelled for one in fields)
    assert all("alt" in one for one in found.named("img"))
    ids = [str(attributes["id"]) for _, attributes in found.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert all(one.get("scope") for one in found.named("th"))


@pytest.mark.parametrize("place", [*PLACES, "/login", "/static/console.css", "/static/none"])
def test_every_answer_carries_the_security_headers(console: Console, place: str) -> None:
    """Nothing inline, nothing from elsewhere, no frames; pages are not kept."""
    names = hostile(console)
    for browser in (console.browser("admin"), console.browser()):
        response = browser.get(place.format(**names))
        for name, value in HEADERS.items():
            if name != "cache-control":
                assert response.headers[name] == value
        kept = place == "/static/console.css"
        assert ("immutable" in response.headers["cache-control"]) is kept


def test_assets_are_named_by_their_content(console: Console) -> None:
    """So they may be kept for ever, and all of them are there."""
    browser = console.browser()
    found = re.findall(r'(?:src|href)="(/static/[^"]+)"', browser.page("/login"))
    assert len(set(found)) == 3
    for address in found:
        assert re.search(r"\?v=[0-9a-f]{12}$", address)
        assert browser.get(address).status_code == 200


def test_refusals_say_what_where_and_what_next(console: Console) -> None:
    """A page, with the status of the API's."""
    response = console.browser("viewer").get("/apps/none")
    assert response.status_code == 404
    assert "No app &#39;none&#39;" in response.text
    assert "<code>not_found</code>" in response.text


def test_without_a_call_log_the_page_says_so(console: Console) -> None:
    """And how to have one."""
    response = console.browser("ml_lead").get("/calls")
    assert response.status_code == 503
    assert "--segments" in response.text


def test_a_store_that_is_away_is_told(console: Console) -> None:
    """On a page, not as a broken connection; nobody's name is on it."""
    browser = console.browser("viewer")

    def away(epoch: int | None = None) -> object:
        raise StoreUnavailable("the store cannot be reached", mend="try again soon")

    console.control.tx = away  # type: ignore[method-assign,assignment]
    response = browser.get("/")
    assert response.status_code == 503
    assert "store cannot be reached" in response.text


def test_what_nobody_foresaw_is_told_as_a_failure(console: Console) -> None:
    """Without its text, which may hold anything."""
    browser = console.browser("viewer")

    def broken() -> object:
        raise RuntimeError("a secret")

    console.telemetry.tx = broken  # type: ignore[method-assign,assignment]
    response = browser.get("/")
    assert response.status_code == 500
    assert "a secret" not in response.text
    assert "default-src 'none'" in response.headers["content-security-policy"]


def test_a_flash_is_named_by_the_address_and_never_written_by_it(console: Console) -> None:
    """Nobody can put words on the page by a link."""
    browser = console.browser("viewer")
    assert 'class="flash"' not in browser.page("/?done=<b>you+won</b>")
    assert "The release is paused." in browser.page("/?done=pause")


def test_a_huge_prompt_is_cut_and_can_be_had_whole(console: Console) -> None:
    """The page says how much is missing, and stays small."""
    console.prepared()
    digest = console.push("word " * 180_000)
    browser = console.browser("viewer")
    page = browser.page(f"/apps/bot/versions/{digest}")
    assert len(page) < 300_000
    assert "more characters are not shown" in page
    whole = browser.get(f"/apps/bot/versions/{digest}/content.json")
    assert len(whole.content) > 900_000
    assert whole.headers["content-type"] == "application/json"


def test_B4_a_version_shows_what_it_changes(console: Console) -> None:
    """Word by word against the live one, with the type of release that it implies."""
    _, second = console.prepared()
    page = console.browser("viewer").page(f"/apps/bot/versions/{second}")
    assert "<ins>very </ins>" in page
    assert "<strong>prompt wording</strong>" in page


def test_A5_every_page_of_a_release_names_its_versions(console: Console) -> None:
    """Candidate and control, as over the API."""
    id = console.started()
    with console.control.tx() as tx:
        found = tx.release(id)
        assert found is not None
        names = [version.name for version in tx.versions_of({found.candidate, found.control})]
    browser = console.browser("admin")
    for place in (f"/releases/{id}", f"/releases/{id}/pause", "/"):
        assert all(name in browser.page(place) for name in names)


def signed_in(console: Console) -> Browser:
    return console.browser("viewer")


def test_L1_the_chain_is_verified_on_request(console: Console) -> None:
    """The answer says how many entries were checked, and what is broken."""
    console.started()
    browser = signed_in(console)
    token = form_of(browser.page("/audit"))["token"]
    assert "the chain is whole" in browser.post("/audit/verify", token=token).text
    with console.control.tx() as tx:
        entry = tx.audit_entries(2, 1)[0]
        tx._rows.audit.put(3, msgspec.structs.replace(entry, reason="nothing happened"))  # type: ignore[attr-defined]
    assert "was edited" in browser.post("/audit/verify", token=token).text


def test_L1_entries_are_shown_by_subject_and_one_by_one(console: Console) -> None:
    """With hashes and what is before; an entry that is not there is said to be missing."""
    id = console.started()
    browser = signed_in(console)
    assert browser.page(f"/audit?subject={id}").count('scope="row"') == 2
    assert 'scope="row"' not in browser.page("/audit?subject=nobody")
    assert "person:release:start" in browser.page("/audit/7")
    assert browser.get("/audit/0").status_code == 404
    assert browser.get("/audit/99999999999999999999").status_code == 404


def test_L1_the_trail_is_had_as_a_file(console: Console) -> None:
    """A line an entry, whole or of one subject, for those who may see it; the check of a chain can be left."""
    id = console.started()
    browser = signed_in(console)
    answer = browser.get("/audit/export")
    assert answer.headers["content-type"] == "application/jsonl"
    assert "audit.jsonl" in answer.headers["content-disposition"]
    entries = [msgspec.json.decode(line) for line in answer.content.splitlines()]
    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
    own = browser.get(f"/audit/export?subject={id}").content.splitlines()
    assert {msgspec.json.decode(line)["subject"] for line in own} == {id}
    assert f'href="/audit/export?subject={id}"' in browser.page(f"/audit?subject={id}")
    assert console.browser().get("/audit/export").status_code == 303
    assert browser.get("/audit/verify").headers["location"] == "/audit"


def test_an_empty_console_teaches_the_first_steps(console: Console) -> None:
    """With the commands to type; nothing waits, and it says what would."""
    page = console.browser("viewer").page("/")
    for words in ("serinus init", "serinus apply", "serinus push", "serinus live", "serinus gateway", "release start"):
        assert words in page
    assert "Nothing waits for you." in page


def test_the_first_steps_are_those_that_init_writes(console: Console) -> None:
    """Each file that they name is one of its project's."""
    steps = re.findall(r"<code class=\"break\">serinus ([^<]+)</code>", console.browser("viewer").page("/"))
    answers = Answers(app="support-bot", owner="you@example.com", base_url="http://x/v1", model="m", api_key_env="")
    written = {str(path) for path in scaffold("five-stage", answers)}
    named = {word for step in steps for word in step.split() if "." in word and "@" not in word}
    assert named
    assert named <= written


def test_J1_the_page_of_an_app_names_its_rules_and_what_they_do(console: Console) -> None:
    """Those with zero tolerance stand among what takes a release back, before a release too; others only count."""
    console.started()
    strict = PolicyRule(name="no_refunds", kind="regex", pattern="x", zero_tolerance=True)
    with console.control.tx() as tx:
        app = tx.app("bot")
        assert app is not None
        rules = (strict, PolicyRule(name="short", kind="max_length", max_chars=9))
        tx.put_app(msgspec.structs.replace(app, config=msgspec.structs.replace(app.config, rules=rules)))
    page = console.browser("release_manager").page("/apps/bot")
    assert "Rule no_refunds: one answer of the candidate that breaks it rolls back" in page
    assert "Rule short:" not in page
    assert "no_refunds (zero tolerance), short" in page


def test_a_list_without_releases_says_how_one_comes(console: Console) -> None:
    """And one that nothing fits says that."""
    browser = console.browser("viewer")
    assert "serinus release start APP VERSION" in browser.page("/releases")
    assert "None fits." in browser.page("/releases?state=promoted")
