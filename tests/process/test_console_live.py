"""The console in Chromium on a whole Serinus: live pages, charts, acts, keyboards, and life without JavaScript."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import msgspec
import pytest
from playwright.sync_api import Browser, expect

from serinus.core.judging.scorers import Judge
from tests.process.browser import NARROW, WIDE, Tab, chromium
from tests.process.live_rig import APP, MODEL, Live, plan
from tests.process.users import Users

pytestmark = pytest.mark.process
HOSTILE = """<img src=x onerror="document.title='taken'"><script>document.title='taken'</script>"""
CHARTS_MS = 30_000
JUDGE = Judge(criterion="It is right.", endpoint="main", model=f"judge {HOSTILE}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for all tests."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def live(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A running Serinus whose call log the console can read. Asked for after the browser: without it nothing starts."""
    with Live(tmp_path_factory.mktemp("live")) as made:
        yield made.start(
            plan(),
            control=("--period-s", "0.2", "--segments", str(made.stack.segments)),
            payload_share=0.5,
            live_judges=[{"metric": "judge.correctness", "judge": msgspec.to_builtins(JUDGE)}],
        )


@pytest.fixture(scope="module")
def users(live: Live) -> Iterator[Users]:
    """Users of the app."""
    with live.users(rate=30) as found:
        yield found


@pytest.fixture(scope="module")
def release(live: Live, users: Users) -> str:
    """A release on its way, with hostile words in all that people wrote."""
    return live.release(live.push(f"You are a kind shop. {HOSTILE}", f"{MODEL}-2", notes=HOSTILE), HOSTILE)


@pytest.fixture
def tab(browser: Browser, live: Live) -> Iterator[Tab]:
    """A wide page of an admin."""
    found = Tab(browser, live.stack.url, live.stack.key)
    yield found
    found.close()


def test_A2_charts_are_drawn_and_numbers_move_while_the_page_is_open(tab: Tab, release: str) -> None:
    """By the page's own scripts under its own policy; nobody loads anything again, and the browser has no complaint."""
    tab.page.goto(f"/releases/{release}")
    expect(tab.page.locator(".chart canvas")).to_have_count(3, timeout=CHARTS_MS)
    compared = tab.page.locator("[data-part=compare] tbody tr").first.locator("td").first
    before = int(compared.inner_text().replace(",", ""))
    expect(compared).not_to_have_text(f"{before:,}", timeout=10_000)
    assert tab.page.title() != "taken"
    assert tab.complaints == []


def test_what_was_done_is_told_once(tab: Tab) -> None:
    """A page loaded again, or a link that is passed on, does not say it a second time."""
    tab.page.goto("/?done=pause")
    expect(tab.page.locator(".flash")).to_have_count(1)
    tab.page.reload()
    expect(tab.page.locator(".flash")).to_have_count(0)
    assert "done" not in tab.page.url
    assert tab.complaints == []


def test_the_overview_follows_a_release_without_being_loaded_again(tab: Tab, live: Live, release: str) -> None:
    """What somebody else does is there within a second or two, and so is what needs somebody."""
    tab.page.goto("/")
    tab.page.evaluate("window.unchanged = true")
    expect(tab.page.locator("[data-part=underway] .pill")).to_have_text("running")
    live.api("POST", f"/releases/{release}/pause", {"reason": HOSTILE})
    expect(tab.page.locator("[data-part=underway] .pill")).to_have_text("paused", timeout=5000)
    expect(tab.page.locator("[data-part=needs]")).to_contain_text("<img src=x onerror=", timeout=5000)
    live.api("POST", f"/releases/{release}/resume", {"reason": "go on"})
    expect(tab.page.locator("[data-part=underway] .pill")).to_have_text("running", timeout=5000)
    assert tab.page.evaluate("window.unchanged")
    assert tab.page.title() != "taken"
    assert tab.complaints == []


