"""Runs scenarios times methods on all cores, and counts: false stops, detections, units and bad answers until then."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.pool import Pool

import numpy as np
from scipy import special

from bench.judging.method import Method
from bench.judging.methods import METHODS, OURS, TUNED
from bench.judging.sample import LOOKS, Array, Sample
from bench.judging.scenarios import BY_NAME, FAMILIES, SCENARIOS, Scenario

ALPHAS = (0.05, 0.01)
CHUNK = 200
Bars = Mapping[tuple[str, float, str], float]
"""(family, α, method) → tuned bar."""


@dataclass(frozen=True, slots=True)
class Job:
    """A chunk of releases of a scenario with its own seed."""

    scenario: str
    seed: tuple[int, ...]
    releases: int


@dataclass(frozen=True, slots=True)
class Size:
    """How many releases: healthy ones, harmful ones, and those that rivals are tuned on."""

    healthy: int
    harmful: int
    tuning: int


FULL, QUICK = Size(10_000, 2_000, 5_000), Size(400, 200, 400)


def jobs(scenario: str, seed: tuple[int, ...], releases: int) -> list[Job]:
    """Chunks whose seeds do not depend on how many cores there are."""
    number = list(BY_NAME).index(scenario)
    return [
        Job(scenario, (*seed, number, i), min(CHUNK, releases - i * CHUNK)) for i in range(math.ceil(releases / CHUNK))
    ]


def samples_of(job: Job) -> Sequence[Sample]:
    """The releases of a job."""
    return BY_NAME[job.scenario].generate(np.random.default_rng(job.seed), job.releases)


def greatest(job: Job) -> dict[tuple[float, str], Array]:
    """(α, method) → each release's greatest strength of evidence, for tuning."""
    samples = samples_of(job)
    wanted = (OURS, *TUNED)
    return {(alpha, m.name): m.strength(samples, alpha).max(axis=1) for alpha in ALPHAS for m in wanted}


def tuned_bars(
    pool: Pool, seed: int, size: Size, families: Sequence[str] = FAMILIES
) -> dict[tuple[str, float, str], float]:
    """The bars at which each rival stops as many healthy releases of its family as we do."""
    found: dict[tuple[str, float, str], float] = {}
    for family in families:
        parts = pool.map(greatest, jobs(family, (seed, 1), size.tuning), chunksize=1)
        for alpha in ALPHAS:
            ours = np.concatenate([part[alpha, OURS.name] for part in parts])
            allowed = int((ours >= OURS.bar(alpha)).sum())
            for method in TUNED:
                falling = -np.sort(-np.concatenate([part[alpha, method.name] for part in parts]))
                found[family, alpha, method.name] = float(np.nextafter(falling[allowed], np.inf))
    return found


def stops(job: Job, bars: Bars) -> dict[tuple[float, str], Array]:
    """(α, method) → for each release: whether stopped, units, candidate units and bad answers until then or the end."""
    samples = samples_of(job)
    family = BY_NAME[job.scenario].family
    worst = samples[-1]
    found = {}
    for alpha in ALPHAS:
        for method in METHODS:
            bar = bars[family, alpha, method.name] if method.tuned else method.bar(alpha)
            found[alpha, method.name] = _until(method.strength(samples, alpha) >= bar, worst)
    return found


def _until(reached: Array, sample: Sample) -> Array:
    stopped = reached.any(axis=1)
    look = np.where(stopped, reached.argmax(axis=1), LOOKS - 1)
    row = np.arange(len(look))
    exposed = sample.exposed[row, look]
    return np.stack([stopped.astype(float), 2.0 * exposed, exposed, sample.bad[row, look]])


def interval(hits: int, n: int) -> tuple[float, float]:
    """Clopper & Pearson 1934, 95 %."""
    low = 0.0 if hits == 0 else float(special.betaincinv(hits, n - hits + 1, 0.025))
    high = 1.0 if hits == n else float(special.betaincinv(hits + 1, n - hits, 0.975))
    return low, high


def row(scenario: Scenario, method: Method, alpha: float, outcomes: Array) -> dict[str, object]:
    """One line of the table. Means over releases that were stopped, but `units_capped`, which counts the others with
    the horizon, and η, which is given when 99 % were stopped."""
    stopped = outcomes[0] > 0
    hits, n = int(stopped.sum()), outcomes.shape[1]
    low, high = interval(hits, n)
    found: dict[str, object] = {
        "scenario": scenario.name,
        "harmful": scenario.harmful,
        "alpha": alpha,
        "method": method.name,
        "releases": n,
        "stopped": round(hits / n, 4),
        "interval": (round(low, 4), round(high, 4)),
        "units_capped": round(float(outcomes[1].mean()), 1),
        "bad_answers": round(float(outcomes[3].mean()), 1),
    }
    if hits:
        found |= {
            "units_mean": round(float(outcomes[1][stopped].mean()), 1),
            "units_p90": round(float(np.quantile(outcomes[1][stopped], 0.9)), 1),
            "candidate_units": round(float(outcomes[2][stopped].mean()), 1),
        }
    bound = scenario.bound(alpha)
    if hits >= 0.99 * n and not math.isnan(bound):
        found["eta"] = round(float(outcomes[1].mean()) / bound, 2)
    return found


def table(pool: Pool, seed: int, size: Size, only: str = "") -> list[dict[str, object]]:
    """All lines of scenarios whose name holds `only`, with rivals tuned first; the same as among all others."""
    scenarios = [scenario for scenario in SCENARIOS if only in scenario.name]
    bars = tuned_bars(pool, seed, size, tuple(dict.fromkeys(scenario.family for scenario in scenarios)))
    found = []
    for scenario in scenarios:
        releases = size.harmful if scenario.harmful else size.healthy
        work = [(job, bars) for job in jobs(scenario.name, (seed, 2), releases)]
        parts = pool.starmap(stops, work, chunksize=1)
        for alpha in ALPHAS:
            for method in METHODS:
                joined = np.concatenate([part[alpha, method.name] for part in parts], axis=1)
                found.append(row(scenario, method, alpha, joined))
    return found


def wins(rows: Iterable[Mapping[str, object]]) -> list[str]:
    """Where a rival whose false stops do not show above α in any healthy scenario is quicker than we are (units with
    the horizon for those missed), and where one stops more releases."""
    lines = list(rows)
    ours = {(r["scenario"], r["alpha"]): r for r in lines if r["method"] == OURS.name}
    honest = _honest(lines)
    found = []
    for line in lines:
        name, alpha = str(line["method"]), float(str(line["alpha"]))
        mine = ours[line["scenario"], line["alpha"]]
        quicker = float(str(line["units_capped"])) < 0.98 * float(str(mine["units_capped"]))
        if line["harmful"] and not name.startswith("Serinus") and quicker:
            where = "with false stops at most α everywhere" if (name, alpha) in honest else "with false stops above α"
            found.append(
                f"{line['scenario']}, α = {alpha:g}: {name}, {line['units_capped']} units against "
                f"{mine['units_capped']}, {where}"
            )
    return found


def _honest(lines: Sequence[Mapping[str, object]]) -> set[tuple[str, float]]:
    broken = {
        (str(r["method"]), float(str(r["alpha"])))
        for r in lines
        if not r["harmful"] and r["interval"][0] > float(str(r["alpha"]))  # type: ignore[index]
    }
    return {(str(r["method"]), float(str(r["alpha"]))) for r in lines} - broken
