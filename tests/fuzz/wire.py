"""Fuzzes the wire's state machines with mutated requests, answers and streams, split at random.

What must hold for any bytes: no exception but the documented ones; the same result whatever the split; nothing
held beyond the bounds. A failure prints the seed and the bytes that show it, and the status is 1.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable

from serinus.core.wire.fault import UpstreamFault
from serinus.core.wire.refusal import Refusal
from serinus.core.wire.request import RequestReader
from serinus.core.wire.response import ResponseReader
from serinus.core.wire.sse import DONE, EventStream, split_events
from tests.fuzz.seeds import ANSWERS, PIECES, REQUESTS, STREAMS, USUAL

_HEAD_BYTES, _BODY_BYTES = 2048, 1024
_SPLITS = 3
Result = tuple[object, ...]


def read_requests(parts: list[bytes]) -> Result:
    """Everything that a caller's connection yields, up to its refusal."""
    reader = RequestReader(head_bytes=_HEAD_BYTES, body_bytes=_BODY_BYTES)
    found: list[object] = []
    try:
        for part in parts:
            request = reader.receive(part)
            while request is not None:
                headers = tuple(sorted(request.headers.items()))
                found.append((request.method, request.target, headers, request.body, request.keep_alive))
                assert len(request.body) <= _BODY_BYTES
                request = reader.receive(b"")
            assert len(reader.held) <= _HEAD_BYTES + len(part)
    except Refusal as refusal:
        found.append((refusal.status, refusal.code, bool(refusal.body())))
    return tuple(found)


def read_answer(parts: list[bytes]) -> Result:
    """One upstream answer: status, headers, body, and how it ended."""
    reader, body, ending = ResponseReader(), b"", "complete"
    try:
        for part in parts:
            body += reader.receive(part)
        reader.end()
    except UpstreamFault as fault:
        ending = fault.error.name
        if ending == "UPSTREAM_GARBAGE":
            return (ending,)  # how much of the body came before the fault depends on the split
    return reader.status, reader.head, body, ending, reader.reusable


def read_answer_again(parts: list[bytes]) -> Result:
    """The same bytes in one read, by a reader that has learnt the shape of such answers."""
    raw = b"".join(parts)
    reader = ResponseReader()
    for _ in range(3):
        reader.receive(USUAL)
        reader.restart()
    cold = ResponseReader()
    assert _read_whole(reader, raw) == _read_whole(cold, raw)
    return ()


def read_answer_learnt(parts: list[bytes]) -> Result:
    """What a connection has read, whatever it was, changes nothing in how its next answers are read: the same, other
    values, other lines, in one read or two."""
    raw = b"".join(parts)
    rng, reader = random.Random(raw), ResponseReader()
    for _ in range(3):
        _read_whole(reader, raw)
        if not reader.reusable:
            return ()
        reader.restart()
    for _ in range(_SPLITS):
        other = mutated(rng, (raw,))
        at = rng.choice((len(other), rng.randrange(len(other) + 1)))
        cold = ResponseReader()
        assert _read_whole(reader, other[:at], other[at:]) == _read_whole(cold, other[:at], other[at:]), other
        if not reader.reusable:
            break
        reader.restart()
    return ()


def _read_whole(reader: ResponseReader, *parts: bytes) -> Result:
    body = b""
    try:
        for part in parts:
            body += reader.receive(part)
    except UpstreamFault as fault:
        return (fault.error.name,)
    if not reader.status:
        return body, reader.complete
    found = (reader.status, reader.head, reader.passed, reader.encoded, reader.headers)
    return (*found, body, reader.complete, reader.reusable)


def read_stream(parts: list[bytes]) -> Result:
    """What is relayed of a stream, event by event, what it told, and how it ended."""
    stream = EventStream(strip_usage=True, keep_text=True)
    out = b"".join([stream.receive(part) for part in parts]) + stream.finish()
    assert stream.done or stream.fault is not None
    events = tuple(kept for event in split_events(out) if (kept := event.strip(b"\r\n")))
    told = stream.findings
    fault = stream.fault.error.name if stream.fault else ""
    return events, told.tokens_in, told.tokens_out, told.finish, told.text, told.refused, stream.done, fault


