"""Refuse a release that would wait for ever for what nobody can tell: costs of models without a price."""

from __future__ import annotations

from serinus.core.errors import InvalidInput
from serinus.core.metrics import REGISTRY
from serinus.core.pipeline.plan import Plan
from serinus.core.versions.content import parse_content
from serinus.ports.control_store import ControlTx
from serinus.ports.prices import price_of


def refuse_unpriced(tx: ControlTx, plan: Plan, digests: tuple[str, ...]) -> None:
    """InvalidInput when a guardrail that must be judged compares costs and one of these versions has no price."""
    rails = [rail for rail in plan.guardrails if rail.role == "guardrail" and not rail.dry_run]
    costs = [rail.metric for rail in rails if REGISTRY[rail.metric].per_unit == "cost"]
    if not costs:
        return
    endpoints = {one.name: one for one in tx.endpoints()}
    for stored in tx.versions_of(sorted({digest for digest in digests if digest})):
        content = parse_content(stored.content)
        endpoint = endpoints.get(content.endpoint)
        if endpoint is not None and price_of(tx.prices(), endpoint, content.model) is None:
            raise InvalidInput(
                f"no price is known of {content.model} ({stored.name}), so that no step would ever be left: "
                f"{costs[0]} cannot be judged",
                where="app.plan.guardrails",
                mend=f"declare one: `endpoints: {{{endpoint.name}: {{prices: {{{content.model}: {{input: $0.15, "
                "output: $0.60}}}}` (US dollars per million tokens); or take the guardrail out, or make it a `signal`",
            )
