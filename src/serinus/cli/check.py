"""`serinus check`."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from pathlib import Path
from typing import Annotated, Any

import typer

from serinus.cli.failures import REFUSED, tell
from serinus.cli.forecast import outlook_document, print_forecast
from serinus.cli.local_files import read_file
from serinus.cli.options import Json
from serinus.cli.output import print_json
from serinus.cli.project_files import read_project
from serinus.control.forecast_release import outlook
from serinus.core.errors import InvalidInput
from serinus.core.judging.grading import grading_concerns
from serinus.core.pipeline.exposure import cohort_lines, concerns
from serinus.core.pipeline.plan import Plan
from serinus.core.pipeline.suspicions import suspicion_concerns
from serinus.core.versions.content import digests
from serinus.files.faults import InvalidFile, did_you_mean
from serinus.files.traffic_file import parse_traffic_file
from serinus.files.version_file import parse_version_file

_PROJECT_SUFFIXES = (".yaml", ".yml")


def check(
    files: Annotated[list[Path], typer.Argument(help="Project files (.yaml) and version files (any other).")],
    traffic: Annotated[
        Path | None, typer.Option("--traffic", help="A file of the traffic you expect: what would each plan see of it?")
    ] = None,
    json: Json = False,
) -> None:
    """Check files without sending them anywhere; every fault with file, line, what and how to mend it. With --traffic
    also what the plans of project files would see: users, hours, the smallest harm; errors there are faults too. Beside
    a project file a version's endpoint has to be one of its.

    Example: serinus check serinus.yaml prompts/*.md --traffic traffic.yaml
    """
    faults: list[InvalidInput] = []
    forecasts: dict[str, dict[str, Any]] = {}
    cohorts: dict[str, dict[str, Any]] = {}
    endpoints = _endpoints(files)
    for file in files:
        try:
            said = _checked(file, endpoints)
            exposed = _cohorts(file)
            cohorts |= exposed
            forecasts |= _forecasts(file, traffic) if traffic else {}
        except InvalidFile as error:
            faults += error.faults
        except InvalidInput as error:
            faults.append(error)
        else:
            if not json:
                print("\n".join((f"{file}: {said}", *_cohort_lines(exposed))))
    if json:
        document: dict[str, Any] = {
            "ok": not faults and not _blind(forecasts),
            "faults": [{"what": f.what, "where": f.where, "mend": f.mend} for f in faults],
            "cohorts": cohorts,
        }
        print_json(document | ({"forecasts": forecasts} if traffic else {}))
    else:
        for app, forecast in forecasts.items():
            print(f"\n{app}")
            print_forecast(forecast)
        for fault in faults:
            tell(fault)
    if faults or _blind(forecasts):
        raise typer.Exit(REFUSED)


def _cohort_lines(cohorts: dict[str, dict[str, Any]]) -> Iterator[str]:
    for app, cohort in cohorts.items():
        yield f"  {app}"
        yield from (f"    {line}" for line in cohort["rule"])
        yield from (f"    warning: {line}" for line in cohort["warnings"])


def _cohorts(file: Path) -> dict[str, dict[str, Any]]:
    """By app of a project file, who is exposed first, and what to know of it."""
    if file.suffix not in _PROJECT_SUFFIXES:
        return {}
    project = read_project(file)
    return {
        app.name: {
            "rule": list(cohort_lines(app)),
            "warnings": [*_plan_concerns(app.plan), *grading_concerns(app)],
        }
        for app in project.apps
    }


def _plan_concerns(plan: Plan | None) -> Iterator[str]:
    if plan is not None:
        yield from concerns(plan)
        yield from suspicion_concerns(plan.suspicions)


def _forecasts(file: Path, traffic: Path) -> dict[str, dict[str, Any]]:
    """By app, what the plans of a project file would see."""
    if file.suffix not in _PROJECT_SUFFIXES:
        return {}
    expected = parse_traffic_file(str(traffic), read_file(traffic))
    apps = read_project(file).apps
    return {app.name: outlook_document(outlook(app.plan, expected)) for app in apps if app.plan is not None}


def _blind(forecasts: dict[str, dict[str, Any]]) -> bool:
    return any(one["level"] == "error" for forecast in forecasts.values() for one in forecast["findings"])


def _number(things: Sized, name: str) -> str:
    return f"{len(things)} {name}" + ("" if len(things) == 1 else "s")


def _endpoints(files: list[Path]) -> set[str]:
    """Those that the project files declare; none where one of these is not sound, which is told for itself."""
    try:
        return {one.name for file in files if file.suffix in _PROJECT_SUFFIXES for one in read_project(file).endpoints}
    except InvalidInput:
        return set()


def _checked(file: Path, endpoints: set[str]) -> str:
    """What a sound file holds; InvalidInput for a version of an endpoint that no project file beside it declares."""
    raw = read_file(file)
    if file.suffix in _PROJECT_SUFFIXES:
        project = read_project(file)
        return f"good: {_number(project.endpoints, 'endpoint')}, {_number(project.apps, 'app')}"
    content = parse_version_file(str(file), raw)
    if endpoints and content.endpoint not in endpoints:
        raise InvalidInput(
            f"endpoint {content.endpoint!r} is in no project file that is checked with it",
            where=str(file),
            mend=did_you_mean(content.endpoint, endpoints),
        )
    return f"good: version {digests(content).version[:12]}"
