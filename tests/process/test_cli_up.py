"""`serinus up` and the command line, in real processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import openai
import pytest

from tests.process.cli_programs import SERINUS, Machine, command_line, descendants, machine, run, start
from tests.process.sim_programs import running_provider

pytestmark = pytest.mark.process

PROJECT = """pipeline: 1
endpoints:
  sim: {{base_url: "{url}"}}
apps:
  bot:
    owner: ada@example.com
    cohort: {{unit: user}}
    stages:
      - kind: rollout
        steps:
          - {{share: 50%, dwell: 1h}}
          - {{share: 100%, dwell: 1h}}
    triggers:
      - {{metric: call.error, above: 20%, for: 5m}}
    lease: 5s
"""
PROMPT = "---\nendpoint: sim\nmodel: sim-large\n---\nYou are a support assistant. {}\n"


def _until(holds: Callable[[], bool], within_s: float = 60.0) -> None:
    """Poll until something holds."""
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end, "did not come to hold in time"
        time.sleep(0.05)


def test_a_change_goes_from_a_file_to_users_and_back(tmp_path: Path) -> None:
    """Empty folder to served calls with the official client, a release, and a rollback confirmed by every worker."""
    with running_provider("--speed", "inf") as provider, machine(tmp_path / "data") as up:
        (tmp_path / "serinus.yaml").write_text(PROJECT.format(url=provider.url))
        for name, text in (("first", "Be kind."), ("second", "Be brief.")):
            (tmp_path / f"{name}.md").write_text(PROMPT.format(text))
        up.ok("apply", str(tmp_path / "serinus.yaml"))
        first = up.json("push", "bot", str(tmp_path / "first.md"))["name"]
        second = up.json("push", "bot", str(tmp_path / "second.md"))["name"]
        up.ok("live", "bot", first)
        caller = up.ok("key", "create", "caller", "--app", "bot").strip()
        client = openai.OpenAI(base_url=up.gateway_url, api_key=caller, max_retries=0)

        def served() -> set[str]:
            versions = set()
            for n in range(20):
                question = [{"role": "user", "content": "Where is my order?"}]
                answer = client.chat.completions.with_raw_response.create(
                    model="bot",
                    messages=question,
                    user=f"user-{n}",  # type: ignore[arg-type]
                )
                versions.add(answer.headers["x-serinus-version"])
            return versions

        _until(lambda: _answers(served))
        assert len(served()) == 1
        up.ok("release", "start", "bot", second, "-m", "brevity")
        _until(lambda: len(served()) == 2)
        _until(lambda: up.json("release", "status", "bot")["standing"]["arms"][0]["units"] > 0)
        assert up.run("release", "watch", "bot", "--within", "200ms").returncode == 1
        ended = up.json("release", "rollback", "bot", "-m", "too brief", "--wait")
        assert ended["state"] == "rolled_back"
        assert ended["standing"]["followers"]["behind"] == []
        assert len(served()) == 1
        assert up.run("release", "watch", "bot").returncode == 1
        assert up.json("audit", "verify")["whole"] is True
        client.close()


def _answers(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except openai.APIError:
        return False
    return True


def test_the_first_admin_key_is_told_once_and_kept_nowhere(tmp_path: Path) -> None:
    """A second start finds the project as it was and tells no key; no file of the folder holds its text."""
    with machine(tmp_path) as up:
        key = up.key
        assert key.startswith("sk-serinus-")
        up.ok("key", "create", "ada", "--role", "viewer")
    assert [path for path in tmp_path.rglob("*") if path.is_file() and key.encode() in path.read_bytes()] == []
    with machine(tmp_path, key=key) as up:
        assert up.ready["admin_key"] == ""
        assert {one["name"] for one in up.json("key", "list")["items"]} == {"first admin", "ada"}
        actors = [entry["actor"] for entry in up.json("audit", "list")["items"] if entry["action"].endswith("create")]
        assert actors[-1] == "bootstrap"


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_all_of_it(tmp_path: Path, sent: signal.Signals) -> None:
    """No process is left, and the stores are closed whole."""
    with start(tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        below = descendants(process.pid)
        assert len(below) >= 5
        process.send_signal(sent)
        assert process.wait(timeout=60) == 0
    assert [pid for pid in below if "serinus" in command_line(pid)] == []
    with sqlite3.connect(tmp_path / "control.db") as store:
        assert store.execute("pragma integrity_check").fetchone() == ("ok",)


def test_a_killed_up_leaves_nothing_behind(tmp_path: Path) -> None:
    """Even `kill -9` of the parent ends every part."""
    with start(tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        below = descendants(process.pid)
        process.kill()
    _until(lambda: not [pid for pid in below if "serinus" in command_line(pid)])


def test_a_part_that_is_killed_comes_back_where_it_was(tmp_path: Path) -> None:
    """Control and gateway are started again on the same ports."""
    with machine(tmp_path) as up:
        for part in ("serinus.bootstrap.control", "serinus.bootstrap.gateway"):
            (victim,) = [pid for pid in descendants(up.process.pid) if part in command_line(pid)]
            os.kill(victim, signal.SIGKILL)
            _until(
                lambda part=part, victim=victim: any(  # type: ignore[misc]
                    part in command_line(pid) for pid in descendants(up.process.pid) if pid != victim
                )
            )
        _until(lambda: up.run("hosts").returncode == 0)
        _until(lambda: _listens(up.gateway_url))


def _listens(url: str) -> bool:
    host, port = url.removeprefix("http://").removesuffix("/v1").split(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def test_H7_a_restart_of_all_of_it_pauses_no_release(tmp_path: Path) -> None:
    """Ctrl-C and up again in the same folder: the release goes on with its share, and nothing was paused."""
    data = tmp_path / "data"
    with running_provider("--speed", "inf") as provider:
        with machine(data) as up:
            key = up.key
            (tmp_path / "serinus.yaml").write_text(PROJECT.format(url=provider.url))
            up.ok("apply", str(tmp_path / "serinus.yaml"))
            (tmp_path / "first.md").write_text(PROMPT.format("Be kind."))
            (tmp_path / "second.md").write_text(PROMPT.format("Be brief."))
            up.ok("live", "bot", up.json("push", "bot", str(tmp_path / "first.md"))["name"])
            second = up.json("push", "bot", str(tmp_path / "second.md"))["name"]
            caller = up.ok("key", "create", "caller", "--app", "bot").strip()
            _until(lambda: "candidate" not in _arms(up, caller))
            up.ok("release", "start", "bot", second, "-m", "brevity")
            _until(lambda: _arms(up, caller) == {"candidate", "control"})
        with machine(data, key=key) as up:
            looked = len(_actions(up))
            _until(lambda: _arms(up, caller) == {"candidate", "control"})
            # Its newest round is one with the host there: what could have paused it has had its time.
            _until(lambda: up.json("release", "status", "bot")["standing"]["arms"][0]["units"] > 0)
            actions = _actions(up)
            assert up.json("release", "status", "bot")["state"] == "running"
    assert looked
    assert "tick:release:pause" not in actions


def _arms(up: Machine, caller: str) -> set[str]:
    """The arms that serve twenty users; none while the gateway has no snapshot that names the app."""
    client = openai.OpenAI(base_url=up.gateway_url, api_key=caller, max_retries=0)
    found = set()
    for n in range(20):
        try:
            answer = client.chat.completions.with_raw_response.create(
                model="bot", messages=[{"role": "user", "content": "Where?"}], user=f"user-{n}"
            )
        except openai.APIError:
            return {"candidate"}
        found.add(answer.headers["x-serinus-arm"])
    return found


def _actions(up: Machine) -> list[str]:
    return [entry["action"] for entry in up.json("audit", "list", "-n", "200")["items"]]


@pytest.mark.parametrize("option", ["--port", "--api-port"])
def test_a_port_that_is_taken_is_told_before_anything_starts(tmp_path: Path, option: str) -> None:
    """One error in three lines that names the option; nothing is kept in the folder but an empty log."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with start(tmp_path, option, port) as process:
            assert process.wait(timeout=60) == 1
            assert process.stderr is not None
            what, where, mend = process.stderr.read().strip().splitlines()
    assert what == "error: cannot listen: Address already in use"
    assert where == f"where: 127.0.0.1:{port}"
    assert mend.startswith("mend:  end what listens there")
    assert f"with {option} " in mend
    assert [path.name for path in tmp_path.iterdir()] == ["serinus.log"]


