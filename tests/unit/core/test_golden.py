"""The golden vectors: the code gives them, and readers written from the documentation alone agree."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from serinus.core.audit.entry import Entry, faults
from serinus.core.records import frames
from serinus.core.release.release import Release
from serinus.core.routing import snapshot
from tests.golden import make
from tests.golden.inputs import INSTANCE, MINIMAL_SNAPSHOT, RECORDS, SNAPSHOT, STAGED_RELEASE

GOLDEN = Path(make.__file__).parent


def vectors(name: str) -> Any:
    return json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted(make.VECTORS))
def test_code_gives_the_golden_vectors(name: str) -> None:
    """A format changes only together with its golden file: on purpose (tests/golden/README.md says how)."""
    assert (GOLDEN / f"{name}.json").read_text(encoding="utf-8") == make.text_of(name)


def test_every_golden_file_is_described() -> None:
    """The table in the README names every file of vectors, and no other."""
    described = {
        line.split("`")[1] for line in (GOLDEN / "README.md").read_text().splitlines() if line.startswith("| `")
    }
    assert described == {path.name for path in GOLDEN.glob("*.json")}


def test_digests_are_sha256_of_the_canonical_text() -> None:
    """Anyone can check a version's digest with sha256sum over its canonical bytes."""
    for case in vectors("canonical")["contents"]:
        assert hashlib.sha256(case["canonical"].encode()).hexdigest() == case["version"]


def test_ids_are_uuid7_by_their_bits() -> None:
    """The hex holds the time in ms, version 7, variant 10 and the random bits."""
    for case in vectors("ids")["ids"]:
        value = int(case["id"].partition("_")[2], 16)
        assert value >> 80 == case["now_us"] // 1000
        assert (value >> 76) & 0xF == 7
        assert (value >> 62) & 0b11 == 0b10
        given = int(case["random"], 16)
        assert (value >> 64) & 0xFFF == (given >> 64) & 0xFFF
        assert value & (2**62 - 1) == given & (2**62 - 1)


def test_points_are_multiples_of_two_to_the_minus_53() -> None:
    """A point is 53 bits, so that every language holds it exactly."""
    for case in vectors("assignment")["points"]:
        assert 0 <= case["u"] < 1
        assert (case["u"] * 2**53).is_integer()


def test_tokens_are_read_from_their_layout() -> None:
    """Format, revision, pseudonym, nonce, MAC: as documented, big-endian."""
    golden = vectors("conversation")
    key = bytes.fromhex(golden["key"])
    for case in golden["tokens"]:
        raw = base64.urlsafe_b64decode(case["token"] + "==")
        assert raw[0] == 1
        assert int.from_bytes(raw[1:7], "big") == case["started"]
        assert raw[7:15].hex() == case["pseudonym"]
        assert raw[7:15] == hmac.new(key, case["unit"].encode(), "sha256").digest()[:8]
        assert raw[15:20].hex() == case["nonce"]
        covered = b"conversation\x1f" + case["app"].encode() + b"\x1f" + raw[:20]
        assert raw[20:] == hmac.new(key, covered, "sha256").digest()[:8]
    for case in golden["placed"]:
        raw = base64.urlsafe_b64decode(case["token"] + "=")
        assert (raw[0], int.from_bytes(raw[1:7], "big"), raw[15:20].hex()) == (2, case["started"], case["nonce"])
        assert raw[20] == case["place"]
        covered = b"conversation\x1f" + case["app"].encode() + b"\x1f" + raw[:21]
        assert raw[21:] == hmac.new(key, covered, "sha256").digest()[:8]


def test_call_ids_are_read_from_their_layout() -> None:
    """Format, time, nonce, release, arm, stratum, unit, MAC: as documented, big-endian."""
    golden = vectors("call_id")
    for case in golden["calls"]:
        raw = bytes.fromhex(case["raw"])
        assert case["text"] == "call_" + base64.urlsafe_b64encode(raw).decode()
        assert raw[0] == 2
        assert int.from_bytes(raw[1:7], "big") == case["at_ms"]
        assert raw[7:12].hex() == case["nonce"]
        assert raw[12:28].hex() == (case["release"][4:] or "00" * 16)
        assert (raw[28], raw[29]) == (case["arm"], case["stratum"] % 256)
        assert raw[30:38].hex() == case["unit"]
        covered = b"call\x1f" + case["app"].encode() + b"\x1f" + raw[:38]
        assert raw[38:] == hmac.new(bytes.fromhex(golden["key"]), covered, "sha256").digest()[:10]


