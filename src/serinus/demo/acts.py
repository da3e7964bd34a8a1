"""The three releases of the demo, each from its version file to its end."""

from __future__ import annotations

from rich.console import Console
from rich.rule import Rule

from serinus.demo.collect import Told
from serinus.demo.project import APP, BETTER, HASTY, WORSE
from serinus.demo.shell import Person, Shell
from serinus.demo.stack import Stack


class Acts:
    """`author` writes and releases, `second` signs. Both could sign by their roles; one of them is the author."""

    def __init__(self, shell: Shell, stack: Stack, console: Console, author: Person, second: Person) -> None:
        self._shell = shell
        self._stack = stack
        self._console = console
        self._author = author
        self._second = second

    def good(self) -> Told:
        """Goes all the way, after a signature that its author was refused."""
        id = self._release(BETTER, "two worked examples", "1. A good change")
        self._shell.watch(self._author, id, "--until-approval")
        refusal = ""
        if self._stack.release(id)["signing"]:
            refusal = self._shell.refused(self._author, "release", "approve", id, "-m", "it is mine, I know it is good")
            self._shell.run(self._second, "release", "approve", id, "-m", "read what got worse, and the shadow's pairs")
            self._shell.watch(self._author, id)
        return self._told("good", id, refusal)

    def bad(self) -> Told:
        """Passes the offline set and is stopped in shadow."""
        id = self._release(
            WORSE, "a tidier prompt", "2. A change that invents refunds and breaks the format more often"
        )
        self._shell.watch(self._author, id, "--until-approval")
        return self._told("bad", id)

    def bad_without_shadow(self) -> Told:
        """The same version under a plan that begins with a canary: what it would have been for users."""
        self._console.print()
        self._console.print(Rule("3. The same version, had there been no shadow stage", align="left"))
        self._shell.run(self._author, "apply", HASTY)
        version = self._stack.api("GET", f"/releases?app={APP}&limit=1")["items"][0]["candidate"]["name"]
        id = self._started(version, "the same, in a hurry")
        self._shell.watch(self._author, id)
        return self._told("bad, no shadow", id)

    def _release(self, file: str, reason: str, title: str) -> str:
        self._console.print()
        self._console.print(Rule(title, align="left"))
        return self._started(self._shell.ask(self._author, "push", APP, file)["name"], reason)

    def _started(self, version: str, reason: str) -> str:
        id: str = self._shell.ask(self._author, "release", "start", APP, version, "-m", reason)["id"]
        return id

    def _told(self, title: str, id: str, refusal: str = "") -> Told:
        """The end of an act. A release that hangs, which no check forgives, must not be in the way of the next one."""
        if not self._stack.release(id)["final"]:
            self._shell.run(self._author, "release", "abort", id, "-m", "the demo goes on")
        return Told(title=title, id=id, refusal=refusal)
