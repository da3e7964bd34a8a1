"""What a live version's own past adds: `python -m bench.health [--json] [--releases 40] [--seed 1]`.

A healthy candidate goes through the usual five steps while its provider fails both arms alike, in whole rehearsed
releases with every minute judged. Beside each other, on the same calls: as it is judged with the live version's past,
and without (`control_ratio: 0`), where nothing that compares the arms can see anything. Of the live version only the
control's calls are played, not those of the rest, which would make it quicker.
"""

from __future__ import annotations

import argparse
import json
import statistics
from typing import NamedTuple

import msgspec
import numpy as np

from serinus.core.decision.control_health import TRIGGER
from serinus.core.decision.observations import Observations
from serinus.core.pipeline.plan import Plan
from serinus.core.records.live_calls import HOURS, Hour, LiveMinute, Past
from serinus.core.stats.usual import learn
from serinus.files.scenario_file import parse_scenario_file, shipped
from serinus.rehearsal.calls import pace
from serinus.rehearsal.live import Living
from serinus.rehearsal.made import Made
from serinus.rehearsal.outcome import Outcome
from serinus.rehearsal.rounds import START_US
from serinus.rehearsal.scenario import Drift, Scenario
from serinus.rehearsal.standard import STANDARD
from serinus.rehearsal.stretch import Stretch

MINUTE_US = 60_000_000
PAST_HOURS = 7 * HOURS
ONSET_S = 6 * 3600.0


class Seen(NamedTuple):
    """Of releases through one scenario: shares that were promoted, paused for the control's health, and rolled back;
    the median of hours from the onset to the pause, None without any."""

    promoted: float
    paused: float
    rolled_back: float
    hours: float | None


class Held(Living):
    """A release that is told the control's minutes, and what is usual of them."""

    def __init__(self, scenario: Scenario, made: Made, index: int, seed: int) -> None:
        super().__init__(scenario, made, index, seed, every_beat=True)
        past = usual_of(scenario, made.plan) if made.plan.control_ratio else ()
        self._release = msgspec.structs.replace(self._release, past=past)

    def _observed(self, stretch: Stretch, beat: int, now_ms: int) -> Observations:
        seen = super()._observed(stretch, beat, now_ms)
        until = stretch.first + beat + 1
        read = self._progress.live_until_us if self._progress else 0
        first = (read - START_US) // MINUTE_US if read else until
        minutes = tuple(self._minute(stretch, at) for at in range(max(first, stretch.first), until))
        return msgspec.structs.replace(seen, live=minutes, live_until_us=START_US + until * MINUTE_US)

    def _minute(self, stretch: Stretch, minute: int) -> LiveMinute:
        found = stretch.buckets[60]
        at = minute - found.first
        calls = int(found.requests[at, 1])
        bad = (found.bad[self._kinds.index(past.metric), at, 1] for past in self._release.past)
        return LiveMinute(START_US + minute * MINUTE_US, tuple((calls, int(one)) for one in bad))


def usual_of(scenario: Scenario, plan: Plan) -> tuple[Past, ...]:
    """A week in which the provider was well, of the events that both the scenario and the plan's guardrails know."""
    rates = {one.metric: one.chance for one in scenario.rates}
    asked = [rail.metric for rail in plan.guardrails if rail.metric in rates and not rail.awaits_labels]
    hourly = pace(scenario.traffic, np.arange(-PAST_HOURS * 60, 0)).reshape(PAST_HOURS, 60).sum(axis=1)
    return tuple(
        Past(metric=name, usual=learn(Hour(h, round(n), round(n * rates[name])) for h, n in enumerate(hourly)))
        for name in asked
    )


def played(scenario: Scenario, plan: Plan, releases: int, seed: int) -> Seen:
    """So many releases, one after another."""
    made = Made(scenario, plan)
    found = [Held(scenario, made, index, seed).outcome() for index in range(releases)]
    paused = [one for one in found if _held(one)]
    onset_s = min((one.from_s for one in scenario.drift), default=0.0)
    hours = [(one.end_s if one.held_s is None else one.held_s) - onset_s for one in paused]
    return Seen(
        promoted=sum(one.end == "promoted" for one in found) / releases,
        paused=len(paused) / releases,
        rolled_back=sum(one.end == "rolled_back" for one in found) / releases,
        hours=statistics.median(hours) / 3600 if hours else None,
    )


def _held(one: Outcome) -> bool:
    return one.end == "paused" and one.question == TRIGGER.replace("_", " ")


def scenarios() -> dict[str, Scenario]:
    """The shipped drift, sudden ones in its place, and none."""
    drift = parse_scenario_file("provider-drift", shipped()["provider-drift"])

    def sudden(factor: float) -> Scenario:
        moved = Drift(metric="call.error", kind="step", factor=factor, from_s=ONSET_S)
        return msgspec.structs.replace(drift, drift=(moved,))

    return {
        "provider well": msgspec.structs.replace(drift, drift=()),
        "errors 2 times, at once": sudden(2.0),
        "errors 4 times, at once": sudden(4.0),
        "errors 4 times, over 12 h": drift,
    }


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="What a live version's own past adds.")
    parser.add_argument("--json", action="store_true", help="one JSON line")
    parser.add_argument("--releases", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    plan = msgspec.structs.replace(
        STANDARD, guardrails=tuple(rail for rail in STANDARD.guardrails if rail.kind == "events"), steps=()
    )
    without = msgspec.structs.replace(plan, control_ratio=0.0, steps=())
    rows = {
        name: {
            "with": played(scenario, plan, options.releases, options.seed)._asdict(),
            "without": played(scenario, without, options.releases, options.seed)._asdict(),
        }
        for name, scenario in scenarios().items()
    }
    if options.json:
        print(json.dumps({"releases": options.releases, "seed": options.seed, "rows": rows}))
        return 0
    for name, row in rows.items():
        for which, seen in row.items():
            print(f"{name:28} {which:8} {seen}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