def test_frames_are_read_from_their_layout() -> None:
    """Length, CRC-32 over version, kind and payload, and a MessagePack array of the named fields in order."""
    golden = vectors("frames")
    for case in golden["frames"]:
        raw = bytes.fromhex(case["bytes"])
        length, crc, version, kind = struct.unpack_from("<IIBB", raw)
        assert (length, version, kind) == (len(raw) - 10, 1, case["kind"])
        assert crc == zlib.crc32(raw[8:])
        values = [value.hex() if isinstance(value, bytes) else value for value in msgspec.msgpack.decode(raw[10:])]
        assert values == list(case["fields"].values())


def test_the_golden_segment_reads_back() -> None:
    """Our own reader gives the header and all records, and stops before the unwritten bytes."""
    raw = bytes.fromhex(vectors("frames")["segment"])
    assert frames.decode_header(raw).instance == INSTANCE
    assert [record for record, _ in frames.scan(raw, frames.HEADER_SIZE)] == list(RECORDS)


def test_golden_snapshots_read_back() -> None:
    """Our own reader gives the snapshots that were written, defaults filled in."""
    golden = vectors("snapshot")
    assert snapshot.decode(golden["full"].encode()) == SNAPSHOT
    assert snapshot.decode(golden["minimal"].encode()) == MINIMAL_SNAPSHOT


def test_snapshot_digest_covers_the_body() -> None:
    """The header's digest is SHA-256 over all bytes behind its line."""
    head, _, body = vectors("snapshot")["full"].partition("\n")
    assert json.loads(head)["digest"] == "sha256:" + hashlib.sha256(body.encode()).hexdigest()


def test_audit_hashes_follow_from_the_documented_json() -> None:
    """Hash = SHA-256 over compact JSON with sorted keys of all fields but hash and evidence."""
    golden = vectors("audit")
    for entry in golden["entries"]:
        covered = {key: value for key, value in entry.items() if key not in ("hash", "evidence")}
        text = json.dumps(covered, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert hashlib.sha256(text.encode()).hexdigest() == entry["hash"]
    assert not list(faults(msgspec.convert(entry, Entry) for entry in golden["entries"]))


def test_metric_digests_follow_from_their_definitions() -> None:
    """Digest = SHA-256 over the definition's JSON."""
    for case in vectors("metrics")["metrics"]:
        fields = json.loads(case["definition"])
        assert not {"title", "description"} & set(fields)
        text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
        assert hashlib.sha256(text.encode()).hexdigest() == case["digest"]


def test_leases_are_read_from_their_layout() -> None:
    """Magic, CRC-32 of the rest, counter, renewal, boot tag: little-endian."""
    for case in vectors("lease")["leases"]:
        raw = bytes.fromhex(case["bytes"])
        magic, crc, *rest = struct.unpack("<4sIQQQ", raw)
        assert (magic, crc) == (b"SLS1", zlib.crc32(raw[8:]))
        assert rest == [case["counter"], case["renewed_mono_ns"], case["boot"]]


def test_stored_releases_read_back() -> None:
    """The present form comes back whole; the one before stages is one rollout, in the stage that takes its steps."""
    golden = vectors("stored_release")
    assert msgspec.json.decode(golden["staged"], type=Release) == STAGED_RELEASE
    before = msgspec.json.decode(golden["before_stages"], type=Release)
    assert (before.stage, before.step, before.exposed, before.attempt_of(0)) == (0, 0, True, 0)
    assert [stage.name for stage in before.plan.stages] == ["rollout"]
    assert before.plan.steps_of(before.stage) == range(2)
    assert (
        json.loads(msgspec.json.encode(before)).items()
        >= {name: value for name, value in json.loads(golden["before_stages"]).items() if name != "plan"}.items()
    )
