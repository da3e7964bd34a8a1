"""The pages about the simulation say all that there is."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from serinus.bootstrap import sim_provider, sim_traffic
from serinus.sim.faults import KINDS
from serinus.sim.tally import Seen

DOCS = Path(__file__).parents[3] / "docs"
PROVIDER_PAGE = DOCS / "reference" / "simulated-provider.md"
TRAFFIC_PAGE = DOCS / "how-to" / "simulate.md"


@pytest.mark.parametrize(
    ("main", "page"),
    [(sim_provider.main, PROVIDER_PAGE), (sim_traffic.main, TRAFFIC_PAGE)],
    ids=["provider", "traffic"],
)
def test_every_option_is_in_its_page(
    main: Callable[[list[str]], int], page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And each has a line of help on the command line."""
    with pytest.raises(SystemExit):
        main(["--help"])
    usage = capsys.readouterr().out
    options = set(re.findall(r"--[a-z-]+", usage.partition("options:")[2])) - {"--help"}
    text = page.read_text(encoding="utf-8")
    assert len(options) >= 10
    assert [option for option in sorted(options) if f"`{option}`" not in text] == []


def test_every_fault_is_in_the_page() -> None:
    """With its effect and its value."""
    text = PROVIDER_PAGE.read_text(encoding="utf-8")
    for kind in KINDS.values():
        value = f"{kind.value:g}" if kind.value or "value" in kind.effect else ""
        assert f"| `{kind.name}` | {kind.effect} |{f' {value}' if value else ''} |" in text


def test_every_field_of_a_log_line_is_in_the_page() -> None:
    """The log is a format that others read."""
    text = TRAFFIC_PAGE.read_text(encoding="utf-8")
    assert [field for field in Seen.__struct_fields__ if f"`{field}`" not in text] == []
