"""A first release on the console: every page of it stands, and says what there is nothing to compare with (H13)."""

from __future__ import annotations

import msgspec

from serinus.control.configure_app import configure_app
from serinus.control.configure_endpoint import configure_endpoint
from serinus.control.start_release import start_release
from serinus.core.pipeline.app import AppConfig
from serinus.core.pipeline.stages import ApprovalStage, RolloutStage
from serinus.core.release.transitions import advanced
from serinus.core.routing.snapshot import Endpoint

from .conftest import PLAN, Console, made

STAGED = msgspec.structs.replace(
    PLAN, steps=(), stages=(ApprovalStage(name="sign-off", roles=("ml_lead",)), RolloutStage(steps=PLAN.steps))
)
MESSAGE = "A colleague <will> answer."


def nothing_live(message: str = MESSAGE) -> tuple[Console, str]:
    """A console over an app with one version, which is not live; its digest."""
    console = made()
    now_us = console.clock.now_us()
    configure_endpoint(console.control, now_us, "test", Endpoint(name="sim", base_url="http://127.0.0.1:9"))
    configure_app(console.control, now_us, "test", AppConfig(name="bot", plan=STAGED, fallback_message=message))
    return console, console.push()


def test_H13_the_start_page_says_what_is_lacking_and_what_applies() -> None:
    """Without a message: why not, with the line to write. With one: a first release, and what is not compared."""
    console, version = nothing_live("")
    page = console.browser("release_manager").page(f"/apps/bot/versions/{version}/release")
    assert "fallback_message:" in page
    assert "Start the release" not in page
    console, version = nothing_live()
    browser = console.browser("release_manager")
    path = f"/apps/bot/versions/{version}/release"
    page = browser.page(path)
    assert "nothing is live, so this is the first release" in page
    assert "<dt>Not compared</dt><dd>call.error</dd>" in page
    assert "holdback" not in page
    answer = browser.submit(path, reason="go")
    assert answer.status_code == 303
    assert "first release of bot" in browser.page(answer.headers["location"])


def test_H13_every_page_of_a_first_release_stands() -> None:
    """Overview, release, review, evidence pack, app and versions: before users see it and while they do."""
    console, version = nothing_live()
    release = start_release(console.control, console.clock.now_us(), "eve", console.ids, "s", "bot", version, "go")
    browser = console.browser("admin", "ml_lead")
    review = browser.page(f"/releases/{release.id}/review")
    assert "There is a message to go back to" in review
    assert "A colleague &lt;will&gt; answer." in review
    assert "Nothing was live, so there is nothing to compare it with." in review
    with console.control.tx() as tx:
        exposed = advanced(release, tx.revision() + 1, {}, "signed")
        tx.replace_release(exposed, release.seq)
    page = browser.page(f"/releases/{release.id}")
    assert "Not compared: nothing was live before this first release" in page
    assert "The candidate alone" in page
    assert "without anything to compare with: call.error" in page
    assert "Evidence of harm" not in page
    pack = browser.page(f"/releases/{release.id}/report")
    assert "nothing was live before this first release" in pack
    assert "a first release has no control" in pack
    for path in ("/", "/releases", "/apps/bot", f"/apps/bot/versions/{version}", f"/releases/{release.id}/rollback"):
        assert browser.get(path).status_code == 200, path
    assert "in place of the fallback message</dd>" in browser.page(f"/releases/{release.id}/rollback")
    assert "not compared: judged by absolute limits" in browser.page("/")
    assert browser.get(f"/live/releases/{release.id}").status_code == 200
