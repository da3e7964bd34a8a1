"""`serinus diff`, `drift`, `keygen` and `push --sign`, against a real API on loopback."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from .conftest import PROJECT, PROMPT, Cli


def test_B4_diff_shows_words_in_place_and_the_release_type(cli: Cli) -> None:
    """Removed and added words are marked in the text itself, so that no colour is needed to read it."""
    cli.prepared()
    rest = "Answer in the customer's own language, in at most three sentences.\n"
    first = cli.json("push", "bot", cli.file("a.md", PROMPT + rest))["name"]
    second = cli.json("push", "bot", cli.file("b.md", PROMPT.replace("kind", "kinder") + rest))["name"]
    shown = cli.ok("diff", first, second)
    assert f"{first} → {second}" in shown
    assert "# system (changed)\nBe [-kind-]{+kinder+}." in shown
    assert "release type prompt wording: base risk 15" in shown
    assert cli.json("diff", first, second)["proposal"]["type"] == "prompt_wording"


def test_diff_knows_the_app_by_a_name_or_by_option(cli: Cli) -> None:
    """A version's name tells the app; digests need `--app`."""
    first, second = cli.prepared()
    digests = [cli.json("show", "bot", name)["digest"] for name in (first, second)]
    assert cli.json("diff", "live", second)["before"]["name"] == first
    assert cli.json("diff", digests[0][:12], digests[1], "--app", "bot")["after"]["name"] == second
    refused = cli.run("diff", digests[0], digests[1])
    assert refused.exit_code == 1
    assert "--app NAME" in refused.stderr


def test_long_prompts_are_shown_around_their_changes(cli: Cli) -> None:
    """Of a hundred equal lines only those next to the change are printed."""
    cli.prepared()
    lines = [f"Rule {i}." for i in range(100)]
    one = cli.json("push", "bot", cli.file("a.md", PROMPT + "\n".join(lines)))["name"]
    lines[50] = "Rule fifty."
    two = cli.json("push", "bot", cli.file("b.md", PROMPT + "\n".join(lines)))["name"]
    shown = cli.ok("diff", one, two)
    assert "Rule [-50-]{+fifty+}." in shown
    assert "Rule 49." in shown
    assert "Rule 30." not in shown


def test_prompts_cannot_write_to_the_terminal(cli: Cli) -> None:
    """Markup of the printer and control characters come out as text."""
    first, _ = cli.prepared()
    two = cli.json("push", "bot", cli.file("c.md", PROMPT + "[bold red] [/nothing]"))["name"]
    shown = cli.ok("diff", first, two)
    assert "[bold red]" in shown
    assert "[/nothing]" in shown


def test_A7_drift_is_exit_code_1_and_says_what_differs(cli: Cli) -> None:
    """The live file is as it is live, another one drifts with its difference, and --json tells each file."""
    cli.prepared()
    live, other = (str(cli.folder / name) for name in ("first.md", "second.md"))
    assert "as it is live" in cli.ok("drift", "bot", live)
    drifted = cli.run("drift", "bot", live, other)
    assert drifted.exit_code == 1
    assert "second.md: differs from what is live" in drifted.stdout
    assert "Be [-kind-]{+kinder+}." in drifted.stdout
    told = cli.run("drift", "bot", live, other, "--json")
    assert told.exit_code == 1
    assert '"drift": true' in told.stdout


def test_A7_the_declaration_of_an_app_drifts_too(cli: Cli) -> None:
    """A project file as it was applied is no drift; another owner or target is, by field."""
    cli.prepared()
    assert "as it is live" in cli.ok("drift", "bot", str(cli.folder / "serinus.yaml"))
    told = PROJECT.replace(
        "owner: ada@example.com", "owner: bob@example.com\n    notifications: {on_call: [{url_env: P}]}"
    )
    drifted = cli.run("drift", "bot", cli.file("other.yaml", told))
    assert drifted.exit_code == 1
    assert "plan.owner" in drifted.stdout
    assert "notifications.on_call" in drifted.stdout
    assert "limits" not in drifted.stdout


def test_drift_of_a_file_that_declares_another_app_is_refused(cli: Cli) -> None:
    """With the apps that it does declare."""
    cli.prepared()
    refused = cli.run("drift", "shop", str(cli.folder / "serinus.yaml"))
    assert refused.exit_code == 1
    assert "it declares: bot" in refused.stderr


def test_B1_a_key_is_made_for_its_owner_alone(cli: Cli, tmp_path: Path) -> None:
    """The private key has mode 0600; neither file is ever overwritten."""
    file = tmp_path / "signing.pem"
    made = cli.json("keygen", str(file))
    assert made["key_id"].startswith("ed25519:")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    again = cli.run("keygen", str(file))
    assert (again.exit_code, file.read_bytes()) == (1, before)
    assert "there is a file already" in again.stderr
    assert "PRIVATE" not in (tmp_path / "signing.pem.pub").read_text()


def test_B1_a_signed_push_is_shown(cli: Cli, tmp_path: Path) -> None:
    """push --sign signs what is in the file; `show` names the key; a second push of the same signs once."""
    cli.prepared()
    key = str(tmp_path / "k.pem")
    name = cli.json("keygen", key)["key_id"]
    file = cli.file("signed.md", PROMPT.replace("kind", "brief"))
    pushed = cli.ok("push", "bot", file, "--sign", key)
    assert f"signed with {name}" in pushed
    again = cli.json("push", "bot", file, "--sign", key)
    assert (again["created"], again["signature"]["key_id"]) == (False, name)
    shown = cli.ok("show", "bot", again["name"])
    assert f"{name} by root" in shown
    assert "DOES NOT FIT" not in shown
    assert len(cli.json("show", "bot", again["name"])["signatures"]) == 1


@pytest.mark.parametrize("content", ["", "not a key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_B1_without_a_key_nothing_is_pushed(cli: Cli, content: str) -> None:
    """A broken key file is refused before anything is sent."""
    cli.prepared()
    file = cli.file("new.md", PROMPT.replace("kind", "new"))
    refused = cli.run("push", "bot", file, "--sign", cli.file("bad.pem", content))
    assert refused.exit_code == 1
    assert "serinus keygen" in refused.stderr
    assert len(cli.json("versions", "bot")["items"]) == 2
