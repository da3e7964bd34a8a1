"""Scripts: what a server does with one request, decided before a byte is sent. Framing and faults are pure."""

from __future__ import annotations

import enum
import http
import zlib
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from serinus.sim.chance import Draws
from serinus.sim.faults import FaultRule

Step = tuple[float, bytes]
_PAD_BYTES = 64 * 1024


class End(enum.Enum):
    """What becomes of the connection after the last step."""

    KEEP = "keep"
    FIN = "fin"
    RST = "rst"
    HANG = "hang"


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes with their times in ms after the request, ascending, and the end."""

    steps: Iterable[Step]
    end: End = End.KEEP


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer before it is framed. `parts` are timed pieces of the body; `streamed` ones have no known length."""

    status: int
    headers: dict[str, str]
    parts: Sequence[Step]
    streamed: bool = False

    @property
    def body(self) -> bytes:
        """All parts as one."""
        return b"".join(part for _, part in self.parts)

    @property
    def first_ms(self) -> float:
        """When the first byte goes out."""
        return self.parts[0][0] if self.parts else 0.0


def head_of(status: int, headers: dict[str, str], version: str = "1.1") -> bytes:
    """Status line and header lines, with the empty line."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/{version} {status} {http.HTTPStatus(status).phrase}\r\n{lines}\r\n".encode("latin-1")


def framed(reply: Reply, keep_alive: bool = True, http10: bool = False) -> Script:
    """The script of a good answer: length-delimited, chunked, or ended by the close for an HTTP/1.0 client."""
    if not reply.streamed:
        return _whole(reply, keep_alive)
    if http10:
        return Script(steps=_unframed(reply, {**reply.headers, "connection": "close"}), end=End.FIN)
    headers = {**reply.headers, "transfer-encoding": "chunked"}
    if not keep_alive:
        headers["connection"] = "close"
    return Script(steps=_chunked(reply, headers), end=End.KEEP if keep_alive else End.FIN)


def _whole(reply: Reply, keep_alive: bool) -> Script:
    body = reply.body
    head = _whole_head(reply, len(body), keep_alive)
    at_ms = reply.parts[-1][0] if reply.parts else 0.0
    return Script(steps=((at_ms, head + body),), end=End.KEEP if keep_alive else End.FIN)


def _whole_head(reply: Reply, length: int, keep_alive: bool) -> bytes:
    headers = {**reply.headers, "content-length": str(length)}
    if not keep_alive:
        headers["connection"] = "close"
    return head_of(reply.status, headers)


def _chunked(reply: Reply, headers: dict[str, str]) -> Iterator[Step]:
    yield reply.first_ms, head_of(reply.status, headers)
    at_ms = reply.first_ms
    for at_ms, part in reply.parts:
        yield at_ms, b"%x\r\n%b\r\n" % (len(part), part)
    yield at_ms, b"0\r\n\r\n"


def _unframed(reply: Reply, headers: dict[str, str], version: str = "1.1") -> Iterator[Step]:
    yield reply.first_ms, head_of(reply.status, headers, version)
    yield from reply.parts


def faulty(reply: Reply, fault: FaultRule, draws: Draws, keep_alive: bool = True, http10: bool = False) -> Script:
    """The script of an answer that the fault strikes; kinds that change only the reply are framed as usual."""
    match fault.kind:
        case "hang":
            return Script(steps=(), end=End.HANG)
        case "cut" | "reset":
            return _cut(reply, int(fault.number), End.FIN if fault.kind == "cut" else End.RST)
        case "garbage_head":
            return Script(steps=((reply.first_ms, _garbage(256, draws)),), end=End.FIN)
        case "http10":
            return Script(steps=_unframed(reply, reply.headers, "1.0"), end=End.FIN)
        case "huge":
            return _huge(reply, int(fault.number * 1024 * 1024), keep_alive, http10)
        case _:
            return framed(_changed(reply, fault, draws), keep_alive, http10)


def _changed(reply: Reply, fault: FaultRule, draws: Draws) -> Reply:
    match fault.kind:
        case "slow":
            late = fault.number * 1000.0
            parts: Sequence[Step] = [(at_ms + late, part) for at_ms, part in reply.parts]
            return msgspec.structs.replace(reply, parts=parts)
        case "garbage":
            garbage = _garbage(int(fault.number), draws)
            return msgspec.structs.replace(reply, parts=[(reply.first_ms, garbage)])
        case "gzip":
            return _gzipped(reply)
        case "content_type":
            headers = {**reply.headers, "content-type": "text/html; charset=utf-8"}
            return msgspec.structs.replace(reply, headers=headers)
    raise ValueError(f"no reply changes by {fault.kind!r}")


def _cut(reply: Reply, chunks: int, end: End) -> Script:
    if reply.streamed:
        first, *rest = _chunked(reply, {**reply.headers, "transfer-encoding": "chunked"})
        return Script(steps=[first, *rest[:-1][:chunks]], end=end)
    body = reply.body
    head = _whole_head(reply, len(body), keep_alive=True)
    return Script(steps=((reply.first_ms, head + body[: len(body) // 2]),), end=end)


def _gzipped(reply: Reply) -> Reply:
    packer = zlib.compressobj(wbits=31)
    parts = [(at_ms, packer.compress(part) + packer.flush(zlib.Z_SYNC_FLUSH)) for at_ms, part in reply.parts]
    last_ms = parts[-1][0] if parts else 0.0
    headers = {**reply.headers, "content-encoding": "gzip"}
    return msgspec.structs.replace(reply, headers=headers, parts=[*parts, (last_ms, packer.flush())])


def _garbage(size: int, draws: Draws) -> bytes:
    # The first byte is in no HTTP, JSON or event grammar, whatever is drawn after it.
    return b"\x80" + bytes(draws.below(256) for _ in range(max(0, size - 1)))


def _huge(reply: Reply, extra_bytes: int, keep_alive: bool, http10: bool) -> Script:
    """White space after JSON, comment lines before events: longer, and still well-formed."""
    at_ms = reply.first_ms
    if reply.streamed:
        comment = b":" + b" " * (_PAD_BYTES - 3) + b"\n\n"
        padding = [(at_ms, comment)] * max(1, extra_bytes // _PAD_BYTES)
        return framed(msgspec.structs.replace(reply, parts=[*padding, *reply.parts]), keep_alive, http10)
    body = reply.body
    head = _whole_head(reply, len(body) + extra_bytes, keep_alive)
    blocks, rest = divmod(extra_bytes, _PAD_BYTES)
    padding = [(at_ms, b" " * _PAD_BYTES)] * blocks + [(at_ms, b" " * rest)]
    return Script(steps=((at_ms, head + body), *padding), end=End.KEEP if keep_alive else End.FIN)
