"""What each command does, against a real API on loopback."""

from __future__ import annotations

import json
import socket
import threading

import pytest

from serinus.control.set_override import set_override
from serinus.core.records.sums import ENROLLED, Sum, SumKey
from serinus.core.routing.assignment import Arm

from .conftest import PROJECT, PROMPT, Cli


def _lines(text: str) -> list[str]:
    return text.strip().splitlines()


def test_a_project_is_applied_and_shown(cli: Cli) -> None:
    """Endpoints and apps of the file are declared; applying again changes nothing."""
    file = cli.file("serinus.yaml", PROJECT)
    assert cli.json("apply", file) == {"endpoint": ["sim"], "app": ["bot"]}
    entries = len(cli.json("audit", "list")["items"])
    assert _lines(cli.ok("apply", file)) == ["endpoint sim: applied", "app bot: applied"]
    assert len(cli.json("audit", "list")["items"]) == entries
    shown = cli.ok("app", "show", "bot")
    assert "5% for 2h, 200 units an arm" in shown
    assert "call.error above 2.5% for 5m: rollback" in shown
    assert "bot" in cli.ok("app", "list")
    rule = "\n    rules: [{name: no_refunds, kind: regex, pattern: refunded, zero_tolerance: true}]"
    cli.ok("apply", cli.file("serinus.yaml", PROJECT.replace("    owner", rule[1:] + "\n    owner")))
    assert "no_refunds (regex, zero tolerance)" in cli.ok("app", "show", "bot")


def test_a_release_that_is_none_is_told_with_how_one_is_started(cli: Cli) -> None:
    """By the name of an app that has had none."""
    refused = cli.run("release", "status", "bot")
    assert refused.exit_code == 1
    assert "'bot' is no release, and no app that has had one" in refused.stderr
    assert "serinus release start bot VERSION -m WHY" in refused.stderr


def test_B2_pushing_twice_is_a_no_op(cli: Cli) -> None:
    """The second push says that it was there already, and succeeds."""
    cli.prepared()
    file = cli.file("third.md", PROMPT.replace("kind", "brief"))
    assert "pushed" in cli.ok("push", "bot", file)
    assert "was there already" in cli.ok("push", "bot", file)
    assert len(cli.json("versions", "bot")["items"]) == 3


def test_a_version_is_pushed_from_standard_input(cli: Cli) -> None:
    """`-` reads the file from a pipe."""
    cli.prepared()
    result = cli.run("push", "bot", "-", "--json", stdin=PROMPT.replace("kind", "calm"))
    assert result.exit_code == 0
    assert json.loads(result.stdout)["created"] is True


def test_versions_are_listed_and_shown(cli: Cli) -> None:
    """Newest first; one with its content."""
    first, second = cli.prepared()
    rows = _lines(cli.ok("versions", "bot"))
    assert rows[1].startswith(second)
    assert rows[2].startswith(first)
    shown = cli.ok("show", "bot", second)
    assert "# system\nBe kinder." in shown
    assert cli.json("show", "bot", second)["content"]["model"] == "sim-1"
    page = cli.json("versions", "bot", "-n", "1")
    assert cli.json("versions", "bot", "-n", "1", "--cursor", page["next_cursor"])["items"][0]["name"] == first


def test_a_release_is_started_held_and_taken_back(cli: Cli) -> None:
    """By the app's name or the release's id, with reasons, and only while it is as it was seen."""
    _, second = cli.prepared()
    assert "is running" in cli.ok("release", "start", "bot", second, "-m", "kinder")
    release = cli.json("release", "status", "bot")
    assert release["candidate"]["name"] == second
    assert "is paused: root (" in cli.ok("release", "pause", "bot", "-m", "lunch", "--seq", "1")
    stale = cli.run("release", "resume", release["id"], "--seq", "1")
    assert stale.exit_code == 1
    assert "where: seq" in stale.stderr
    cli.ok("release", "resume", release["id"])
    assert cli.json("release", "rollback", "bot", "-m", "wrong prices")["state"] == "rolling_back"
    assert release["id"] in cli.ok("release", "list", "--app", "bot", "--state", "rolling_back")


