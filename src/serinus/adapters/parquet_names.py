"""Names of event-log files, and which of them hold what: `<spool>-<from>-<to>.parquet` in a folder per UTC day.

Files of calls lie in the root's folders, files of scores in those of its folder `scores`,
kept texts in those of `payloads`. Several files of one segment
may be gathered into one that spans them. While both are there, after a crash or for the blink of an eye, only the
widest count.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

SCORES = "scores"
PAYLOADS = "payloads"
_NAME = re.compile(r"(?P<spool>[0-9a-f]{32}-\d{8})-(?P<start>\d+)-(?P<end>\d+)\.parquet")


class Part(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A file with the rows of bytes [start, end) of a spool segment."""

    spool: str
    start: int
    end: int
    path: Path


def instance_of(spool: str) -> str:
    """The worker that wrote a segment."""
    return spool.partition("-")[0]


def part_name(spool: str, start: int, end: int) -> str:
    """The file name of a part."""
    return f"{spool}-{start}-{end}.parquet"


def part_of(path: Path) -> Part | None:
    """What a file holds by its name; None for files that are not parts."""
    found = _NAME.fullmatch(path.name)
    if found is None:
        return None
    return Part(spool=found["spool"], start=int(found["start"]), end=int(found["end"]), path=path)


def widest(parts: Iterable[Part]) -> tuple[list[Part], list[Part]]:
    """(parts that count, parts whose rows another one holds as well), each in order of spool and start."""
    kept: list[Part] = []
    spare: list[Part] = []
    for part in sorted(parts, key=lambda part: (part.spool, part.start, -part.end)):
        last = kept[-1] if kept else None
        inside = last is not None and last.spool == part.spool and part.end <= last.end
        (spare if inside else kept).append(part)
    return kept, spare


def listed(root: Path, instance: str = "") -> list[Part]:
    """All parts in the folders of a root, or those of one worker; none when the root is not there."""
    try:
        folders = sorted(entry.path for entry in os.scandir(root) if entry.is_dir())
    except FileNotFoundError:
        return []
    names = ((folder, name) for folder in folders for name in sorted(os.listdir(folder)))
    paths = (Path(folder, name) for folder, name in names if name.startswith(instance))
    return [part for path in paths if (part := part_of(path)) is not None]


def settled(root: Path) -> list[Part]:
    """The parts that count, from a listing during which nothing was gathered."""
    before = listed(root)
    while (after := listed(root)) != before:
        before = after
    return widest(after)[0]
