"""A shadow stage on a terminal and in a log line."""

from __future__ import annotations

import io

import msgspec
from rich.console import Console, Group

from serinus.cli.shadow_table import shadow_line, shadow_tables
from serinus.core.decision.shadow_standing import shadow_standing
from serinus.core.pipeline.peak import Peak
from tests.unit.core.decision.test_shadow import STAGE, served, shadowing
from tests.unit.core.decision.test_shadow_standing import HOSTS, SUMS


def test_E3_the_table_fits_a_terminal_and_names_what_is_lacking() -> None:
    """Both sides' rates, pairs that differ, the ratio with its interval, copies, and what the stage waits for."""
    release = shadowing(msgspec.structs.replace(STAGE, peak=Peak(hours="09:00-17:00")))
    standing = msgspec.to_builtins(shadow_standing(release, served(dwell_ms=12_000), SUMS, HOSTS, ()))
    screen = io.StringIO()
    Console(file=screen, width=100).print(Group(*shadow_tables(standing)))
    lines = screen.getvalue().splitlines()
    assert max(len(line) for line in lines) <= 100
    row = next(line for line in lines if line.startswith("call.invalid_format")).split()
    assert row[1:6] == ["10.00%", "7.33%", "6", ":", "2"]
    assert any(line.split()[:2] == ["latency", "1.01"] for line in lines)
    assert any("160 sent, 4 dropped" in line for line in lines)
    assert any(line.split()[0] == "lacks" and "50 of 200 units" in line for line in lines)
    assert shadow_line(standing).startswith("pairs=150/200 evidence=")
