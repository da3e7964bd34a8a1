"""Whether a port can be listened on, told before anything is started."""

from __future__ import annotations

import errno
import socket

from serinus.core.errors import InvalidInput


def require_free(host: str, port: int, option: str) -> None:
    """InvalidInput when nobody can listen at `host` and `port`, or somebody does; `option` is what names the port.

    A port of 0 is always free. A gateway shares its port with its own workers only: a second one that slipped in
    beside them would be given a part of their calls.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # calls that ended a moment ago do not count
        try:
            probe.bind((host, port))
        except OSError as error:
            mend = mend_listening(error, option)
            raise InvalidInput(f"cannot listen: {error.strerror}", where=f"{host}:{port}", mend=mend) from None


def mend_listening(error: OSError, option: str) -> str:
    """How to mend a failed `bind`; `option` is what names the port."""
    if error.errno == errno.EADDRINUSE:
        return f"end what listens there, or take another port with {option} (0: any free one)"
    if error.errno == errno.EACCES:
        return f"take a port from 1024 on with {option}"
    return "name an address of this machine with --host, such as 127.0.0.1"
