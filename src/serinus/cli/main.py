"""The console script. It imports next to nothing, so that Ctrl-C ends a command quietly from its first moment on."""

from __future__ import annotations

import importlib
import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command that the command line names. What is heavy is imported where an interrupt is expected."""
    try:
        importlib.import_module("serinus.cli.command_line").run(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