def test_waiting_for_a_rollback_that_nobody_confirms_fails(cli: Cli) -> None:
    """No tick runs here: --wait gives up at its limit, and says who is missing."""
    _, second = cli.prepared()
    cli.ok("release", "start", "bot", second)
    result = cli.run("release", "abort", "bot", "--wait", "--within", "200ms")
    assert result.exit_code == 1
    assert "0 of 0 workers have confirmed within 0.2 s" in result.stderr


def test_H5_the_status_shows_arms_rates_and_evidence(cli: Cli) -> None:
    """A person sees units, rates, evidence against its threshold, dwell, and why."""
    _, second = cli.prepared()
    cli.ok("release", "start", "bot", second)
    release = cli.json("release", "status", "bot")["id"]
    with cli.telemetry.tx() as tx:
        for arm, bad in ((Arm.CANDIDATE, 90), (Arm.CONTROL, 20)):
            tx.add_sums([(SumKey(release, 0, ENROLLED, arm), Sum(total=1000))])
            tx.add_sums([(SumKey(release, 0, "call.invalid_format", arm), Sum(total=bad))])
    shown = cli.ok("release", "status", "bot")
    assert "90 (9.00%)" in shown
    assert "20 (2.00%)" in shown
    assert "90 : 20" in shown
    assert "of 100:1" in shown
    assert "0s/2h" in shown
    assert "started the release at 5 %" in shown


def test_watch_prints_a_line_for_each_change_and_gives_up_in_time(cli: Cli) -> None:
    """Without a terminal nothing is redrawn; a release that goes on is exit code 1."""
    _, second = cli.prepared()
    cli.ok("release", "start", "bot", second)
    result = cli.run("release", "watch", "bot", "--every", "50ms", "--within", "300ms")
    assert result.exit_code == 1
    (line,) = _lines(result.stdout)
    assert line.startswith("running step 1/2 share=5% candidate=0 control=0 evidence=1:1 of 100:1 dwell=0s/2h")
    assert "still running" in result.stderr


def test_watch_with_json_prints_a_document_a_line(cli: Cli) -> None:
    """For programs: each look is one line, whether anything changed or not. On a busy machine looks take longer."""
    _, second = cli.prepared()
    cli.ok("release", "start", "bot", second)
    documents: list[dict[str, object]] = []
    for within in ("300ms", "3s", "30s"):
        result = cli.run("release", "watch", "bot", "--every", "50ms", "--within", within, "--json")
        documents = [json.loads(line) for line in _lines(result.stdout)]
        if len(documents) >= 2:
            break
    assert len(documents) >= 2
    assert {document["state"] for document in documents} == {"running"}


def test_J3_an_override_is_set_and_cleared(cli: Cli) -> None:
    """Only to what was live before; a refusal says why."""
    first, second = cli.prepared()
    assert cli.run("override", "set", "bot", second).exit_code == 1
    assert f"pinned to {first}" in cli.ok("override", "set", "bot", first, "-m", "incident")
    assert f"serves {first}" in cli.ok("override", "clear", "bot")


def test_L1_the_audit_trail_is_listed_and_verified(cli: Cli) -> None:
    """Newest first; names are printed as they are."""
    cli.prepared()
    rows = _lines(cli.ok("audit", "list", "--subject", "bot"))
    assert "person:app:make_live" in rows[1]
    assert "person:key:create" in cli.ok("audit", "list")
    assert "the chain is whole" in cli.ok("audit", "verify")
    assert cli.json("audit", "verify")["whole"] is True


