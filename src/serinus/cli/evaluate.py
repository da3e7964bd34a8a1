"""`serinus eval`: candidate and baseline side by side on a suite, here or in CI."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from serinus import __version__
from serinus.adapters.clock import SystemClock
from serinus.adapters.genai_table import GenaiPrices
from serinus.bootstrap.evaluation_run import run_here
from serinus.cli.api_client import ApiClient, connect, part
from serinus.cli.apps import AppArgument
from serinus.cli.evaluation_files import endpoint_named, load_suite, open_project
from serinus.cli.failures import REFUSED
from serinus.cli.local_files import read_file, written
from serinus.cli.options import Json, Key, Url
from serinus.cli.output import NONE, console, plain, print_json, print_table
from serinus.core.errors import InvalidInput
from serinus.core.judging.answer import listed
from serinus.core.judging.gate import blind_spots
from serinus.core.judging.report import ArmScores, CriterionReport, SuiteReport
from serinus.core.judging.suite import Suite
from serinus.core.routing.snapshot import Endpoint, Version
from serinus.core.versions.content import parse_content, servable
from serinus.evaluation.run_suite import Progress, Question, splits_of
from serinus.evaluation.target import Target
from serinus.files.dataset_file import parse_data_set
from serinus.files.evaluation_report import document, junit, markdown
from serinus.files.units import duration_text
from serinus.files.version_file import parse_version_file
from serinus.ports.prices import price_of

NO_BASELINE = "none"
LIVE = "live"
KEPT = Path(".serinus")


def evaluate(
    app: AppArgument,
    version: Annotated[str, typer.Argument(metavar="VERSION", help="A version file, or a version the API knows.")],
    suite: Annotated[Path, typer.Option("--suite", help="The suite file.")],
    baseline: Annotated[str, typer.Option("--baseline", help="A version file, a version, `live` or `none`.")] = LIVE,
    gate: Annotated[bool, typer.Option("--gate", help="Exit with 1 unless the outcome is `pass`.")] = False,
    project: Annotated[Path | None, typer.Option("--project", help="Project file with the endpoints.")] = None,
    endpoint: Annotated[
        list[str] | None, typer.Option("--endpoint", help="NAME=URL[,KEY_VARIABLE]; may be repeated.")
    ] = None,
    junit_file: Annotated[Path | None, typer.Option("--junit", help="Write JUnit XML to this file.")] = None,
    markdown_file: Annotated[Path | None, typer.Option("--markdown", help="Write a summary for a comment.")] = None,
    kept: Annotated[Path, typer.Option("--kept", help="Folder that keeps answers; a rerun asks only for new.")] = KEPT,
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """Run a suite on a version and on its baseline, from this machine, with the keys in its environment.

    Ctrl-C loses nothing: the same command goes on where it was.

    Example: serinus eval support-bot better.md --baseline baseline.md --suite suite.yaml --gate
    """
    loaded = load_suite(suite)
    with ExitStack() as opened:
        place = _Place(app, lambda: opened.enter_context(connect(url, key)), open_project(project, endpoint or []))
        candidate = place.target(version, loaded.suite)
        against = None if baseline == NO_BASELINE else place.target(baseline, loaded.suite)
        data = loaded.data or parse_data_set(loaded.suite.data[:12], place.stored_data(loaded.suite.data))
        judges = place.judges(loaded.suite)
    cases = splits_of(loaded.suite, data.cases)
    if not cases:
        raise InvalidInput(f"no case in {', '.join(loaded.suite.splits)}", where=str(suite), mend="name other splits")
    if not json:
        for spot in blind_spots(loaded.suite, cases):
            print(f"note: {plain(spot)}", file=sys.stderr)
    question = Question(
        suite=loaded.suite, cases=cases, candidate=candidate, baseline=against, endpoints=judges, code=__version__
    )
    report = run_here(question, kept, _teller())
    _write(report, junit_file, markdown_file)
    if json:
        print_json(document(report))
    else:
        _show(report)
    if gate and report.outcome != "pass":
        raise typer.Exit(REFUSED)


class _Place:
    """Where versions and endpoints come from: files first, and the API, which is asked when something is not there."""

    def __init__(self, app: str, connected: Callable[[], ApiClient], endpoints: dict[str, Endpoint]) -> None:
        self._app = app
        self._connected = connected
        self._connection: ApiClient | None = None
        self._endpoints = endpoints

    @property
    def _api(self) -> ApiClient:
        if self._connection is None:
            self._connection = self._connected()
        return self._connection

    def target(self, ref: str, suite: Suite) -> Target:
        """A version file, `live`, or a version of the app."""
        version = self._version(ref)
        endpoint = self._endpoint(version.endpoint)
        table = GenaiPrices(SystemClock().now_us)
        price = suite.price(version.model) or listed(price_of(table, endpoint, version.model))
        return Target(version, endpoint, price)

    def _version(self, ref: str) -> Version:
        file = Path(ref)
        if file.is_file():
            return servable(parse_version_file(ref, read_file(file)), file.name)
        if ref == LIVE:
            live = self._api.get(f"/apps/{part(self._app)}")["live"]
            if not live:
                raise InvalidInput(
                    f"{self._app} has no live version", where="--baseline", mend="name another, or `--baseline none`"
                )
            ref = live["digest"]
        found = self._api.get(f"/apps/{part(self._app)}/versions/{part(ref)}")
        return servable(parse_content(found["content"]), found["name"])

    def _endpoint(self, name: str) -> Endpoint:
        if name not in self._endpoints:
            listed = self._api.get("/endpoints")["items"]
            self._endpoints = {**{item["name"]: endpoint_named(item) for item in listed}, **self._endpoints}
        if name not in self._endpoints:
            known = ", ".join(sorted(self._endpoints)) or "none"
            raise InvalidInput(
                f"no endpoint {name!r} (known: {known})", where="--endpoint", mend=f"{name}=https://…/v1"
            )
        return self._endpoints[name]

    def judges(self, suite: Suite) -> dict[str, Endpoint]:
        """The endpoints that judges ask."""
        return {name: self._endpoint(name) for name in suite.judge_endpoints()}

    def stored_data(self, digest: str) -> bytes:
        """The lines of a data set that the suite names by its digest."""
        text: str = self._api.get(f"/apps/{part(self._app)}/datasets/{digest}")["lines"]
        return text.encode()


def _teller() -> Callable[[Progress], None]:
    """One line on standard error that moves, where somebody looks at it."""
    if not sys.stderr.isatty():
        return lambda _: None

    def told(progress: Progress) -> None:
        eta = f", {duration_text(progress.eta_s)} to go" if progress.eta_s and progress.done < progress.total else ""
        line = f"{progress.done}/{progress.total} answers, {progress.rate:.0f}/s, ${progress.cost_nano / 1e9:.4f}{eta}"
        end = "\n" if progress.done >= progress.total else ""
        print(f"\r{line:<70}", end=end, file=sys.stderr, flush=True)

    return told


def _write(report: SuiteReport, junit_file: Path | None, markdown_file: Path | None) -> None:
    if junit_file is not None:
        with written(junit_file, force=True) as file:
            file.write(junit(report).encode())
    if markdown_file is not None:
        with written(markdown_file, force=True) as file:
            file.write(markdown(report).encode())


def _show(report: SuiteReport) -> None:
    print_table(
        ("scorer", "candidate", "baseline", "difference", "won/lost", "got worse"),
        (_row(one) for one in report.criteria),
        "No scorer.",
    )
    for finding in report.findings:
        dry = f"  [{finding.dry}]" if finding.dry else ""
        print(plain_line(f"{finding.outcome:>12}  {finding.text}{dry}"))
    for warning in report.warnings:
        print(plain_line(f"{'warning':>12}  {warning}"))
    console().print(f"[bold]{plain(report.text)}[/bold]")


def plain_line(text: str) -> str:
    """One line, whatever it holds."""
    return "".join(char if char.isprintable() else " " for char in text)


def _row(one: CriterionReport) -> tuple[str, ...]:
    compared = one.comparison
    if compared is None or not compared.pairs:
        return one.name, _mean(one.candidate), NONE, NONE, NONE, NONE
    d = compared.difference
    return (
        one.name,
        _mean(one.candidate),
        _mean(one.baseline),
        f"{d.value * 100:+.1f} ({d.low * 100:+.1f} to {d.high * 100:+.1f})",
        f"{compared.wins}/{compared.losses}",
        ", ".join(worse.case for worse in compared.worse[:3]),
    )


def _mean(arm: ArmScores | None) -> str:
    if arm is None or arm.mean is None:
        return NONE
    return f"{arm.mean.value:.1%}" + (f", {arm.unscored} unscored" if arm.unscored else "")
