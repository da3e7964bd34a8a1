"""`serinus demo`, whole."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.process.cli_programs import SERINUS, command_line, descendants

pytestmark = [pytest.mark.process, pytest.mark.slow, pytest.mark.timeout(500)]


def test_the_demo_holds_what_it_states_stays_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Every check holds on the user's own questions; the document, the report and the console are there; Ctrl-C ends
    all of it."""
    (tmp_path / "own.csv").write_text("question\n" + "".join(f"Where is parcel {n}?\n" for n in range(300)))
    words = ["demo", "--json", "--stay", "--report", "r.html", "--traffic", "own.csv", "--text-column", "question"]
    with (tmp_path / "progress.txt").open("w+") as progress:
        process = subprocess.Popen([*SERINUS, *words], stdout=subprocess.PIPE, stderr=progress, text=True, cwd=tmp_path)
        try:
            document = _document(process)
            told = (tmp_path / "progress.txt").read_text()
            below = descendants(process.pid)
            url = re.findall(r"Console: ([^,\s]+)", told)
            reachable = httpx.get(f"{url[0]}/login", trust_env=False).status_code if url else None
            process.send_signal(signal.SIGINT)
            code = process.wait(90)
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()
    assert [check for check in document["checks"] if not check["holds"]] == [], told
    assert code == 0
    assert reachable == 200
    assert [pid for pid in below if "serinus" in command_line(pid)] == []
    assert [release["state"] for release in document["releases"]] == ["promoted", "rejected", "rolled_back"]
    assert document["releases"][1]["exposed"] == 0
    assert "Evidence pack of release" in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert document["took_s"] < 240


def _document(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The document on standard output: from its first line to the brace that ends it."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if line == "}\n":
            break
    found: dict[str, Any] = json.loads("".join(lines))
    return found
