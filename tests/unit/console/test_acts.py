"""What people do to releases and apps on the console."""

from __future__ import annotations

import msgspec
import pytest

from serinus.console.form import MAX_REASON
from serinus.console.release_acts import ACTS
from serinus.core.access import TABLE, Role
from serinus.core.pipeline.plan import Guardrail, Limit, Plan, Step
from serinus.core.pipeline.stages import ApprovalStage, RolloutStage
from serinus.core.release.release import Release
from serinus.ports.control_store import Page

from .conftest import Console, form_of

APPROVAL_PLAN = Plan(
    owner="ada@example.com",
    stages=(
        ApprovalStage(name="leads", roles=("ml_lead", "ops_lead")),
        RolloutStage(steps=(Step(share=0.05, dwell_s=60), Step(share=1.0, dwell_s=60))),
    ),
    guardrails=(Guardrail(metric="call.error"),),
    limits=(Limit(metric="call.error", above=0.98),),
)


def release(console: Console, id: str) -> Release:
    with console.control.tx() as tx:
        found = tx.release(id)
    assert found is not None
    return found


def entries(console: Console, subject: str) -> list[tuple[str, str]]:
    with console.control.tx() as tx:
        return [(entry.action, entry.reason) for entry in tx.audit_newest(subject, Page())[0]]


@pytest.mark.parametrize(("act", "state"), [("pause", "paused"), ("abort", "aborting"), ("rollback", "rolling_back")])
def test_an_act_is_asked_for_with_what_follows_then_done(console: Console, act: str, state: str) -> None:
    """The page says what follows; the form does it, with actor and reason in the audit trail, and wakes the tick."""
    id = console.started()
    browser = console.browser("on_call", name="olga")
    assert ACTS[act].says.split(".")[0] in browser.page(f"/releases/{id}/{act}").replace("&#39;", "'")
    response = browser.submit(f"/releases/{id}/{act}", reason="it looks odd")
    assert (response.status_code, response.headers["location"]) == (303, f"/releases/{id}?done={act}")
    assert release(console, id).state == state
    assert release(console, id).reason.startswith("olga (")
    assert release(console, id).reason.endswith(": it looks odd")
    assert console.wakes


def test_a_form_that_is_sent_twice_is_done_once(console: Console) -> None:
    """A double click pauses once, and both answers lead to the release."""
    id = console.started()
    browser = console.browser("on_call")
    fields = form_of(browser.page(f"/releases/{id}/pause")) | {"reason": "look"}
    answers = [browser.post(f"/releases/{id}/pause", **fields) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert release(console, id).seq == 2
    assert [action for action, _ in entries(console, id)].count("person:release:pause") == 1


def test_an_act_on_a_release_that_has_changed_is_refused(console: Console) -> None:
    """Whoever decided on what they saw decides again."""
    id = console.started()
    first, second = console.browser("on_call", name="first"), console.browser("on_call", name="second")
    seen = form_of(second.page(f"/releases/{id}/abort")) | {"reason": "late"}
    first.submit(f"/releases/{id}/pause", reason="early")
    response = second.post(f"/releases/{id}/abort", **seen)
    assert response.status_code == 409
    assert "paused the release: early" in response.text
    assert release(console, id).state == "paused"


@pytest.mark.parametrize("reason", ["", "   ", "\r\n", "x" * (MAX_REASON + 1)])
def test_an_act_without_a_reason_is_not_done(console: Console, reason: str) -> None:
    """The form comes back with what is wrong, and the text is not lost."""
    id = console.started()
    response = console.browser("on_call").submit(f"/releases/{id}/pause", reason=reason)
    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.text
    assert release(console, id).state == "running"


def test_a_form_without_token_or_number_is_refused(console: Console) -> None:
    """Neither another site nor a half-made form acts."""
    id = console.started()
    browser = console.browser("on_call")
    whole = form_of(browser.page(f"/releases/{id}/pause")) | {"reason": "look"}
    for missing, status in (("token", 403), ("once", 422)):
        response = browser.post(f"/releases/{id}/pause", **{k: v for k, v in whole.items() if k != missing})
        assert response.status_code == status
    assert browser.client.post(f"/releases/{id}/pause", content=b"\xff" * 10).status_code == 422
    assert browser.client.post(f"/releases/{id}/pause", content=b"a" * 70_000).status_code == 422
    assert release(console, id).seq == 1


@pytest.mark.parametrize("act", sorted(ACTS))
@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.ON_CALL, Role.RELEASE_MANAGER, Role.LEGAL])
def test_the_console_allows_what_the_table_allows(console: Console, act: str, role: Role) -> None:
    """The same table as the API's decides who gets to the page and who can send its form."""
    id = console.started(APPROVAL_PLAN)
    browser, operation = console.browser(role), ACTS[act].operation
    allowed = role in TABLE[operation]
    assert (browser.get(f"/releases/{id}/{act}").status_code == 200) is allowed
    token = form_of(console.browser("viewer").page("/audit"))
    refused = browser.post(f"/releases/{id}/{act}", **token).status_code
    assert refused in (403, 422)
    assert (f'id="act-{act}"' in browser.page(f"/releases/{id}")) <= allowed


