"""The demo's users: simulated traffic as a process of its own, from before the first release to after the last."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import msgspec

from serinus.bootstrap.children import start_module, stop_all
from serinus.core.errors import SerinusError
from serinus.demo.stack import Stack

_LONGEST_S = 900
_WARM_BYTES = 100_000
_WARM_S = 20.0
_STOP_S = 90.0


class Habit(msgspec.Struct, frozen=True, kw_only=True):
    """Requests per second, by how many users, asking what column of which CSV."""

    rate: float
    users: int
    csv: Path
    text_column: str
    seed: int


class Users:
    """Users of an app until `end`. `answers` has a line for each answer that one of them got whole."""

    def __init__(self, stack: Stack, app: str, port: int, habit: Habit) -> None:
        self._stack = stack
        self.answers = stack.directory / "answers.jsonl"
        arguments = ["--base-url", f"http://127.0.0.1:{port}/v1", "--app", app, "--rate", str(habit.rate)]
        arguments += ["--users", str(habit.users), "--csv", str(habit.csv), "--text-column", habit.text_column]
        arguments += ["--duration", str(_LONGEST_S), "--log", str(self.answers), "--seed", str(habit.seed), "--json"]
        arguments += ["--api-key", stack.caller_key(app)]
        with (stack.directory / "traffic.log").open("wb") as log:
            self._process = start_module("serinus.bootstrap.sim_traffic", arguments, stdout=subprocess.PIPE, stderr=log)

    def wait_for_answers(self) -> None:
        """Until they have got some hundred; SerinusError when they get none."""

        def answered() -> bool:
            return self.answers.exists() and self.answers.stat().st_size > _WARM_BYTES

        if not self._stack.wait(answered, _WARM_S):
            raise SerinusError("users got no answers", where="demo", mend=f"see {self._stack.directory}/*.log")

    def end(self) -> dict[str, Any]:
        """Let them finish what they have asked; what they counted."""
        stop_all([self._process], _STOP_S, self._stack.clock.mono_ns)
        assert self._process.stdout is not None
        with self._process.stdout:
            text = self._process.stdout.read()
        counted: dict[str, Any] = json.loads(text) if text.strip() else {}
        return counted

    def seen(self) -> list[dict[str, Any]]:
        """Every answer that a user got."""
        return [json.loads(line) for line in self.answers.read_text(encoding="utf-8").splitlines()]
