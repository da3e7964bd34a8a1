"""Incidents on the console: listed, looked at, confirmed, noted, signed and closed, without a script."""

from __future__ import annotations

import msgspec

from serinus.core.release.incident import Incident
from serinus.core.release.trigger import Trigger
from serinus.ports.control_store import Page

from .conftest import Console


def rolled_back(console: Console, reason: str = "a <b>sensitive</b> moment") -> str:
    """The id of a release that a person rolled back."""
    id = console.started()
    response = console.browser("on_call", name="olga").submit(f"/releases/{id}/rollback", reason=reason)
    assert response.status_code == 303
    return id


def the_incident(console: Console) -> Incident:
    with console.control.tx() as tx:
        (found,), _ = tx.incidents(Page(limit=9))
    return found


def test_K2_the_page_shows_clock_numbers_duties_and_timeline(console: Console) -> None:
    """Markup of reasons stays text; the list and the release lead to it."""
    release = rolled_back(console)
    one = the_incident(console)
    browser = console.browser("release_manager", name="rick")
    assert f'href="/incidents/{one.id}"' in browser.page("/incidents")
    assert f'href="/incidents/{one.id}"' in browser.page(f"/releases/{release}")
    page = browser.page(f"/incidents/{one.id}")
    for part in ("Recovery clock", "A hypothesis is noted", "open since", "Timeline"):
        assert part in page
    assert "a &lt;b&gt;sensitive&lt;/b&gt; moment" in page
    assert "<b>sensitive" not in page
    assert f'href="/incidents/{one.id}/sign/root_cause"' in page
    assert f"serinus incidents units {one.id}" in page


def test_J6_a_viewer_looks_and_does_nothing(console: Console) -> None:
    """No button, and the acts are refused."""
    rolled_back(console)
    one = the_incident(console)
    viewer = console.browser("viewer")
    page = viewer.page(f"/incidents/{one.id}")
    assert f"/incidents/{one.id}/" not in page
    assert viewer.get(f"/incidents/{one.id}/note").status_code == 403
    assert "Incident" not in viewer.page("/").split('id="needs"')[1].split("</section>")[0].replace("incidents", "")


def test_K1_it_is_noted_counted_signed_and_closed_from_its_page(console: Console) -> None:
    """Closing before the signature is refused with what lacks; afterwards the page says who closed it."""
    rolled_back(console)
    one = the_incident(console)
    at = f"/incidents/{one.id}"
    browser = console.browser("ml_lead", name="lea")
    assert "Note what you suspect" in browser.page("/")
    assert browser.submit(f"{at}/note", reason="the prompt", kind="hypothesis").status_code == 303
    assert "Sign that the root cause is known" in browser.page("/")
    assert browser.submit(f"{at}/count", reason="for the review").status_code == 303
    assert browser.submit(f"{at}/close", reason="done").status_code == 409
    assert browser.submit(f"{at}/sign/root_cause", reason="prose", cause="candidate").status_code == 303
    response = browser.submit(f"{at}/close", reason="fixed")
    assert response.headers["location"] == f"{at}?done=close_incident"
    page = browser.page(response.headers["location"])
    assert "The incident is closed" in page
    assert "Closed: fixed" in page
    stored = the_incident(console)
    assert (stored.signed[0].cause, stored.notes[0].kind, stored.open) == ("candidate", "hypothesis", False)
    assert stored.exposed is not None
    report = browser.page(f"/releases/{one.release}/report")
    assert f"{one.id}: low" in report


def test_K1_a_regression_asks_for_its_case(console: Console) -> None:
    """The form has a field for each way to guard; without one it is refused."""
    rolled_back(console)
    at = f"/incidents/{the_incident(console).id}/sign/regression"
    browser = console.browser("ml_lead", name="lea")
    page = browser.page(at)
    for name in ("case", "monitor", "waive"):
        assert f'name="{name}"' in page
    refused = browser.submit(at, reason="fails on v7")
    assert (refused.status_code, "nothing guards" in refused.text) == (422, True)


def test_K2_the_triggering_metric_is_shown_with_its_chart_and_the_calls_that_show_it(console: Console) -> None:
    """Numbers in the metric's unit; a metric that has no chart is a number alone."""
    release = rolled_back(console)
    one = the_incident(console)
    call = "call_" + "A" * 64
    found = Trigger(
        kind="harm",
        metric="call.error",
        unit="share",
        value=0.2,
        threshold=0.05,
        against=0.04,
        units=120,
        calls=(call,),
    )
    with console.control.tx() as tx:
        tx.put_incident(msgspec.structs.replace(one, trigger=found))
    page = console.browser("ml_lead").page(f"/incidents/{one.id}")
    assert f'data-chart="/releases/{release}/charts/call.error.json"' in page
    for part in ("20 %", "5 %", "4 %", "120 enrolled", f'href="/calls/{call}"', "event=call.error"):
        assert part in page
    with console.control.tx() as tx:
        tx.put_incident(msgspec.structs.replace(one, trigger=msgspec.structs.replace(found, metric="mine", unit="")))
    page = console.browser("ml_lead").page(f"/incidents/{one.id}")
    assert "data-chart" not in page
    assert "0.2" in page
