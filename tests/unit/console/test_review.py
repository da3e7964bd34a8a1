"""The page of a review: all that a signature rests on, and the signature itself."""

from __future__ import annotations

import hashlib

import msgspec
import pytest

from serinus.console.offline_numbers import suites_of
from serinus.control.start_release import start_release
from serinus.core.monitoring.reading import Reading
from serinus.core.pipeline.monitor import HttpSource, MetricSource, Monitor
from serinus.core.pipeline.plan import Guardrail, Limit, Plan, Step
from serinus.core.pipeline.stages import ApprovalStage, OfflineStage, RolloutStage, StageResult
from serinus.core.release.release import Release

from .conftest import START_US, Browser, Console, form_of
from .test_pages import HOSTILE, Structure

ERRORS = Monitor(name="errors", source=MetricSource(metric="call.error"), required=True)
KB = Monitor(name="kb", source=HttpSource(url="http://kb/"))
PLAN = Plan(
    owner="ada@example.com",
    stages=(
        OfflineStage(name="golden", suites=("answers",)),
        ApprovalStage(name="leads", roles=("ml_lead", "ops_lead")),
        RolloutStage(steps=(Step(share=0.05, dwell_s=60), Step(share=1.0, dwell_s=60))),
    ),
    guardrails=(Guardrail(metric="call.error"),),
    limits=(Limit(metric="call.error", above=0.25),),
    monitors=(ERRORS, KB),
)
INTERVAL = {"value": 0.91, "low": 0.88, "high": 0.94}
SUITE = {
    "suite": f"answers {HOSTILE}",
    "outcome": "pass",
    "cases": 300,
    "criteria": [
        {
            "name": f"says_so {HOSTILE}",
            "candidate": {"mean": INTERVAL, "scored": 300, "unscored": 2},
            "baseline": {"mean": {"value": 0.85, "low": 0.8, "high": 0.9}, "scored": 300, "unscored": 0},
            "comparison": {
                "pairs": 300, "wins": 31, "losses": 17, "ties": 252,
                "difference": {"value": 0.06, "low": 0.01, "high": 0.11},
            },
        }
    ],
    "findings": [{"about": "x", "outcome": "pass", "text": f"it holds {HOSTILE}", "check": "min", "dry": ""}],
    "warnings": [f"mind {HOSTILE}"],
    "code": "0.1.0",
}  # fmt: skip


def result(release: str, outcome: str = "pass", attempt: int = 1, evidence: str = "") -> StageResult:
    """What the offline stage came to."""
    numbers = evidence or msgspec.json.encode({"suites": [SUITE]}).decode()
    return StageResult(
        release=release, stage=0, attempt=attempt, outcome=outcome, text=f"answers passes {HOSTILE}",  # type: ignore[arg-type]
        evidence=numbers, evidence_digest=hashlib.sha256(numbers.encode()).hexdigest(), at_us=START_US,
    )  # fmt: skip


def waiting(console: Console, plan: Plan = PLAN) -> str:
    """A release that waits for its leads, after a stage that passed, with hostile words in all that people write."""
    console.prepared(plan)
    second = console.push("Be kind. <b>Always</b> \u202e.", notes=HOSTILE, known_issues=[HOSTILE])
    salt = console.random_bytes(16).hex()
    id = start_release(
        console.control, console.clock.now_us(), f"eve {HOSTILE} (22222222)", console.ids, salt, "bot", second, HOSTILE
    ).id
    with console.control.tx() as tx:
        found = tx.release(id)
        assert found is not None
        tx.insert_stage_result(result(id))
        tx.replace_release(msgspec.structs.replace(found, stage=1, seq=found.seq + 1), found.seq)
    return id


def release(console: Console, id: str) -> Release:
    with console.control.tx() as tx:
        found = tx.release(id)
    assert found is not None
    return found


def text_of(browser: Browser, id: str) -> str:
    """What a reader sees, with single spaces."""
    return " ".join(" ".join(Structure(browser.page(f"/releases/{id}/review")).text).split())


def test_G2_one_page_holds_all_that_a_reviewer_needs(console: Console) -> None:
    """Diff, offline numbers with intervals, risk with level, who signs in words, who cannot and why."""
    id = waiting(console)
    text = text_of(console.browser("ml_lead", name="mia"), id)
    for words in (
        "ML lead open", "operations lead open", "who pushed this version", "who started this release",
        "0.910 0.880 to 0.940", "+0.060 +0.010 to +0.110", "31 : 17 : 252", "2 unscored", "300 cases",
        "Base risk 35 of 100", "35 of 100, medium", "Sign or refuse",
    ):  # fmt: skip
        assert words in text, words


