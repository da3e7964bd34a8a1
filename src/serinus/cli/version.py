"""`serinus version`."""

from __future__ import annotations

from serinus import __version__
from serinus.cli.options import Json
from serinus.cli.output import print_json


def version(json: Json = False) -> None:
    """The version of Serinus.

    Example: serinus version --json
    """
    if json:
        print_json({"version": __version__})
    else:
        print(__version__)
