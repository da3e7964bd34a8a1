"""The bench of a verdict judges what it says."""

from __future__ import annotations

from bench.verdict import GUARDRAILS, SHARES, grades, release, spreads
from serinus.core.decision.harm import judge_harm


def test_every_guardrail_of_the_bench_has_evidence() -> None:
    """Of events, costs and scores. The release stands on its last compared step."""
    judged = release()
    found = judge_harm(judged, dict.fromkeys(GUARDRAILS, (200, 190)), spreads(0), scores=grades(1))
    assert judged.step == len(SHARES) - 1
    moved = {one.metric for one in found.evidence if one.log_e != 0.0}
    assert moved >= {"call.error", "latency.p95", "cost.per_call", "tokens.per_call", "judge.correctness"}
