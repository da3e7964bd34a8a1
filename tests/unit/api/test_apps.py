"""Apps, endpoints and versions over the API."""

from __future__ import annotations

import msgspec
from pydantic import BaseModel

from serinus.api.schemas.app import AppBody, FormatRuleBody, LimitsBody
from serinus.api.schemas.plan import (
    ApprovalBody,
    DemandsBody,
    GuardrailBody,
    LimitBody,
    MeasureBody,
    OfflineBody,
    PairLimitBody,
    PeakBody,
    PlanBody,
    RiskRulesBody,
    RolloutBody,
    ShadowBody,
    StepBody,
)
from serinus.api.schemas.population import ConditionBody, PopulationBody
from serinus.core.pipeline.app import AppConfig
from serinus.core.pipeline.peak import Peak
from serinus.core.pipeline.plan import OF_A_START, Guardrail, Limit, Plan, Step
from serinus.core.pipeline.population import Population
from serinus.core.pipeline.risk import Demands, RiskRules
from serinus.core.pipeline.shadow import MeasureMargin, PairLimit
from serinus.core.pipeline.stages import ApprovalStage, OfflineStage, RolloutStage, ShadowStage
from serinus.core.routing.predicate import Condition
from serinus.core.routing.snapshot import FormatRule, Limits

from .conftest import CONTENT, PLAN, Api

PAIRS: list[tuple[type[BaseModel], type[msgspec.Struct]]] = [
    (AppBody, AppConfig),
    (PlanBody, Plan),
    (StepBody, Step),
    (PopulationBody, Population),
    (ConditionBody, Condition),
    (GuardrailBody, Guardrail),
    (LimitBody, Limit),
    (OfflineBody, OfflineStage),
    (ShadowBody, ShadowStage),
    (PairLimitBody, PairLimit),
    (MeasureBody, MeasureMargin),
    (PeakBody, Peak),
    (ApprovalBody, ApprovalStage),
    (RolloutBody, RolloutStage),
    (DemandsBody, Demands),
    (RiskRulesBody, RiskRules),
    (LimitsBody, Limits),
    (FormatRuleBody, FormatRule),
]


def test_bodies_have_cores_fields_and_defaults() -> None:
    """The description that clients read does not drift from what is done with it."""
    for body, struct in PAIRS:
        own = ("kind", "name", *(OF_A_START if struct is Plan else ()))
        wanted = {f.name: f for f in msgspec.structs.fields(struct) if f.name not in own}
        fields = {name: field for name, field in body.model_fields.items() if name not in ("kind", "name")}
        assert set(fields) == set(wanted), body
        for name, field in fields.items():
            if wanted[name].default is msgspec.NODEFAULT and wanted[name].default_factory is msgspec.NODEFAULT:
                assert field.is_required(), (body, name)
            else:
                default = field.get_default(call_default_factory=True)
                shown = default.model_dump() if isinstance(default, BaseModel) else default
                core = wanted[name].default
                core = wanted[name].default_factory() if core is msgspec.NODEFAULT else core
                assert msgspec.convert(shown, wanted[name].type) == core, (body, name)


def test_an_app_is_declared_and_shown(api: Api) -> None:
    """What was declared comes back whole, with defaults filled in."""
    api.ok("PUT", "/apps/bot", {"plan": PLAN, "unit": "request", "overdue_s": 3})
    shown = api.ok("GET", "/apps/bot")
    assert shown["config"]["unit"] == "request"
    assert shown["config"]["plan"]["steps"] == [
        {"share": 0.05, "dwell_s": 60, "min_units": 10, "require": "no_harm", "population": None, "opted_in": []},
        {"share": 1.0, "dwell_s": 60, "min_units": 0, "require": "no_harm", "population": None, "opted_in": []},
    ]
    (stage,) = shown["config"]["plan"]["stages"]
    assert (stage["kind"], stage["name"], stage["steps"]) == ("rollout", "rollout", shown["config"]["plan"]["steps"])
    assert (shown["live"], shown["override"], shown["release"]) == (None, None, None)
    again = api.ok("PUT", "/apps/bot", shown["config"])
    assert again == shown
    assert [app["name"] for app in api.ok("GET", "/apps")["items"]] == ["bot"]


def test_A1_a_cohort_rule_is_declared_and_shown(api: Api) -> None:
    """Populations and opted-in lists come back as they were declared; what contradicts itself is refused by name."""
    meant = {"when": {"kind": "not", "of": {"kind": "is", "name": "staff", "values": [False]}}, "size": 0.08}
    plan = {**PLAN, "steps": [{**PLAN["steps"][0], "population": meant, "opted_in": ["beta"]}, PLAN["steps"][1]]}
    body = {"plan": plan, "unit": "api_key", "attributes": ["header"], "opted_in": {"beta": ["acme"]}}
    api.ok("PUT", "/apps/bot", body)
    shown = api.ok("GET", "/apps/bot")["config"]
    assert shown["plan"]["steps"][0]["population"]["when"]["of"]["values"] == [False]
    assert (shown["unit"], shown["attributes"], shown["opted_in"]) == ("api_key", ["header"], {"beta": ["acme"]})
    assert api.ok("PUT", "/apps/bot", shown)["config"] == shown
    for change, where in (({"attributes": []}, "population"), ({"opted_in": {}}, "opted_in")):
        refused = api.ask("PUT", "/apps/bot", body | change)
        assert refused.status_code == 422
        assert refused.json()["where"].endswith(where)


