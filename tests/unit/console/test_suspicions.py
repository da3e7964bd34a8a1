"""Suspicions on the console: raised on a call's page, answered on the release's, without a script."""

from __future__ import annotations

from html import unescape

from serinus.core.records.suspicion import PATTERN, VIOLATION
from serinus.core.release.release import Progress, Release
from serinus.core.release.suspicion import Suspicion
from serinus.ports.control_store import Page

from .conftest import Console
from .suspicions import a_call, suspect_call


def of(console: Console, release: str) -> tuple[Release, list[Suspicion]]:
    with console.control.tx() as tx:
        found = tx.release(release)
        assert found is not None
        return found, tx.suspicions(Page(limit=9), release=release)[0]


def test_H4_the_release_shows_what_is_suspected_and_who_may_answer(console: Console) -> None:
    """What, since when, by whom, until when, with the buttons of the visitor's roles; markup stays text."""
    id = console.started()
    one = suspect_call(console, id, reason="<img src=x>")
    page = console.browser("on_call").page(f"/releases/{id}")
    for part in (
        "Policy violation: dosage",
        "rolls back at",
        "(33333333): &lt;img src=x&gt;",
        "Confirm",
        "Dismiss",
    ):
        assert part in page
    assert f'href="/releases/{id}/suspicions/{one.id}/confirm"' in page
    assert "/resume" not in page
    assert "Read the call and answer below" in page
    assert "<img src=x" not in page
    looked = console.browser("viewer").page(f"/releases/{id}")
    assert "Policy violation: dosage" in looked
    assert "/suspicions/" not in looked


def test_J1_confirming_says_what_follows_then_rolls_back(console: Console) -> None:
    """With the reason on the trail; a form without the session's token does nothing."""
    id = console.started()
    one = suspect_call(console, id)
    browser = console.browser("safety_reviewer", name="sam")
    path = f"/releases/{id}/suspicions/{one.id}/confirm"
    assert "rolled back at once" in browser.page(path)
    assert browser.post(path, token="0" * 64, once="1", reason="x").status_code == 403
    assert of(console, id)[0].state == "paused"
    assert browser.submit(path, reason="").status_code == 422
    response = browser.submit(path, reason="it gives a dose")
    assert (response.status_code, response.headers["location"]) == (303, f"/releases/{id}?done=confirm_violation")
    release, (stored,) = of(console, id)
    assert (release.state, stored.answer, stored.answer_reason) == ("rolling_back", "confirmed", "it gives a dose")
    assert "The violation is confirmed" in browser.page(response.headers["location"])


def test_H4_dismissed_and_reviewed_it_can_be_resumed(console: Console) -> None:
    """Each by its role; the author of the version is refused with why."""
    id = console.started()
    violation, pattern = suspect_call(console, id), suspect_call(console, id, 2, PATTERN)
    at = f"/releases/{id}/suspicions"
    author = console.browser("ml_lead", name="eve")
    refused = author.submit(f"{at}/{violation.id}/dismiss", reason="mine")
    assert (refused.status_code, "started this release" in refused.text) == (403, True)
    assert console.browser("on_call").get(f"{at}/{pattern.id}/review").status_code == 403
    on_call = console.browser("on_call", name="olga")
    assert on_call.submit(f"{at}/{violation.id}/dismiss", reason="cookery").status_code == 303
    assert console.browser("red_team").submit(f"{at}/{pattern.id}/review", reason="known").status_code == 303
    looked = on_call.page(f"/releases/{id}")
    assert f'href="/releases/{id}/resume"' in looked
    assert "a person may resume it" in looked
    with console.control.tx() as tx:
        tx.put_progress(Progress(release=id, step=0, waiting="Paused: olga dismissed it; a person resumes"))
    for path in (f"/releases/{id}", "/"):
        told = on_call.page(path)
        assert "olga dismissed it; a person resumes" in told
        assert "or it rolls back" not in told.partition("What happened")[0]
    assert on_call.submit(f"/releases/{id}/resume", reason="go on").status_code == 303
    assert of(console, id)[0].state == "running"


def test_the_overview_says_that_it_needs_whoever_may_answer(console: Console) -> None:
    """One line for a release, the oldest first, and how many more; nothing for those who may not."""
    id = console.started()
    for number in range(3):
        suspect_call(console, id, number)
    page = unescape(console.browser("on_call").page("/"))
    assert f'href="/releases/{id}#suspicions"' in page
    assert "Suspected policy violation (dosage)" in page
    assert "; 2 more" in page
    assert "It rolls back at" in page
    assert "Decide" not in page
    assert "Decide" in console.browser("executive").page("/")
    assert "#suspicions" not in console.browser("viewer").page("/")


def test_H4_a_call_is_suspected_from_its_page(console: Console) -> None:
    """Both kinds ask for a reason; what is no call of this project is refused."""
    id = console.started()
    browser = console.browser("reviewer", name="rea")
    violation, pattern = a_call(console, id), a_call(console, id, 2)
    assert browser.submit(f"/calls/{violation}/suspect", reason="it gives a dose").status_code == 303
    assert browser.submit(f"/calls/{pattern}/pattern", reason="a new trick").status_code == 303
    release, found = of(console, id)
    assert release.state == "paused"
    assert [one.kind for one in found] == [PATTERN, VIOLATION]
    assert browser.get("/calls/call_x/suspect").status_code == 422


def test_H4_the_category_of_a_suspicion_is_asked_for(console: Console) -> None:
    """As on the command line, for both kinds; it may stay empty. What is no word comes back with why, the field and the
    reason as they were typed."""
    id = console.started()
    browser = console.browser("reviewer", name="rea")
    call, second = a_call(console, id), a_call(console, id, 2)
    page = browser.page(f"/calls/{call}/suspect")
    assert '<label for="category">' in page
    assert 'name="category" value="" maxlength="40"' in page
    refused = browser.submit(f"/calls/{call}/suspect", category='Medical "advice"', reason="it gives a dose")
    assert refused.status_code == 422
    assert "is no category: up to 40 of" in refused.text
    assert 'value="Medical &#34;advice&#34;"' in refused.text
    assert ">it gives a dose</textarea>" in refused.text
    assert of(console, id)[1] == []
    assert browser.submit(f"/calls/{call}/suspect", category="medical_advice", reason="a dose").status_code == 303
    assert browser.submit(f"/calls/{second}/pattern", category="", reason="a new trick").status_code == 303
    assert [one.category for one in of(console, id)[1]] == ["", "medical_advice"]
    assert "Policy violation: medical_advice" in browser.page(f"/releases/{id}")


def test_other_acts_ask_for_no_category(console: Console) -> None:
    """The field belongs to suspicions."""
    assert 'name="category"' not in console.browser("admin").page("/freeze")