@pytest.mark.parametrize(
    ("scheme", "viewport"),
    [
        pytest.param("light", WIDE, id="1280-light"),
        pytest.param("dark", NARROW, id="390-dark"),
        pytest.param("dark", WIDE, id="1280-dark", marks=pytest.mark.slow),
        pytest.param("light", NARROW, id="390-light", marks=pytest.mark.slow),
    ],
)
def test_axe_finds_nothing_and_nothing_sticks_out(
    browser: Browser, live: Live, release: str, scheme: str, viewport: dict[str, int]
) -> None:
    """On every page, in both colours and both sizes, by the rules of WCAG 2.2 AA and good practice."""
    tab = Tab(browser, live.stack.url, live.stack.key, color_scheme=scheme, viewport=viewport)
    assert live.stack.wait(lambda: bool(live.api("GET", "/calls?limit=1")["items"]))
    call = live.api("GET", "/calls?limit=1")["items"][0]["id"]
    version = live.api("GET", f"/releases/{release}")["candidate"]["digest"]
    places = ["/", "/releases", f"/releases/{release}", f"/releases/{release}/rollback", f"/apps/{APP}", "/calls"]
    places += [f"/releases/{release}/review", f"/apps/{APP}/monitors", f"/apps/{APP}/versions/{version}/release"]
    places += ["/calls?worse=yes", f"/calls?release={release}&arm=candidate"]
    places += [f"/apps/{APP}/versions/{version}", f"/calls/{call}", "/audit", "/audit/9", "/no-such-page", "/incidents"]
    found = {}
    for place in places:
        tab.page.goto(place)
        if place == f"/releases/{release}":
            expect(tab.page.locator(".chart canvas")).to_have_count(3, timeout=CHARTS_MS)
        found[place] = [*tab.violations(), *([f"{tab.overflow()} px too wide"] if tab.overflow() > 0 else [])]
        assert tab.page.title() != "taken"
    tab.context.clear_cookies()
    tab.page.goto("/login")
    found["/login"] = tab.violations()
    tab.close()
    assert {place: faults for place, faults in found.items() if faults} == {}


def test_a_release_is_paused_by_keyboard_alone(tab: Tab, live: Live, release: str) -> None:
    """Skip link, act, reason, button: all in the order of tabs, with the focus seen; Enter twice pauses once."""
    before = live.actions(release).count("person:release:pause")
    tab.page.goto(f"/releases/{release}")
    tab.page.keyboard.press("Tab")
    assert tab.page.evaluate("document.activeElement.textContent") == "Skip to content"
    tab.page.keyboard.press("Enter")
    for _ in range(8):
        tab.page.keyboard.press("Tab")
        if tab.page.evaluate("document.activeElement.id") == "act-pause":
            break
    assert tab.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    tab.page.keyboard.press("Enter")
    expect(tab.page.locator("#reason")).to_be_focused()
    tab.page.keyboard.type("looks odd")
    tab.page.keyboard.press("Tab")
    tab.page.keyboard.press("Enter")
    expect(tab.page.locator(".flash")).to_have_text("The release is paused.")
    assert live.actions(release).count("person:release:pause") == before + 1
    live.api("POST", f"/releases/{release}/resume", {"reason": "go on"})


def test_a_double_click_is_one_act(tab: Tab, live: Live, release: str) -> None:
    """However it comes: from the button, or as the same form sent by two pages."""
    before = live.actions(release).count("person:release:pause")
    tab.page.goto(f"/releases/{release}/pause")
    tab.page.fill("#reason", "twice")
    tab.page.dblclick("main form button")
    expect(tab.page.locator("h1 .pill")).to_have_text("paused")
    assert live.actions(release).count("person:release:pause") == before + 1
    live.api("POST", f"/releases/{release}/resume", {"reason": "go on"})


