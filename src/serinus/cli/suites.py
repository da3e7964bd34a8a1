"""`serinus suite …`, `serinus data …` and `serinus judge …`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from serinus.bootstrap.evaluation_run import calibrate_here
from serinus.cli.api_client import connect, part
from serinus.cli.apps import AppArgument
from serinus.cli.evaluation_files import load_suite, open_project
from serinus.cli.failures import REFUSED
from serinus.cli.local_files import read_file, written
from serinus.cli.options import Json, Key, Url
from serinus.cli.output import console, plain, print_facts, print_json, print_table
from serinus.core.errors import InvalidInput
from serinus.core.judging.case import raw_lines
from serinus.core.judging.gate import blind_spots
from serinus.core.judging.scorers import Judge
from serinus.core.judging.suite import canonical_suite
from serinus.evaluation.calibrate_judge import Example
from serinus.evaluation.run_suite import splits_of
from serinus.files.dataset_file import Columns, parse_csv
from serinus.files.labelled_file import labels_digest, parse_labelled

SuiteArgument = Annotated[Path, typer.Argument(metavar="SUITE", help="The suite file.")]


def push(app: AppArgument, suite: SuiteArgument, url: Url = "", key: Key = "", json: Json = False) -> None:
    """Store a suite and its data set, for the offline stages of an app's releases.

    Example: serinus suite push support-bot suite.yaml
    """
    loaded = load_suite(suite)
    with connect(url, key) as api:
        if loaded.data is not None:
            lines = raw_lines(loaded.data.cases).decode()
            api.put(f"/apps/{part(app)}/datasets/{loaded.data.digest}", {"lines": lines})
        content = msgspec.json.decode(canonical_suite(loaded.suite))
        document = api.put(f"/apps/{part(app)}/suites/{part(loaded.suite.name)}", {"content": content})
    if json:
        print_json(document)
        return
    said = "stored" if document["created"] else "was there already"
    console().print(f"suite {plain(document['name'])} {said} ({document['digest'][:12]})")


def list_suites(app: AppArgument, url: Url = "", key: Key = "", json: Json = False) -> None:
    """The suites of an app that its releases can name.

    Example: serinus suite list support-bot
    """
    with connect(url, key) as api:
        document = api.get(f"/apps/{part(app)}/suites")
    if json:
        print_json(document)
        return
    rows = ([one["name"], one["digest"][:12], one["created_by"]] for one in document["items"])
    print_table(("suite", "digest", "by"), rows, f"No suite yet: `serinus suite push {app} FILE`.")


def check(suite: SuiteArgument, json: Json = False) -> None:
    """Check a suite and its data set, and say what so many cases cannot show.

    Example: serinus suite check suite.yaml
    """
    loaded = load_suite(suite)
    cases = splits_of(loaded.suite, loaded.data.cases) if loaded.data else []
    spots = blind_spots(loaded.suite, cases) if loaded.data else []
    dry = {one.name: one.dry() for one in loaded.suite.criteria if one.dry()}
    if json:
        print_json({"digest": loaded.suite.digest, "cases": len(cases), "blind_spots": spots, "gates_nothing": dry})
        return
    console().print(f"good: {len(cases)} cases, {len(loaded.suite.criteria)} scorers, suite {loaded.suite.digest[:12]}")
    for text in (*spots, *(f"{name} gates nothing: {why}" for name, why in dry.items())):
        console().print(f"note: {plain(text)}")


def import_csv(
    file: Annotated[Path, typer.Argument(help="The CSV file, with a header line.")],
    text_column: Annotated[str, typer.Option("--text-column", help="What users say.")],
    expected_column: Annotated[str, typer.Option("--expected-column", help="The right answer.")] = "",
    id_column: Annotated[str, typer.Option("--id-column", help="Ids; without it rows are numbered.")] = "",
    tag_column: Annotated[list[str] | None, typer.Option("--tag-column", help="May be repeated.")] = None,
    json: Json = False,
) -> None:
    """Print a data set made from CSV: one case on each line.

    Example: serinus data import queries.csv --text-column text --expected-column category
    """
    columns = Columns(text=text_column, expected=expected_column, id=id_column, tags=tuple(tag_column or ()))
    data = parse_csv(str(file), read_file(file), columns)
    if json:
        print_json({"digest": data.digest, "cases": len(data.cases)})
        return
    sys.stdout.write(raw_lines(data.cases).decode())


def calibrate(
    suite: SuiteArgument,
    scorer: Annotated[str, typer.Argument(help="Name of the judge in the suite.")],
    labelled: Annotated[Path, typer.Argument(help="Labelled answers (JSONL).")],
    out: Annotated[Path | None, typer.Option("--out", help="Where the calibration goes.")] = None,
    project: Annotated[Path | None, typer.Option("--project", help="Project file with the endpoints.")] = None,
    endpoint: Annotated[
        list[str] | None, typer.Option("--endpoint", help="NAME=URL[,KEY_VARIABLE]; may be repeated.")
    ] = None,
    json: Json = False,
) -> None:
    """Let a judge grade answers that people have labelled. Exits with 1 when it may not gate.

    Example: serinus judge calibrate suite.yaml grounded labelled.jsonl --out grounded.calibration.json
    """
    loaded = load_suite(suite).suite
    judge = next((one.scorer for one in loaded.criteria if one.name == scorer), None)
    if not isinstance(judge, Judge):
        judges = ", ".join(one.name for one in loaded.criteria if isinstance(one.scorer, Judge)) or "none"
        raise InvalidInput(f"{scorer!r} is no judge of this suite", where=str(suite), mend=f"judges: {judges}")
    known = open_project(project, endpoint or [])
    if judge.endpoint not in known:
        raise InvalidInput(f"no endpoint {judge.endpoint!r}", where="--endpoint", mend=f"{judge.endpoint}=https://…/v1")
    examples = parse_labelled(str(labelled), read_file(labelled), judge)
    found = calibrate_here(
        judge,
        known[judge.endpoint],
        loaded.price(judge.model),
        [Example(one.case, one.answer, one.label, one.prompt) for one in examples],
        labels_digest(examples),
        loaded.concurrency,
    )
    shortcoming = found.shortcoming()
    if out is not None:
        with written(out, force=True) as file:
            file.write(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    good, bad = found.true_positive_rate(), found.true_negative_rate()
    facts = [
        ("labelled answers", found.cases),
        ("good ones found", f"{good.value:.1%} ({good.low:.1%} to {good.high:.1%})"),
        ("bad ones found", f"{bad.value:.1%} ({bad.low:.1%} to {bad.high:.1%})"),
        ("Cohen's kappa", f"{found.kappa():.2f}"),
        ("repeats disagreed", found.flips),
        ("may gate", f"no: {shortcoming}" if shortcoming else "yes"),
    ]
    if json:
        print_json({**msgspec.to_builtins(found), "kappa": found.kappa(), "may_gate": not shortcoming})
    else:
        print_facts(facts)
    if shortcoming:
        raise typer.Exit(REFUSED)
