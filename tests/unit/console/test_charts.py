"""Charts of a release: bins, series, bands, specifications and pictures."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.console.charts.bins import POINTS, bins, grid
from serinus.console.charts.series import names, series, shape
from serinus.console.charts.spec import Mark, placed, spec
from serinus.core.audit.entry import Action, Draft
from serinus.core.errors import NotFound
from serinus.core.pipeline.plan import Plan, Step
from serinus.core.pipeline.stages import ApprovalStage, RolloutStage
from serinus.core.records.histogram import of
from serinus.core.records.record import Event
from serinus.core.records.sums import Rollup
from serinus.core.routing.assignment import Arm
from serinus.core.stats.fixed_sample import wilson

from .conftest import PLAN, START_US, Console, made


def rollup(arm: Arm, at_s: int, requests: int = 10, errors: int = 0, stratum: int = 0) -> Rollup:
    return Rollup(
        host="", app="bot", release="rel", stratum=stratum, arm=arm, version="", start_us=START_US + at_s * 1_000_000,
        width_s=1, requests=requests, events={int(Event.ERROR): errors} if errors else {},
        latency=of([50_000.0] * (requests - 1) + [900_000.0]).encode(), priced=requests, cost_nano=requests * 2_000_000,
    )  # fmt: skip


@given(st.integers(0, 2**50), st.integers(1, 400 * 86400 * 1_000_000))
def test_a_grid_has_few_bins_at_whole_multiples_and_covers_the_span(from_us: int, length_us: int) -> None:
    """At most some fifty, whatever the span; up to 48 bins of a day each are exempt from nothing but time."""
    over = grid(from_us, from_us + length_us)
    assert over.from_us <= from_us
    assert over.from_us % (over.width_s * 1_000_000) == 0
    count = (over.to_us - over.from_us) / (over.width_s * 1_000_000)
    assert count <= POINTS + 2 or over.width_s == 86400
    assert over.width_s % over.rollup_s == 0


def test_bins_add_up_strata_and_seconds_and_leave_out_the_rest() -> None:
    """Requests, events and latencies of both compared arms; nothing is counted twice."""
    over = grid(START_US, START_US + 60_000_000)
    given_rollups = [
        rollup(Arm.CANDIDATE, 0, 10, 1), rollup(Arm.CANDIDATE, 1, 10, 2, stratum=1), rollup(Arm.CONTROL, 2, 7),
        rollup(Arm.REST, 1, 1000, 1000), rollup(Arm.CANDIDATE, 59, 5),
    ]  # fmt: skip
    found = bins(given_rollups, over)
    assert [(one.start_us - START_US, one.arm, one.requests, one.events) for one in found] == [
        (0, Arm.CANDIDATE, 20, {int(Event.ERROR): 3}),
        (0, Arm.CONTROL, 7, {}),
        (55_000_000, Arm.CANDIDATE, 5, {}),
    ]
    assert found[0].latency.count == 20


def test_bands_are_wilson_intervals_of_each_bin() -> None:
    """Around the share of calls with the event; the summary is over all of the time."""
    found = bins([rollup(Arm.CANDIDATE, 0, 200, 20), rollup(Arm.CONTROL, 0, 100)], grid(START_US, START_US + 1))
    drawn = series("call.error", PLAN, found, 5)
    candidate, control = drawn.rows
    expected = wilson(20, 200)
    assert (candidate["value"], candidate["low"], candidate["high"]) == (0.1, expected.low, expected.high)
    assert control["low"] == 0.0 < control["high"]
    assert "candidate 10.00% of 200 calls; control 0.00% of 100 calls" in drawn.summary


def test_O1_cost_is_the_mean_over_the_calls_that_are_priced() -> None:
    """Unpriced calls are neither free nor drawn."""
    unpriced = msgspec.structs.replace(rollup(Arm.CANDIDATE, 7), priced=0, cost_nano=0)
    found = bins([rollup(Arm.CANDIDATE, 0), rollup(Arm.CANDIDATE, 1), unpriced], grid(START_US, START_US + 60_000_000))
    drawn = series("cost", PLAN, found, 5)
    assert [row["value"] for row in drawn.rows] == [0.002]
    assert drawn.summary == "Over this time: candidate $0.002 over 20 calls"
    assert series("cost", PLAN, bins([unpriced], grid(START_US, START_US + 60_000_000)), 5).summary == (
        "No call has a known price."
    )


def test_latency_is_the_median_with_a_band_to_the_95th_percentile() -> None:
    """In milliseconds, within the histogram's one per cent."""
    found = bins([rollup(Arm.CANDIDATE, 0, 10)], grid(START_US, START_US + 1))
    (row,) = series("latency", PLAN, found, 5).rows
    assert math.isclose(row["value"], 50, rel_tol=0.01)
    assert row["low"] == row["value"]


def test_without_calls_a_chart_says_so() -> None:
    """No data is no line at zero."""
    for name in names(PLAN):
        drawn = series(name, PLAN, [], 5)
        assert drawn.rows == ()
        assert drawn.summary == "No calls in this time."
        assert drawn.top > 0


def test_an_unknown_chart_is_not_found() -> None:
    """With those that there are."""
    with pytest.raises(NotFound) as refused:
        series("nothing", PLAN, [], 5)
    assert "latency" in refused.value.mend


def test_a_chart_keeps_its_shape_while_its_rows_change() -> None:
    """So that an open page only replaces the data."""
    few = bins([rollup(Arm.CANDIDATE, 0, 200, 20)], grid(START_US, START_US + 1))
    more = bins([rollup(Arm.CANDIDATE, 0, 210, 21)], grid(START_US, START_US + 1))
    assert shape(series("call.error", PLAN, few, 5)) == shape(series("call.error", PLAN, more, 5))
    worse = bins([rollup(Arm.CANDIDATE, 0, 200, 150)], grid(START_US, START_US + 1))
    assert shape(series("call.error", PLAN, few, 5)) != shape(series("call.error", PLAN, worse, 5))


