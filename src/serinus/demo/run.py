"""The demo from start to end: every part a real process, every act a command that a user would type."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.rule import Rule

from serinus.demo.acts import Acts
from serinus.demo.checks import outcomes
from serinus.demo.collect import collect
from serinus.demo.facts import facts_of
from serinus.demo.page import write_page
from serinus.demo.project import APP, BASELINE, QUERIES, SUITE, WHOLE, write_project
from serinus.demo.shell import Person, Shell
from serinus.demo.stack import Stack
from serinus.demo.summary import show
from serinus.demo.users import Habit, Users
from serinus.ports.clock import Clock

_AFTERWARDS_S = 3.0
_PROVIDER_SEED = "1"  # one set of models for all: what the golden set says of a prompt is the same in every run


class DemoSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`rate` in requests per second; `seed` of the users; `csv` and `text_column`: own queries as traffic, else the
    example's; `report`: where the page goes; `stay`: leave everything running at the end until Ctrl-C; `as_json`: one
    document on standard output, and everything else elsewhere."""

    directory: Path
    report: Path
    rate: float = 400.0
    users: int = 60_000
    workers: int = 2
    csv: str = ""
    text_column: str = "text"
    seed: int = 1
    speed: float = 4.0
    stay: bool = False
    as_json: bool = False


def run_demo(settings: DemoSettings, clock: Clock, console: Console, wait: Callable[[], object]) -> int:
    """Run it; 0 when every statement at the end holds, else 1. `wait` returns when a person has seen enough."""
    with Stack(settings.directory, clock) as stack:
        return _Demo(settings, stack, console).run(wait)


class _Demo:
    def __init__(self, settings: DemoSettings, stack: Stack, console: Console) -> None:
        self._settings = settings
        self._stack = stack
        self._console = console

    def run(self, wait: Callable[[], object]) -> int:
        began_ns = self._stack.clock.mono_ns()
        shell, people = self._start()
        users = self._users()
        acts = Acts(shell, self._stack, self._console, *people[1:])
        try:
            users.wait_for_answers()
            told = [acts.good(), acts.bad(), acts.bad_without_shadow()]
            self._stack.clock.sleep(_AFTERWARDS_S)  # users go on, and nobody may meet a bad version any more
        finally:
            counted = users.end()
        collected = collect(self._stack, shell, people[0], told, users.seen(), counted)
        found = outcomes(collected)
        facts = [facts_of(one, collected) for one in collected.told]
        took_s = (self._stack.clock.mono_ns() - began_ns) / 1e9
        self._console.print(Rule())
        show(self._console, facts, found)
        write_page(self._settings.report, facts, found, collected, took_s)
        self._console.print(f"\nReport with all numbers: {self._settings.report}", highlight=False, soft_wrap=True)
        self._console.print(f"[dim]{took_s:.0f} s.[/]", highlight=False)
        if self._settings.as_json:
            self._print_json(facts, found, took_s)
        if self._settings.stay:
            self._stay(wait, people[0])
        return 0 if all(outcome.holds for outcome in found) else 1

    def _start(self) -> tuple[Shell, list[Person]]:
        say = self._console.print
        say("[bold]Serinus demo[/]: simulated provider, control, gateway, worker and users, all on loopback.")
        say("Three releases of one app in three minutes. Ctrl-C ends it and leaves nothing behind.")
        stack, settings = self._stack, self._settings
        provider = stack.provider("--seed", _PROVIDER_SEED, "--speed", str(settings.speed))
        stack.control()
        say(f"Watch it in a browser: {stack.url}, key {stack.key}\n", highlight=False, soft_wrap=True)
        stack.worker()
        self._gateway = stack.gateway(workers=settings.workers)
        write_project(settings.directory, f"http://127.0.0.1:{provider.ready['port']}/v1")
        shell = Shell(settings.directory, stack.url, self._console)
        admin = Person(name="admin", key=stack.key)
        people = [admin, self._hire(shell, admin, "ada", "ml_engineer", "ml_lead")]
        people.append(self._hire(shell, admin, "grace", "ml_lead"))
        shell.run(admin, "apply", WHOLE)
        shell.run(admin, "suite", "push", APP, SUITE)
        name = shell.ask(admin, "push", APP, BASELINE)["name"]
        shell.run(admin, "live", APP, name, "--reason", "first version")
        return shell, people

    def _hire(self, shell: Shell, admin: Person, name: str, *roles: str) -> Person:
        words = [word for role in roles for word in ("--role", role)]
        key: str = shell.ask(admin, "key", "create", name, *words, "--no-calls")["secret"]
        return Person(name=name, key=key)

    def _users(self) -> Users:
        settings = self._settings
        csv = Path(settings.csv) if settings.csv else settings.directory / QUERIES
        shown = f"--app {APP} --rate {settings.rate:g} --users {settings.users} --csv {csv.name} …"
        self._console.print(f"[dim]users $[/] serinus sim traffic {shown}", highlight=False)
        habit = Habit(
            rate=settings.rate, users=settings.users, csv=csv, text_column=settings.text_column, seed=settings.seed
        )
        return Users(self._stack, APP, int(self._gateway.ready["port"]), habit)

    def _print_json(self, facts: list[Any], found: list[Any], took_s: float) -> None:
        document = {
            "holds": all(one.holds for one in found),
            "took_s": round(took_s, 1),
            "report": str(self._settings.report),
            "releases": msgspec.to_builtins(facts),
            "checks": msgspec.to_builtins(found),
        }
        print(json.dumps(document, indent=2, ensure_ascii=False), file=sys.stdout, flush=True)

    def _stay(self, wait: Callable[[], object], admin: Person) -> None:
        say = self._console.print
        say(f"\nEverything still runs. Console: {self._stack.url}, key {admin.key}", highlight=False, soft_wrap=True)
        say("Or in another terminal:")
        say(f"  export SERINUS_URL={self._stack.url}", highlight=False)
        say(f"  export SERINUS_API_KEY={admin.key}", highlight=False)
        say("  serinus release list\nCtrl-C ends it.")
        wait()
