"""`serinus`: reads the command line, loads the one command that it names, and runs it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import typer

from serinus.cli.commands import COMMANDS, Command, Group, load
from serinus.cli.failures import exit_code, tell
from serinus.core.errors import SerinusError

_DESCRIPTION = "Release engineering for prompts and models."
_EPILOG = "Start here: serinus demo, then docs/tutorial/first-release.md. Each command has --help with an example."
_RAW = {"allow_extra_args": True, "ignore_unknown_options": True}


def run(argv: Sequence[str]) -> None:
    """Run the command that `argv` names; exits with its code."""
    build(argv)(argv)


def build(argv: Sequence[str]) -> typer.Typer:
    """The command line as a Typer application in which the command that `argv` names is loaded, and no other."""
    words = [word for word in argv if not word.startswith("-")]
    app = _typer(_DESCRIPTION, epilog=_EPILOG)
    for name, entry in COMMANDS.items():
        chosen = words[:1] == [name]
        if isinstance(entry, Group):
            word = words[1] if chosen and len(words) > 1 else ""
            group = _group(entry, word, chosen)
            app.add_typer(group, name=name, help=group.info.help)
        else:
            _add(app, name, entry, chosen)
    return app


def _typer(description: str, epilog: str | None = None) -> typer.Typer:
    return typer.Typer(
        help=description,
        epilog=epilog,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def _group(group: Group, word: str, chosen: bool) -> typer.Typer:
    app = _typer(group.summary)
    if group.alone and chosen and word not in group.commands:
        function = load(group.alone)
        app.info.help, app.info.no_args_is_help = function.__doc__, False
        app.callback(invoke_without_command=True)(_told(function))
    for name, command in group.commands.items():
        _add(app, name, command, name == word)
    return app


def _add(app: typer.Typer, name: str, command: Command, chosen: bool) -> None:
    function = _told(load(command)) if chosen else _unloaded
    app.command(
        name,
        help=None if chosen and function.__doc__ else command.summary,
        short_help=command.summary,
        add_help_option=not command.raw,
        context_settings=_RAW if command.raw else None,
    )(function)


def _unloaded() -> None:
    """Stands in listings for a command that was not called."""


def _told(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def told(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except SerinusError as error:
            tell(error)
            raise typer.Exit(exit_code(error)) from None
        except KeyboardInterrupt:
            raise typer.Exit(130) from None

    return told