def test_a_predicate_nested_without_end_is_refused(api: Api) -> None:
    """It is told so, and exhausts nothing."""
    deep: dict[str, object] = {"kind": "is", "name": "a", "values": [1]}
    for _ in range(200):
        deep = {"kind": "not", "of": deep}
    plan = {**PLAN, "steps": [{**PLAN["steps"][0], "population": {"when": deep}}, PLAN["steps"][1]]}
    assert api.ask("PUT", "/apps/bot", {"plan": plan, "attributes": ["header"]}).status_code == 422


def test_A4_a_plan_without_owner_is_refused_with_the_line_to_write(api: Api) -> None:
    """The refusal comes from core and names the field."""
    response = api.ask("PUT", "/apps/bot", {"plan": {**PLAN, "owner": ""}})
    assert response.status_code == 422
    assert response.json()["where"] == "plan.owner"
    assert "owner: ada@example.com" in response.json()["mend"]


def test_B2_the_same_content_twice_is_the_same_version(api: Api) -> None:
    """201 the first time, 200 after, one version."""
    api.prepared()
    body = {**CONTENT, "model": "sim-3"}
    first, again = api.ask("POST", "/apps/bot/versions", body), api.ask("POST", "/apps/bot/versions", body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert (first.json()["created"], again.json()["created"]) == (True, False)
    assert first.json()["digest"] == again.json()["digest"]
    assert len(api.ok("GET", "/apps/bot/versions")["items"]) == 3


def test_B2_nothing_edits_or_deletes_a_version(api: Api) -> None:
    """There is no such route."""
    first, _ = api.prepared()
    for method in ("PUT", "PATCH", "DELETE"):
        assert api.ask(method, f"/apps/bot/versions/{first}").status_code == 405


def test_a_version_is_found_by_name_digest_and_prefix(api: Api) -> None:
    """With its content as it was pushed."""
    first, _ = api.prepared()
    shown = api.ok("GET", f"/apps/bot/versions/{first}")
    assert shown["content"] == {"schema": 1, **CONTENT}
    for ref in (shown["digest"], shown["digest"][:8]):
        assert api.ok("GET", f"/apps/bot/versions/{ref}") == shown


def test_versions_come_in_pages(api: Api) -> None:
    """Every item once, newest first, however small the page."""
    api.prepared()
    for n in range(5):
        api.ok("POST", "/apps/bot/versions", {**CONTENT, "model": f"m{n}"})
    whole = api.ok("GET", "/apps/bot/versions")["items"]
    seen, cursor = [], ""
    while True:
        page = api.ok("GET", f"/apps/bot/versions?limit=2&cursor={cursor}")
        seen += page["items"]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert seen == whole
    assert len(whole) == 7


def test_A7_a_second_version_does_not_become_live_without_a_release(api: Api) -> None:
    """All-at-once is refused, and the refusal says what to do."""
    first, second = api.prepared()
    assert api.ok("GET", "/apps/bot")["live"]["name"] == first
    response = api.ask("POST", "/apps/bot/live", {"version": second})
    assert response.status_code == 409
    assert "release" in response.json()["mend"]


def test_J3_an_override_pins_only_what_was_live_and_is_cleared(api: Api) -> None:
    """Pinned is visible at the app until cleared."""
    first, second = api.prepared()
    assert api.ask("PUT", "/apps/bot/override", {"version": second}).status_code == 409
    pinned = api.ok("PUT", "/apps/bot/override", {"version": first, "reason": "incident"})
    assert pinned["override"]["name"] == first
    assert api.ok("DELETE", "/apps/bot/override")["override"] is None


def test_endpoints_are_declared_and_shown(api: Api) -> None:
    """By name; the key's text is nowhere, only the name of its variable."""
    body = {
        "base_url": "https://api.example.com/v1",
        "api_key_env": "EXAMPLE_KEY",
        "shadow_api_key_env": "EXAMPLE_SHADOW_KEY",
    }
    api.ok("PUT", "/endpoints/example", body)
    shown = api.ok("GET", "/endpoints/example")
    assert shown == shown | {"name": "example", "ca_file": "", **body}
    assert api.ask("GET", "/endpoints/other").status_code == 404
    assert api.ask("PUT", "/endpoints/x", {"base_url": "https://me:s3cret@h/v1"}).status_code == 422
    assert "s3cret" not in api.ask("PUT", "/endpoints/x", {"base_url": "https://me:s3cret@h/v1"}).text