def test_what_is_not_possible_now_is_not_offered(console: Console) -> None:
    """A running release offers pause but not resume; a paused one the reverse; an ended one nothing."""
    id = console.started()
    browser = console.browser("admin")
    page = browser.page(f"/releases/{id}")
    assert ('id="act-pause"' in page, 'id="act-resume"' in page) == (True, False)
    browser.submit(f"/releases/{id}/pause", reason="look")
    page = browser.page(f"/releases/{id}")
    assert ('id="act-pause"' in page, 'id="act-resume"' in page) == (False, True)
    browser.submit(f"/releases/{id}/abort", reason="enough")
    assert 'id="act-' not in browser.page(f"/releases/{id}")
    assert browser.submit(f"/releases/{id}/resume", reason="please").status_code == 409


def test_G1_people_sign_in_their_role_for_what_they_were_shown(console: Console) -> None:
    """Two leads sign, each in their own role; who still must is on the page."""
    id = console.started(APPROVAL_PLAN)
    for role, left in (("ml_lead", "operations lead"), ("ops_lead", "nobody")):
        browser = console.browser(role, name=role)
        assert 'id="act-approve"' in browser.page(f"/releases/{id}")
        response = browser.submit(f"/releases/{id}/approve", role=role, reason="read and good")
        assert response.status_code == 303, response.text
        assert f"<dt>Still to sign</dt><dd>{left}" in browser.page(f"/releases/{id}")
    with console.control.tx() as tx:
        assert {(a.role, a.verdict) for a in tx.approvals(id)} == {("ml_lead", "approve"), ("ops_lead", "approve")}


def test_G1_the_author_cannot_approve(console: Console) -> None:
    """Nor who started the release; the page says why."""
    id = console.started(APPROVAL_PLAN)
    response = console.browser("ml_lead", name="ada").submit(f"/releases/{id}/approve", role="ml_lead", reason="mine")
    assert response.status_code == 403
    assert "pushed this version" in response.text


def test_G1_an_approval_of_other_evidence_is_refused(console: Console) -> None:
    """What was signed is exactly what was shown."""
    id = console.started(APPROVAL_PLAN)
    response = console.browser("ml_lead", name="mia").submit(
        f"/releases/{id}/approve", role="ml_lead", reason="old", evidence="0" * 64
    )
    assert response.status_code == 409
    assert "evidence has changed" in response.text


