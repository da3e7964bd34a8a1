"""Simulated releases: every generator takes its randomness and gives the metrics that methods judge.

Users come as `sample` says; p95 and scores are of 200 and 75 users a minute at most, since a judge model sees a part.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from bench.judging.betting import log_capital, log_renewed
from bench.judging.sample import ARM_UNITS, LOOKS, SHARES, Array, Sample, Sums, events, steps

BASE = 0.02
SCORE, SCORE_SD, POOR = 0.8, 0.2, 0.5
"""An answer with a score below POOR is a bad one."""
LATENCY_MS, SPREAD = 800.0, 0.5
HISTORY = 2_000
"""Control calls before the release, from which the threshold of a quantile comes."""
MARGIN_SLOWER, MARGIN_DROP = 0.10, 0.02


def first_events(rng: np.random.Generator, releases: int, rate1: Array, rate0: Array) -> Sample:
    """Users with one request each, whose failure rates may change from look to look. The old version serves all
    that the candidate does not."""
    per_arm = steps(tuple(map(float, ARM_UNITS))).astype(int)
    others = np.rint(per_arm * (1 / steps(SHARES) - 1)).astype(int)
    bad1 = rng.binomial(per_arm, rate1, (releases, LOOKS))
    bad0 = rng.binomial(per_arm, rate0, (releases, LOOKS))
    bad = bad0 + rng.binomial(others - per_arm, rate0, (releases, LOOKS))
    return _of_counts(per_arm, (bad1, bad0, bad), others, 0)


def _of_counts(now: Array, bad_now: tuple[Array, Array, Array], others_now: Array, late: int) -> Sample:
    """Counts per look of candidate, control and everybody on the old version, as seen so many looks late."""
    bad1, bad0, bad = (_late(values, late) for values in bad_now)
    per_arm, others = (_late(values[None, :], late)[0] for values in (now, others_now))
    units, s1, s0 = np.cumsum(per_arm), np.cumsum(bad1, axis=1), np.cumsum(bad0, axis=1)
    one, zero = events(units, s1), events(units, s0)
    return Sample(
        kind="event",
        candidate=one,
        control=zero,
        served=one,
        rest=events(np.cumsum(others), np.cumsum(bad, axis=1)),
        minute1=_share(bad1, per_arm),
        minute0=_share(bad0, per_arm),
        history=BASE,
        exposed=np.broadcast_to(np.cumsum(now), s1.shape).astype(float),
        bad=np.cumsum(bad_now[0], axis=1).astype(float),
        counts=((one.total, zero.total),) * 2,
    )


def _share(bad: Array, units: Array) -> Array:
    return np.divide(bad, units, out=np.full(bad.shape, np.nan), where=np.broadcast_to(units > 0, bad.shape))


def correlated(rng: np.random.Generator, releases: int, ratio: float, rails: int = 8) -> list[Sample]:
    """Eight metrics of the same users: half of all bad events are shared by all metrics, and the label of metric j
    comes 2j looks late. `ratio` is the harm to the last metric."""
    per_arm = steps(tuple(map(float, ARM_UNITS))).astype(int)
    others = np.rint(per_arm * (1 / steps(SHARES) - 1)).astype(int)
    shared = [rng.binomial(n, BASE / 2, (releases, LOOKS)) for n in (per_arm, per_arm, others - per_arm)]
    found = []
    for j in range(rails):
        rate = BASE / 2 if j < rails - 1 else BASE / 2 + BASE * (ratio - 1)
        own = [rng.binomial(n, r, (releases, LOOKS)) for n, r in ((per_arm, rate), (per_arm, BASE / 2))]
        own.append(rng.binomial(others - per_arm, BASE / 2, (releases, LOOKS)))
        bad1, bad0, more = (a + b for a, b in zip(shared, own, strict=True))
        found.append(_of_counts(per_arm, (bad1, bad0, bad0 + more), others, 2 * j))
    return found


def _late(values: Array, looks: int) -> Array:
    return np.concatenate([np.zeros_like(values[:, :looks]), values[:, : LOOKS - looks]], axis=1)


def returning(rng: np.random.Generator, releases: int, ratio: float) -> Sample:
    """Twelve new users a minute and arm who return: visits a minute are heavy-tailed (Pareto, index 1.5), and so is how
    often their requests fail (beta 0.1, 4.9: 2 % on average). First events per user; everybody else counts requests."""
    per_minute, users = 12, 12 * LOOKS
    come = np.repeat(np.arange(LOOKS), per_minute)
    here = np.arange(LOOKS)[None, :] >= come[:, None]

    def arm(times: float) -> tuple[Array, Array, Array]:
        visits = np.minimum(0.1 * (1.0 + rng.pareto(1.5, (releases, users))), 8.0)
        fails = np.minimum(times * rng.beta(0.1, 4.9, (releases, users)), 1.0)
        bad = rng.poisson((visits * fails)[:, :, None] * here)
        good = rng.poisson((visits * (1 - fails))[:, :, None] * here)
        first = bad.cumsum(axis=2) > 0
        return np.cumsum((bad + good).sum(axis=1), axis=1), np.cumsum(bad.sum(axis=1), axis=1), first.sum(axis=1)

    (calls1, bad1, s1), (calls0, bad0, s0) = arm(ratio), arm(1.0)
    one, zero = (events(np.arange(1.0, LOOKS + 1) * per_minute, s) for s in (s1, s0))
    served, rest = (
        Sums(c.astype(float), b.astype(float), b.astype(float)) for c, b in ((calls1, bad1), (calls0, bad0))
    )
    return Sample(
        kind="event",
        candidate=one,
        control=zero,
        served=served,
        rest=rest,
        minute1=_rate(served),
        minute0=_rate(rest),
        history=BASE,
        exposed=one.units,
        bad=served.total,
        counts=((one.total, zero.total),) * 2,
    )


def _rate(sums: Sums) -> Array:
    calls, bad = np.diff(sums.units, axis=1, prepend=0.0), np.diff(sums.total, axis=1, prepend=0.0)
    return np.divide(bad, calls, out=np.full_like(bad, np.nan), where=calls > 0)


@dataclass(frozen=True, slots=True)
class Labels:
    """How scores come: so many looks after their user, a share of them never, and with a mean that swings by `swing`
    up and down once a release, in both arms."""

    late: int = 0
    missing: float = 0.0
    swing: float = 0.0


AT_ONCE = Labels()


def scores(rng: np.random.Generator, releases: int, drop: Array, labels: Labels = AT_ONCE) -> Sample:
    """Judge scores, beta-distributed (mean .8, sd .2), of a quarter of the users; the candidate's lower by `drop`
    (per look)."""
    per_look = 2 * np.rint(steps(tuple(map(float, ARM_UNITS))) / 4).astype(int)
    ends = np.cumsum(per_look)
    arm = rng.random((releases, ends[-1])) < 0.5
    mean = SCORE + labels.swing * np.sin(2 * np.pi * np.arange(LOOKS) / LOOKS)
    means = [np.broadcast_to(np.repeat(m, per_look), arm.shape) for m in (mean - drop, mean)]
    values = np.where(arm, _beta(rng, means[0], arm.shape), _beta(rng, means[1], arm.shape))
    told = rng.random(arm.shape) >= labels.missing
    sums = [_told_late(_by_look(mine & told, 1.0 - values, ends), labels.late) for mine in (arm, ~arm)]
    poor = _by_look(arm, values < POOR, ends).total
    strata = _strata(rng, np.repeat(np.repeat(np.arange(len(SHARES)), LOOKS // len(SHARES)), per_look), releases)
    games = [log_capital(values, arm, ends, MARGIN_DROP, told & (strata >= s)) for s in range(len(SHARES))]
    capital = [np.stack([_late(game[margin], labels.late) for game in games]) for margin in (0, 1)]
    begun = log_renewed(values, arm, ends, MARGIN_DROP, told)
    renewed = [_seen_late(won, ahead, labels.late) for won, ahead in begun]
    return replace(
        _of_values("score", sums, [_rate(s) for s in sums], 1.0 - SCORE, poor, capital=(capital[0], capital[1])),
        renewed=(renewed[0], renewed[1]),
        exposed=_by_look(arm, 1.0 - values, ends).units,
    )


def _strata(rng: np.random.Generator, step: Array, releases: int) -> Array:
    """The first step whose slices hold each user, of those who come at these steps: not always the one they come at."""
    place = rng.random((releases, len(step))) * np.asarray(SHARES)[step]
    return np.searchsorted(np.asarray(SHARES), place, side="right")


def _seen_late(won: Array, ahead: Array, late: int) -> tuple[Array, Array]:
    """Before the first look that is seen nothing has begun."""
    if not late:
        return won, ahead
    nothing, all_of_it = np.full_like(won[:, :late], -np.inf), np.ones_like(ahead[:, :late])
    kept = LOOKS - late
    return np.concatenate([nothing, won[:, :kept]], axis=1), np.concatenate([all_of_it, ahead[:, :kept]], axis=1)


def _told_late(sums: Sums, late: int) -> Sums:
    return Sums(*(_late(values, late) for values in (sums.units, sums.total, sums.squares)))


def _beta(rng: np.random.Generator, mean: Array, shape: tuple[int, ...]) -> Array:
    size = mean * (1 - mean) / SCORE_SD**2 - 1
    return rng.beta(mean * size, (1 - mean) * size, shape)


def latencies(rng: np.random.Generator, releases: int, all_slower: float, tail_slower: float) -> Sample:
    """Log-normal latencies of a third of the users. The candidate is slower by a factor: all of its calls, or only
    the slowest tenth of them."""
    per_arm = np.rint(steps(tuple(map(float, ARM_UNITS))) / 3).astype(int)
    ends = np.cumsum(per_arm)
    values = [LATENCY_MS * np.exp(SPREAD * rng.standard_normal((releases, ends[-1]))) for _ in range(2)]
    tail = LATENCY_MS * float(np.exp(SPREAD * special.ndtri(0.9)))
    values[0] = np.where(values[0] > tail, values[0] * tail_slower, values[0]) * all_slower
    past = np.sort(LATENCY_MS * np.exp(SPREAD * rng.standard_normal((releases, HISTORY))), axis=1)
    bound = past[:, [round(0.95 * HISTORY)]]
    everybody = np.ones(values[0].shape, bool)
    sums = [_by_look(everybody, v, ends) for v in values]
    starts = np.concatenate([[0], ends[:-1]])
    p95 = [
        np.stack([np.quantile(v[:, a:b], 0.95, axis=1) for a, b in zip(starts, ends, strict=True)], 1) for v in values
    ]
    above = [np.add.reduceat(values[0] > (1 + m) * bound, starts, axis=1) for m in (0.0, MARGIN_SLOWER)]
    zero = np.cumsum(np.add.reduceat(values[1] > bound, starts, axis=1), axis=1).astype(float)
    history = LATENCY_MS * float(np.exp(SPREAD * special.ndtri(0.95)))
    counts = ((np.cumsum(above[0], axis=1).astype(float), zero), (np.cumsum(above[1], axis=1).astype(float), zero))
    return _of_values("latency", sums, p95, history, counts[0][0], counts=counts)


def _by_look(mine: Array, values: Array, ends: Array) -> Sums:
    starts = np.concatenate([[0], ends[:-1]])
    kept = np.where(mine, values, 0.0)
    return Sums(
        *(np.cumsum(np.add.reduceat(v, starts, axis=1), axis=1).astype(float) for v in (mine * 1.0, kept, kept * kept))
    )


def _of_values(
    kind: str,
    sums: list[Sums],
    minutes: list[Array],
    history: float,
    bad: Array,
    counts: tuple[tuple[Array, Array], tuple[Array, Array]] | None = None,
    capital: tuple[Array, Array] | None = None,
) -> Sample:
    return Sample(
        kind=kind,
        candidate=sums[0],
        control=sums[1],
        served=sums[0],
        rest=sums[1],
        minute1=minutes[0],
        minute0=minutes[1],
        history=history,
        exposed=sums[0].units,
        bad=bad,
        counts=counts,
        capital=capital,
    )
