"""What people type in the demo: commands of `serinus`, each shown before it runs, by whoever acts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape

from serinus.core.errors import SerinusError

_CLI = "serinus"


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody with a key."""

    name: str
    key: str


class Shell:
    """Runs commands in `directory` against the API at `url`, and shows them on `console`."""

    def __init__(self, directory: Path, url: str, console: Console) -> None:
        self._directory = directory
        self._url = url
        self._console = console

    def run(self, who: Person, *words: str) -> str:
        """A command that must succeed; what it printed, which is shown too."""
        done = self._done(who, words)
        self.say(done.rstrip())
        return done

    def say(self, text: str) -> None:
        """Show a text as it is."""
        self._console.print(escape(text), highlight=False)

    def ask(self, who: Person, *words: str) -> Any:
        """A command that must succeed; the document that it prints with `--json`."""
        return json.loads(self._done(who, (*words, "--json")))

    def refused(self, who: Person, *words: str) -> str:
        """A command that must be refused; the refusal. Empty when it was not."""
        self._show(who, words)
        done = self._run(who, words)
        self._console.print(f"[red]{escape((done.stderr or done.stdout).strip())}[/]", highlight=False)
        return done.stderr.strip() if done.returncode else ""

    def verdict(self, who: Person, *words: str) -> tuple[int, Any]:
        """A command whose exit code is an answer; the code and its document."""
        self._show(who, words)
        done = self._run(who, (*words, "--json"))
        if not done.stdout.strip():
            raise SerinusError(f"serinus {words[0]} failed: {done.stderr.strip()}", where="demo")
        return done.returncode, json.loads(done.stdout)

    def watch(self, who: Person, release: str, *options: str) -> None:
        """`serinus release watch` on the user's own terminal."""
        self._show(who, ("release", "watch", release, *options))
        self._console.file.flush()
        words = ["release", "watch", release, "--every", "500ms", "--within", "150s", *options]
        done = subprocess.run(  # noqa: S603 - our own interpreter and command line
            [sys.executable, "-m", _CLI, *words], env=self._environ(who), stdout=self._console.file, check=False
        )
        if done.returncode not in (0, 1):
            raise SerinusError(f"the watch ended with code {done.returncode}", where="demo")

    def _done(self, who: Person, words: tuple[str, ...]) -> str:
        self._show(who, words)
        done = self._run(who, words)
        if done.returncode:
            raise SerinusError(f"serinus {words[0]} failed: {done.stderr.strip()}", where="demo")
        return done.stdout

    def _show(self, who: Person, words: tuple[str, ...]) -> None:
        shown = " ".join(f'"{word}"' if " " in word else word for word in words if word != "--json")
        self._console.print(f"[dim]{who.name} $[/] serinus {escape(shown)}", highlight=False)

    def _run(self, who: Person, words: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own interpreter and command line
            [sys.executable, "-m", _CLI, *words],
            env=self._environ(who),
            cwd=self._directory,
            capture_output=True,
            text=True,
            check=False,
        )

    def _environ(self, who: Person) -> dict[str, str]:
        return {**os.environ, "SERINUS_URL": self._url, "SERINUS_API_KEY": who.key}
