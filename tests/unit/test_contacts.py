"""What Serinus does by being imported and asked for help: nothing that leaves the process."""

from __future__ import annotations

import subprocess
import sys

_EVENTS = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.bind")
_PROGRAM = f"""
import sys
seen, events = [], {_EVENTS!r}
sys.addaudithook(lambda event, args: seen.append((event, args[1:])) if event in events else None)
import contextlib, io, importlib, pkgutil
import serinus
names = [m.name for m in pkgutil.walk_packages(serinus.__path__, "serinus.") if m.name.rpartition(".")[2] != "__main__"]
for name in names:
    importlib.import_module(name)
from serinus.cli.command_line import run
from serinus.cli.commands import COMMANDS, Group
paths = [[]]
for name, entry in COMMANDS.items():
    paths += [[name], *([name, inner] for inner in entry.commands)] if isinstance(entry, Group) else [[name]]
for path in paths:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        run([*path, "--help"])
if sys.argv[1:] == ["planted"]:
    import socket
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", 9), 0.2)
print(len(names), len(paths), seen)
"""


def _run(*arguments: str) -> tuple[int, int, str]:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *arguments], capture_output=True, text=True, timeout=100, check=True
    )
    modules, commands, seen = done.stdout.strip().splitlines()[-1].split(" ", 2)
    return int(modules), int(commands), seen


def test_importing_everything_and_asking_for_help_contacts_nobody() -> None:
    """Every module, and the help of every command: no name is looked up, no socket is bound or connected. Prices, time
    zones and schemas come with the packages."""
    modules, commands, seen = _run()
    assert modules > 500
    assert commands > 50
    assert seen == "[]"


def test_a_contact_would_be_seen() -> None:
    """The same run with one connection planted tells of it."""
    assert "socket.connect" in _run("planted")[2]