def test_one_refusal_ends_a_candidate_that_nobody_has_seen(console: Console) -> None:
    """It is rejected, with the reason."""
    id = console.started(APPROVAL_PLAN)
    console.browser("ops_lead", name="otto").submit(f"/releases/{id}/reject", role="ops_lead", reason="not yet")
    assert release(console, id).state == "rejected"
    assert "not yet" in release(console, id).reason


def test_G2_the_overview_shows_an_approval_to_those_whose_signature_helps(console: Console) -> None:
    """Not to the author, not to other roles."""
    id = console.started(APPROVAL_PLAN)
    shown = {
        name: f'href="/releases/{id}/review">Look and sign' in console.browser(role, name=name).page("/")
        for role, name in (("ml_lead", "mia"), ("ml_lead", "ada"), ("on_call", "olga"))
    }
    assert shown == {"mia": True, "ada": False, "olga": False}


def test_J3_traffic_is_pinned_and_unpinned(console: Console) -> None:
    """To a version that was live; the app's page says it until it is cleared."""
    first, second = console.prepared()
    browser = console.browser("on_call")
    assert browser.submit(f"/apps/bot/versions/{second}/pin", reason="try").status_code == 409
    assert (
        browser.submit(f"/apps/bot/versions/{first}/pin", reason="incident").headers["location"] == "/apps/bot?done=pin"
    )
    assert "All traffic is pinned to" in browser.page("/apps/bot")
    assert 'class="pill bad">pinned' in browser.page("/")
    browser.submit("/apps/bot/unpin", reason="over")
    assert "All traffic is pinned to" not in browser.page("/apps/bot")


def test_a_release_is_started_from_its_version(console: Console) -> None:
    """It follows the plan, and the page of the app leads to it."""
    _, second = console.prepared()
    browser = console.browser("release_manager")
    assert f'href="/apps/bot/versions/{second}/release"' in browser.page(f"/apps/bot/versions/{second}")
    stale = form_of(browser.page(f"/apps/bot/versions/{second}/release")) | {"reason": "again"}
    response = browser.submit(f"/apps/bot/versions/{second}/release", reason="kinder")
    with console.control.tx() as tx:
        (started,) = tx.active_releases()
    assert response.headers["location"] == f"/releases/{started.id}?done=release"
    assert f'href="/releases/{started.id}"' in browser.page("/apps/bot?done=release")
    assert browser.post(f"/apps/bot/versions/{second}/release", **stale).status_code == 409


def test_I1_a_notice_is_acknowledged_once_by_who_looks_into_it(console: Console) -> None:
    """It leaves what needs somebody."""
    console.started()
    with console.control.tx() as tx:
        (notice,) = tx.unrouted(1)
        tx.replace_notice(msgspec.structs.replace(notice, routed_at_us=1, acknowledge_by_us=console.clock.now_us() + 1))
    browser = console.browser("on_call", name="olga")
    assert f"/notices/{notice.id}/acknowledge" in browser.page("/")
    assert (
        browser.submit(f"/notices/{notice.id}/acknowledge", reason="on it").headers["location"] == "/?done=acknowledge"
    )
    assert f"/notices/{notice.id}/acknowledge" not in browser.page("/")
    with console.control.tx() as tx:
        seen = tx.notice(notice.id)
    assert seen is not None
    assert seen.acknowledged_by.startswith("olga (")
    assert browser.get("/notices/999/acknowledge").status_code == 404


def test_J1_a_reason_that_names_a_call_leads_to_it(console: Console) -> None:
    """For those who may read calls; the sentence itself shows the ends of its id."""
    id = console.started()
    call = "call_AgGh" + "x" * 54 + "dhjMkX"
    browser = console.browser("on_call", name="olga")
    browser.submit(f"/releases/{id}/rollback", reason=f"Rule no_refunds in {call}")
    page = browser.page(f"/releases/{id}")
    assert f'<a href="/calls/{call}">Read the call' in page
    assert "call_AgGh…dhjMkX" in page
    assert "Read the call" not in console.browser("viewer").page(f"/releases/{id}")
