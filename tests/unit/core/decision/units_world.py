"""Releases whose units' latency and cost are drawn, through the agent's tally and a store's sums, to the judgement."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from serinus.adapters.memory_telemetry import MemoryTelemetryStore
from serinus.core.decision.harm import Harm, judge_harm
from serinus.core.decision.ratios import unit_spreads
from serinus.core.ids import RELEASE, id_text
from serinus.core.pipeline.plan import Guardrail, Plan, Step
from serinus.core.records.record import Begin, End, Record
from serinus.core.records.tally import Measures, Read, sums_of, tally
from serinus.core.release.release import Positions, Release
from serinus.core.release.yardstick import Yardstick, measures
from serinus.core.routing.assignment import Arm
from tests.unit.core.decision.cases import PLAN, running

RAW = bytes(range(1, 17))
P95 = Guardrail(metric="latency.p95", max_ratio=1.1, design_ratio=2.0)
COST = Guardrail(metric="cost.per_call", max_ratio=1.15, design_ratio=1.6)
T_US = 1_000_000
Floats = npt.NDArray[np.float64]


def release_with(*guardrails: Guardrail, alpha: float = 0.05, steps: int = 1) -> Release:
    """A release on its last compared step, whose control's own p95 is known."""
    shares = np.linspace(0.05, 0.5, steps)
    plan = Plan(
        owner="ada@example.com",
        steps=(*(Step(share=float(share), dwell_s=60) for share in shares), Step(share=1.0, dwell_s=60)),
        guardrails=guardrails,
        limits=PLAN.limits,
        alpha=alpha,
    )
    known = Yardstick(metric="latency.p95", at_us=T_US, values=1000, source="history")
    return msgspec.structs.replace(running(plan), id=id_text(RELEASE, RAW), yardsticks=(known,))


def calls(arm: Arm, unit: int, latency_us: int, cost_nano: int, stratum: int = 0) -> list[tuple[Record | None, str]]:
    """One call of a unit, begun and ended."""
    id = bytes(12) + RAW + bytes([arm, stratum]) + unit.to_bytes(8, "little")[::-1] + bytes(10)
    begin = Begin(id, 0, 0, "shop", bytes(32), 1, 30_000)
    end = End(id, 0, 1, "shop", bytes(32), 1, 0, 200, 0, 0, latency_us, 1, 10, 20, 0, cost_nano)
    return [(begin, "s"), (end, "s")]


class Shipped:
    """What a host agent has added up; `ship` is one of its rounds."""

    def __init__(self, release: Release) -> None:
        self.release = release
        self.store = MemoryTelemetryStore()
        self.measures: Measures = {release.id: measures(release.plan, release.yardsticks)}
        self.information: dict[str, float] = {}

    def ship(self, records: list[tuple[Record | None, str]]) -> None:
        """Add a batch up, as the agent does in one transaction."""
        counted = tally("h", [Read(instance="i", open={}, records=records)], 0, self.measures)
        with self.store.tx() as tx:
            changed = tx.enrol(counted.enrolments)
            tx.add_sums(sums_of(((one.enrolment, one.is_new) for one in changed), self.measures))
            tx.add_unit_sums(counted.unit_sums)

    def judge(self) -> Harm:
        """What the tick would find now."""
        with self.store.tx() as tx:
            sums = tx.sums(self.release.id)
            spreads = tx.spreads_of([self.release.id]).get(self.release.id, {})
        positions: Positions = {}
        for key, value in sums:
            before = positions.get(key.metric, (0, 0))
            added = (value.total, 0) if key.arm == Arm.CANDIDATE else (0, value.total)
            positions[key.metric] = before[0] + added[0], before[1] + added[1]
        found = judge_harm(self.release, positions, unit_spreads(sums, spreads), self.information)
        for one in found.evidence:
            if one.kind == "ratio":
                self.information[one.metric] = max(one.information, self.information.get(one.metric, 0.0))
        return found
