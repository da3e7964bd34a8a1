"""The freeze of all releases on the console."""

from __future__ import annotations

from .conftest import Console


def test_H12_all_releases_are_frozen_by_a_button_and_let_go_on_by_another(console: Console) -> None:
    """With a reason, on record; the overview says by whom and why until it is lifted."""
    console.started()
    browser = console.browser("release_manager", name="rita")
    assert 'href="/freeze"' in browser.page("/")
    assert "rollbacks go on" in browser.page("/freeze")
    answer = browser.submit("/freeze", reason="the provider moves")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?done=freeze")
    overview = browser.page("/")
    assert "All releases are frozen by rita (" in overview
    assert "the provider moves" in overview
    assert 'href="/freeze"' not in overview
    browser.submit("/unfreeze", reason="it has moved")
    assert "frozen" not in browser.page("/")
    with console.control.tx() as tx:
        assert [entry.action for entry in tx.audit_entries(0, 100)][-2:] == [
            "person:project:freeze",
            "person:project:unfreeze",
        ]


def test_H12_whoever_may_stop_may_freeze_but_not_lift_it(console: Console) -> None:
    """The on-call freezes; letting go on is for those who answer for releases. Who only looks sees no button."""
    console.started()
    assert 'href="/freeze"' not in console.browser("viewer").page("/")
    oncall = console.browser("on_call")
    assert oncall.submit("/freeze", reason="incident").status_code == 303
    assert 'href="/unfreeze"' not in oncall.page("/")
    assert oncall.get("/unfreeze").status_code == 403
