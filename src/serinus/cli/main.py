"""The console script. It imports next to nothing, so that Ctrl-C ends a command quietly from its first moment on."""

from __future__ import annotations

import sys

from serinus.cli.commands import Command, load

_COMMAND_LINE = Command(target="command_line:run", summary="The command line.")
INTERRUPTED = 130


def main() -> None:
    """Run the command that the command line names."""
    try:
        load(_COMMAND_LINE)(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