def relay_unread(parts: list[bytes]) -> Result:
    """A stream whose events are mostly relayed unread. What is found then may depend on the split when events are
    malformed; that it ends, and relays only what came or `[DONE]`, must not."""
    stream = EventStream(strip_usage=True, keep_text=False)
    out = b"".join([stream.receive(part) for part in parts]) + stream.finish()
    assert stream.done or stream.fault is not None
    came = b"".join(parts) + b"\n\n" + DONE
    assert all(event.strip(b"\r\n") in came for event in split_events(out))
    return ()


TARGETS: tuple[tuple[str, Callable[[list[bytes]], Result], tuple[bytes, ...]], ...] = (
    ("request", read_requests, REQUESTS),
    ("answer", read_answer, ANSWERS),
    ("answer again", read_answer_again, (USUAL,)),
    ("answer learnt", read_answer_learnt, (USUAL, ANSWERS[0], ANSWERS[4])),
    ("stream", read_stream, STREAMS),
    ("relay", relay_unread, STREAMS),
)


def mutated(rng: random.Random, seeds: tuple[bytes, ...]) -> bytes:
    """Some seeds behind one another, with some bytes changed, cut, doubled, or replaced by awkward pieces."""
    raw = bytearray(b"".join(rng.choice(seeds) for _ in range(rng.randint(1, 3))))
    for _ in range(rng.choice((0, 1, 1, 2, 3, 8))):
        if not raw:
            break
        at = rng.randrange(len(raw))
        to = min(len(raw), at + rng.randint(0, 12))
        match rng.randrange(5):
            case 0:
                raw[at] = rng.randrange(256)
            case 1:
                del raw[at:to]
            case 2:
                raw[at:at] = raw[at:to] * rng.choice((1, 2, 50))
            case 3:
                raw[at:at] = rng.choice(PIECES)
            case _:
                raw[at:to] = rng.choice(PIECES)
    return bytes(raw)


def split(rng: random.Random, raw: bytes) -> list[bytes]:
    """The bytes in pieces: single bytes, a few cuts, or pieces of one size."""
    match rng.randrange(3):
        case 0:
            return [raw[i : i + 1] for i in range(len(raw))]
        case 1:
            cuts = sorted(rng.randrange(len(raw) + 1) for _ in range(rng.randint(1, 6)))
            return [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
        case _:
            size = rng.randint(2, 40)
            return [raw[i : i + size] for i in range(0, len(raw), size)]


def check(rng: random.Random) -> str:
    """One round on every target: what failed, or nothing."""
    for name, read, seeds in TARGETS:
        raw = mutated(rng, seeds)
        try:
            whole = read([raw])
            for _ in range(_SPLITS):
                parts = split(rng, raw)
                found = read(parts)
                if found != whole:
                    return f"{name}: {raw!r}\nwhole: {whole}\nsplit: {found}\nparts: {[len(part) for part in parts]}"
        except Exception as error:  # noqa: BLE001 - whatever escapes is the finding
            return f"{name}: {raw!r}\nraised {error!r}"
    return ""


def run(seconds: float, seed: int) -> tuple[int, str]:
    """Rounds until the time is over or something fails: how many, and what failed."""
    rounds, deadline = 0, time.monotonic() + seconds
    while time.monotonic() < deadline:
        failure = check(random.Random(seed + rounds))
        if failure:
            return rounds, f"seed {seed + rounds}\n{failure}"
        rounds += 1
    return rounds, ""


def main() -> int:
    """Fuzz for a while."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rounds, failure = run(arguments.minutes * 60, arguments.seed)
    sys.stdout.write(f"{rounds} rounds from seed {arguments.seed}: {failure or 'clean'}\n")
    return 1 if failure else 0


if __name__ == "__main__":
    sys.exit(main())
