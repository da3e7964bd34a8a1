"""Ports that are taken, and addresses that are not ours."""

from __future__ import annotations

import socket

import pytest

from serinus.bootstrap.listening import require_free
from serinus.core.errors import InvalidInput


def test_a_free_port_and_port_0_are_fine() -> None:
    """Asking takes nothing: the port can be listened on afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    require_free("127.0.0.1", port, "--port")
    require_free("127.0.0.1", 0, "--port")
    socket.create_server(("127.0.0.1", port)).close()


@pytest.mark.parametrize("shared", [False, True])
def test_a_port_that_somebody_listens_on_is_refused_even_if_they_would_share_it(shared: bool) -> None:
    """Another gateway shares its port with its workers; a stranger beside them would be given part of their calls."""
    with socket.socket() as server:
        if shared:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        server.bind(("127.0.0.1", 0))
        server.listen()
        with pytest.raises(InvalidInput, match=r"cannot listen: .* another port with --api-port") as caught:
            require_free("127.0.0.1", server.getsockname()[1], "--api-port")
    assert caught.value.where.startswith("127.0.0.1:")


@pytest.mark.parametrize("host", ["192.0.2.1", "not a host"])
def test_an_address_of_another_machine_is_refused(host: str) -> None:
    """The mend speaks of the address, not of the port."""
    with pytest.raises(InvalidInput, match="--host"):
        require_free(host, 0, "--port")
