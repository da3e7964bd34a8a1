"""The demo from start to end: every part a real process, every act a command that a user would type."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.rule import Rule

from serinus.bootstrap.children import start_module, stop_all
from serinus.core.errors import SerinusError
from serinus.demo.checks import Collected, outcomes
from serinus.demo.project import APP, write_project
from serinus.demo.stack import Stack
from serinus.demo.summary import show
from serinus.ports.clock import Clock
from serinus.ports.event_log import CallQuery

_CLI = "serinus"
_WARM_S = 20.0
_SHIPPED_S = 30.0
_LONGEST_S = 900


class DemoSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`rate` in requests per second; `csv` and `text_column`: the user's own queries as traffic, else the example's;
    `stay`: leave everything running at the end until Ctrl-C."""

    directory: Path
    rate: float = 400.0
    users: int = 60_000
    workers: int = 2
    csv: str = ""
    text_column: str = "text"
    seed: int = 1
    speed: float = 4.0
    stay: bool = False


def run_demo(settings: DemoSettings, clock: Clock, console: Console, wait: Callable[[], object]) -> int:
    """Run it; 0 when every statement at the end holds, else 1. `wait` returns when a person has seen enough."""
    with Stack(settings.directory, clock) as stack:
        return _Demo(settings, stack, console).run(wait)