def test_a_second_machine_cannot_slip_in_beside_the_first(tmp_path: Path) -> None:
    """Another folder with the same gateway port is refused: it would be given a part of the calls."""
    with machine(tmp_path / "one") as up:
        port = up.gateway_url.removesuffix("/v1").rpartition(":")[2]
        done = run("up", "--dir", str(tmp_path / "two"), "--port", port, "--api-port", "0")
        assert done.returncode == 1
        assert "Address already in use" in done.stderr


def test_a_part_that_cannot_start_is_told_by_its_own_words(tmp_path: Path) -> None:
    """Not by the end of a log of JSON lines, and not by what an earlier start left in it."""
    (tmp_path / "serinus.log").write_text("error: of last year\n")
    (tmp_path / "host").write_text("not a folder")
    with start(tmp_path) as process:
        assert process.wait(timeout=60) == 1
        assert process.stderr is not None
        what, where, mend = process.stderr.read().strip().splitlines()
    assert what == "error: gateway ended with code 2 before it was ready"
    assert where == f"where: {tmp_path}/serinus.log"
    assert mend.startswith(f"mend:  {tmp_path}/host: cannot keep anything there")


@pytest.mark.parametrize("worked_s", [0.1, 0.2, 9.0])
@pytest.mark.parametrize("words", [["up", "--port", "0", "--api-port", "0"], ["demo"]])
def test_ctrl_c_ends_a_start_quietly(tmp_path: Path, words: list[str], worked_s: float) -> None:
    """After so much processor time, or as soon as it waits for a part: no traceback, and no process left."""
    options = ["--dir", str(tmp_path / "data")]
    command = [*SERINUS, *words, *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as process:
        end, below = time.monotonic() + 20.0, set[int]()
        while time.monotonic() < end and _worked_s(process.pid) < worked_s and not _waits(below):
            below |= set(descendants(process.pid))
            time.sleep(0.005)
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert "Traceback" not in output
    assert [pid for pid in below if "serinus" in command_line(pid)] == []


def _waits(parts: set[int]) -> bool:
    """Whether control, which takes the longest to be ready, is on its way."""
    return any("bootstrap.control" in command_line(pid) for pid in parts)


def _worked_s(pid: int) -> float:
    """Processor time of a process."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """A file stands in the way: refused in three lines, not with a traceback."""
    (tmp_path / "data").write_text("not a folder")
    done = run("up", "--dir", str(tmp_path / "data"))
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_a_folder_has_one_machine(tmp_path: Path) -> None:
    """A second start in the same folder is refused at once and disturbs nothing."""
    with machine(tmp_path) as up:
        done = run("up", "--dir", str(tmp_path), "--port", "0", "--api-port", "0")
        assert done.returncode == 1
        assert "another `serinus up` runs in this folder" in done.stderr
        up.ok("hosts")


@pytest.mark.parametrize("words", [["--help"], ["version"], ["release", "--help"]])
def test_small_commands_start_at_once(words: list[str]) -> None:
    """Their processor time stays under half a second, whatever else the machine does."""
    program = "import os; from serinus.cli.main import main\ntry: main()\nfinally: print(sum(os.times()[:2]))"
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.strip().splitlines()[-1]) < 0.5


def test_the_console_script_is_this_program() -> None:
    """`serinus` of the installation and the module say the same."""
    script = Path(sys.executable).with_name("serinus")
    installed = subprocess.run([script, "version"], capture_output=True, text=True, check=True)
    assert installed.stdout == subprocess.run([*SERINUS, "version"], capture_output=True, text=True).stdout


def test_a_lost_first_key_has_a_successor_whether_up_runs_or_not(tmp_path: Path) -> None:
    """The new key is an admin's; it is printed once, stands in the audit trail and nowhere in the folder. A folder
    without a store stays without one."""
    words = ("up", "--new-admin-key", "--dir", str(tmp_path / "data"))
    empty = run(*words)
    assert empty.returncode == 1
    assert "--dir" in empty.stderr
    assert not (tmp_path / "data").exists()
    with machine(tmp_path / "data") as up:
        while_running = json.loads(run(*words, "--json").stdout)["admin_key"]
    stopped = run(*words).stdout.split("SERINUS_API_KEY=")[1].strip()
    assert len({up.key, while_running, stopped}) == 3
    with machine(tmp_path / "data", key=stopped) as up:
        assert [item["name"] for item in up.json("key", "list")["items"]].count("new admin") == 2
        assert run("key", "list", url=up.ready["api_url"], key=while_running).returncode == 0
        made = [item for item in up.json("audit", "list")["items"] if item["action"] == "person:key:create"]
        assert [item["actor"] for item in made] == ["bootstrap"] * 3
        up.ok("audit", "verify")
    kept = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert while_running.encode() not in kept
    assert stopped.encode() not in kept
