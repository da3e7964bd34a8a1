"""`serinus rehearse`: what a pipeline would catch, how late, and how often it errs, before it is used."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from serinus.cli.failures import REFUSED
from serinus.cli.local_files import read_file, written
from serinus.cli.options import Json
from serinus.cli.output import NONE, console, plain, print_json, print_table
from serinus.cli.project_files import read_project
from serinus.core.errors import InvalidInput
from serinus.core.pipeline.first import first_plan
from serinus.core.pipeline.plan import Plan
from serinus.files.faults import did_you_mean
from serinus.files.scenario_file import parse_scenario_file, shipped
from serinus.rehearsal.charts import step_name
from serinus.rehearsal.outcome import Outcome
from serinus.rehearsal.page import chance_text, control_text, monitor_text, page, span_text
from serinus.rehearsal.rehearse import Rehearsal, rehearsal
from serinus.rehearsal.scenario import Scenario
from serinus.rehearsal.standard import FIRST, STANDARD
from serinus.rehearsal.summary import BLIND, DETECTION, FALSE, Quantiles, Summary, summarise
from serinus.rehearsal.sweep import Curve, Sweep, parse_sweep, sized
from serinus.rehearsal.waiting import wait_text

INTERRUPTED = 130
AT_FIRST = ", its first release"
SWEPT = ("failures-x2",)
_COLUMNS = ("scenario", "releases", "caught", "false", "delay 50/90 %", "users 50/90 %", "bad", "full", "ended at")
Told = Callable[[float], None]


def rehearse(
    project: Annotated[Path | None, typer.Option("--project", help="Project file; without: a usual pipeline.")] = None,
    app: Annotated[str, typer.Option("--app", help="Whose pipeline, when the project has several.")] = "",
    scenario: Annotated[
        list[str] | None, typer.Option("--scenario", help="A shipped scenario or a file; may be repeated.")
    ] = None,
    releases: Annotated[int, typer.Option("--releases", "-n", min=1, max=1_000_000, help="For each scenario.")] = 200,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same releases.")] = 1,
    workers: Annotated[int, typer.Option("--workers", min=0, help="Processes; 0: one for each core.")] = 0,
    require: Annotated[str, typer.Option("--require", help="detection=0.95,false=0.01: exit with 1 unless met.")] = "",
    sweep: Annotated[
        str, typer.Option("--sweep", help="Power curve: ratio=1.25..4, ratio=1.5,2,3 or drop=0.01..0.08.")
    ] = "",
    html: Annotated[Path | None, typer.Option("--html", help="Write a report with charts to this file.")] = None,
    first: Annotated[
        bool, typer.Option("--first", help="As if nothing of the app were live yet: its first release.")
    ] = False,
    show: Annotated[
        str, typer.Option("--show", help="Print a shipped scenario, to copy and change; nothing else.")
    ] = "",
    json: Json = False,
) -> None:
    """Rehearse a pipeline: the real decisions on simulated traffic and a virtual clock, thousands of releases.

    Without --scenario all shipped ones. Ctrl-C ends it with what is done so far.

    Example: serinus rehearse --project serinus.yaml --scenario failures-x3 --require detection=0.95 --html report.html
    """
    if show:
        print(_shipped(show).decode(), end="")
        return
    wanted = _wanted(require)
    plan, name = _plan(project, app, first)
    if sweep:
        if require:
            raise InvalidInput("a sweep cannot be required", where="--require", mend="leave out `--sweep`")
        played = [_scenario(one) for one in scenario or SWEPT]
        _swept(played, parse_sweep(sweep), plan, name, releases, seed, workers or _cores(), html, json)
        return
    scenarios = [_scenario(one) for one in scenario or shipped()]
    summaries, whole = _rehearse(scenarios, plan, releases, seed, workers or _cores(), wanted)
    if html is not None:
        with written(html, force=True) as file:
            file.write(page(summaries, name).encode())
    if json:
        print_json({"pipeline": name, "releases": releases, "seed": seed, "scenarios": msgspec.to_builtins(summaries)})
    else:
        _show(summaries)
    if not whole:
        raise typer.Exit(INTERRUPTED)
    if require and not all(one.verdict == "met" for summary in summaries for one in summary.requirements):
        raise typer.Exit(REFUSED)


def _swept(
    scenarios: list[Scenario],
    sweep: Sweep,
    plan: Plan,
    name: str,
    releases: int,
    seed: int,
    workers: int,
    html: Path | None,
    json: bool,
) -> None:
    """A power curve for each scenario."""
    sizes = [[sized(one, sweep, value) for value in sweep.values] for one in scenarios]
    found, whole = _rehearse([one for own in sizes for one in own], plan, releases, seed, workers, {})
    curves = [
        Curve(scenario=one.name, title=one.title, what=sweep.what, values=sweep.values, summaries=tuple(found[i:j]))
        for one, i, j in ((one, k * len(sweep.values), (k + 1) * len(sweep.values)) for k, one in enumerate(scenarios))
    ]
    if html is not None:
        with written(html, force=True) as file:
            file.write(page((), name, curves).encode())
    if json:
        print_json({"pipeline": name, "releases": releases, "seed": seed, "curves": msgspec.to_builtins(curves)})
    else:
        for curve in curves:
            _show_curve(curve)
    if not whole:
        raise typer.Exit(INTERRUPTED)


def _show_curve(curve: Curve) -> None:
    print_table(
        ("scenario", curve.what, "releases", "stopped", "delay 50/90 %", "users 50/90 %", "bad"),
        (
            (
                curve.scenario,
                f"{value:.4g}",
                f"{one.releases:,}",
                chance_text(stopped),
                _pair(one.delay_s, True),
                _pair(one.exposed),
                _pair(one.bad),
            )
            for value, one, stopped in zip(curve.values, curve.summaries, curve.stopped, strict=False)
        ),
        "No release was rehearsed.",
        whole="scenario",
    )


def _rehearse(
    scenarios: list[Scenario], plan: Plan, releases: int, seed: int, workers: int, wanted: dict[str, float]
) -> tuple[list[Summary], bool]:
    """The summaries, and whether nobody interrupted it."""
    found: list[Summary] = []
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    ) as progress:
        tasks = [progress.add_task(plain(one.name), total=releases) for one in scenarios]
        with rehearsal(min(workers, releases)) as ongoing:
            for one, task in zip(scenarios, tasks, strict=True):
                outcomes, whole = _outcomes(ongoing, one, plan, releases, seed, partial(progress.advance, task))
                if progress.disable:
                    print(f"{one.name}: {len(outcomes):,} of {releases:,} releases", file=sys.stderr)
                if outcomes:
                    found.append(summarise(one, plan, outcomes, releases, seed, wanted))
                if not whole:
                    return found, False
    return found, True


def _outcomes(
    ongoing: Rehearsal, scenario: Scenario, plan: Plan, releases: int, seed: int, tell: Told
) -> tuple[list[Outcome], bool]:
    outcomes: list[Outcome] = []
    try:
        for batch in ongoing.outcomes(scenario, plan, releases, seed):
            outcomes += batch
            tell(len(batch))
    except KeyboardInterrupt:
        return outcomes, False
    return outcomes, True


def _plan(project: Path | None, app: str, first: bool) -> tuple[Plan, str]:
    """What is rehearsed, and what it is called; InvalidInput where it could not start."""
    if project is None:
        if app:
            raise InvalidInput("an app, but no project", where="--app", mend="add `--project serinus.yaml`")
        name = "a usual pipeline"
        return (first_plan(name, FIRST, "A colleague will answer."), name + AT_FIRST) if first else (STANDARD, name)
    apps = {one.name: one for one in read_project(project).apps}
    if not app and len(apps) != 1:
        raise InvalidInput(f"{len(apps)} apps", where=str(project), mend=f"choose with `--app`: {', '.join(apps)}")
    name = app or next(iter(apps))
    if name not in apps:
        raise InvalidInput(f"no app {name!r}", where=str(project), mend=did_you_mean(name, apps))
    plan = apps[name].plan
    if plan is None:
        raise InvalidInput(f"{name} has no plan", where=str(project), mend="declare stages")
    return (_at_first(name, plan, apps[name].fallback_message), name + AT_FIRST) if first else (plan, name)


def _at_first(name: str, plan: Plan, message: str) -> Plan:
    """Whether something of the app is live is not known here: who asks for a first release may have one that is not."""
    try:
        return first_plan(name, plan, message)
    except InvalidInput as error:
        raise InvalidInput(
            f"as a first release, which `--first` asks for, it could not start: {error.what}",
            where=error.where,
            mend=f"{error.mend}; or leave out `--first` where something of {name} is live",
        ) from None


def _scenario(ref: str) -> Scenario:
    if ref in shipped():
        return parse_scenario_file(f"{ref}.yaml", shipped()[ref])
    path = Path(ref)
    if not path.is_file() and path.suffix not in (".yaml", ".yml"):
        _shipped(ref)
    return parse_scenario_file(ref, read_file(path))


def _shipped(name: str) -> bytes:
    found = shipped()
    if name not in found:
        raise InvalidInput(f"no scenario {name!r}", where="--scenario", mend=did_you_mean(name, found))
    return found[name]


def _wanted(text: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in filter(None, text.split(",")):
        name, _, value = part.partition("=")
        try:
            chance = float(value)
        except ValueError:
            chance = -1.0
        if name.strip() not in (DETECTION, FALSE, BLIND) or not 0 <= chance <= 1:
            raise InvalidInput(f"{part!r} is no requirement", where="--require", mend="write detection=0.95,false=0.01")
        found[name.strip()] = chance
    return found


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _show(summaries: list[Summary]) -> None:
    print_table(
        _COLUMNS,
        (_row(one) for one in summaries),
        "No release was rehearsed.",
        whole="scenario",
    )
    for one in summaries:
        console().print(f"[bold]{plain(one.scenario)}[/bold]: {plain(one.verdict)}", soft_wrap=True)
        for wait in one.waits:
            console().print(f"  {plain(wait_text(wait, one.releases))}", soft_wrap=True)
            for lack in wait.lacks:
                console().print(f"  - {plain(lack)}", soft_wrap=True)
        for monitor in one.monitors:
            console().print(f"  {plain(monitor_text(monitor))}", soft_wrap=True)
        if one.control_ill is not None:
            console().print(f"  {plain(control_text(one.control_ill))}", soft_wrap=True)
    for reason in dict.fromkeys(reason for one in summaries for reason in one.not_rehearsed):
        console().print(f"Not rehearsed: {plain(reason)}", soft_wrap=True)


def _row(one: Summary) -> tuple[str, ...]:
    return (
        one.scenario,
        f"{one.releases:,}",
        chance_text(one.detection),
        chance_text(one.false),
        _pair(one.delay_s, True),
        _pair(one.exposed),
        _pair(one.bad),
        _pair(one.full_s, True),
        _stops(one),
    )


def _pair(found: Quantiles | None, span: bool = False) -> str:
    if found is None:
        return NONE
    return " / ".join(span_text(v) if span else f"{v:,.0f}" for v in (found.p50, found.p90))


def _stops(one: Summary) -> str:
    ended = [sum(step.ended.values()) for step in one.steps]
    return ", ".join(f"{step_name(s)}: {n:,}" for s, n in zip(one.steps, ended, strict=True) if n)
