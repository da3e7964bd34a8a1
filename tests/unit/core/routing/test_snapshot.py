"""Snapshot files: round trip, refusals, and readers of the format before and after."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from serinus.core.errors import FormatError
from serinus.core.routing.predicate import Condition
from serinus.core.routing.snapshot import FORMAT, READER, App, Release, Snapshot, decode, encode
from tests.golden.inputs import CACHED_SNAPSHOT, MINIMAL_SNAPSHOT, SNAPSHOT

RELEASE = Release(id="rel_" + "0" * 32, salt="s", candidate="a", control="b", ramp=())
STAFF = Condition(name="staff", values=(True,))


def file_of(body: dict[str, Any], **header: Any) -> bytes:
    """A snapshot file as a Serinus of any format would write it."""
    raw = json.dumps(body).encode()
    head = {"format": 1, "min_reader": 1, "revision": body["revision"], **header}
    head.setdefault("digest", "sha256:" + hashlib.sha256(raw).hexdigest())
    return json.dumps(head).encode() + b"\n" + raw


def body_of(snapshot: Snapshot) -> dict[str, Any]:
    return json.loads(encode(snapshot).partition(b"\n")[2])


@pytest.mark.parametrize("snapshot", [SNAPSHOT, MINIMAL_SNAPSHOT, CACHED_SNAPSHOT], ids=["full", "minimal", "cached"])
def test_a_snapshot_is_read_back(snapshot: Snapshot) -> None:
    """What is written is what is read, with all defaults."""
    assert decode(encode(snapshot)) == snapshot


@given(st.permutations(["a", "b", "c"]), st.integers(1, 2**40))
def test_equal_snapshots_are_equal_bytes(order: list[str], revision: int) -> None:
    """The order in which apps were added does not matter."""
    apps = {name: App(name=name) for name in order}
    mixed = msgspec.structs.replace(MINIMAL_SNAPSHOT, revision=revision, apps=apps)
    tidy = msgspec.structs.replace(mixed, apps=dict(sorted(apps.items())))
    assert encode(mixed) == encode(tidy)


def test_a_newer_format_that_admits_this_reader_is_read() -> None:
    """Format 2 with min_reader 1: unknown fields are passed over at every level (N-1 readers)."""
    body = body_of(SNAPSHOT)
    body["cells"] = {"eu": 1}
    body["apps"]["support-bot"]["populations"] = ["new"]
    body["apps"]["support-bot"]["release"]["arms"] = 3
    body["versions"]["ab" * 32]["guards"] = ["pii"]
    raw = file_of(body, format=FORMAT + 1, min_reader=READER, signature="x")
    assert decode(raw) == SNAPSHOT


def test_a_newer_format_that_does_not_admit_this_reader_is_refused() -> None:
    """Format 2 with min_reader 4: the host keeps its last good snapshot and says what to do."""
    with pytest.raises(FormatError, match="needs reader 4") as refused:
        decode(file_of(body_of(SNAPSHOT), format=FORMAT + 1, min_reader=READER + 1))
    assert "upgrade" in refused.value.mend


def test_J5_cached_answers_ask_for_no_newer_reader() -> None:
    """Who does not know them passes them over and says the message, which is there as before."""
    head, _, _ = encode(CACHED_SNAPSHOT).partition(b"\n")
    assert json.loads(head)["min_reader"] == 1
    body = body_of(CACHED_SNAPSHOT)
    for name in ("cached", "hand_off_message", "hand_off_json"):
        del body["apps"]["bot"][name]
    older = decode(file_of(body)).apps["bot"]
    assert (older.cached, older.hand_off_message, older.fallback_message) == (None, "", "One moment.")


def test_an_older_snapshot_without_newer_fields_is_read() -> None:
    """Fields that came later have defaults: a file with the required ones alone is whole."""
    body = {"revision": 3, "issued_at_us": 9, "mac_key": "00", "pseudonym_key": "11"}
    assert decode(file_of(body)) == Snapshot(revision=3, issued_at_us=9, mac_key="00", pseudonym_key="11")


@given(st.integers(0, len(encode(SNAPSHOT)) - 1))
def test_a_truncated_snapshot_is_refused(length: int) -> None:
    """A torn file is never half a snapshot."""
    with pytest.raises(FormatError):
        decode(encode(SNAPSHOT)[:length])


@given(st.integers(encode(SNAPSHOT).index(b"\n") + 1, len(encode(SNAPSHOT)) - 1), st.integers(1, 255))
def test_an_altered_body_is_refused(position: int, change: int) -> None:
    """Any changed byte of the body breaks the digest."""
    raw = bytearray(encode(SNAPSHOT))
    raw[position] ^= change
    with pytest.raises(FormatError):
        decode(bytes(raw))


@given(st.binary(max_size=300))
@example(b'{"format":1,"min_reader":1,"revision":1,"digest":"\xff"}\n{}')
@example(b"[" * 100_000 + b"\n")
def test_any_other_bytes_are_refused(raw: bytes) -> None:
    """Never another exception: the reader keeps what it had."""
    with pytest.raises(FormatError):
        decode(raw)


def test_a_body_of_wrong_types_is_refused() -> None:
    """A digest that fits does not make a snapshot."""
    with pytest.raises(FormatError, match="not a routing snapshot"):
        decode(file_of({"revision": 1, "issued_at_us": "yesterday"}))


@pytest.mark.parametrize(
    ("app", "reader"),
    [
        (App(name="a", attributes=("header",)), 1),
        (App(name="a", unit="refuse"), 1),
        (App(name="a", unit="api_key"), 2),
        (App(name="a", release=RELEASE), 1),
        (App(name="a", release=msgspec.structs.replace(RELEASE, populations=(STAFF,))), 2),
    ],
)
def test_H1_who_knows_no_populations_may_not_serve_them(app: App, reader: int) -> None:
    """An older gateway would give their share to everybody; it keeps its last good snapshot and the baseline."""
    raw = encode(msgspec.structs.replace(MINIMAL_SNAPSHOT, apps={"a": app}))
    assert json.loads(raw.partition(b"\n")[0])["min_reader"] == reader
    assert decode(raw).apps["a"] == app