def test_specifications_hold_no_address_and_no_data_but_the_rows() -> None:
    """Nothing is loaded from anywhere; moments are marked in both themes."""
    found = bins([rollup(Arm.CANDIDATE, 0, 200, 20)], grid(START_US, START_US + 1))
    drawn = series("call.error", PLAN, found, 5)
    light, dark = (spec(drawn, (Mark(at_ms=1, label="paused"),), theme, 400) for theme in ("light", "dark"))
    assert "url" not in str(light)
    assert light["datasets"]["rows"] == list(drawn.rows)
    assert light["encoding"] != dark["encoding"]
    assert "paused" in str(light["layer"])


def served(console: Console) -> str:
    """A release with some calls of both arms; its id."""
    id = console.started()
    with console.telemetry.tx() as tx:
        rollups = [rollup(arm, second, 20, second % 3) for arm in (Arm.CANDIDATE, Arm.CONTROL) for second in range(30)]
        tx.add_rollups([_of(id, one) for one in rollups])
    console.clock.sleep(30)
    return id


def _of(id: str, one: Rollup) -> Rollup:
    import msgspec

    return msgspec.structs.replace(one, release=id, host="here", version="v")


def test_A2_every_chart_of_a_release_is_there_as_numbers_specification_and_picture(console: Console) -> None:
    """The page works without scripts: pictures, sentences and tables."""
    id = served(console)
    browser = console.browser("viewer")
    page = browser.page(f"/releases/{id}")
    for name in names(PLAN):
        assert f'data-chart="/releases/{id}/charts/{name}.json"' in page
        told = browser.get(f"/releases/{id}/charts/{name}.json?theme=dark").json()
        assert told["rows"] == told["spec"]["datasets"]["rows"]
        assert len(told["rows"]) >= 12
        picture = browser.get(f"/releases/{id}/charts/{name}.svg")
        assert picture.headers["content-type"] == "image/svg+xml"
        assert "default-src 'none'" in picture.headers["content-security-policy"]
    assert browser.get(f"/releases/{id}/charts/nothing.json").status_code == 404
    assert browser.get("/releases/rel_0/charts/latency.json").status_code == 404


def test_rollups_are_read_once_for_all_who_look(console: Console) -> None:
    """For some seconds; then they are read again."""
    id = served(console)
    browser = console.browser("viewer")
    address = f"/releases/{id}/charts/requests.json"
    before = browser.get(address).json()["rows"]
    with console.telemetry.tx() as tx:
        tx.add_rollups([_of(id, rollup(Arm.CANDIDATE, 29, 1000))])
    assert browser.get(address).json()["rows"] == before
    console.clock.sleep(5)
    assert browser.get(address).json()["rows"] != before


def test_a_picture_that_cannot_be_drawn_is_missed_alone() -> None:
    """The page is there, and the picture is answered 503."""

    class NoDrawing:
        def svg(self, spec: dict[str, object]) -> bytes | None:
            return None

        def script(self) -> bytes | None:
            return None

        def close(self) -> None:
            """Nothing is open."""

    console = made(drawing=NoDrawing())
    id = served(console)
    browser = console.browser("viewer")
    assert browser.get(f"/releases/{id}").status_code == 200
    assert browser.get(f"/releases/{id}/charts/latency.svg").status_code == 503
    assert browser.get("/static/charting.js").status_code == 503


@pytest.mark.parametrize("first", ["rollout", "approval"])
def test_moments_of_a_chart_are_named_by_the_share_that_was_taken(console: Console, first: str) -> None:
    """Whatever the plan begins with."""
    steps = tuple(Step(share=share, dwell_s=60) for share in (0.05, 0.2, 1.0))
    rollout = RolloutStage(steps=steps)
    before = (ApprovalStage(name="leads", roles=("ml_lead",)),) if first == "approval" else ()
    plan = Plan(owner="ada@example.com", stages=(*before, rollout), guardrails=PLAN.guardrails, limits=PLAN.limits)
    id = console.started(plan)
    taken = 2 if first == "approval" else 1
    with console.control.tx() as tx:
        for _ in range(taken):
            now_us = console.clock.now_us()
            tx.append_audit(Draft(at_us=now_us, actor="tick", action=Action.TICK_ADVANCED, subject=id, reason="on"))
            console.clock.sleep(1)
    with console.telemetry.tx() as tx:
        tx.add_rollups([_of(id, rollup(Arm.CANDIDATE, 0, 5))])
    told = console.browser("viewer").get(f"/releases/{id}/charts/requests.json").json()
    labels = [mark["label"] for mark in told["spec"]["layer"][0]["data"]["values"]]
    assert labels == (["5 %", "20 %"] if first == "approval" else ["20 %"])


def test_labels_of_moments_that_are_close_stand_below_each_other() -> None:
    """Never over each other, never beyond the end of the chart; a fourth one in a place has only its rule."""
    rows = [{"at": 0}, {"at": 1_000_000}]
    close = [Mark(at_ms=500_000 + n, label=label) for n, label in enumerate(("10 %", "paused", "resumed", "paused"))]
    found = placed((*close, Mark(at_ms=0, label="10 %"), Mark(at_ms=990_000, label="rolled back")), rows)
    assert [(one.label, one.line, one.left) for one in found] == [
        ("10 %", 0, False), ("10 %", 0, False), ("paused", 1, False), ("resumed", 2, False), ("", 0, False),
        ("rolled back", 0, True),
    ]  # fmt: skip
    assert [one.at for one in found] == sorted(one.at for one in found)
