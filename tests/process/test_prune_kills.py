"""Units of an ended release are forgotten by processes that are killed in the middle of it, each taking up the rest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from serinus.adapters.stores import open_stores
from serinus.core.records.sums import ENROLLED, Enrolment, Sum, SumKey
from serinus.core.records.unit_measures import Spread, UnitKey, UnitSum
from serinus.core.routing.assignment import Arm
from tests.fake_workers import ManualClock
from tests.unit.control.test_prune_units import ended

UNITS, BUCKETS = 9000, 200
NAMES = ("rel_1", "rel_2")
KILLS = 3


def test_J_processes_that_are_killed_forget_units_once_and_nothing_else(tmp_path: Path) -> None:
    """Killed after a batch, wherever that meets the next one: at the end no unit of the ended release is left, its sums
    stand to the last digit, and the release that ended lately has all of its units."""
    url = f"sqlite:///{tmp_path}"
    clock = ManualClock()
    control, telemetry = open_stores(url, now_us=clock.now_us, random_bytes=lambda size: bytes(size))
    leader = control.claim("test", None)
    assert leader is not None
    with control.tx() as tx:
        for name, days in zip(NAMES, (31, 2), strict=True):
            tx.insert_release(ended(name, days))
    with telemetry.tx() as writing:
        for name in NAMES:
            writing.enrol([Enrolment(name, n.to_bytes(8, "big"), Arm.CONTROL, 0) for n in range(UNITS)])
        writing.add_sums([(SumKey(name, 0, ENROLLED, int(Arm.CONTROL)), Sum(total=UNITS)) for name in NAMES])
        writing.add_unit_sums(
            {UnitKey(name, 0, "cost.per_call", 2, bucket): UnitSum(2, 3) for name in NAMES for bucket in range(BUCKETS)}
        )
    command = [sys.executable, "-m", "tests.process.prune_child", url, str(leader.epoch)]
    told = 0
    for _ in range(KILLS):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            told += int(child.stdout.readline() or 0)
            child.kill()
    last = subprocess.run(command, capture_output=True, text=True, check=True)
    told += sum(map(int, last.stdout.split()))
    assert 0 < told <= UNITS + BUCKETS
    with telemetry.tx() as tx:
        assert tx.releases_of_units() == ["rel_2"]
        assert tx.pruned(NAMES) == {"rel_1"}
        assert [tx.sums(name)[0][1] for name in NAMES] == [Sum(total=UNITS)] * 2
        whole = Spread(2 * BUCKETS, 3 * BUCKETS, 9 * BUCKETS, 6 * BUCKETS, 4 * BUCKETS)
        assert tx.spreads_of(NAMES) == {name: {(0, "cost.per_call", 2): whole} for name in NAMES}
        assert tx.prune_units("rel_2", 1, 10**6) == UNITS + BUCKETS
    for store in (control, telemetry):
        store.close()
