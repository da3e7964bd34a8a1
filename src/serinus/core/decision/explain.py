"""Evidence as one sentence with numbers that a product manager understands."""

from __future__ import annotations

import math

from serinus.core.decision.harm import Evidence, Harm
from serinus.core.decision.wording import amount, percent, rarity
from serinus.core.metrics import metric
from serinus.core.pipeline.plan import Guardrail, Plan
from serinus.core.records.labels import on_scale


def sentence(harm: Harm, name: str, plan: Plan, units: tuple[int, int]) -> str:
    """What is seen of one metric, what is tolerated, and how rare that would be inside of it. A guardrail's rarity is
    that of the whole release's evidence; `units` are those compared."""
    found = next(e for e in harm.evidence if e.metric == name)
    guardrail = next(g for g in plan.guardrails if g.metric == name)
    seen = _seen(found, guardrail, units)
    if found.no_data:
        return f"{seen}: {found.no_data}"
    weight = found.log_e if guardrail.role == "signal" else harm.log_e
    return f"{seen}, and {_how_rare(weight, harm.needed, found.kind == 'ratio')}"


def told(found: Evidence, guardrail: Guardrail, needed: float, units: tuple[int, int]) -> str:
    """The same of one guardrail by itself."""
    seen = _seen(found, guardrail, units)
    if found.no_data:
        return f"{seen}: {found.no_data}"
    return f"{seen}, and {_how_rare(found.log_e, needed, found.kind == 'ratio')}"


def _seen(found: Evidence, guardrail: Guardrail, units: tuple[int, int]) -> str:
    if found.kind == "ratio":
        return _ratio(found, guardrail)
    if found.kind == "score":
        return _score(found, guardrail)
    if found.kind == "quantile":
        return _quantile(found, guardrail, units)
    return (
        f"{_share(found.candidate, units[0])} of candidate users had {metric(found.metric).title} "
        f"({found.candidate:,} of {units[0]:,}) against {_share(found.control, units[1])} of control "
        f"({found.control:,} of {units[1]:,}){_times(found, units)}; up to {guardrail.max_ratio:g} times is tolerated"
    )


def _quantile(found: Evidence, guardrail: Guardrail, units: tuple[int, int]) -> str:
    title = metric(found.metric).title
    if found.threshold is None:
        return f"The control's own {title} is not known yet"
    own, limit = amount("ms", found.threshold), amount("ms", found.threshold * guardrail.max_ratio)
    return (
        f"{title}: {_share(found.candidate, units[0])} of candidate users waited longer than {limit} "
        f"({found.candidate:,} of {units[0]:,}) against {_share(found.control, units[1])} of control longer than {own}"
        f", its own ({found.control:,} of {units[1]:,}); up to {guardrail.max_ratio:g} times as slow is tolerated, "
        "where both shares are equal"
    )


def _ratio(found: Evidence, guardrail: Guardrail) -> str:
    judged = metric(found.metric)
    if found.candidate_value is None or found.control_value is None:
        return f"{judged.title} is known of {found.candidate:,} candidate and {found.control:,} control users"
    times = f" ({found.candidate_value / found.control_value:.2f} times)" if found.control_value else ""
    return (
        f"{judged.title} was {amount(judged.unit, found.candidate_value)} over {found.candidate:,} candidate users "
        f"against {amount(judged.unit, found.control_value)} over {found.control:,} in control{times}; up to "
        f"{guardrail.max_ratio:g} times is tolerated"
    )


def _score(found: Evidence, guardrail: Guardrail) -> str:
    title = metric(found.metric).title
    if found.candidate_value is None or found.control_value is None:
        return f"{title} is known of {found.candidate:,} candidate and {found.control:,} control users"
    candidate, control = (
        f"{on_scale(found.metric, value):.3g}" for value in (found.candidate_value, found.control_value)
    )
    points = 100 * (found.control_value - found.candidate_value)
    which = f"{points:.1f} points lower" if points >= 0 else f"{-points:.1f} points higher"
    worse = "higher" if guardrail.rises else "lower"
    return (
        f"{title} was {candidate} on average over {found.candidate:,} candidate users against {control} over "
        f"{found.control:,} in control, {which} on a scale of 100; up to {100 * guardrail.drop:.3g} {worse} is "
        "tolerated"
    )


def _how_rare(log_e: float, needed: float, asymptotic: bool) -> str:
    nearly = "about " if asymptotic else ""
    if log_e < math.log(2):  # "fewer than 1 in 1" would say nothing
        return f"there is no evidence of more (it acts at {rarity(needed)})"
    return (
        f"a difference this large or larger would appear in fewer than {nearly}{rarity(log_e)} releases if the "
        f"candidate were within its margin (it acts at {rarity(needed)})"
    )


def _share(part: int, whole: int) -> str:
    return percent(part / whole) if whole else "none"


def _times(found: Evidence, units: tuple[int, int]) -> str:
    if not (found.control and units[0] and units[1]):
        return ""
    return f", {found.candidate * units[1] / (found.control * units[0]):.1f} times as many"
