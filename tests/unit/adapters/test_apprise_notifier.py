"""Telling through apprise, to a real webhook and a real SMTP server."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from serinus.adapters.apprise_notifier import AppriseNotifier
from serinus.core.notices.message import Message
from tests.receivers import free_port, mailbox, webhook

MESSAGE = Message(
    id="rel_1/7/roll_back/12",
    title="Release rolling back: shop",
    body="errors are <b>3×</b> the control's & more.\n\n$ serinus release status rel_1\n\nnotice 12 · rel_1/7",
    tone="failure",
)


def notifier(**variables: str) -> AppriseNotifier:
    """One that knows these variables."""
    return AppriseNotifier(lambda name: variables.get(name, ""))


def test_A4_a_webhook_gets_title_text_and_tone() -> None:
    """The text arrives as it is, markup and all, with the id by which a repetition is known."""
    with webhook() as hook:
        assert notifier(HOOK=hook.url()).send("env:HOOK", MESSAGE) == ""
    assert [(path, post["title"], post["message"], post["type"]) for path, post in hook.posts] == [
        ("/", MESSAGE.title, MESSAGE.body, "failure")
    ]


def test_A4_mail_is_delivered_by_smtp() -> None:
    """Subject, addresses and text of a mail; what looks like markup is escaped in its HTML."""
    with mailbox() as box:
        assert notifier(MAIL=box.url()).send("env:MAIL", MESSAGE) == ""
    (mail,) = box.mails
    assert mail["subject"] == MESSAGE.title
    assert "ada@example.com" in mail["to"]
    texts = [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
    assert any("serinus release status rel_1" in text for text in texts)
    assert all("<b>3" not in part.get_content() for part in mail.walk() if part.get_content_type() == "text/html")


def test_a_target_is_read_anew_for_each_message(tmp_path: Path) -> None:
    """A file with the URL may be replaced while Serinus runs."""
    kept = tmp_path / "url"
    teller = notifier()
    with webhook() as hook:
        kept.write_text(hook.url("/one") + "\n")
        assert teller.send(f"file:{kept}", MESSAGE) == ""
        kept.write_text(hook.url("/two"))
        assert teller.send(f"file:{kept}", MESSAGE) == ""
    assert [path for path, _ in hook.posts] == ["/one", "/two"]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "the variable HOOK is not set where the control process runs"),
        ("hunter2", "env:HOOK does not hold a URL that apprise understands"),
        ("slack://hunter2", "env:HOOK does not hold a URL that apprise understands"),
        ("json://localhost, json://hunter2", "env:HOOK does not hold a URL that apprise understands"),
        ("json://localhost/\nhunter2", "env:HOOK does not hold a URL that apprise understands"),
    ],
)
def test_what_is_no_target_is_told_without_its_content(content: str, fault: str) -> None:
    """A missing or malformed URL is a fault that names the variable and shows nothing of what is in it."""
    assert notifier(HOOK=content).send("env:HOOK", MESSAGE) == fault


def test_files_that_cannot_be_read_are_faults(tmp_path: Path) -> None:
    """Missing, empty and binary files, and a folder, are told apart and end nothing."""
    (tmp_path / "empty").write_text("")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    faults = [notifier().send(f"file:{tmp_path / name}", MESSAGE) for name in ("none", "empty", "binary", "")]
    assert [fault.rpartition("/")[2] for fault in faults] == [
        "none cannot be read: No such file or directory",
        "empty is empty",
        "binary does not hold text",
        f"{tmp_path.name} cannot be read: Is a directory",
    ]


@pytest.mark.parametrize("status", [301, 403, 429, 500, 503])
def test_refusals_are_told_by_their_status(status: int) -> None:
    """The status is named; neither the URL's password nor the answer is."""
    with webhook() as hook:
        hook.status = status
        fault = notifier(HOOK=hook.url()).send("env:HOOK", MESSAGE)
    assert fault == f"the service refused it with status {status}"


@pytest.mark.parametrize(
    "url", ["json://127.0.0.1:{}/", "mailto://127.0.0.1:{}/?from=a@x.com&to=b@x.com&mode=insecure"]
)
def test_a_target_that_is_away_is_a_fault(url: str) -> None:
    """A closed port is told within moments."""
    began = time.monotonic()
    fault = notifier(HOOK=url.format(free_port())).send("env:HOOK", MESSAGE)
    assert fault == "the service could not be reached, or refused it"
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "url", ["json://127.0.0.1:{}/?rto=0.5", "mailto://127.0.0.1:{}/?from=a@x.com&to=b@x.com&mode=insecure&cto=0.5"]
)
def test_a_target_that_never_answers_ends_in_time(url: str) -> None:
    """A server that takes the connection and says nothing holds nobody for long."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        fault = notifier(HOOK=url.format(silent.getsockname()[1])).send("env:HOOK", MESSAGE)
    assert fault == "the service could not be reached, or refused it"
    assert time.monotonic() - began < 10


def test_secrets_reach_neither_log_nor_output() -> None:
    """In a process of its own that logs, with every fault provoked: the URL's password is in no line that it writes."""
    program = """
import logging
from serinus.adapters.apprise_notifier import AppriseNotifier
from serinus.core.notices.message import Message
logging.basicConfig(level=logging.INFO)
message = Message(id="i", title="t", body="b", tone="info")
for url in ("json://u:hunter2@127.0.0.1:1/hunter2", "slack://hunter2", "mailto://u:hunter2@127.0.0.1:1", "hunter2"):
    print(AppriseNotifier(lambda _: url).send("env:HOOK", message))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert len(done.stdout.splitlines()) == 4
    assert "hunter2" not in done.stdout + done.stderr


def test_import_and_construction_contact_nobody() -> None:
    """A process that makes a notifier opens no socket."""
    program = """
import socket
def refuse(*_, **__):
    raise AssertionError("a socket was opened")
socket.socket.connect = socket.getaddrinfo = refuse
from serinus.adapters.apprise_notifier import AppriseNotifier
AppriseNotifier(lambda name: "")
"""
    subprocess.run([sys.executable, "-c", program], timeout=60, check=True)


def test_several_threads_tell_at_once() -> None:
    """Messages of concurrent threads all arrive."""
    with webhook() as hook:
        teller = notifier(HOOK=hook.url())
        threads = [threading.Thread(target=teller.send, args=("env:HOOK", MESSAGE)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(hook.posts) == 8