def test_L1_a_broken_chain_is_exit_code_1(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """An edited entry is named."""
    cli.prepared()
    with cli.control.tx() as tx:
        entries = tx.audit_entries(0, 100)
        kind = type(tx)
    edited = [*entries[:2], type(entries[2])(**{**_fields(entries[2]), "reason": "nothing to see"}), *entries[3:]]
    monkeypatch.setattr(kind, "audit_entries", lambda _, after, limit: edited if after == 0 else [])
    result = cli.run("audit", "verify")
    assert result.exit_code == 1
    assert "was edited" in result.stdout


def _fields(entry: object) -> dict[str, object]:
    return {name: getattr(entry, name) for name in type(entry).__struct_fields__}  # type: ignore[attr-defined]


def test_G1_keys_are_made_listed_used_and_revoked(cli: Cli) -> None:
    """The text is printed alone on standard output, so that a script can take it."""
    result = cli.run("key", "create", "ci", "--role", "editor", "--no-calls")
    secret = result.stdout.strip()
    assert secret.startswith("sk-serinus-")
    assert "shown once" in result.stderr
    made = next(key for key in cli.json("key", "list")["items"] if key["name"] == "ci")
    assert (made["roles"], made["apps"]) == (["editor"], [])
    assert cli.run("app", "list", key=secret).exit_code == 0
    assert cli.run("key", "list", key=secret).exit_code == 1
    assert "is revoked" in cli.ok("key", "revoke", made["id"], "-m", "left")
    assert cli.run("app", "list", key=secret).exit_code == 1
    assert cli.run("key", "create", "x", "--role", "boss").exit_code == 1


def test_hosts_are_listed(cli: Cli) -> None:
    """Before any gateway reports, that is said."""
    assert "No gateway has reported yet." in cli.ok("hosts")
    assert cli.json("hosts") == {"items": [], "next_cursor": ""}


def test_files_are_checked_without_an_api(cli: Cli) -> None:
    """Every fault of every file, three lines each, on standard error; good files are named on standard output."""
    good, bad = cli.file("good.md", PROMPT), cli.file("bad.md", PROMPT.replace("model", "modle"))
    project = cli.file("serinus.yaml", PROJECT.replace("owner: ada@example.com", "ownr: ada"))
    result = cli.run("check", good, bad, project, url="http://127.0.0.1:1")
    assert result.exit_code == 1
    assert f"{good}: good: version" in result.stdout
    assert _lines(result.stderr) == [
        "error: no `model`",
        f"where: {bad}:2",
        "mend:  add the line `model: gpt-4o-mini`",
        "error: unknown key `modle`",
        f"where: {bad}:3",
        "mend:  did you mean `model`?",
        "error: no `owner` in `apps.bot`",
        f"where: {project}:5",
        "mend:  add `owner: ada@example.com`",
        "error: unknown key `ownr` in `apps.bot`",
        f"where: {project}:6",
        "mend:  did you mean `owner`?",
    ]
    assert cli.json("check", good) == {"ok": True, "faults": [], "cohorts": {}}
    assert cli.run("check", str(cli.folder / "absent.md")).exit_code == 1


def test_an_endpoint_that_the_project_beside_a_version_lacks_is_told(cli: Cli) -> None:
    """In either order of the files; a version alone, or beside a project that declares no endpoint, may name any."""
    project, version = (
        cli.file("serinus.yaml", PROJECT),
        cli.file("v.md", PROMPT.replace("endpoint: sim", "endpoint: smi")),
    )
    for files in ((project, version), (version, project)):
        result = cli.run("check", *files)
        assert result.exit_code == 1
        assert _lines(result.stderr) == [
            "error: endpoint 'smi' is in no project file that is checked with it",
            f"where: {version}",
            "mend:  did you mean `sim`?",
        ]
    cli.ok("check", version)
    cli.ok("check", cli.file("none.yaml", "pipeline: 1\napps: {}\n"), version)
    cli.ok("check", project, cli.file("good.md", PROMPT))


def test_a_malformed_version_file_is_refused_before_anything_is_sent(cli: Cli) -> None:
    """The push fails with file and line even when no API answers."""
    result = cli.run("push", "bot", cli.file("bad.md", PROMPT + "{{ who }}"), url="http://127.0.0.1:1")
    assert result.exit_code == 1
    assert "bad.md:6" in result.stderr
    assert "variable `who` is used but not declared" in result.stderr


def test_an_api_that_does_not_answer_is_exit_code_3(cli: Cli) -> None:
    """Scripts can tell it from a refusal; the three lines name the address and what to do."""
    result = cli.run("app", "list", url="http://127.0.0.1:1")
    assert result.exit_code == 3
    what, where, mend = _lines(result.stderr)
    assert what.startswith("error: the API does not answer")
    assert where == "where: http://127.0.0.1:1"
    assert "serinus up" in mend


def test_an_address_that_is_not_serinus_is_told(cli: Cli) -> None:
    """Something else answers, or the address is no address."""
    assert cli.run("app", "list", url=cli.url + "/elsewhere").exit_code == 1
    assert cli.run("app", "list", url="nonsense").exit_code == 1


def test_an_answer_that_is_cut_off_is_asked_for_again(cli: Cli) -> None:
    """A connection that dies before the answer is exit code 3 after three tries, not a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        tries: list[int] = []

        def hang_up() -> None:
            for _ in range(3):
                connection, _address = listener.accept()
                tries.append(len(connection.recv(4096)))
                connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        result = cli.run("app", "list", url=url)
        thread.join()
    assert result.exit_code == 3
    assert len(tries) == 3


def test_a_wrong_key_is_refused_without_being_repeated(cli: Cli) -> None:
    """The key's text is in no message."""
    result = cli.run("app", "list", key="sk-serinus-s3cret")
    assert result.exit_code == 1
    assert "the API does not know this key" in result.stderr
    assert "export SERINUS_API_KEY" in result.stderr
    assert "s3cret" not in result.output


@pytest.mark.parametrize(
    ("key", "what"), [("", "no key was given"), ("k\u00e4se", "not a key"), ("sk-serinus-\n", "not a key")]
)
def test_no_key_and_what_can_be_none_are_told_apart(cli: Cli, key: str, what: str) -> None:
    """Both name the variable to set."""
    result = cli.run("app", "list", key=key)
    assert result.exit_code == 1
    assert f"error: {what}" in result.stderr
    assert "mend:  export SERINUS_API_KEY" in result.stderr


@pytest.mark.parametrize("url", ["localhost:8701", "htp://x", "http://127.0.0.1:8701/api/v1", "http://", "http://a b"])
def test_what_is_not_an_address_is_refused_with_one_that_is(cli: Cli, url: str) -> None:
    """Scheme, host and port; the path is the command line's own business."""
    result = cli.run("app", "list", url=url)
    assert result.exit_code == 1
    assert "error: not the address of an API" in result.stderr
    assert "such as http://127.0.0.1:8701" in result.stderr


def test_a_gateways_address_is_told_from_an_apis(cli: Cli) -> None:
    """JSON that is not a problem of ours comes from something else, such as the gateway."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                body = b'{"error":{"message":"there is nothing at GET /api/v1/apps","code":"unknown_url"}}'
                head = f"HTTP/1.1 404 Not Found\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
                connection.sendall(head.encode() + body)

        thread = threading.Thread(target=answer)
        thread.start()
        result = cli.run("app", "list", url=f"http://127.0.0.1:{listener.getsockname()[1]}")
        thread.join()
    assert result.exit_code == 1
    assert "not one of Serinus' API" in result.stderr
    assert "not the gateway's" in result.stderr


def test_texts_of_others_cannot_steer_the_terminal(cli: Cli) -> None:
    """Markup and escapes in reasons are shown and not obeyed."""
    first, _ = cli.prepared()
    set_override(cli.control, 1, "mallory", "bot", first, "[red]boo[/red] \x1b[31m:key:")
    shown = cli.ok("audit", "list", "-n", "1")
    assert "[red]boo[/red]  [31m:key:" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize("name", ["bot/versions", "..", "bot?x=1", "bot#", "bot%2Fversions", ""])
def test_names_cannot_lead_elsewhere(cli: Cli, name: str) -> None:
    """A name with slashes and marks is a name that nobody has, and not another path of the API."""
    cli.prepared()
    result = cli.run("app", "show", name)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert result.stdout == ""
