"""`serinus up` hands on what concerns one machine."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import get_args, get_type_hints

from serinus.bootstrap import control, evaluation_worker, gateway
from serinus.bootstrap.up import UpSettings, control_options, gateway_options
from serinus.cli.up import up

NOT_OF_ONE_MACHINE = {
    "--help": "everywhere",
    "--store": "the folder",
    "--segments": "the folder",
    "--host-dir": "the folder",
    "--admin-key-file": "the folder",
    "--host-id": "there is one host",
    "--takeover-s": "no other control stands by",
    "--period-s": "no other control stands by",
    "--hidden-s": "no other worker takes over",
}
FOLDER = Path("/srv/serinus")


def offered() -> set[str]:
    """The options of `serinus up`."""
    hints = get_type_hints(up, include_extras=True)
    return {
        word
        for name in inspect.signature(up).parameters
        for option in get_args(hints[name])[1:]
        for word in (option.default, *option.param_decls)  # where a default stands in the signature, typer shifts them
    }


def test_O_every_setting_that_concerns_one_machine_is_there() -> None:
    """A new option of a part is offered by `up` too, or a reason stands above why it is not."""
    parsers = control._parser(), gateway._parser(), evaluation_worker._parser()
    of_parts = {word for parser in parsers for action in parser._actions for word in action.option_strings}
    assert {word for word in of_parts if word.startswith("--")} - offered() == set(NOT_OF_ONE_MACHINE)


def test_O_what_is_given_reaches_its_part() -> None:
    """As the parts themselves read it."""
    settings = UpSettings(
        directory=FOLDER,
        public_url="https://serinus.example.com",
        units_kept_days=7,
        spool_limit_mb=64,
        segment_mb=2,
        workers=3,
    )
    of_control = control._parser().parse_args(control_options(settings, FOLDER, 8))
    assert (of_control.units_kept_days, of_control.public_url, of_control.port) == (7, "https://serinus.example.com", 8)
    assert of_control.store == "sqlite:////srv/serinus"
    of_gateway = gateway._parser().parse_args(gateway_options(settings, FOLDER, 9))
    assert (of_gateway.spool_limit_mb, of_gateway.segment_mb, of_gateway.workers, of_gateway.port) == (64, 2, 3, 9)


def test_O_what_is_not_given_stays_usual() -> None:
    """Nothing is handed on."""
    settings = UpSettings(directory=FOLDER)
    assert control._parser().parse_args(control_options(settings, FOLDER, 8)).units_kept_days == 30
    assert not any("mb" in word for word in gateway_options(settings, FOLDER, 9))
