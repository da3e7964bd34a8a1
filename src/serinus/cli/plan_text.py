"""Parts of a plan, as the API shows them, in the words of a project file."""

from __future__ import annotations

import msgspec

from serinus.cli.api_client import Document
from serinus.cli.output import name_of
from serinus.core.metrics import REGISTRY
from serinus.core.pipeline.exposure import step_words
from serinus.core.pipeline.guardrail import DROP
from serinus.core.pipeline.step import Step
from serinus.files.units import amount_text, duration_text, percent_text


def limit_text(limit: Document) -> str:
    """A limit in one line: `latency.p99 above 5s for 3m: rollback`."""
    side = "above" if limit.get("above") is not None else "below"
    found = REGISTRY.get(limit["metric"])
    # A metric that only a newer control knows is shown as a bare number.
    bound = amount_text(found.unit, limit[side]) if found else f"{limit[side]:g}"
    for_s = duration_text(limit["buckets"] * limit["bucket_s"])
    over = "on average of" if found and found.kind == "score" else "for"
    return f"{limit['metric']} {side} {bound} {over} {for_s}: {limit['action']}"


def rail_text(rail: Document) -> str:
    """A guardrail in a few words: `call.error at most 1.25× the control`."""
    found = REGISTRY.get(rail["metric"])
    if found and found.kind == "score":
        key, worse = ("max_rise", "above") if found.direction == "lower" else ("max_drop", "below")
        margin = DROP if rail.get(key) is None else rail[key]
        return f"{rail['metric']} at most {percent_text(margin)} of its scale {worse} the control"
    return f"{rail['metric']} at most {rail['max_ratio']:g}× the control"


def in_place_of(document: Document) -> str:
    """What a release is in place of: a version, or the message of an app with nothing live."""
    return name_of(document["control"]) if document["control"] else "the fallback message (first release)"


def whom_text(step: Document) -> str:
    """A step's share, and of whom if it does not mean everyone alike: `2 % of the traffic, among internal (…)`."""
    if step["population"] or step["opted_in"]:
        return step_words(msgspec.convert(step, Step))
    return percent_text(step["share"])


def risk_facts(document: Document) -> list[tuple[str, object]]:
    """The risk of a release and why, and how its plan differs from the declared one; nothing where it is unknown."""
    facts: list[tuple[str, object]] = []
    if risk := document.get("risk"):
        lowered = f", less than {_words(risk['proposed'])}: {risk['lowered']}" if risk["lowered"] else ""
        facts.append(("risk", f"{risk['risk']} of 100 ({risk['level']}): {_words(risk['type'])}{lowered}"))
        facts.append(("because", "\n".join(risk["reasons"])))
    if changes := document.get("changes"):
        facts.append(("not as declared", "\n".join(f"{one['stage']}: {one['what']} ({one['why']})" for one in changes)))
    return facts


def _words(type_name: str) -> str:
    return str(type_name).replace("_", " ")
