"""Processes are killed at random under load; what users saw, what is recorded and what is decided still agree."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.process.crash_run import crash_run

pytestmark = pytest.mark.process
KILLS = 20


def test_H7_every_answer_is_recorded_once_and_no_step_is_skipped_whoever_is_killed(tmp_path: Path) -> None:
    """Ten workers, four agents, four controls and two supervisors die by SIGKILL while a release climbs: every answer
    is in the log exactly once as its headers told, the sums equal a recount, and each step was taken once, in turn."""
    account = crash_run(tmp_path, kills=KILLS, seed=6, every_s=0.9)
    assert account.kills == {"worker": 10, "agent": 4, "control": 4, "gateway": 2}
    assert account.completed > 500
    assert account.unfinished > 0, "nobody was killed with a call open, so nothing was shown"
    assert account.promoted >= 1
    assert account.faults == []