def test_G2_the_checklist_says_what_is_in_order_and_what_is_not(console: Console) -> None:
    """The way back, measured stages, limits at 100 %, monitors without data, the signature, known issues."""
    id = waiting(console)
    text = text_of(console.browser("ml_lead", name="mia"), id)
    for words in (
        "in order There is a version to go back to", "in order Every measured stage so far passed golden.",
        "in order Something takes it back at 100 %", "not in order The monitors have data and are calm errors: no-data",
        "look Optional monitors have data Without: kb.", "look The version is what somebody signed Nobody",
        "look Its known issues are acceptable", "not known The plan sees what it guards",
    ):  # fmt: skip
        assert words in text, words
    with console.control.tx() as tx:
        for monitor in (ERRORS, KB):
            tx.put_reading(
                Reading(
                    app="bot", monitor=monitor.name, subject="live", at_us=console.clock.now_us(), level="ok",
                    text=HOSTILE, definition=monitor.digest, value=0.0, since_us=START_US,
                )
            )  # fmt: skip
        app = tx.app("bot")
        assert app is not None
        tx.put_app(msgspec.structs.replace(app, override=app.live))
        tx.insert_stage_result(result(id, "fail", 2))
    text = text_of(console.browser("viewer"), id)
    assert "in order The monitors have data and are calm 2 of them." in text
    assert "not in order There is a version to go back to All traffic is pinned" in text


def test_G1_a_signature_is_given_on_the_page_for_what_it_shows(console: Console) -> None:
    """The digest of the evidence travels in the form; twice is once, and after it the page says who signed."""
    id = waiting(console)
    browser = console.browser("ml_lead", name="mia")
    fields = form_of(browser.page(f"/releases/{id}/review")) | {"role": "ml_lead", "reason": HOSTILE}
    answers = [browser.post(f"/releases/{id}/approve", **fields) for _ in range(2)]
    assert [one.status_code for one in answers] == [303, 303]
    with console.control.tx() as tx:
        (approval,) = tx.approvals(id)
    assert approval.evidence == fields["evidence"]
    text = text_of(browser, id)
    assert "ML lead signed mia (" in text
    assert "You have signed already" in text


def test_G1_evidence_that_changed_since_the_page_was_loaded_is_not_signed(console: Console) -> None:
    """The stage ran again meanwhile: the form of the old page approves nothing."""
    id = waiting(console)
    browser = console.browser("ml_lead", name="mia")
    stale = form_of(browser.page(f"/releases/{id}/review")) | {"role": "ml_lead", "reason": "read"}
    before = release(console, id)
    with console.control.tx() as tx:
        tx.insert_stage_result(result(id, attempt=2))
        after = msgspec.structs.replace(before, attempts=(2,), seq=before.seq + 1)
        tx.replace_release(after, before.seq)
    assert browser.post(f"/releases/{id}/approve", **stale).status_code == 409
    with console.control.tx() as tx:
        assert list(tx.approvals(id)) == []


@pytest.mark.parametrize(("role", "name", "says"), [
    ("ml_lead", "ada", "You pushed this version, so somebody else must approve it."),
    ("legal", "lea", "None of your roles is asked to sign."),
    ("viewer", "vic", "None of your roles is asked to sign."),
])  # fmt: skip
def test_G1_whoever_cannot_approve_is_told_why(console: Console, role: str, name: str, says: str) -> None:
    """The author least of all; nobody of them gets the button."""
    id = waiting(console)
    browser = console.browser(role, name=name)
    page = browser.page(f"/releases/{id}/review")
    assert says in page
    assert ">Approve</button>" not in page
    token = form_of(browser.page("/audit"))["token"]
    answer = browser.post(f"/releases/{id}/approve", token=token, once="0" * 32, role=role, reason="x", evidence="0")
    assert answer.status_code in (403, 409, 422)
    with console.control.tx() as tx:
        assert list(tx.approvals(id)) == []


def test_one_no_on_the_page_ends_it(console: Console) -> None:
    """By the same form, with the reason."""
    id = waiting(console)
    browser = console.browser("ops_lead", name="otto")
    page = browser.page(f"/releases/{id}/review")
    assert f'formaction="/releases/{id}/reject"' in page
    fields = form_of(page) | {"role": "ops_lead", "reason": "not yet"}
    assert browser.post(f"/releases/{id}/reject", **fields).status_code == 303
    assert release(console, id).state == "rejected"
    assert "It waits for nobody" in browser.page(f"/releases/{id}/review")


def test_what_people_write_is_text_on_the_page_of_a_review(console: Console) -> None:
    """Names of suites and criteria, findings, notes, reasons, actors."""
    id = waiting(console)
    page = console.browser("ml_lead", name=HOSTILE).page(f"/releases/{id}/review")
    found = Structure(page)
    assert not any(sign in page for sign in "\x1b\u202e\u2028")
    assert all(str(one["src"]).startswith("/static/") for one in found.named("script"))
    assert not any(name.startswith("on") or name == "style" for _, attributes in found.tags for name in attributes)
    assert len(found.named("table")) == len(found.named("caption"))
    assert "answers <script>alert(1)</script>" in "".join(found.text)


def test_evidence_of_another_kind_has_no_suites(console: Console) -> None:
    """A shadow stage's, or what another Serinus wrote."""
    for evidence in ('{"pairs": 3}', "[]", "no JSON", '{"suites": [{"suite": 1}]}'):
        assert suites_of(result("rel_1", evidence=evidence)) == ()
