"""Starting a release from a version: what is shown before, and what must be acknowledged."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from serinus.adapters.event_log import ParquetLog
from serinus.adapters.parquet_search import ParquetSearch, ReadLimits
from serinus.core.pipeline.plan import Guardrail
from serinus.core.pipeline.risk import RiskRules
from serinus.core.pipeline.step import Step
from serinus.core.records.call import row
from serinus.core.records.record import Score
from serinus.core.records.score import row as score_row
from serinus.core.release.release import Progress, Release
from serinus.core.release.table import State
from serinus.ports.event_log import LogBatch, ScoreBatch
from tests.fake_workers import ManualClock, end, raw_call

from .conftest import PLAN, START_US, Console, form_of, made

HOUR_US = 3_600_000_000
HOSTILE = "<b>it</b> is \x1b[2J\u202efine"


def with_calls(folder: Path, hours: int, per_hour: int = 10, graded: int = 0) -> Console:
    """A console whose log holds calls of other users in each of the last hours, one in a hundred an error, and a
    judge's grade of the first ones, every other of them right."""
    rows = [
        msgspec.structs.replace(
            row(end(raw_call(n), ManualClock()), "host-1"), app="bot",
            arm="rest", unit=f"{n:016x}", at_us=START_US - hours * HOUR_US + n * HOUR_US // per_hour,
            events=("call.error",) if n % 100 == 0 else (),
        )
        for n in range(per_hour * hours)
    ]  # fmt: skip
    ParquetLog(folder).write(LogBatch(spool=f"{'0' * 32}-00000000", start=64, end=100, rows=rows))
    scores = [
        score_row(Score(raw_call(n), START_US, "judge.correctness", 10**6 * (n % 2), "judge", str(n), "bot"), "host-1")
        for n in range(graded)
    ]
    ParquetLog(folder).write_scores(ScoreBatch(spool=f"{'0' * 32}-00000000", start=64, end=100, rows=scores))
    return made(ParquetSearch(folder, ReadLimits()))


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Console]:
    """Two days of calls: too few for what the plan guards."""
    console = with_calls(tmp_path, 48)
    yield console
    for client in console.open:
        client.close()


def active(console: Console) -> list[Release]:
    with console.control.tx() as tx:
        return list(tx.active_releases())


def place(version: str) -> str:
    return f"/apps/bot/versions/{version}/release"


def test_M3_the_way_type_and_risk_are_shown_before_the_start(console: Console) -> None:
    """All stages and steps, what takes it back, and what the difference implies; without a log it is said so."""
    _, second = console.prepared()
    page = console.browser("release_manager").page(place(second))
    for words in ("What takes it back", "prompt wording", "<strong>15</strong> of 100, low", "ada@example.com"):
        assert words in page
    assert "--segments" in page
    assert 'id="acknowledge"' not in page


def test_h5a_the_forecast_is_shown_and_a_blind_plan_must_be_acknowledged(busy: Console) -> None:
    """As `serinus forecast` tells it; without a word to it the form comes back with what was typed, and with it the
    release starts and both reasons are on record."""
    _, second = busy.prepared()
    browser = busy.browser("release_manager")
    page = browser.page(place(second))
    assert "Smallest harm seen" in page
    assert '<span class="pill bad">error</span>' in page
    assert 'id="acknowledge"' in page
    refused = browser.submit(place(second), reason="kinder than before")
    assert refused.status_code == 422
    assert 'id="acknowledge-fault"' in refused.text
    assert ">kinder than before</textarea>" in refused.text
    assert active(busy) == []
    long = browser.submit(place(second), reason="kinder", acknowledge="x" * 2001)
    assert long.status_code == 422
    assert browser.submit(place(second), reason="kinder", acknowledge=HOSTILE).status_code == 303
    (release,) = active(busy)
    page = browser.page(f"/releases/{release.id}")
    assert "kinder; acknowledged: &lt;b&gt;it&lt;/b&gt; is ␛[2J⟨U+202E⟩fine" in page
    assert "\x1b" not in page


def test_H5_a_guardrail_on_a_score_has_its_row_in_the_forecast(tmp_path: Path) -> None:
    """From the app's own grades: a share of users graded, and the smallest drop in points."""
    console = with_calls(tmp_path, 30, per_hour=100, graded=1500)
    rail = Guardrail(metric="judge.correctness", maturation_s=60)
    half = Step(share=0.5, dwell_s=20 * 3600, min_units=10)
    plan = msgspec.structs.replace(PLAN, guardrails=(rail,), stages=(), steps=(half, PLAN.steps[1]))
    _, second = console.prepared(plan)
    page = console.browser("release_manager").page(place(second))
    assert re.search(
        r">Correctness</td><td class=\"num\">[\d.]+\u202f?\s?% graded</td><td class=\"num\">[\d.]+ points lower", page
    )
    assert "lower by 7 points of 100" in page
    for client in console.open:
        client.close()


def tried(console: Console, harmed: int) -> tuple[str, str]:
    """A release of the second version that was aborted after so many of its 500 users met errors, 5 of the control's;
    its id, and a version that is nearly the same."""
    id = console.started()
    with console.control.tx() as tx:
        release = tx.release(id)
        assert release is not None
        tx.put_progress(Progress(release=id, step=0, positions={"enrolled": (500, 500), "call.error": (harmed, 5)}))
        tx.replace_release(msgspec.structs.replace(release, state=State.ABORTED, seq=release.seq + 1), release.seq)
    return id, console.push("Be very kind.", notes="The same words.")


