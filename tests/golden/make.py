"""Writes the golden vectors: `python -m tests.golden.make`. Run it only when a format changes on purpose.

Each function below returns the content of one file. All inputs are fixed, so equal code gives equal files.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from serinus.core import ids
from serinus.core.audit.entry import GENESIS, Action, Entry, chain
from serinus.core.metrics import REGISTRY
from serinus.core.records import call_id, frames
from serinus.core.records.pairs import firsts, pair_sums
from serinus.core.records.record import ErrorClass, Event, Pair, Rung
from serinus.core.records.sums import BUCKETS, ENROLLED, Enrolment, Sum, SumKey
from serinus.core.release import table
from serinus.core.routing import assignment, cached, conversation, lease, population, predicate, snapshot
from serinus.core.versions import canonical
from serinus.core.versions.content import canonical as canonical_content
from serinus.core.versions.content import digests, parse_content, servable
from tests.golden.inputs import (
    AUDIT_DRAFTS,
    BOOT,
    CACHED_ANSWERS,
    CACHED_SNAPSHOT,
    CONTENTS,
    FACTS,
    INSTANCE,
    KEY,
    MINIMAL_SNAPSHOT,
    POPULATED_SNAPSHOT,
    POPULATIONS,
    PREDICATES,
    QUESTIONS,
    RAMP,
    RANDOM,
    RECORDS,
    RELEASE_BEFORE_STAGES,
    RELEASE_ID,
    ROLLUP,
    SNAPSHOT,
    STAGED_RELEASE,
    TEXTS,
    TIMES_US,
    UNITS,
)

HERE = Path(__file__).parent


def canonical_json() -> dict[str, Any]:
    """JSON texts and their canonical bytes; version contents with both digests and the served fragment."""
    return {
        "about": "RFC 8785 over Unicode NFC text with LF line ends; SHA-256 digests in hex",
        "texts": [{"json": text, "canonical": canonical.encode(json.loads(text)).decode()} for text in TEXTS],
        "contents": [_content(raw) for raw in CONTENTS],
    }


def _content(raw: dict[str, Any]) -> dict[str, Any]:
    content = parse_content(raw)
    named = digests(content)
    return {
        "content": raw,
        "canonical": canonical_content(content).decode(),
        "version": named.version,
        "behaviour": named.behaviour,
        "parameters": servable(content, "app-2026-W47-1").parameters,
    }


def identifiers() -> dict[str, Any]:
    """UUIDv7 ids of given times and random bytes."""
    return {
        "about": "prefix, underscore, 32 hex digits of a UUIDv7 (RFC 9562, 5.7) of time in ms and 10 random bytes",
        "ids": [
            {
                "prefix": ids.RELEASE,
                "now_us": now_us,
                "random": RANDOM.hex(),
                "id": ids.new_id(ids.RELEASE, now_us, RANDOM),
            }
            for now_us in TIMES_US
        ],
    }


def assignments() -> dict[str, Any]:
    """Points of units, slices of points, and the arm of a conversation by its start."""
    revisions = (4, 5, 8, 9, 12, 20, 30)
    points = (0.0, 0.04999, 0.05, 0.2, 0.3, 0.5, 0.7, 0.8, 0.94, 0.95, 0.985, 0.99, 1.0 - 2**-53)
    return {
        "about": "u = (xxh3_64(salt, 0x1f, unit) >> 11) / 2^53",
        "assign_v": assignment.ASSIGN_V,
        "arms": {arm.label: int(arm) for arm in assignment.Arm},
        "points": [
            {"salt": salt, "unit": unit, "u": assignment.unit_point(salt, unit)}
            for salt in ("s1", "salt-2", "")
            for unit in UNITS
        ],
        "mirrored": [
            {"salt": "s1", "pseudonym": pseudonym, "u": assignment.mirror_point("s1", bytes.fromhex(pseudonym))}
            for pseudonym in (conversation.pseudonym(KEY, unit).hex() for unit in UNITS)
        ],
        "ramp": msgspec.to_builtins(RAMP),
        "conversations": [
            {"u": u, "started": started, "arm": int(arm), "stratum": stratum}
            for u in points
            for started in revisions
            for arm, stratum in [assignment.arm_of(u, RAMP, started)]
        ],
    }


def conversations() -> dict[str, Any]:
    """Unit pseudonyms and conversation tokens."""
    return {
        "about": "pseudonym = HMAC-SHA256(key, unit)[:8]; token layout in docs/reference/formats.md",
        "key": KEY.hex(),
        "tokens": [
            {
                "unit": unit,
                "pseudonym": conversation.pseudonym(KEY, unit).hex(),
                "app": "support-bot",
                "started": started,
                "nonce": RANDOM[:5].hex(),
                "token": conversation.issue(KEY, "support-bot", conversation.pseudonym(KEY, unit), started, RANDOM[:5]),
            }
            for unit, started in zip(UNITS, (0, 1, 7, 65_536, 2**48 - 1), strict=True)
        ],
        "placed": [
            {
                "unit": "ada",
                "app": "support-bot",
                "started": 7,
                "nonce": RANDOM[:5].hex(),
                "place": place,
                "token": conversation.issue(
                    KEY, "support-bot", conversation.pseudonym(KEY, "ada"), 7, RANDOM[:5], place
                ),
            }
            for place in (0, 99, population.FORCED, population.NOWHERE)
        ],
    }


def populations() -> dict[str, Any]:
    """Which facts fulfil which predicates; where a conversation is placed, and the arm of each place."""
    points = (0.0, 0.04, 0.2, 0.4, 0.6, 0.94, 0.95, 0.96, 1.0 - 2**-53)
    places = (0, 1, 2, population.FORCED, population.NOWHERE)
    return {
        "about": "a place is the first step in force whose population holds and whose slices hold u",
        "forced": population.FORCED,
        "nowhere": population.NOWHERE,
        "predicates": [
            {"predicate": msgspec.to_builtins(one), "holds": [predicate.holds(one, facts) for facts in FACTS]}
            for one in PREDICATES
        ],
        "facts": [msgspec.to_builtins(facts._asdict()) for facts in FACTS],
        "ramp": msgspec.to_builtins(RAMP),
        "populations": msgspec.to_builtins(POPULATIONS),
        "places": [
            {"u": u, "started": started, "facts": index, "place": population.place_of(*found)}
            for u in points
            for started in (4, 5, 9, 12, 30)
            for index, facts in enumerate((*FACTS, None))
            for found in [(u, RAMP, POPULATIONS, started, facts)]
        ],
        "arms": [
            {"u": u, "started": started, "place": place, "arm": int(arm), "stratum": stratum}
            for u in points
            for started in (4, 9, 30)
            for place in places
            for arm, stratum in [population.arm_at(u, RAMP, started, place)]
        ],
    }


def call_ids() -> dict[str, Any]:
    """Call ids inside and outside a comparison."""
    cases = ((RELEASE_ID, 1, 0), (RELEASE_ID, 2, 254), ("", 0, -1), (RELEASE_ID, 5, -1))
    return {
        "about": "layout in docs/reference/formats.md; arms by number as in assignment.json",
        "key": KEY.hex(),
        "calls": [_call(*case) for case in cases],
    }


def _call(release: str, arm: int, stratum: int) -> dict[str, Any]:
    unit = conversation.pseudonym(KEY, "ada")
    raw = call_id.make(KEY, b"support-bot", TIMES_US[0] // 1000, RANDOM[:5], ids.id_bytes(release), arm, stratum, unit)
    return {
        "app": "support-bot",
        "at_ms": TIMES_US[0] // 1000,
        "nonce": RANDOM[:5].hex(),
        "release": release,
        "arm": arm,
        "stratum": stratum,
        "unit": unit.hex(),
        "raw": raw.hex(),
        "text": call_id.text(raw),
    }


def record_frames() -> dict[str, Any]:
    """A segment header, one frame of each kind, and a whole segment of them with some unwritten bytes behind it."""
    header = frames.SegmentHeader(instance=INSTANCE, number=7, boot=BOOT)
    segment = frames.encode_header(header) + b"".join(map(frames.encode, RECORDS))
    return {
        "about": "segment layout in docs/reference/formats.md; payloads are MessagePack arrays; bytes here in hex",
        "error_classes": {error.name: int(error) for error in ErrorClass},
        "events": {event.name: int(event) for event in Event},
        "rungs": {rung.name: int(rung) for rung in Rung},
        "header": {
            "instance": INSTANCE.hex(),
            "number": 7,
            "boot": BOOT,
            "bytes": frames.encode_header(header).hex(),
        },
        "frames": [
            {
                "kind": record.KIND,
                "name": type(record).__name__,
                "fields": {
                    name: value.hex() if isinstance(value, bytes) else value
                    for name, value in msgspec.structs.asdict(record).items()
                },
                "bytes": frames.encode(record).hex(),
            }
            for record in RECORDS
        ],
        "segment": (segment + bytes(16)).hex(),
    }


def snapshots() -> dict[str, Any]:
    """Snapshot files as text: a full and a minimal one, one with populations, one with cached answers."""
    return {
        "about": "header line, then the body whose SHA-256 the header holds; absent fields have their defaults",
        "format": snapshot.FORMAT,
        "reader": snapshot.READER,
        "full": snapshot.encode(SNAPSHOT).decode(),
        "minimal": snapshot.encode(MINIMAL_SNAPSHOT).decode(),
        "populated": snapshot.encode(POPULATED_SNAPSHOT).decode(),
        "cached": snapshot.encode(CACHED_SNAPSHOT).decode(),
    }


def cached_answers() -> dict[str, Any]:
    """Which cached answer questions find, and how like it they are."""
    questions = cached.Questions(CACHED_ANSWERS)
    return {
        "about": "the same normalised text, else the greatest Dice coefficient of the sets of trigrams; null: none",
        "entries": [msgspec.to_builtins(entry) for entry in CACHED_ANSWERS],
        "questions": [
            {
                "question": question,
                "normalised": cached.normalised(question),
                "language": language,
                "answer": match.entry.answer if match else None,
                "similarity": match.similarity if match else None,
            }
            for question, language in QUESTIONS
            for match in [questions.find(question, language)]
        ],
    }


def sums() -> dict[str, Any]:
    """Sums, enrolments and rollups as their arrays, and what adding gives."""
    first, second = Sum(3, 5, 9), Sum(4, -2, 7)
    return {
        "about": "arrays in the order of the fields in docs/reference/formats.md; bytes in hex",
        "buckets": BUCKETS,
        "enrolled": ENROLLED,
        "key": msgspec.to_builtins(SumKey(RELEASE_ID, 1, "call.error", 1)),
        "plus": [msgspec.to_builtins(value) for value in (first, second, first.plus(second))],
        "pair": {
            "frame": [record.KIND for record in RECORDS].index(Pair.KIND),
            "sums": [[msgspec.to_builtins(key), msgspec.to_builtins(value)] for key, value in _pair_sums()],
        },
        "enrolment": msgspec.msgpack.encode(Enrolment(RELEASE_ID, b"\x01" * 8, assignment.Arm.CONTROL, 2, 5)).hex(),
        "rollup": msgspec.msgpack.encode(ROLLUP).hex(),
    }


def _pair_sums() -> list[tuple[SumKey, Sum]]:
    return pair_sums(firsts(record for record in RECORDS if isinstance(record, Pair)).items())


def audit_chain() -> dict[str, Any]:
    """Chained entries: each hash covers the one before it."""
    entries: list[Entry] = []
    for draft in AUDIT_DRAFTS:
        entries.append(chain(draft, entries[-1] if entries else None))
    return {
        "about": "hash = SHA-256 of the JSON, keys sorted, of all fields but hash and evidence",
        "genesis": GENESIS,
        "actions": [action.value for action in Action],
        "entries": [msgspec.to_builtins(entry) for entry in entries],
    }


def metric_registry() -> dict[str, Any]:
    """Definitions of metrics with their digests."""
    return {
        "about": "digest = SHA-256 of the definition: compact JSON with sorted keys, without the words for people",
        "metrics": [
            {"definition": metric.definition.decode(), "digest": metric.digest}
            for _, metric in sorted(REGISTRY.items())
        ],
    }


def release_table() -> dict[str, Any]:
    """Every pair of state and event: the state that follows, or null where it is refused."""
    following = {pair: state.value for pair, state in table.TABLE.items()}
    return {
        "about": "state → event → state that follows; null: refused",
        "final": sorted(state.value for state in table.FINAL),
        "serving": sorted(state.value for state in table.SERVING),
        "table": {
            state.value: {event.value: following.get((state, event)) for event in table.Event} for state in table.State
        },
    }


def stored_releases() -> dict[str, Any]:
    """A release as it is stored, and one as it was stored before there were stages."""
    return {
        "about": "the JSON of a release; readers pass over what they do not know, what is absent has its default",
        "staged": msgspec.json.encode(STAGED_RELEASE).decode(),
        "before_stages": RELEASE_BEFORE_STAGES,
    }


def leases() -> dict[str, Any]:
    """Lease files."""
    cases = ((1, 5_000_000_000, BOOT), (2**63, 2**63, 2**64 - 1))
    return {
        "about": "magic SLS1, CRC-32 of the rest, counter, host's monotonic ns of the renewal, boot tag; little-endian",
        "leases": [
            {"counter": counter, "renewed_mono_ns": at, "boot": boot, "bytes": lease.encode(counter, at, boot).hex()}
            for counter, at, boot in cases
        ],
    }


VECTORS: dict[str, Callable[[], dict[str, Any]]] = {
    "canonical": canonical_json,
    "ids": identifiers,
    "assignment": assignments,
    "population": populations,
    "conversation": conversations,
    "call_id": call_ids,
    "frames": record_frames,
    "snapshot": snapshots,
    "cached": cached_answers,
    "sums": sums,
    "audit": audit_chain,
    "metrics": metric_registry,
    "release_table": release_table,
    "stored_release": stored_releases,
    "lease": leases,
}


def text_of(name: str) -> str:
    """The text of one file as the code makes it now."""
    return json.dumps(VECTORS[name](), indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write all files."""
    for name in VECTORS:
        (HERE / f"{name}.json").write_text(text_of(name), encoding="utf-8")


if __name__ == "__main__":
    main()
