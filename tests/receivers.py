"""Receivers of notices on loopback: a webhook and an SMTP server, each real, that can be away, slow or refuse."""

from __future__ import annotations

import email
import email.policy
import http.server
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Webhook:
    """Keeps the JSON that is posted to it, by path. `status` is what it answers; `before_answer` runs in between."""

    port: int
    posts: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    status: int = 200
    before_answer: Callable[[], None] = lambda: None

    def url(self, path: str = "/", options: str = "") -> str:
        """What apprise calls it."""
        return f"json://user:hunter2@127.0.0.1:{self.port}{path}{options}"

    def bodies(self, path: str = "/") -> list[str]:
        """The texts that a path got."""
        return [post["message"] for where, post in self.posts if where == path]


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def webhook(port: int = 0) -> Iterator[Webhook]:
    """A webhook that listens."""
    made = Webhook(port)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            made.posts.append((self.path, body))
            made.before_answer()
            self.send_response(made.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass

    server = Server(("127.0.0.1", port), Handler)
    made.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Mailbox:
    """Keeps the mails that it gets."""

    port: int
    mails: list[email.message.EmailMessage] = field(default_factory=list)

    def url(self) -> str:
        """What apprise calls it."""
        return f"mailto://127.0.0.1:{self.port}/?from=serinus@example.com&to=ada@example.com&mode=insecure"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take a mail; the name is aiosmtpd's."""
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(email.message_from_bytes(content, policy=email.policy.default))
        return "250 taken"


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """An SMTP server that listens."""
    made = Mailbox(free_port())
    controller = Controller(made, hostname="127.0.0.1", port=made.port)
    controller.start()
    try:
        yield made
    finally:
        controller.stop()


def await_that(condition: Callable[[], object], within_s: float = 30.0) -> None:
    """Until the condition holds; a failure when it does not in time."""
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, f"not within {within_s} s"
        time.sleep(0.02)
