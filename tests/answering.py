"""A real HTTP server on loopback that answers as a test says: status, body, how slowly."""

from __future__ import annotations

import contextlib
import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Answering:
    """`answer` gives status and body for a path with its query; `seen` are (path, headers) of what was asked."""

    port: int
    answer: Callable[[str], tuple[int, bytes]] = lambda _: (200, b"{}")
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def answering(port: int = 0) -> Iterator[Answering]:
    """The server; requests wait while `gate` is cleared. It is open at first."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.gate.wait(30)
            told.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            status, body = told.answer(self.path)
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):  # who asked may not wait any more
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    told = Answering(port=int(server.server_address[1]))
    told.gate.set()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        told.gate.set()
        server.shutdown()
        server.server_close()
        thread.join()
