"""`serinus app …` and `serinus apply`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from serinus.cli.api_client import ApiClient, Document, connect, part
from serinus.cli.options import Json, Key, Url
from serinus.cli.output import name_of, print_facts, print_json, print_table
from serinus.cli.plan_text import limit_text, rail_text, whom_text
from serinus.cli.project_files import read_project
from serinus.core.pipeline.app import AppConfig
from serinus.core.pipeline.plan import OF_A_START
from serinus.files.project_file import Project
from serinus.files.units import duration_text

AppArgument = Annotated[str, typer.Argument(metavar="APP", help="Name of the app.")]


def apply(
    file: Annotated[Path, typer.Argument(help="The project file.")] = Path("serinus.yaml"),
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """Send a project file: endpoints, apps and their plans. Sending the same file again changes nothing.

    Example: serinus apply serinus.yaml
    """
    project = read_project(file)
    with connect(url, key) as api:
        done = send(api, project)
    if json:
        print_json(done)
        return
    for kind, names in done.items():
        for name in names:
            print(f"{kind} {name}: applied")


def send(api: ApiClient, project: Project) -> dict[str, list[str]]:
    """Declare all of a project; the names that were declared, endpoints first because versions name them."""
    for endpoint in project.endpoints:
        fields = {name: value for name, value in _fields(endpoint).items() if name != "name"}
        api.put(f"/endpoints/{part(endpoint.name)}", fields)
    for app in project.apps:
        api.put(f"/apps/{part(app.name)}", app_body(app))
    return {
        "endpoint": [endpoint.name for endpoint in project.endpoints],
        "app": [app.name for app in project.apps],
    }


def app_body(app: AppConfig) -> Document:
    """An app's declaration as the API takes it."""
    return {name: value for name, value in _fields(app).items() if name != "name"}


def list_apps(url: Url = "", key: Key = "", json: Json = False) -> None:
    """All apps with what is live.

    Example: serinus app list
    """
    with connect(url, key) as api:
        document = api.get("/apps")
    if json:
        print_json(document)
        return
    rows = ([app["name"], name_of(app["live"]), name_of(app["override"]), app["release"]] for app in document["items"])
    print_table(("app", "live", "override", "release"), rows, "No app yet: declare one with `serinus apply`.")


def show_app(app: AppArgument, url: Url = "", key: Key = "", json: Json = False) -> None:
    """One app: what is live, and the plan that its releases follow.

    Example: serinus app show support-bot
    """
    with connect(url, key) as api:
        document = api.get(f"/apps/{part(app)}")
    if json:
        print_json(document)
        return
    plan = document["config"]["plan"]
    facts = [
        ("app", document["name"]),
        ("live", name_of(document["live"])),
        ("override", name_of(document["override"])),
        ("release", document["release"]),
        ("unit", document["config"]["unit"]),
        *([("rules", "\n".join(map(_rule_text, document["config"]["rules"])))] if document["config"]["rules"] else []),
    ]
    print_facts(facts + (_plan_facts(plan) if plan else [("plan", "none: no release can start")]))


def _rule_text(rule: Document) -> str:
    return f"{rule['name']} ({rule['kind']}{', zero tolerance' if rule['zero_tolerance'] else ''})"


def _plan_facts(plan: Document) -> list[tuple[str, object]]:
    steps = (
        f"{whom_text(step)} for {duration_text(step['dwell_s'])}"
        + (f", {step['min_units']} units an arm" if step["min_units"] else "")
        for step in plan["steps"]
    )
    guardrails = map(rail_text, plan["guardrails"])
    return [
        ("owner", plan["owner"]),
        ("steps", "\n".join(steps)),
        ("guardrails", "\n".join(guardrails)),
        ("triggers", "\n".join(map(limit_text, plan["limits"]))),
        ("alpha", plan["alpha"]),
    ]


def _fields(value: Any) -> Document:
    fields: Document = msgspec.to_builtins(msgspec.structs.asdict(value))
    if plan := fields.get("plan"):
        fields["plan"] = {name: told for name, told in plan.items() if name not in OF_A_START}
    return fields
