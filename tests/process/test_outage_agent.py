"""The host agent is away for longer than the lease, or has no disk to write to."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from serinus.core.records.call import Call
from tests.process import outage
from tests.process.crash_run import running
from tests.process.production import Production, production
from tests.process.room import limited

pytestmark = pytest.mark.process


def _agent(found: Production) -> int:
    (pid,) = running(str(found.stack.directory))["agent"]
    return pid


def _shipped(found: Production, id: str, suffered: outage.Outage) -> None:
    """Candidates are served again, and everything is shipped in the end."""
    found.await_true(lambda: "candidate" in _arms(found), "no candidate was served again")
    assert found.end()["incomplete"] == 0
    outage.assert_nothing_is_lost(found, id)
    calls = found.stack.calls()
    outage.assert_baseline_only(calls, suffered)
    assert _begun_within(calls, suffered)


def _arms(found: Production) -> set[str]:
    return {line["arm"] for line in found.await_answers(20)}


def _begun_within(calls: list[Call], suffered: outage.Outage) -> int:
    return sum(suffered.began_us <= call.begun_at_us < suffered.over_us for call in calls)


def test_J4_an_agent_that_hangs_and_dies_leaves_the_baseline_and_loses_nothing(tmp_path: Path) -> None:
    """Stopped for longer than the lease, then killed: the baseline alone serves meanwhile, and the agent that the
    supervisor starts in its place ships everything exactly once."""
    with production(tmp_path) as found:
        id = outage.climbing(found, outage.STAY)
        pid = _agent(found)
        suffered = outage.suffer(
            found, id, lambda: os.kill(pid, signal.SIGSTOP), lambda: os.kill(pid, signal.SIGKILL), answers=200
        )
        assert _agent(found) != pid
        _shipped(found, id, suffered)


def test_J4_an_agent_without_disk_leaves_the_baseline_and_loses_nothing(tmp_path: Path) -> None:
    """It can write neither lease nor event log: the baseline alone serves from the lease on; with room again the same
    agent ships everything exactly once."""
    with production(tmp_path) as found:
        id = outage.climbing(found, outage.STAY)
        pid = _agent(found)
        with limited(pid, 0) as lift:
            suffered = outage.suffer(found, id, lambda: None, lift, answers=200)
        assert _agent(found) == pid
        _shipped(found, id, suffered)
