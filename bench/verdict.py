"""What one verdict costs: `python -m bench.verdict [--json] [--rounds 200]`.

A release on its sixth step with all guardrails on events, quantiles, cost, tokens and scores, each with its renewals,
and sums of six strata; no two rounds have the same counts, so nothing is remembered. Beside it, in the same run, the
test that a canary judge does for each metric: Mann-Whitney on 600 values an arm (`scipy.stats.mannwhitneyu`).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
import numpy as np
from scipy.stats import mannwhitneyu

from serinus.adapters.clock import SystemClock
from serinus.core.decision.harm import judge_harm
from serinus.core.decision.observations import Positions
from serinus.core.decision.ratios import UnitSpread
from serinus.core.metrics import REGISTRY, metric
from serinus.core.pipeline.plan import Guardrail, Plan, Step
from serinus.core.records.label_sums import Game, LabelSums, StratumLabels
from serinus.core.records.unit_measures import BUCKETS, Spread
from serinus.core.release.release import Release
from serinus.core.release.table import State
from serinus.core.release.transitions import advanced, started
from serinus.core.release.yardstick import Yardstick
from serinus.core.stats.betting import BETS

SHARES = (0.01, 0.02, 0.05, 0.1, 0.25, 0.5)
RATIOS = ("cost.per_call", "tokens.per_call")
GUARDRAILS = tuple(name for name, one in REGISTRY.items() if one.event is not None and not name.startswith("speed"))
RENEWALS = 8
VALUES = 600
Given = TypeVar("Given")


def release() -> Release:
    """On the last of six steps, with counts that grew from step to step."""
    plan = Plan(
        owner="ada@example.com",
        steps=tuple(Step(share=share, dwell_s=86_400) for share in (*SHARES, 1.0)),
        guardrails=tuple(Guardrail(metric=name) for name in GUARDRAILS),
    )
    created = Release(
        id="rel_1",
        app="app",
        seq=0,
        state=State.CREATED,
        candidate="c" * 64,
        control="b" * 64,
        salt="s",
        plan=plan,
        created_at_us=0,
        created_by="bench",
    )
    known = (Yardstick(metric=name, at_us=900_000, values=10_000, source="history") for name in GUARDRAILS)
    taken = tuple(one for one in known if one.metric.startswith(("latency", "ttft")))
    made = msgspec.structs.replace(started(created, 1, "bench"), yardsticks=taken)
    for number in range(1, len(SHARES)):
        made = advanced(made, number + 1, dict.fromkeys(GUARDRAILS, (20 * number, 20 * number)), "bench")
    return made


def spreads(turn: int) -> tuple[UnitSpread, ...]:
    """Sums of cost and tokens over 5,000 units of each stratum and arm, in buckets that differ."""
    calls = [20 + (i + turn) % 5 for i in range(BUCKETS)]
    totals = [y * (900 + 7 * (i % 13)) for i, y in enumerate(calls)]
    pairs = list(zip(calls, totals, strict=True))
    spread = Spread(
        sum(calls), sum(totals), sum(x * x for x in totals), sum(x * y for y, x in pairs), sum(y * y for y in calls)
    )
    places = [(stratum, name, arm) for stratum in range(len(SHARES)) for name in RATIOS for arm in (1, 2)]
    return tuple(UnitSpread(stratum, name, arm, 5_000, spread) for stratum, name, arm in places)


def grades(turn: int) -> tuple[LabelSums, ...]:
    """Sums of scores of 2,000 units of each stratum, with bets since each step and such as began anew."""
    strata = tuple(StratumLabels(s, 1_000 + turn, 1_000, 0, 0, 7 * 10**8, 7 * 10**8) for s in range(len(SHARES)))
    won = tuple(10**6 * (turn % 7 - j) for j in range(len(BETS)))
    games = tuple(
        Game(
            margin=20_000,
            harm=won,
            no_harm=won,
            candidate=1_000 * n + turn,
            control=1_000 * n,
            renewed=won if n == 6 else (),
        )
        for n in range(len(SHARES), 0, -1)
    )
    scored = [name for name in GUARDRAILS if metric(name).kind == "score"]
    return tuple(LabelSums(metric=name, strata=strata, games=games) for name in scored)


def timed(given: Sequence[Given], run: Callable[[Given], object]) -> float:
    """Median milliseconds of a round, over what each is given."""
    clock, costs = SystemClock(), []
    for one in given:
        began = clock.mono_ns()
        run(one)
        costs.append((clock.mono_ns() - began) / 1e6)
    return statistics.median(costs)


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="What a verdict costs.")
    parser.add_argument("--json", action="store_true", help="one JSON line")
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    judged, drawn = release(), np.random.default_rng(1).gamma(2.0, 1.0, (2, VALUES))

    def ours(given: tuple[int, tuple[UnitSpread, ...], tuple[LabelSums, ...]]) -> object:
        turn, sums, labels = given
        positions: Positions = {name: (200 + turn + i, 190 + turn) for i, name in enumerate(GUARDRAILS)}
        starts = tuple((25 * (i + 1), 12 * (i + 1), 0) for i in range(RENEWALS))
        return judge_harm(judged, positions, sums, scores=labels, renewals=dict.fromkeys(GUARDRAILS, starts))

    mine = timed([(turn, spreads(turn), grades(turn)) for turn in range(options.rounds)], ours)
    reference = timed(range(options.rounds), lambda turn: [mannwhitneyu(drawn[0] + turn, drawn[1]) for _ in GUARDRAILS])
    figures = {
        "guardrails": len(GUARDRAILS),
        "strata": len(SHARES),
        "verdict_ms_p50": round(mine, 3),
        "mann_whitney_ms_p50": round(reference, 3),
        "verdict_times_mann_whitney": round(mine / reference, 3),
    }
    print(json.dumps(figures) if options.json else "\n".join(f"{k}: {v}" for k, v in figures.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
