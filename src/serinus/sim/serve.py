"""Running the simulated provider: listen, say so in one line, stop at SIGTERM."""

from __future__ import annotations

import asyncio
import signal
import ssl
import sys
from collections.abc import Iterable

import orjson
import uvloop

from serinus.core.errors import InvalidInput
from serinus.sim.connection import Connection
from serinus.sim.faults import parse_rule
from serinus.sim.provider import Provider, Settings

_PORTS = 65_535


def provider_main(
    host: str = "127.0.0.1",
    port: int = 0,
    seed: int = 1,
    speed: float = 1.0,
    faults: Iterable[str] = (),
    api_key: str = "",
    requests_per_minute: int = 0,
    chunk_tokens: int = 4,
    tls_cert: str = "",
    tls_key: str = "",
) -> int:
    """Serve until SIGTERM or SIGINT; prints `{"ready": true, "port": …, "url": …}` as one line when it listens.

    `port` 0 takes a free one. `speed` divides every latency (`inf`: none). `faults` are texts `kind:share:value`.
    Returns the exit code; InvalidInput for values that cannot be used.
    """
    if not speed > 0:
        raise InvalidInput(f"speed {speed} is not above 0", where="--speed", mend="1 is real time, inf is no waiting")
    if chunk_tokens < 1:
        raise InvalidInput(f"{chunk_tokens} tokens in a chunk", where="--chunk-tokens", mend="at least 1")
    if not 0 <= port <= _PORTS:
        raise InvalidInput(f"{port} is no port", where="--port", mend=f"1 to {_PORTS}, or 0 for a free one")
    settings = Settings(
        seed=seed,
        api_key=api_key,
        faults=tuple(parse_rule(text) for text in faults),
        requests_per_minute=requests_per_minute,
        chunk_tokens=chunk_tokens,
    )
    uvloop.run(_serve(settings, host, port, speed, _tls(tls_cert, tls_key)))
    return 0


def _tls(cert: str, key: str) -> ssl.SSLContext | None:
    if not cert:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(cert, key or None)
    except OSError as error:
        raise InvalidInput(
            f"cannot be used: {error}", where=cert, mend="give PEM files of a certificate and its key"
        ) from error
    return context


async def _serve(settings: Settings, host: str, port: int, speed: float, tls: ssl.SSLContext | None) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    provider = Provider(settings, loop.time)
    try:
        server = await loop.create_server(lambda: Connection(provider, loop, speed), host, port, ssl=tls, backlog=4096)
    except OSError as error:
        raise InvalidInput(
            f"cannot listen: {error.strerror}", where=f"{host}:{port}", mend="choose another port"
        ) from error
    bound = server.sockets[0].getsockname()[1]
    scheme = "https" if tls else "http"
    ready = {"ready": True, "port": bound, "url": f"{scheme}://{host}:{bound}/v1"}
    sys.stdout.write(orjson.dumps(ready).decode() + "\n")
    sys.stdout.flush()
    await stop.wait()
    server.close()
    provider.close()
