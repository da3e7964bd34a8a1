"""A first release over the API: refused with the lines to write, planned, started, shown (H13)."""

from __future__ import annotations

from .conftest import CONTENT, PLAN, Api

STAGES = [
    {"kind": "shadow", "name": "staging", "requests": ["recorded"]},
    {"kind": "approval", "name": "sign-off", "roles": ["ml_lead"]},
    {"kind": "rollout", "steps": PLAN["steps"]},
]
STAGED = {name: value for name, value in PLAN.items() if name != "steps"} | {"stages": STAGES}


def test_H13_a_first_release_is_planned_started_and_shown(api: Api) -> None:
    """`control` is null, the plan is the one that applies, and what is not compared is named."""
    api.ok("PUT", "/endpoints/sim", {"base_url": "http://127.0.0.1:9/v1"})
    api.ok("PUT", "/apps/bot", {"plan": STAGED})
    name = api.ok("POST", "/apps/bot/versions", CONTENT)["name"]
    refused = api.ask("POST", "/releases", {"app": "bot", "version": name, "reason": ""})
    assert refused.status_code == 422
    assert refused.json()["where"] == "app.fallback_message"
    api.ok("PUT", "/apps/bot", {"plan": STAGED, "fallback_message": "Soon."})
    planned = api.ok("GET", f"/apps/bot/plan?version={name}")
    assert (planned["control"], planned["not_compared"]) == (None, ["call.error"])
    assert planned["plan"]["guardrails"] == []
    assert planned["plan"]["stages"][0] | {"name": "staging", "suites": ["recorded"]} == planned["plan"]["stages"][0]
    started = api.ok("POST", "/releases", {"app": "bot", "version": name, "reason": ""})
    assert (started["control"], started["stage"]) == (None, "staging")
    shown = api.ok("GET", f"/releases/{started['id']}")
    assert shown["standing"]["not_compared"] == ["call.error"]
    assert shown["plan"]["holdback"] == 0
    assert api.ok("GET", "/apps/bot")["config"]["plan"]["guardrails"] != []
    assert api.ask("PUT", "/apps/bot/override", {"version": name, "reason": "x"}).status_code == 409
    assert api.ok("GET", f"/releases/{started['id']}/report")["release"]["control"] == ""
