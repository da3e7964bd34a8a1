"""What `python -m bench.statistics` measures, and how it prints it."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Mapping, Sequence

from bench.judging import figures, late, late_scores, table
from bench.judging.methods import METHODS
from bench.judging.sample import ARM_UNITS, LOOKS, SHARES

SEED = 20261121


def measure(seed: int, size: table.Size, workers: int, only: str = "") -> dict[str, object]:
    """All parts, with how long they took."""
    began = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        second = pool.apply_async(figures.measure, (size.harmful, seed, table.ALPHAS))
        third = pool.apply_async(late.measure, (size.harmful, seed, table.ALPHAS))
        fourth = pool.apply_async(late_scores.measure, (max(size.harmful // 4, 100), seed, table.ALPHAS))
        rows = table.table(pool, seed, size, only)
        found = {
            "seed": seed,
            "releases": {"healthy": size.healthy, "harmful": size.harmful, "tuning": size.tuning},
            "horizon": f"{LOOKS} looks a minute apart, {2 * sum(ARM_UNITS) * LOOKS // 3:,} users compared",
            "steps": [
                f"{share:.0%}: {2 * n} compared users a minute" for share, n in zip(SHARES, ARM_UNITS, strict=True)
            ],
            "rows": rows,
            "rivals_quicker": table.wins(rows),
            "no_data": [
                {"method": m.name, "arm_empty": m.without_data[0], "labels_missing": m.without_data[1]}
                for m in METHODS
                if not m.tuned
            ],
            "figures": second.get(),
            "late_harm": third.get(),
            "late_drops": fourth.get(),
            "sources": {m.name: m.source for m in METHODS},
        }
    return {**found, "workers": workers, "seconds": round(time.monotonic() - began, 1)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, as text or JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.statistics", description="How releases are judged.")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--quick", action="store_true", help=f"{table.QUICK.healthy} healthy releases, not 10,000")
    parser.add_argument("--only", default="", help="scenarios whose name holds this, e.g. scores")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args(arguments)
    found = measure(options.seed, table.QUICK if options.quick else table.FULL, options.workers, options.only)
    if options.json:
        json.dump(found, sys.stdout)
        print()
    else:
        print(text(found))
    return 0


def text(found: Mapping[str, object]) -> str:
    """The same as Markdown tables."""
    rows: Sequence[Mapping[str, object]] = found["rows"]  # type: ignore[assignment]
    parts = [f"Seed {found['seed']}, {found['horizon']}, {found['seconds']} s on {found['workers']} processes."]
    for name, alpha in dict.fromkeys((row["scenario"], row["alpha"]) for row in rows):
        mine = [row for row in rows if (row["scenario"], row["alpha"]) == (name, alpha)]
        parts.append(f"\n**{name}**, α = {alpha:g}, {mine[0]['releases']:,} releases\n\n{_rows(mine)}")
    parts.append("\nRivals quicker than Serinus without a margin:\n" + _list(found["rivals_quicker"]))
    for part in ("no_data", "figures", "late_harm", "late_drops"):
        lines: Sequence[Mapping[str, object]] = found[part]  # type: ignore[assignment]
        parts.append(f"\n**{part}**\n\n{_grid(list(dict.fromkeys(k for line in lines for k in line)), lines)}")
    return "\n".join(parts)


def _rows(rows: Sequence[Mapping[str, object]]) -> str:
    stopped = "stopped" if rows[0]["harmful"] else "falsely stopped"
    names = {
        "method": "method",
        "stopped": stopped,
        "interval": "95 % interval",
        "units_mean": "units, mean",
        "units_p90": "units, p90",
        "candidate_units": "candidate units",
        "bad_answers": "bad answers",
        "eta": "η",
    }
    head = f"| {' | '.join(names.values())} |\n|{'---|' * len(names)}"
    return "\n".join([head, *(f"| {' | '.join(_cell(row.get(key)) for key in names)} |" for row in rows)])


def _grid(keys: Sequence[str], lines: Sequence[Mapping[str, object]]) -> str:
    head = f"| {' | '.join(keys)} |\n|{'---|' * len(keys)}"
    return "\n".join([head, *(f"| {' | '.join(_cell(line.get(key)) for key in keys)} |" for line in lines)])


def _list(lines: object) -> str:
    return "\n".join(f"- {line}" for line in lines) if isinstance(lines, list) else ""


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, tuple | list):
        return f"{value[0]:.2%} to {value[1]:.2%}"
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 100 else f"{value:g}"
    return str(value)
