"""The head that the answers of a connection usually have: providers send the same lines again and again, with other
values. Such a head needs no second parsing.

A shape is learnt from a head that llhttp has taken. It fits another answer only when that came whole, with the same
lines in the same order, values of legal characters, and the very same framing.
"""

from __future__ import annotations

import re

_PASSED_ON = re.compile(rb"\r\n((?:x-ratelimit-|retry-after|openai-|anthropic-ratelimit-)[^\r\n]*)", re.IGNORECASE)
_UPSTREAM_ID = re.compile(rb"\r\nx-request-id:([^\r\n]*\r\n)", re.IGNORECASE)
_OK = b"HTTP/1.1 200 OK\r\n"
_FIXED = frozenset({b"connection", b"proxy-connection", b"content-encoding", b"te", b"trailer", b"upgrade"})
_LEGAL = rb"[\t\x20-\x7e\x80-\xff]*"
_MOST_LINES, _MOST_BYTES = 60, 8 * 1024  # making the shape of a longer head would hold up the loop
HEAD_BYTES = 64 * 1024


def passed_on(head: bytes) -> bytes:
    """Of an upstream's head: rate limits, `retry-after` and the provider's own headers, as they came; its request id as
    `x-upstream-request-id`."""
    lines = _PASSED_ON.findall(head)
    given = _UPSTREAM_ID.search(head)
    named = b"x-upstream-request-id:" + given[1] if given is not None else b""
    return b"\r\n".join([*lines, named]) if lines else named


def names_in(head: bytes) -> tuple[bytes, ...]:
    """The names of a head's lines, in order; empty when no shape is to be learnt from it."""
    names = tuple([line.partition(b":")[0] for line in head.split(b"\r\n")[1:-1]])
    lower = [name.lower() for name in names]
    framed = lower.count(b"content-length") == 1 and b"transfer-encoding" not in lower
    short = len(names) <= _MOST_LINES and len(head) <= _MOST_BYTES
    simple = framed and short and lower.count(b"x-request-id") <= 1
    return names if simple and head.startswith(_OK) else ()


class UsualAnswer:
    """The shape of a head, up to its empty line, of which `names_in` knows the names."""

    __slots__ = ("_form", "_groups", "_length", "_match")

    def __init__(self, head: bytes) -> None:
        pattern, lines, named, groups = [re.escape(_OK)], [], 0, 1
        for line in head.split(b"\r\n")[1:-1]:
            name = line.partition(b":")[0]
            lower = name.lower()
            if lower == b"content-length":
                pattern.append(re.escape(name) + rb":[ ]?([0-9]{1,15})\r\n")
                self._length, groups = groups, groups + 1
            elif lower in _FIXED:
                pattern.append(re.escape(line) + rb"\r\n")
            elif lower == b"x-request-id":
                pattern.append(re.escape(name) + rb":(" + _LEGAL + rb"\r\n)")
                named, groups = groups, groups + 1
            elif _PASSED_ON.match(b"\r\n" + line):
                pattern.append(rb"(" + re.escape(name) + rb":" + _LEGAL + rb"\r\n)")
                lines.append(groups)
                groups += 1
            else:
                pattern.append(re.escape(name) + rb":" + _LEGAL + rb"\r\n")
        self._match = re.compile(b"".join(pattern) + rb"\r\n").match
        self._groups = (*lines, named) if named else tuple(lines)
        self._form = b"%b" * len(lines) + (b"x-upstream-request-id:%b" if named else b"")

    def answer_in(self, data: bytes) -> tuple[int, bytes] | None:
        """Where the body begins, and `passed_on` of the head, when this is a whole answer of this shape and nothing
        else; None when it is not."""
        found = self._match(data)
        if found is None:
            return None
        end = found.end()
        if len(data) - end != int(found[self._length]) or end > HEAD_BYTES:
            return None
        return end, self._form % found.group(*self._groups) if self._groups else b""
