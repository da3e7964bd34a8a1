"""`serinus demo` that is told to end before it is through."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.process.cli_programs import SERINUS, command_line, descendants

pytestmark = pytest.mark.process


def test_a_demo_that_is_ended_leaves_no_process_and_no_key(tmp_path: Path) -> None:
    """SIGTERM in its middle, as of a machine that shuts down: its folder, with an admin's key in it, is gone."""
    with (tmp_path / "told.txt").open("w") as told:
        process = subprocess.Popen(
            [*SERINUS, "demo", "--report", str(tmp_path / "r.html")],
            stdout=told,
            stderr=told,
            env={**os.environ, "TMPDIR": str(tmp_path)},
        )
        try:
            end = time.monotonic() + 60
            while not list(tmp_path.glob("serinus-demo-*/**/admin-key*")) and time.monotonic() < end:
                time.sleep(0.1)
            below = descendants(process.pid)
            process.send_signal(signal.SIGTERM)
            code = process.wait(60)
        finally:
            process.kill()
            process.wait()
    assert below
    assert code == 128 + signal.SIGTERM, (tmp_path / "told.txt").read_text()
    assert list(tmp_path.glob("serinus-demo-*")) == []
    assert [pid for pid in below if "serinus" in command_line(pid)] == []
