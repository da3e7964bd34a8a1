"""The methods of the table, each at its defaults and, but for ours, at a bar tuned on healthy releases."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from bench.judging import kayenta, platforms, serinus, windows
from bench.judging.method import Method, any_metric

_WAITS = "waits for a person"
_PAUSES = "pauses (no data)"
_STAYS = "waits on its step and says so; pauses when one arm's come and the other's do not"

OURS = Method(
    "Serinus, no margin", serinus.strength, serinus.bar, "core/decision/harm.py, core/stats", (_PAUSES, _STAYS)
)
DEFAULTS = (
    OURS,
    Method(
        "Serinus, default margins",
        serinus.with_margins,
        serinus.bar,
        "core/decision/harm.py, core/stats",
        (_PAUSES, _STAYS),
    ),
    Method(
        "Argo Rollouts",
        any_metric(windows.argo),
        windows.constant(1.0),
        "argo-rollouts docs/features/analysis.md",
        ("aborts (error limit)", "aborts (error limit)"),
    ),
    Method(
        "Flagger",
        any_metric(windows.flagger),
        windows.constant(1.0),
        "flagger docs/gitbook/usage/how-it-works.md",
        ("rolls back (failed checks)", "rolls back (failed checks)"),
    ),
    Method(
        "Kayenta",
        kayenta.strength,
        kayenta.bar,
        "kayenta NetflixACAJudge.scala, MannWhitneyClassifier.scala",
        ("fails (score 0)", "PROMOTES (metric left out of the score)"),
    ),
    Method(
        "point estimate",
        any_metric(windows.point_estimate),
        windows.constant(windows.POINT_RATIO),
        "a gate as teams write it",
        ("PROMOTES (nothing is worse)", "PROMOTES (nothing is worse)"),
    ),
    Method(
        "z-test, repeated",
        any_metric(platforms.z_test),
        platforms.z_bar,
        "textbook, looked at every minute",
        ("PROMOTES (not significant)", "PROMOTES (not significant)"),
    ),
    Method(
        "GrowthBook",
        any_metric(platforms.growthbook),
        windows.constant(1.0),
        "growthbook gbstats/frequentist/tests.py",
        (_WAITS, _WAITS),
    ),
    Method(
        "Statsig",
        any_metric(platforms.statsig),
        windows.constant(1.0),
        "docs.statsig.com, frequentist sequential testing",
        (_WAITS, _WAITS),
    ),
)

_SHARPER = {"GrowthBook": any_metric(partial(platforms.growthbook, tuning=platforms.TUNED_N))}
TUNED = tuple(
    replace(method, name=f"{method.name}, tuned", tuned=True, strength=_SHARPER.get(method.name, method.strength))
    for method in DEFAULTS[2:]
)
METHODS = DEFAULTS + TUNED