class _Demo:
    def __init__(self, settings: DemoSettings, stack: Stack, console: Console) -> None:
        self._settings = settings
        self._stack = stack
        self._console = console
        self._environ: dict[str, str] = {}
        self._answers = settings.directory / "answers.jsonl"

    def run(self, wait: Callable[[], object]) -> int:
        self._start()
        traffic = self._traffic()
        try:
            self._baseline_serves()
            good = self._release("better.md", "two worked examples", "A good change")
            bad = self._release("worse.md", "a shorter prompt", "A change that breaks the format three times as often")
            self._stack.clock.sleep(3.0)  # users go on for a while, and nobody may meet the bad version any more
        finally:
            result = self._end_traffic(traffic)
        collected = self._collect(good, bad, result)
        found = outcomes(collected)
        self._console.print(Rule())
        show(self._console, collected, found)
        if self._settings.stay:
            self._stay(wait)
        return 0 if all(outcome.holds for outcome in found) else 1

    def _start(self) -> None:
        self._console.print("[bold]Serinus demo[/]: simulated provider, control, gateway and users, all on loopback.")
        self._console.print("Two releases of one app in about two minutes. Ctrl-C ends it and leaves nothing behind.\n")
        stack, settings = self._stack, self._settings
        provider = stack.provider("--seed", str(settings.seed), "--speed", str(settings.speed))
        stack.control()
        self._gateway = stack.gateway(workers=settings.workers)
        self._environ = {"SERINUS_URL": stack.url, "SERINUS_API_KEY": stack.key}
        write_project(settings.directory, f"http://127.0.0.1:{provider.ready['port']}/v1")
        self._do("apply", "serinus.yaml")
        name = self._push("baseline.md")
        self._do("live", APP, name, "--reason", "first version")

    def _traffic(self) -> subprocess.Popen[bytes]:
        settings, port = self._settings, self._gateway.ready["port"]
        csv = settings.csv or str(settings.directory / "queries.csv")
        arguments = ["--base-url", f"http://127.0.0.1:{port}/v1", "--app", APP, "--rate", str(settings.rate)]
        arguments += ["--users", str(settings.users), "--csv", csv, "--text-column", settings.text_column]
        shown = f"--app {APP} --rate {settings.rate:g} --users {settings.users} --csv {Path(csv).name} …"
        self._console.print(f"\n[dim]$[/] serinus sim traffic {shown} [dim]&[/]", highlight=False)
        arguments += ["--duration", str(_LONGEST_S), "--log", str(self._answers), "--seed", str(settings.seed)]
        arguments += ["--json"]
        key = self._stack.caller_key(APP)
        with (settings.directory / "traffic.log").open("wb") as log:
            return start_module(
                "serinus.bootstrap.sim_traffic", [*arguments, "--api-key", key], stdout=subprocess.PIPE, stderr=log
            )

    def _baseline_serves(self) -> None:
        def answered() -> bool:
            return self._answers.exists() and self._answers.stat().st_size > 100_000

        if not self._stack.wait(answered, _WARM_S):
            raise SerinusError("users got no answers", where="demo", mend=f"see {self._settings.directory}/*.log")

    def _release(self, file: str, reason: str, title: str) -> str:
        self._console.print()
        self._console.print(Rule(title, align="left"))
        name = self._push(file)
        told = self._do("release", "start", APP, name, "--reason", reason, "--json", quiet=True)
        id: str = json.loads(told)["id"]
        self._watch(id)
        return id

    def _watch(self, id: str) -> None:
        """`serinus release watch` on the user's own terminal."""
        self._console.print(f"[dim]$[/] serinus release watch {id}", highlight=False)
        self._console.file.flush()
        command = [sys.executable, "-m", _CLI, "release", "watch", id, "--every", "500ms", "--within", "180s"]
        done = subprocess.run(command, env={**os.environ, **self._environ}, check=False)  # noqa: S603
        if done.returncode not in (0, 1):
            raise SerinusError(f"the watch ended with code {done.returncode}", where="demo")

    def _push(self, file: str) -> str:
        name: str = json.loads(self._do("push", APP, file, "--json", quiet=True))["name"]
        return name

    def _do(self, *words: str, quiet: bool = False) -> str:
        """A `serinus` command as a user types it; its standard output."""
        shown = " ".join(f'"{word}"' if " " in word else word for word in words if word != "--json")
        self._console.print(f"[dim]$[/] serinus {shown}", highlight=False)
        done = subprocess.run(  # noqa: S603 - our own interpreter and command line
            [sys.executable, "-m", _CLI, *words],
            env={**os.environ, **self._environ},
            cwd=self._settings.directory,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SerinusError(f"serinus {words[0]} failed: {done.stderr.strip()}", where="demo")
        if not quiet:
            self._console.print(done.stdout.rstrip(), highlight=False)
        return done.stdout

    def _end_traffic(self, traffic: subprocess.Popen[bytes]) -> dict[str, Any]:
        stop_all([traffic], 90.0, self._stack.clock.mono_ns)
        assert traffic.stdout is not None
        with traffic.stdout:
            text = traffic.stdout.read()
        result: dict[str, Any] = json.loads(text) if text.strip() else {}
        return result

    def _collect(self, good: str, bad: str, result: dict[str, Any]) -> Collected:
        stack = self._stack
        seen = [json.loads(line) for line in self._answers.read_text(encoding="utf-8").splitlines()]
        last = {line["call"] for line in seen[-200:]}
        stack.wait(lambda: last <= {call.call for call in stack.calls(CallQuery(limit=5000))}, _SHIPPED_S)
        audit = stack.api("GET", "/audit?limit=200")["items"]
        for entry in audit:
            entry["at_us"] = int(datetime.fromisoformat(entry["at"]).timestamp() * 1e6)
        hosts = stack.api("GET", "/hosts")["items"]
        return Collected(
            good=stack.release(good),
            bad=stack.release(bad),
            live=stack.api("GET", f"/apps/{APP}")["live"]["digest"],
            seen=seen,
            calls=stack.calls(CallQuery(app=APP)),
            audit=audit[::-1],
            verified=stack.api("POST", "/audit/verify", {}),
            dropped=sum(worker["dropped"] for host in hosts for worker in host["workers"]),
            incomplete=int(result.get("incomplete", 0)),
        )

    def _stay(self, wait: Callable[[], object]) -> None:
        self._console.print("\nEverything still runs. In another terminal:")
        for name, value in self._environ.items():
            self._console.print(f"  export {name}={value}", highlight=False)
        self._console.print("  serinus release list\nCtrl-C ends it.")
        wait()
