"""What rehearsing costs: `python -m bench.rehearse [--json] [--quick] [--workers N]`.

Releases of the usual five-stage pipeline through shipped scenarios, on all cores: CPU time a release, how long 10,000
take, and the largest memory of any process, which must not grow with the number of releases. Beside them, in the same
run, a reference: the first releases of each scenario with every minute judged, as a rehearsal would without knowing
which minutes can change nothing, and whether they came to the same; and a plain loop, to compare machines by.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time

import msgspec

from serinus.core.pipeline.plan import Plan
from serinus.core.pipeline.stages import OfflineStage, RolloutStage, ShadowStage
from serinus.files.scenario_file import parse_scenario_file, shipped
from serinus.rehearsal.outcome import Outcome
from serinus.rehearsal.rehearse import Rehearsal, rehearsal, rehearse_batch, rehearse_one
from serinus.rehearsal.scenario import Scenario
from serinus.rehearsal.standard import STANDARD
from serinus.rehearsal.summary import summarise

PLAYED = ("healthy", "failures-x2", "failures-x3", "latency-x1.3", "judge-drop-5")
SHADOWED: Plan = msgspec.structs.replace(
    STANDARD,
    steps=(),
    stages=(
        OfflineStage(name="golden set", suites=("golden",)),
        ShadowStage(name="shadow"),
        *(one for one in STANDARD.stages if isinstance(one, RolloutStage)),
    ),
)
TARGET_S = 300.0
REFERENCE = 8
LOOPS = 3_000_000


def measure(releases: int, workers: int) -> dict[str, object]:
    """Each scenario's cost and result; the largest resident memory in MB."""
    files = shipped()
    found: dict[str, object] = {
        "releases": releases,
        "workers": workers,
        "target_s_per_10000": TARGET_S,
        "reference_loop_s": _loop_s(),
    }
    with rehearsal(workers) as ongoing:
        for name in PLAYED:
            found[name] = _played(ongoing, parse_scenario_file(name, files[name]), STANDARD, releases)
        found["failures-x2 with a shadow stage"] = _played(
            ongoing, parse_scenario_file("x2", files["failures-x2"]), SHADOWED, releases
        )
    found["worker_memory_mb"] = round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, 1)
    return found


def _played(ongoing: Rehearsal, scenario: Scenario, plan: Plan, releases: int) -> dict[str, object]:
    first = range(REFERENCE)
    began = time.process_time()
    alone = rehearse_batch(scenario, plan, first, 1)
    cpu_ms = 1000 * (time.process_time() - began) / REFERENCE
    began = time.process_time()
    thorough = [rehearse_one(scenario, plan, index, 1, every_beat=True) for index in first]
    thorough_ms = 1000 * (time.process_time() - began) / REFERENCE
    began = time.monotonic()
    outcomes = [one for batch in ongoing.outcomes(scenario, plan, releases, 1) for one in batch]
    took_s = time.monotonic() - began
    summary = summarise(scenario, plan, outcomes, releases, 1, {})
    return {
        "seconds": round(took_s, 2),
        "s_per_10000": round(10_000 * took_s / releases, 1),
        "cpu_ms_a_release": round(cpu_ms, 1),
        "cpu_ms_every_minute_judged": round(thorough_ms, 1),
        "times_faster": round(thorough_ms / cpu_ms, 1),
        "same_result": [_without_looks(one) for one in alone] == [_without_looks(one) for one in thorough],
        "memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "looks": round(sum(one.looks for one in outcomes) / releases, 1),
        "detection": summary.detection.value if summary.detection else None,
        "false": summary.false.value,
        "users_exposed_median": summary.exposed.p50 if summary.exposed else None,
    }


def _without_looks(one: Outcome) -> Outcome:
    return msgspec.structs.replace(one, looks=0)


def _loop_s() -> float:
    """CPU s of a plain loop: a machine twice as fast halves all figures."""
    began, total = time.process_time(), 0
    for number in range(LOOPS):
        total += number * number % 7
    return round(time.process_time() - began, 3)


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="200 releases of each scenario instead of 10,000")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    found = measure(200 if options.quick else 10_000, options.workers)
    if options.json:
        json.dump(found, sys.stdout, indent=2)
        print()
        return
    for name, figures in found.items():
        print(f"{name}: {figures}")


if __name__ == "__main__":
    main()
