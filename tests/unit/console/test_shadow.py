"""The page of a release in shadow: pairs of both sides, what is lacking, and where to look at them."""

from __future__ import annotations

import msgspec

from serinus.console.routes.live import RELEASE_PARTS
from serinus.core.decision.shadow import PairedEvent, Shadowing
from serinus.core.decision.shadow_gate import PairEvidence
from serinus.core.judging.report import result_of
from serinus.core.pipeline.peak import Peak
from serinus.core.pipeline.plan import Guardrail
from serinus.core.pipeline.shadow import MeasureMargin, PairLimit
from serinus.core.pipeline.stages import ShadowStage, StageResult
from serinus.core.records.sums import Sum, SumKey
from serinus.core.routing.assignment import Arm

from .conftest import PLAN, Console
from .test_pages import Structure

FORMAT = "call.invalid_format"
STAGE = ShadowStage(
    name="shadow",
    guardrails=(Guardrail(metric=FORMAT),),
    limits=(PairLimit(metric="call.policy_violation", above=0.0),),
    measures=(MeasureMargin(measure="latency"),),
    peak=Peak(hours="09:00-17:00", days="mon-fri", zone="Europe/Berlin"),
)


def test_E3_the_page_shows_pairs_of_both_sides_and_what_is_lacking(console: Console) -> None:
    """As tables, without any script; the calls in which only the candidate failed are one click away."""
    id = console.started(msgspec.structs.replace(PLAN, stages=(STAGE, *PLAN.stages), steps=()))
    with console.telemetry.tx() as tx:
        tx.add_sums(
            [
                (SumKey(id, -2, "pairs", Arm.SHADOW), Sum(total=250)),
                (SumKey(id, -2, FORMAT, Arm.CANDIDATE), Sum(total=6)),
                (SumKey(id, -2, FORMAT, Arm.SHADOW), Sum(total=4)),
                (SumKey(id, -2, "pair.latency", Arm.SHADOW), Sum(count=250, total=2500, squares=2_525_000)),
            ]
        )
    browser = console.browser("viewer")
    page = browser.get(f"/releases/{id}").text
    found = Structure(page)
    text = " ".join("".join(found.text).split())
    assert "In shadow" in text
    assert "250 users with a pair" in text
    assert "6 : 0" in text
    assert "250 of 500" in text
    assert "0 of 100 users in 09:00-17:00 mon-fri (Europe/Berlin)" in text
    assert "250 of 500 units with a pair" in text
    assert any("arm=shadow" in str(one.get("href")) and FORMAT in str(one.get("href")) for one in found.named("a"))
    assert len(found.named("table")) == len(found.named("caption"))
    assert '"shadow"' in browser.get(f"/live/releases/{id}").text


def test_E3_what_shadow_and_users_see_of_a_metric_stands_side_by_side(console: Console) -> None:
    """Each metric in a row, the gap in a sentence above, and sent anew while the page is open; nothing of it while
    only one place has seen anything."""
    id = console.started(msgspec.structs.replace(PLAN, stages=(STAGE, *PLAN.stages), steps=()))
    browser = console.browser("viewer")
    assert "Offline, in shadow and live" not in browser.page(f"/releases/{id}")
    with console.control.tx() as tx:
        release = tx.release(id)
        assert release is not None
        now = msgspec.structs.replace(release, stage=1, step=0, seq=release.seq + 1)
        tx.replace_release(now, release.seq)
        shadow = Shadowing(
            stage=0, attempt=1, units=4000, dwell_s=60, peak_units=0, log_e=0.0, needed=4.6, measures=(), limits=(),
            events=(PairedEvent(metric=FORMAT, units=4000, candidate_only=20, baseline_only=20, both=400),),
        )  # fmt: skip
        kept = PairEvidence(
            candidate=release.candidate, control=release.control, shadow=shadow, criteria=STAGE,
            stage_s=60, sent=1, dropped=0,
        )  # fmt: skip
        tx.insert_stage_result(result_of(id, 0, 1, 0, "pass", "no harm", msgspec.json.encode(kept).decode()))
    with console.telemetry.tx() as tx:
        tx.add_sums(
            [
                (SumKey(id, 0, metric, arm), Sum(total=total))
                for metric, arm, total in (
                    ("enrolled", Arm.CANDIDATE, 5000), ("enrolled", Arm.CONTROL, 5000),
                    (FORMAT, Arm.CANDIDATE, 600), (FORMAT, Arm.CONTROL, 200),
                )
            ]
        )  # fmt: skip
    found = Structure(browser.page(f"/releases/{id}"))
    text = " ".join("".join(found.text).split())
    assert "Offline, in shadow and live" in text
    assert "Broken formats: at least 2" in text
    assert "times the baseline's live, but at most 1.0" in text
    assert "12 % : 4 % 3×" in text
    assert len(found.named("table")) == len(found.named("caption"))
    assert "places" in RELEASE_PARTS
    report = browser.page(f"/releases/{id}/report")
    assert "12 % : 4 %" in report.partition("<h2>Offline, in shadow and live</h2>")[2]
    pack = msgspec.json.decode(report.partition('id="pack">')[2].partition("</script>")[0])
    assert pack["side_by_side"][0]["gap"].startswith("broken formats: at least ")


def test_a_release_without_a_shadow_stage_says_nothing_of_one(console: Console) -> None:
    """No empty panel."""
    id = console.started()
    assert "In shadow" not in console.browser("viewer").get(f"/releases/{id}").text


def test_the_result_of_a_measured_stage_is_on_the_page(console: Console) -> None:
    """The newest attempt's, and what an older one said is told apart."""
    id = console.started(msgspec.structs.replace(PLAN, stages=(STAGE, *PLAN.stages), steps=()))
    with console.control.tx() as tx:
        for attempt, text in ((1, "six pairs against none"), (2, "no evidence of harm in 900 pairs")):
            tx.insert_stage_result(
                StageResult(
                    release=id,
                    stage=0,
                    attempt=attempt,
                    outcome="inconclusive",
                    text=text,
                    evidence_digest="0" * 64,
                    evidence="{}",
                    at_us=attempt,
                )
            )
    text = console.browser("viewer").page(f"/releases/{id}")
    assert "six pairs against none" in text
    assert "no evidence of harm in 900 pairs" in text
