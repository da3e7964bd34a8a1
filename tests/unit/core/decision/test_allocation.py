"""Units that come to the arms unevenly pause a release, and count anew once a person has resumed it."""

from __future__ import annotations

import msgspec
import numpy as np

from serinus.core.decision.allocation import ALPHA, judge_sample_ratio
from serinus.core.decision.commands import Pause
from serinus.core.decision.decision import Evidence, decide, replay
from serinus.core.decision.observations import Units
from serinus.core.decision.verdict import Verdict
from serinus.core.release.release import Hold, Progress
from serinus.core.release.transitions import paused, resumed
from serinus.core.stats import allocation
from tests.unit.core.decision.cases import running, seen, served

EVEN = (Units(0, 1000, 990), Units(1, 4000, 4050))
LOST = (Units(0, 1000, 1000), Units(1, 4000, 3300))


def test_H5_units_that_one_arm_lacks_pause_the_release() -> None:
    """The pause says how many came to which arm; a person resumes."""
    decision = decide(running(step=1), None, seen(units=LOST), 1)
    (command,) = decision.commands
    assert isinstance(command, Pause)
    assert (command.trigger, command.auto_resume, command.deadline_s) == ("sample_ratio", False, 0.0)
    assert command.reason.startswith("5,000 units came to the candidate and 4,300 to control")
    assert decision.verdict is Verdict.FAIL


def test_H5_even_units_pause_nothing() -> None:
    """Within chance."""
    decision = decide(running(step=1), served(running(step=1), 0), seen(units=EVEN), 1)
    assert decision.commands == ()
    assert decision.evidence.sample_ratio is not None
    assert decision.evidence.sample_ratio.verdict is Verdict.PASS


def test_H5_the_evidence_is_that_of_the_dirichlet_multinomial_over_strata() -> None:
    """The same number as the statistic of 4.10 on both strata."""
    found = judge_sample_ratio(running(step=1), LOST)
    expected = allocation.mismatch(allocation.Allocation(units=(u.candidate, u.control)) for u in LOST)
    assert abs(found.log_e - expected.log_e) < 1e-6


def test_strata_that_compare_nothing_do_not_count() -> None:
    """The watch and shadow enrol nobody to compare."""
    assert judge_sample_ratio(running(step=1), (*EVEN, Units(2, 9000, 90), Units(-2, 500, 0))).verdict is Verdict.PASS


def test_nobody_is_no_data() -> None:
    """Neither even nor uneven."""
    assert judge_sample_ratio(running(), ()).verdict is Verdict.NO_DATA


def test_a_resume_rearms_it_on_later_units_only() -> None:
    """The units that paused it do not pause it again; new ones that are as uneven do."""
    release = running(step=1)
    first = decide(release, None, seen(units=LOST, positions={"enrolled": (5000, 4300)}), 1)
    assert isinstance(first.commands[0], Pause)
    held = paused(release, Hold(trigger="sample_ratio", reason=first.commands[0].reason, at_us=1))
    again = decide(held, first.progress, seen(units=LOST, positions={"enrolled": (5000, 4300)}), 2)
    assert again.commands == ()
    going = resumed(held, Progress(release=release.id, step=1, positions={"enrolled": (5000, 4300)}), "seen")
    assert going.rearmed["sample_ratio"] == {"candidate": 5000, "control": 4300}
    assert judge_sample_ratio(going, LOST).verdict is Verdict.NO_DATA
    assert judge_sample_ratio(going, (Units(0, 1000, 1000), Units(1, 5000, 4280))).verdict is Verdict.PASS
    assert judge_sample_ratio(going, (Units(0, 1000, 1000), Units(1, 9000, 7300))).verdict is Verdict.FAIL


def test_the_alarm_replays_from_its_evidence() -> None:
    """The same decision from stored JSON."""
    decision = decide(running(step=1), None, seen(units=LOST), 1)
    stored = msgspec.json.decode(msgspec.json.encode(decision.evidence), type=Evidence)
    assert replay(stored).commands == decision.commands


def test_even_slices_are_accused_in_fewer_releases_than_alpha() -> None:
    """2,000 releases of equal arms, looked at every 50 units up to 4,000: the exact binomial bound of 1 in 1,000."""
    rng = np.random.default_rng(7)
    looks = np.cumsum(rng.binomial(50, 0.5, size=(2000, 80)), axis=1)
    sizes = np.arange(1, 81) * 50
    release = running(step=0)
    accused = sum(
        any(
            judge_sample_ratio(release, (Units(0, int(c), int(n - c)),)).verdict is Verdict.FAIL
            for c, n in zip(row, sizes, strict=True)
        )
        for row in looks
    )
    # P(Binomial(2000, 0.001) > 8) < 2.4e-4
    assert accused <= 8
    assert ALPHA == 0.001
