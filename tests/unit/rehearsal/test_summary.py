"""What is told of many releases."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest
from scipy import stats

from serinus.core.errors import InvalidInput
from serinus.rehearsal.outcome import Outcome
from serinus.rehearsal.page import page
from serinus.rehearsal.scenario import Judge
from serinus.rehearsal.summary import Summary, chance, quantiles, summarise
from serinus.rehearsal.sweep import Curve
from tests.unit.rehearsal.plans import PLAN, scenario, times


def came(index: int, end: str = "rolled_back", **changes: Any) -> Outcome:
    """A release that harmed from the start and was stopped after an hour, but for the changes."""
    whole = Outcome(index, "rolled_back", 3600.0, (0.0, 1800.0), 0.0, 50, 400, 20, 12.0, "harm", True, "why", 0, 9)
    return msgspec.structs.replace(whole, end=end, **changes)


def summed(found: list[Outcome], wanted: dict[str, float] | None = None, harm: bool = True) -> Summary:
    return summarise(times(3) if harm else scenario(), PLAN, found, len(found), 1, wanted or {})


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (3, 10), (10, 10), (1, 1), (997, 1000)])
def test_q1_intervals_are_exact(hits: int, n: int) -> None:
    """As scipy's own Clopper-Pearson interval has them."""
    found, exact = chance(hits, n), stats.binomtest(hits, n).proportion_ci(0.95, "exact")
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=1e-9)


def test_q1_rollbacks_before_harm_are_false_and_not_caught() -> None:
    """Detection is counted among releases in which the harm began."""
    found = [came(0), came(1, harm_s=None), came(2, "promoted", harm_s=10.0)]
    told = summed(found)
    assert told.detection is not None
    assert (told.detection.hits, told.detection.n) == (1, 2)
    assert (told.false.hits, told.false.n) == (1, 3)


def test_q1_a_pipeline_that_does_not_catch_is_told_so() -> None:
    """In words, and as a requirement that is missed; with few releases nothing is claimed."""
    missing = summed([came(i, "promoted") for i in range(200)])
    assert "does not do what is asked of it: at least 0.95" in missing.verdict
    assert [one.verdict for one in missing.requirements] == ["missed"]
    assert [one.verdict for one in summed([came(0)]).requirements] == ["open"]
    assert [one.verdict for one in summed([came(i) for i in range(200)]).requirements] == ["met"]
    never = summed([came(0, "promoted", harm_s=None)])
    assert "began in no release" in never.verdict
    stuck = summed([came(i, "unfinished", harm_s=None) for i in range(200)], harm=False)
    assert "100 % never came to an end" in stuck.verdict


def test_q1_what_is_required_replaces_the_usual() -> None:
    """`--require` of the caller; α of the plan where nothing is said of false rollbacks."""
    healthy = [came(i, "rolled_back" if i < 4 else "promoted", harm_s=None) for i in range(100)]
    assert summed(healthy, harm=False).requirements[0].wanted == PLAN.alpha
    assert summed(healthy, {"false": 0.2}, harm=False).requirements[0].verdict == "met"
    assert summed(healthy, {"false": 0.001}, harm=False).requirements[0].verdict == "missed"


def test_q1_quantiles_are_values_that_occurred() -> None:
    """And none of nothing."""
    found = quantiles(list(range(101)))
    assert found is not None
    assert (found.p10, found.p50, found.p90, found.p99, found.mean) == (10, 50, 90, 99, 50)
    assert quantiles([]) is None
    with pytest.raises(InvalidInput):
        summed([])


def test_q1_power_grows_with_the_steps() -> None:
    """Rolled back on a step or before; releases are told where they ended."""
    told = summed([came(0, steps_s=(0.0,)), came(1), came(2, "promoted", steps_s=(0.0, 1.0, 2.0))])
    assert [step.rolled_back.hits for step in told.steps] == [1, 2, 2]
    assert [step.ended for step in told.steps] == [{"rolled_back": 1}, {"rolled_back": 1}, {"promoted": 1}]


