"""Scores that come from no gateway, such as a live judge's: added up as those that callers post."""

from __future__ import annotations

from collections.abc import Sequence

from serinus.agent.ship import add_up
from serinus.core.records.labels import Awaiting
from serinus.core.records.record import Score
from serinus.core.records.tally import UNMEASURED, Read, tally
from serinus.ports.telemetry_store import TelemetryTx


def deliver(tx: TelemetryTx, scores: Sequence[Score], host: str, at_us: int, awaiting: Awaiting) -> None:
    """Add scores to labels, sums and rollups, in the transaction that makes them. The first of each unit counts, so
    that nothing counts twice, whoever else sends the same ones. All of a transaction in one call."""
    read = Read(instance="", open={}, records=[(one, "") for one in scores])
    add_up(tx, tally(host, [read], at_us, UNMEASURED, awaiting), host, at_us, UNMEASURED, awaiting)
