"""`serinus init`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated

import typer

from serinus.cli.options import Json
from serinus.cli.output import print_json
from serinus.core.errors import InvalidInput
from serinus.files.scaffold import TEMPLATES, Answers, scaffold

SIMULATED = "http://127.0.0.1:9000/v1"
_TEMPLATES = "; ".join(f"{name}: {what}" for name, what in TEMPLATES.items())


def init(
    directory: Annotated[Path, typer.Argument(metavar="DIRECTORY", help="Where to write; made if need be.")] = Path(),
    app: Annotated[str, typer.Option("--app", help="What callers will name in `model`.")] = "support-bot",
    owner: Annotated[str, typer.Option("--owner", help="One person who answers for it.")] = "you@example.com",
    template: Annotated[str, typer.Option("--template", help=_TEMPLATES)] = "five-stage",
    base_url: Annotated[
        str, typer.Option("--base-url", help="OpenAI-compatible endpoint; by default the simulated provider.")
    ] = SIMULATED,
    model: Annotated[str, typer.Option("--model", help="The provider's name of the model.")] = "sim-large",
    api_key_env: Annotated[
        str, typer.Option("--api-key-env", help="Variable of the gateway that holds the provider's key.")
    ] = "",
    json: Json = False,
) -> None:
    """Write a working project: project file, prompt, suite and cases. Needs no server; nothing is ever overwritten.

    Example: serinus init --app support-bot --owner ada@example.com
    """
    answers = Answers(app=app, owner=owner, base_url=base_url, model=model, api_key_env=api_key_env)
    files = scaffold(template, answers)
    _write(directory, files)
    paths = [str(directory / place) for place in files]
    if json:
        print_json({"template": template, "files": paths})
        return
    print("\n".join([*(f"{path}: written" for path in paths), "", *_next(directory, answers)]))


def _write(directory: Path, files: Mapping[PurePosixPath, str]) -> None:
    """All of them or none: InvalidInput names one that is there already, or that cannot be written."""
    for place in files:
        if (directory / place).exists() or (directory / place).is_symlink():
            raise InvalidInput(
                "there is one already, so nothing was written",
                where=str(directory / place),
                mend="choose an empty folder: `serinus init DIRECTORY`",
            )
    made: list[Path] = []
    try:
        for place, text in files.items():
            path = directory / place
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                made.append(path)
                file.write(text)
    except OSError as error:
        for path in made:
            path.unlink(missing_ok=True)
        what = f"cannot be written: {error.strerror or type(error).__name__}"
        raise InvalidInput(what, where=str(error.filename or directory), mend="name a folder that is yours") from None


def _next(directory: Path, answers: Answers) -> list[str]:
    """What to type to see it answer."""
    app = answers.app
    lines = ["Next, each in a terminal of its own:", ""]
    if str(directory) != ".":
        lines = ["Next, in that folder, each in a terminal of its own:", ""]
    if answers.base_url == SIMULATED:
        lines.append("  serinus sim provider --port 9000")
    if answers.api_key_env:
        lines.append(f"  export {answers.api_key_env}=…          (the provider's key, before `up`)")
    return [
        *lines,
        "  serinus up",
        "",
        "Then, with the key that `serinus up` shows once:",
        "",
        "  export SERINUS_API_KEY=…",
        "  serinus apply",
        f"  serinus suite push {app} apps/{app}/suite.yaml",
        f"  serinus push {app} apps/{app}/prompt.md",
        f"  serinus live {app} {app}-…          (the name that `push` told)",
        "",
        f"  serinus key create web --app {app}",
        "",
        f"Call it like any OpenAI model, with that key: base_url http://127.0.0.1:8700/v1, model {app}, and `user`, so",
        "that everybody stays with one version.",
        f"Change the prompt, push it, and release it: serinus release start {app} VERSION",
    ]