def test_q1_a_timeline_accounts_for_every_release() -> None:
    """At each moment all of them are somewhere."""
    line = summed([came(0), came(1, "promoted", end_s=7200.0, steps_s=(0.0, 1.0, 2.0)), came(2, "paused")]).timeline
    whole = [line.rolled_back, line.promoted, *line.steps]
    assert all(sum(parts) == pytest.approx(1.0) for parts in zip(*whole, strict=True))
    assert line.rolled_back[-1] == line.promoted[-1] == pytest.approx(1 / 3)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_q1_the_report_needs_no_other_file_and_runs_no_script() -> None:
    """Three charts a scenario, well-formed, and names of others are text."""
    evil = msgspec.structs.replace(times(3), title="<script>alert(1)</script>")
    told = [summed([came(i) for i in range(5)]), summarise(evil, PLAN, [came(0, reason="<b>")], 1, 1, {})]
    reader = _Reader()
    reader.feed(page(told, "<i>bot</i>"))
    assert not reader.open
    assert not {"script", "b", "i", "link", "img"} & set(reader.tags)
    assert all(source.startswith("#") for source in reader.sources)
    assert reader.tags.count("polygon") == 2 * (2 + len(PLAN.steps))


def test_q1_what_was_stopped_before_traffic_has_a_place_of_its_own() -> None:
    """Rejected, or held before users saw it: both are caught; steps and timeline account for them."""
    held = came(1, "paused", exposed=0, calls=0, accused=False, steps_s=())
    told = summed([came(0, "rejected", exposed=0, calls=0, steps_s=()), held, came(2, "promoted")])
    assert told.detection is not None
    assert (told.detection.hits, told.detection.n) == (2, 3)
    assert [(one.step, one.rolled_back.hits) for one in told.steps][:2] == [(-1, 2), (0, 2)]
    whole = [told.timeline.rolled_back, told.timeline.promoted, *told.timeline.steps]
    assert all(sum(parts) == pytest.approx(1.0) for parts in zip(*whole, strict=True))
    assert "before traffic" in page([told], "bot")


def test_q1_a_release_that_passes_unmeasured_is_told() -> None:
    """Where the judge dies, the requirement is that nobody goes live."""
    blind = scenario(judge=Judge(dies=True))
    held = [came(i, "paused", harm_s=None, accused=False, calls=0) for i in range(400)]
    told = summarise(blind, PLAN, held, 400, 1, {})
    assert {one.name: one.verdict for one in told.requirements} == {"false": "met", "blind": "met"}
    slipped = [came(i, "promoted", harm_s=None) for i in range(400)]
    missed = summarise(blind, PLAN, slipped, 400, 1, {})
    assert {one.name: one.verdict for one in missed.requirements}["blind"] == "missed"
    assert "judge has died in 100.00 %" in missed.verdict


def test_q1_a_power_curve_is_drawn() -> None:
    """A point with its interval at each size, also when it was interrupted."""
    told = [summed([came(0, "promoted")]), summed([came(0)])]
    curve = Curve(scenario="<i>x</i>", title="", what="ratio", values=(1.0, 2.0, 4.0), summaries=tuple(told))
    assert [one.value for one in curve.stopped] == [0.0, 1.0]
    reader = _Reader()
    reader.feed(page((), "bot", [curve]))
    assert not reader.open
    assert (reader.tags.count("circle"), reader.tags.count("i")) == (2, 0)


def test_q1_a_pause_for_a_person_is_when_it_was_stopped() -> None:
    """Nobody resumes it, so that it waits until the end: the delay is that of the pause. Harm after it was not seen."""
    held = [came(i, "paused", held_s=900.0) for i in range(3)]
    told = summed(held)
    assert told.delay_s is not None
    assert told.delay_s.p50 == 900.0
    assert summed([came(0, "paused", harm_s=1000.0, held_s=900.0)]).false.hits == 1


def test_q1_the_overview_says_in_colour_what_is_missed() -> None:
    """Of what was asked alone; each name leads to its scenario."""
    found = page([summed([came(i, "promoted") for i in range(200)])], "bot")
    assert '<span class="missed">0.00 %' in found
    assert f'<h2 id="{times(3).name}">' in found
    assert f'href="#{times(3).name}"' in found
