"""What rehearsing costs: `python -m bench.rehearse [--json] [--quick]`.

Releases of the usual five-step pipeline through shipped scenarios, on all cores: releases per second, how long 10,000
take at that pace, and the largest memory of any process, which must not grow with the number of releases.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time

from serinus.files.scenario_file import parse_scenario_file, shipped
from serinus.rehearsal.rehearse import rehearsal
from serinus.rehearsal.standard import STANDARD
from serinus.rehearsal.summary import summarise

SCENARIOS = ("healthy", "failures-x2", "failures-x3")
TARGET_S = 300.0


def measure(releases: int, workers: int) -> dict[str, object]:
    """Each scenario's pace and result; the largest resident memory in MB after each, which never falls."""
    files = shipped()
    found: dict[str, object] = {"releases": releases, "workers": workers, "target_s_per_10000": TARGET_S}
    with rehearsal(workers) as ongoing:
        for name in SCENARIOS:
            scenario = parse_scenario_file(name, files[name])
            began, burnt = time.monotonic(), time.process_time()
            outcomes = [one for batch in ongoing.outcomes(scenario, STANDARD, releases, 1) for one in batch]
            took_s = time.monotonic() - began
            summary = summarise(scenario, STANDARD, outcomes, releases, 1, {})
            found[name] = {
                "seconds": round(took_s, 2),
                "releases_per_s": round(releases / took_s, 1),
                "s_per_10000": round(10_000 * took_s / releases, 1),
                "parent_cpu_s": round(time.process_time() - burnt, 2),
                "parent_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
                "looks": round(sum(one.looks for one in outcomes) / releases, 1),
                "detection": summary.detection.value if summary.detection else None,
                "false": summary.false.value,
                "users_exposed_median": summary.exposed.p50 if summary.exposed else None,
            }
    found["worker_memory_mb"] = round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, 1)
    return found


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
    for name in SCENARIOS:
        print(f"{name:>12}: {found[name]}")
    print(f"largest worker: {found['worker_memory_mb']} MB; target: 10,000 releases in {TARGET_S:.0f} s")


if __name__ == "__main__":
    main()
