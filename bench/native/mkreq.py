"""Request files for `lg`: 64 chat requests of 1–8 KB from 64 users, always the same.

Format: u32 count, then per request u32 length and the bytes of a whole HTTP/1.1 request, little-endian.
"""

from __future__ import annotations

import json
import random
import struct
from pathlib import Path

_WORDS = (
    *("the", "a", "canary", "prompt", "version", "answer", "context", "retrieve", "customer", "policy", "refund"),
    *("order", "ship", "model", "evaluate", "latency", "score", "guard", "metric", "release", "rollback", "question"),
    *("please", "summarise", "table", "json", "schema", "tool", "argument"),
)
_SIZES = [1024] * 20 + [2048] * 16 + [3072] * 10 + [4096] * 8 + [6144] * 6 + [8192] * 4
_HEAD = (
    "POST /v1/chat/completions HTTP/1.1",
    "Host: 127.0.0.1",
    "User-Agent: OpenAI/Python 2.54.0",
    "Accept: application/json",
    "Accept-Encoding: identity",
    "Content-Type: application/json",
    "X-Stainless-Lang: python",
    "X-Stainless-Package-Version: 2.54.0",
    "X-Stainless-OS: Linux",
    "X-Stainless-Runtime: CPython",
)


def requests(model: str, key: str, *, stream: bool) -> list[bytes]:
    """Whole requests to an app under a key."""
    rng = random.Random(7)  # the same load every time
    made = []
    for index, size in enumerate(_SIZES):
        body = json.dumps(_body(rng, index, size, model, stream=stream)).encode()
        head = [*_HEAD, f"Content-Length: {len(body)}", f"Authorization: Bearer {key}"]
        made.append(("\r\n".join(head) + "\r\n\r\n").encode() + body)
    rng.shuffle(made)
    return made


def write(path: Path, made: list[bytes]) -> None:
    """Write a request file."""
    with path.open("wb") as file:
        file.write(struct.pack("<I", len(made)))
        for request in made:
            file.write(struct.pack("<I", len(request)) + request)


def _body(rng: random.Random, index: int, size: int, model: str, *, stream: bool) -> dict[str, object]:
    turns = 1 if size <= 1024 else 3 if size <= 3072 else 7
    each = max(40, (size - 240) // turns - 40)
    messages = [
        {"role": "user" if turn % 2 == 0 else "assistant", "content": _text(rng, each)} for turn in range(turns)
    ]
    body: dict[str, object] = {"model": model, "messages": messages, "user": f"user-{index * 7919 % 100003:06d}"}
    if stream:
        body["stream"] = True
    return body


def _text(rng: random.Random, length: int) -> str:
    words, total = [], 0
    while total < length:
        word = rng.choice(_WORDS)
        words.append(word)
        total += len(word) + 1
        if rng.random() < 0.08:
            words.append('"quoted"\n')
            total += 10
    return " ".join(words)[:length]
