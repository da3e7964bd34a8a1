"""Real control processes over SQLite: killed, stopped, doubled, and still each step is taken once."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from serinus.control.verify_audit import verify_audit
from serinus.core.release.table import State
from serinus.core.routing.assignment import Arm
from tests.process.control_rig import Rig
from tests.process.frozen import freeze_between_writes

pytestmark = pytest.mark.process


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """Stores, app and host; no control yet."""
    made = Rig(tmp_path)
    yield made
    made.close()


def test_a_release_is_promoted_by_the_process(rig: Rig) -> None:
    """One control process takes a healthy release through all its steps, and stops cleanly when told."""
    control = rig.start_control()
    rig.start_release()
    rig.wait(lambda: rig.release().state is State.PROMOTED)
    assert rig.actions() == ["leader:change", "release:advance", "release:advance", "release:promote"]
    control.process.send_signal(signal.SIGTERM)
    assert control.process.wait(10) == 0


def test_H7_killed_again_and_again_no_step_is_skipped_or_repeated(rig: Rig) -> None:
    """A control killed with SIGKILL every few hundred ms is followed by another; each step is taken once."""
    control = rig.start_control()
    release = rig.start_release()
    for _ in range(4):
        seq = rig.release().seq
        rig.wait(lambda seq=seq: rig.release().seq > seq or rig.release().state is State.PROMOTED)  # type: ignore[misc]
        control.kill()
        rig.controls.remove(control)
        control = rig.start_control()
    rig.wait(lambda: rig.release().state is State.PROMOTED)
    assert rig.release().id == release.id
    taken = [action for action in rig.actions() if action.startswith("release:")]
    assert [a for a in taken if a not in ("release:pause", "release:resume")] == [
        "release:advance",
        "release:advance",
        "release:promote",
    ]
    assert [point.step for point in rig.release().ramp] == [0, 1, 2]
    assert verify_audit(rig.control)[1] == []


def test_two_controls_one_acts_and_a_stopped_leader_changes_nothing(rig: Rig) -> None:
    """A leader stopped by SIGSTOP is replaced; woken up again it stands by, and its rounds change nothing."""
    first = rig.start_control()
    rig.wait(lambda: rig.control.leader() is not None)
    old = rig.control.leader()
    assert old is not None
    rig.start_control()
    freeze_between_writes(first.process.pid, rig.url)
    try:
        rig.wait(lambda: (rig.control.leader() or old).epoch == old.epoch + 1)
    finally:
        os.kill(first.process.pid, signal.SIGCONT)
    rig.start_release()
    rig.wait(lambda: rig.release().state is State.PROMOTED)
    leader = rig.control.leader()
    assert leader is not None
    assert leader.epoch == old.epoch + 1
    assert rig.actions().count("leader:change") == 2
    assert rig.actions()[2:] == ["release:advance", "release:advance", "release:promote"]


def test_J1_harm_is_rolled_back_and_confirmed_by_the_worker(rig: Rig) -> None:
    """Errors of the candidate alone roll it back; the release ends when the worker follows the new snapshot."""
    rig.start_control()
    rig.error_rate[Arm.CANDIDATE] = 0.8
    rig.start_release()
    rig.wait(lambda: rig.release().state is State.ROLLED_BACK)
    assert "errors" in rig.release().reason


def test_J4_a_host_that_follows_no_more_is_confirmed_by_its_lease(rig: Rig) -> None:
    """A host that fell silent delays the confirmation until its lease has surely lapsed, not longer."""
    rig.start_control()
    rig.start_release()
    rig.wait(lambda: rig.release().step >= 0 and "leader:change" in rig.actions())
    rig.acknowledging = False
    rig.error_rate[Arm.CANDIDATE] = 0.8
    rig.wait(lambda: rig.release().state is State.ROLLING_BACK)
    began = time.monotonic()
    rig.wait(lambda: rig.release().state is State.ROLLED_BACK)
    assert 0.5 < time.monotonic() - began < 8


def test_the_api_answers_beside_the_tick(rig: Rig, tmp_path: Path) -> None:
    """The process writes a first admin key to a file for its owner alone, and its API opens to that key only."""
    key_file = tmp_path / "admin.key"
    control = rig.start_control("--admin-key-file", str(key_file))
    assert key_file.stat().st_mode & 0o777 == 0o600
    statuses = []
    for key in ("wrong", key_file.read_text().strip()):
        connection = http.client.HTTPConnection("127.0.0.1", control.port, timeout=10)
        connection.request("GET", "/api/v1/apps", headers={"authorization": f"Bearer {key}"})
        statuses.append(connection.getresponse().status)
        connection.close()
    assert statuses == [401, 200]


@pytest.mark.parametrize("options", [["--store", "ftp://x"], []])
def test_a_store_that_cannot_be_is_refused(options: list[str]) -> None:
    """A wrong or missing store URL ends the process with a clear text and status 2."""
    environment = {k: v for k, v in os.environ.items() if k != "SERINUS_STORE"}
    done = subprocess.run(
        [sys.executable, "-m", "serinus.bootstrap.control", "--port", "0", *options],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env=environment,
    )
    assert done.returncode == 2
    assert done.stderr.strip().endswith(")")
    assert "store" in done.stderr