def test_of_an_ended_release_nobody_may_serve_the_candidate(console: Console) -> None:
    """The leases that workers hold are of other releases then."""
    viewer = console.browser("viewer")
    id = console.started()
    assert "may serve the candidate" in viewer.page(f"/releases/{id}")
    with console.control.tx() as tx:
        release = tx.release(id)
        assert release is not None
        tx.replace_release(msgspec.structs.replace(release, state=State.ABORTED, seq=release.seq + 1), release.seq)
    assert "may serve the candidate" not in viewer.page(f"/releases/{id}")


def test_what_an_earlier_attempt_showed_is_set_aside_by_a_reason_of_its_own(console: Console) -> None:
    """An acknowledgement is none: the form comes back, and only the other field starts the release."""
    id, again = tried(console, 100)
    browser = console.browser("release_manager")
    page = browser.page(place(again))
    assert f"is nearly what release {id} tried" in page
    assert 'id="acknowledge"' not in page
    refused = browser.submit(place(again), reason="once more", acknowledge="I know")
    assert refused.status_code == 422
    assert 'id="set_aside-fault"' in refused.text
    assert active(console) == []
    assert browser.submit(place(again), reason="once more", set_aside="x" * 2001).status_code == 422
    assert browser.submit(place(again), reason="once more", set_aside="the provider was down").status_code == 303
    (release,) = active(console)
    assert release.lineage.set_aside == "the provider was down"


def test_an_acknowledged_plan_sets_no_evidence_aside(busy: Console) -> None:
    """What spoke mildly against an earlier attempt counts on when somebody only acknowledges what the plan cannot
    see."""
    id, again = tried(busy, 14)
    browser = busy.browser("release_manager")
    assert "attempt 2 of its lineage" in browser.page(place(again))
    assert browser.submit(place(again), reason="once more", acknowledge="few calls").status_code == 303
    (release,) = active(busy)
    assert (release.lineage.earlier, release.lineage.set_aside) == ((id,), "")
    assert release.lineage.carried > 0


def test_with_less_than_a_day_of_calls_nothing_need_be_acknowledged(tmp_path: Path) -> None:
    """The forecast is shown all the same."""
    young = with_calls(tmp_path, 5)
    _, second = young.prepared()
    browser = young.browser("release_manager")
    assert "Smallest harm seen" in browser.page(place(second))
    assert browser.submit(place(second), reason="kinder").status_code == 303
    for client in young.open:
        client.close()


def test_H6_while_a_release_is_active_none_is_offered_and_the_pages_say_which_one_runs(console: Console) -> None:
    """On the pages of app and version a link leads to it, and the page of a start has no form."""
    id = console.started()
    third = console.push("Be kinder still.")
    browser = console.browser("release_manager")
    for page in (browser.page("/apps/bot"), browser.page(f"/apps/bot/versions/{third}")):
        assert f'href="{place(third)}"' not in page
        assert f'href="/releases/{id}"' in page
    page = browser.page(place(third))
    assert "Another release of bot" in page
    assert "of 100, " in page
    assert "<textarea" not in page


def test_a_start_that_is_sent_twice_is_one_release(console: Console) -> None:
    """A double click leads to the same release twice."""
    _, second = console.prepared()
    browser = console.browser("release_manager")
    fields = form_of(browser.page(place(second))) | {"reason": "kinder"}
    answers = [browser.post(place(second), **fields) for _ in range(2)]
    (release,) = active(console)
    assert [one.headers["location"] for one in answers] == [f"/releases/{release.id}?done=release"] * 2


def test_what_cannot_start_says_why_and_what_to_do(console: Console) -> None:
    """The live version itself, and an app without a plan."""
    first, second = console.prepared()
    browser = console.browser("release_manager")
    assert "is live already" in browser.page(place(first))
    with console.control.tx() as tx:
        state = tx.app("bot")
        assert state is not None
        tx.put_app(msgspec.structs.replace(state, config=msgspec.structs.replace(state.config, plan=None)))
    page = browser.page(place(second))
    assert "has no plan" in page
    assert "<textarea" not in page
    assert console.browser("viewer").get(place(second)).status_code == 403


def test_M1_another_type_is_shown_with_its_way_and_then_started(console: Console) -> None:
    """The address holds what is said; the form sends just that, so what was shown is what starts."""
    _, second = console.prepared(msgspec.structs.replace(PLAN, risk=RiskRules()))
    browser = console.browser("release_manager")
    assert "Not as declared" not in browser.page(place(second))
    shown = browser.page(f"{place(second)}?type=base_model_upgrade&modifier=policy-change")
    for words in ("Not as declared", "high risk: 75 of 100", "<strong>75</strong> of 100, high", "prompt wording is"):
        assert words in shown
    fields = {**form_of(shown), "reason": "new weights"}
    assert (fields["type"], fields["modifiers"]) == ("base_model_upgrade", "policy-change")
    assert browser.post(place(second), **fields).status_code == 303
    (started,) = active(console)
    risk = started.plan.effect.risk
    assert risk is not None
    assert (risk.level, risk.modifiers) == ("high", ("policy-change",))
    page = browser.page(f"/releases/{started.id}")
    assert "Not as declared" in page
    assert "high risk: 75 of 100" in page


def test_M1_a_lower_type_without_a_reason_is_refused_on_the_page(console: Console) -> None:
    """It says what is implied, and offers the field for the reason; with it the form is there."""
    _, second = console.prepared()
    browser = console.browser("release_manager")
    page = browser.page(f"{place(second)}?type=none")
    assert "is less than the difference implies" in page
    assert "Start the release" not in page
    assert "Start the release" in browser.page(f"{place(second)}?type=none&type_reason=a+comment")
