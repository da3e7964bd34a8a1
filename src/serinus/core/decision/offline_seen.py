"""What offline suites have seen of metrics: criteria that see in an answer what a metric sees in a call, and usage."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from serinus.core.decision.seen import Seen, from_pairs, over
from serinus.core.decision.shown import asked_for
from serinus.core.judging.report import CriterionReport, SuiteReport
from serinus.core.judging.tally import Usage
from serinus.core.pipeline.stages import OfflineStage, StageResult
from serinus.core.release.release import Release

_EVENT_OF = {"json_keys": "call.invalid_format", "json_schema": "call.invalid_format", "refusal": "call.refusal"}


def _suites(release: Release, results: Iterable[StageResult]) -> list[SuiteReport]:
    """The suites of all offline stages that count; none of what another Serinus wrote."""
    found: list[SuiteReport] = []
    for result in results:
        offline = result.stage < len(release.plan.stages) and isinstance(
            release.plan.stages[result.stage], OfflineStage
        )
        if offline and asked_for(release, result):
            try:
                found += msgspec.json.decode(result.evidence, type=_Evidence).suites
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue
    return found


class _Evidence(msgspec.Struct, frozen=True):
    suites: tuple[SuiteReport, ...] = ()


def offline_seen(release: Release, results: Iterable[StageResult], alpha: float) -> dict[str, Seen]:
    """By metric, or by the name of a criterion that no metric counts."""
    suites = _suites(release, results)
    found: dict[str, Seen] = {}
    for suite in suites:
        for name, one in _usages(suite.usage, suite.baseline_usage).items():
            found.setdefault(name, one)
        for criterion in suite.criteria:
            event = _EVENT_OF.get(criterion.kind)
            if event:
                found.setdefault(event, _failures(criterion, alpha))
            else:
                name = criterion.name if len(suites) == 1 else f"{suite.suite}: {criterion.name}"
                found.setdefault(name, _scores(criterion))
    return found


def _usages(candidate: Usage, baseline: Usage | None) -> dict[str, Seen]:
    """Answers that did not come, latency, cost and tokens. One look at few cases: no interval."""

    def of(usage: Usage | None) -> dict[str, float | None]:
        if usage is None or not usage.answers:
            return {}
        return {
            "call.error": usage.missing / (usage.answers + usage.missing),
            "latency.p50": usage.latency_p50_ms,
            "latency.p95": usage.latency_p95_ms,
            "cost.per_call": None if usage.cost_nano is None else usage.cost_nano / 1e9 / usage.answers,
            "tokens.per_call": usage.tokens_out / usage.answers,
        }

    one, zero = of(candidate), of(baseline)
    return {
        name: Seen(n=candidate.answers, candidate=value, baseline=zero.get(name), ratio=over(value, zero.get(name)))
        for name, value in one.items()
        if value is not None
    }


def _scores(criterion: CriterionReport) -> Seen:
    candidate, baseline = _mean(criterion, "candidate"), _mean(criterion, "baseline")
    return Seen(n=criterion.candidate.scored, candidate=candidate, baseline=baseline)


def _failures(criterion: CriterionReport, alpha: float) -> Seen:
    """Scores of 0 and 1 as shares of failures. A ratio only where each case was asked once, or said the same."""
    candidate, baseline = _mean(criterion, "candidate"), _mean(criterion, "baseline")
    seen = Seen(
        n=criterion.candidate.scored,
        candidate=None if candidate is None else 1 - candidate,
        baseline=None if baseline is None else 1 - baseline,
    )
    compared = criterion.comparison
    if compared is None or seen.candidate is None:
        return seen
    failed = seen.candidate * compared.pairs
    if abs(failed - round(failed)) > 1e-6:
        return seen
    both = max(0, round(failed) - compared.losses)
    return from_pairs(seen, both, compared.losses, compared.wins, alpha)


def _mean(criterion: CriterionReport, side: str) -> float | None:
    scores = criterion.candidate if side == "candidate" else criterion.baseline
    return scores.mean.value if scores is not None and scores.mean is not None else None
