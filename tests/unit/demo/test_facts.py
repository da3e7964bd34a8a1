"""The numbers of the demo's summary."""

from __future__ import annotations

from rich.console import Console

from serinus.demo.checks import outcomes
from serinus.demo.facts import facts_of
from serinus.demo.summary import rows_of, show
from serinus.demo.timeline import bars
from tests.unit.demo.world import collected


def test_a_release_that_users_saw_counts_them_and_compares_arms() -> None:
    """Two users, one bad answer; a half against none in control."""
    world = collected()
    good = facts_of(world.told[0], world)
    assert (good.served, good.exposed, good.saw_bad, good.mirrored, good.alarms) == (2, 2, 1, 1, 0)
    assert (good.candidate_side.broken, good.other_side.broken) == (0.5, 0.0)
    assert good.decided_s == 8.0
    assert good.requests == 4


def test_a_release_stopped_in_shadow_exposed_nobody_and_compares_copies() -> None:
    """What users got meanwhile stands against the copies."""
    world = collected()
    bad = facts_of(world.told[1], world)
    assert (bad.served, bad.exposed, bad.saw_bad, bad.mirrored, bad.alarms) == (0, 0, 0, 1, 1)
    assert (bad.candidate_side.broken, bad.other_side.broken) == (1.0, 0.0)


def test_without_calls_there_is_no_rate() -> None:
    """No data is said, and is not zero."""
    world = collected(calls=[])
    cells = dict(rows_of([facts_of(one, world) for one in world.told]))
    assert cells["broken formats, against the live version"] == ["no data / no data"] * 3


def test_the_summary_shows_every_row_and_statement() -> None:
    """On a terminal, with marks."""
    world = collected()
    console = Console(record=True, width=200, file=None, quiet=False)
    with console.capture() as shown:
        show(console, [facts_of(one, world) for one in world.told], outcomes(world))
    text = shown.get()
    assert "users who saw a bad answer of it" in text
    assert text.count("✔") == len(outcomes(world))


def test_the_timeline_holds_every_call_once() -> None:
    """Stacked, the tallest bar is whole; acts lie on the same line."""
    found = bars(collected())
    assert max(bar.candidate + bar.live + bar.mirrored for bar in found.bars) == 1.0
    whole = sum(bar.candidate + bar.live + bar.mirrored for bar in found.bars) * found.most * 2
    assert round(whole) == len(collected().calls)
    assert [act.title for act in found.acts] == ["good change", "bad change", "the same, no shadow"]
    assert all(0.0 <= act.left <= act.left + act.width <= 1.0001 for act in found.acts[1:])


def test_nothing_collected_draws_nothing_and_fails_nowhere() -> None:
    """An empty log is an empty picture."""
    assert bars(collected(calls=[])).most == 0.5