def test_everything_works_without_javascript(browser: Browser, live: Live, release: str) -> None:
    """Charts are pictures drawn here; colours, acts and audit are forms."""
    tab = Tab(browser, live.stack.url, live.stack.key, java_script_enabled=False)
    tab.page.goto(f"/releases/{release}")
    pictures = tab.page.locator(".chart img")
    expect(pictures).to_have_count(3)
    for i in range(3):
        pictures.nth(i).scroll_into_view_if_needed()
        box = pictures.nth(i).bounding_box()
        assert box is not None
        assert box["height"] > 100
        picture = tab.context.request.get(str(pictures.nth(i).get_attribute("src")))
        assert picture.ok
        assert "<svg" in picture.text()
    tab.page.click("button[value=dark]")
    assert tab.page.get_attribute("html", "data-theme") == "dark"
    tab.page.goto(f"/apps/{APP}")
    judges = tab.page.locator("section[aria-labelledby=judging]")
    expect(judges).to_contain_text("no known price")
    expect(judges).to_contain_text("No worker has looked for calls to judge")
    expect(judges.locator("tbody")).to_contain_text(["judge <img", "candidate"])
    tab.page.goto("/audit")
    tab.page.click("text=Verify the chain")
    expect(tab.page.locator("main")).to_contain_text("the chain is whole")
    tab.close()


def test_L1_a_rollback_is_done_on_the_page_and_seen_on_another(
    browser: Browser, tab: Tab, live: Live, release: str
) -> None:
    """The other page shows the end, its reason, and no acts any more."""
    other = Tab(browser, live.stack.url, live.stack.key)
    other.page.goto(f"/releases/{release}")
    tab.page.goto(f"/releases/{release}")
    tab.page.click("#act-rollback")
    tab.page.fill("#reason", "users complain")
    tab.page.click("main form button")
    expect(other.page.locator("h1 .pill")).to_have_text(re.compile("rolled back"), timeout=15_000)
    expect(other.page.locator("[data-part=why]")).to_contain_text("users complain")
    expect(other.page.locator("[id^=act-]")).to_have_count(0)
    assert other.complaints == []
    other.close()


@pytest.mark.parametrize(
    ("scheme", "viewport"), [pytest.param("light", WIDE, id="light"), pytest.param("dark", NARROW, id="dark")]
)
def test_K2_axe_finds_nothing_on_the_pages_of_the_incident_it_left(
    browser: Browser, live: Live, release: str, scheme: str, viewport: dict[str, int]
) -> None:
    """With hostile words in its notes, in both colours; a person notes, signs and closes on them."""
    tab = Tab(browser, live.stack.url, live.stack.key, color_scheme=scheme, viewport=viewport)
    at = f"/incidents/{live.api('GET', f'/incidents/{release}')['id']}"
    tab.page.goto(f"{at}/note")
    tab.page.fill("#reason", f"the prompt {HOSTILE}")
    tab.page.select_option("#kind", "hypothesis")
    tab.page.click("main form button")
    expect(tab.page.locator("section[aria-labelledby=timeline]")).to_contain_text("suspects: the prompt <img")
    found = {}
    for place in ("/", "/incidents", at, f"{at}/note", f"{at}/count", f"{at}/sign/regression", f"{at}/close"):
        tab.page.goto(place)
        found[place] = [*tab.violations(), *([f"{tab.overflow()} px too wide"] if tab.overflow() > 0 else [])]
        assert tab.page.title() != "taken"
    tab.close()
    assert {place: faults for place, faults in found.items() if faults} == {}


def test_open_pages_do_not_hold_up_the_end(tab: Tab, live: Live, release: str) -> None:
    """The control process stops at once although somebody is looking; the page says that it is not live any more."""
    tab.page.goto("/")
    expect(tab.page.locator("h1")).to_have_text("Overview")
    began = time.monotonic()
    assert live.control.stop() == 0
    assert time.monotonic() - began < 4
    expect(tab.page.locator("#link")).not_to_be_empty(timeout=10_000)
