"""`serinus keygen`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from serinus.adapters.clock import system_random
from serinus.adapters.ed25519 import SEED_BYTES, Ed25519Key
from serinus.cli.options import Json
from serinus.cli.output import console, plain, print_json
from serinus.core.errors import InvalidInput
from serinus.core.versions.signing import key_id


def keygen(
    file: Annotated[Path, typer.Argument(metavar="KEYFILE", help="Where the private key goes; never overwritten.")],
    json: Json = False,
) -> None:
    """Make an Ed25519 key to sign versions with: KEYFILE is private (mode 0600), KEYFILE.pub is public.

    Example: serinus keygen ~/.config/serinus/signing.pem
    """
    made = Ed25519Key.new(system_random(SEED_BYTES))
    public = file.with_name(file.name + ".pub")
    _write(file, made.pem(), 0o600)
    _write(public, made.public_pem(), 0o644)
    name = key_id(made.public_bytes())
    if json:
        print_json({"key_id": name, "private": str(file), "public": str(public)})
        return
    console().print(f"{name}: private {plain(file)}, public {plain(public)}")


def _write(path: Path, text: bytes, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
    except FileExistsError:
        raise InvalidInput("there is a file already", where=str(path), mend="name another, or use that key") from None
    except OSError as error:
        what = f"cannot be written: {error.strerror or type(error).__name__}"
        raise InvalidInput(what, where=str(path), mend="name a place that exists and is yours") from None
