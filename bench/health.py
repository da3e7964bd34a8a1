"""What a live version's own past adds: `python -m bench.health [--json] [--releases 100] [--days 400] [--seed 1]`.

A healthy candidate goes through the usual five steps while its provider fails both arms alike, in whole rehearsed
releases. Beside each other, on the same calls: as it is judged with the live version's past, and without
(`control_ratio: 0`), where nothing that compares the arms can see anything. Of the live version only the control's
calls are played, not those of the rest, which would make it quicker.

Then healthy days of a live version with 2,000 calls an hour, in which one user fails in every minute: how many are
taken for an ill provider, as built, and when every event counts, whoever it comes from.
"""

from __future__ import annotations

import argparse
import json
import math
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from serinus.core.decision.control_health import AGAIN_MINUTES, ALPHA, BETA
from serinus.core.pipeline.plan import Plan
from serinus.core.records.event_parts import PARTS
from serinus.core.records.live_calls import MICRO, Hour, Position, Watched
from serinus.core.stats.evidence import NoData
from serinus.core.stats.usual import learn, references
from serinus.core.stats.watched import begin_again, log_e
from serinus.files.scenario_file import parse_scenario_file, shipped
from serinus.rehearsal.live import Living
from serinus.rehearsal.made import Made
from serinus.rehearsal.scenario import Drift, Scenario
from serinus.rehearsal.standard import STANDARD
from serinus.rehearsal.summary import Chance, chance, summarise

WEEK_S = 7 * 86_400.0
ONSET_S = 6 * 3600.0
DAY = 1440
RATIO = 1.5
STORMS = (0, 1, 2, 20)
Ints = npt.NDArray[np.int64]


class Seen(NamedTuple):
    """Of releases through one scenario: shares that were promoted, paused for the control's health (with the exact 95 %
    interval), and rolled back; the hours from the onset to the pause that half and nine in ten did not exceed, None
    without any."""

    promoted: float
    paused: float
    paused_low: float
    paused_high: float
    rolled_back: float
    hours: float | None
    hours_p90: float | None


def played(scenario: Scenario, plan: Plan, releases: int, seed: int) -> Seen:
    """So many releases, one after another."""
    made = Made(scenario, plan)
    found = [Living(scenario, made, index, seed, every_beat=False).outcome() for index in range(releases)]
    told = summarise(scenario, plan, found, releases, seed, {})
    paused = told.control_ill.paused if told.control_ill else chance(0, releases)
    after = told.control_ill.after_s if told.control_ill else None
    return Seen(
        promoted=told.ends.get("promoted", 0) / releases,
        paused=paused.value,
        paused_low=paused.low,
        paused_high=paused.high,
        rolled_back=told.ends.get("rolled_back", 0) / releases,
        hours=after.p50 / 3600 if after else None,
        hours_p90=after.p90 / 3600 if after else None,
    )


def scenarios() -> dict[str, Scenario]:
    """The shipped drift, sudden ones in its place, and none; each after a week without."""
    shipped_one = parse_scenario_file("provider-drift", shipped()["provider-drift"])
    drift = msgspec.structs.replace(shipped_one, past_s=WEEK_S)

    def sudden(factor: float) -> Scenario:
        moved = Drift(metric="call.error", kind="step", factor=factor, from_s=ONSET_S)
        return msgspec.structs.replace(drift, drift=(moved,))

    return {
        "provider well": msgspec.structs.replace(drift, drift=()),
        "errors 2 times, at once": sudden(2.0),
        "errors 4 times, at once": sudden(4.0),
        "errors 4 times, over 12 h": drift,
    }


def stormed(days: int, per_minute: int, seed: int) -> dict[str, Chance]:
    """Shares of healthy days that alarm, each after a healthy week, with so many failing calls of one user in each
    minute from the third hour on."""
    rng = np.random.default_rng(seed)
    alarmed = {"as built": 0, "every event": 0}
    for _ in range(days):
        calls = rng.poisson(2000 / 60, 8 * DAY).astype(np.int64)
        parts = rng.multinomial(rng.binomial(calls, 0.02), [1 / PARTS] * PARTS).astype(np.int64)
        calls[7 * DAY + 120 :] += per_minute
        parts[7 * DAY + 120 :, 0] += per_minute
        alarmed["as built"] += _alarms(calls, parts)
        alarmed["every event"] += _alarms(calls, parts.sum(axis=1, keepdims=True), bounded=False)
    return {name: chance(hits, days) for name, hits in alarmed.items()}


def _alarms(calls: Ints, parts: Ints, bounded: bool = True) -> bool:
    """Whether the watch alarms in the last day, looked at every quarter of an hour."""
    start, events = 7 * DAY, parts.sum(axis=1)
    hourly = zip(calls[:start].reshape(-1, 60).sum(axis=1), events[:start].reshape(-1, 60).sum(axis=1), strict=True)
    usual = learn(Hour(hour, int(n), int(x)) for hour, (n, x) in enumerate(hourly))
    bounds = references(usual, BETA)
    if isinstance(bounds, NoData):
        raise SystemExit(bounds.reason)
    watched = Watched(metric="call.error")
    for at in range(start, len(calls), AGAIN_MINUTES):
        now = slice(at, at + AGAIN_MINUTES)
        expected = round(float(calls[now].sum()) * bounds[at // 60 % len(bounds)] * MICRO)
        told = tuple(parts[now].sum(axis=0).tolist()) if bounded else ()
        moved = watched.at.plus(int(calls[now].sum()), int(events[now].sum()), expected, told)
        watched = begin_again(msgspec.structs.replace(watched, at=moved))
        if log_e(watched, Position(), RATIO, usual.dispersion) >= math.log(1 / ALPHA):
            return True
    return False


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="What a live version's own past adds.")
    parser.add_argument("--json", action="store_true", help="one JSON line")
    parser.add_argument("--releases", type=int, default=100)
    parser.add_argument("--days", type=int, default=400)
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
    storms = {f"{count} a minute": stormed(options.days, count, options.seed) for count in STORMS}
    if options.json:
        told = {name: {how: msgspec.to_builtins(one) for how, one in row.items()} for name, row in storms.items()}
        run = {"releases": options.releases, "days": options.days, "seed": options.seed}
        print(json.dumps({**run, "rows": rows, "storms": told}))
        return 0
    for name, row in rows.items():
        for which, seen in row.items():
            print(f"{name:28} {which:8} {seen}")
    for name, storm in storms.items():
        for how, found in storm.items():
            print(f"one user fails {name:14} {how:12} {found.hits} of {found.n} ({found.low:.4f} to {found.high:.4f})")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
