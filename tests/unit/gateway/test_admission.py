"""Admission decides from the request, the routes and the moment alone."""

from __future__ import annotations

import hashlib
import json
import tracemalloc
from typing import Any

import pytest

from serinus.core.errors import FormatError
from serinus.core.routing.assignment import Arm, RampPoint
from serinus.core.routing.snapshot import App, Caller, Endpoint, Release, Snapshot, Version
from serinus.core.wire.refusal import Refusal
from serinus.core.wire.request import RequestReader
from serinus.gateway.admission import Admission, Admitted
from serinus.gateway.conversations import began_anonymous
from serinus.gateway.routes import Routes

LIVE, CANDIDATE = "11" * 32, "22" * 32
NOW = 1000


class Memory:
    """Remembers conversations in a dictionary."""

    def __init__(self) -> None:
        self.known: dict[int, int] = {}

    def started(self, key: int, revision: int) -> int:
        return self.known.setdefault(key, revision)


def snapshot(**changes: Any) -> Snapshot:
    """A snapshot with a release at one half."""
    release = Release(
        id="rel_" + "ab" * 16,
        salt="s",
        candidate=CANDIDATE,
        control=LIVE,
        ramp=(RampPoint(revision=1, step=0, share=0.5),),
        forced=("forced",),
    )
    values: dict[str, Any] = {
        "revision": 3,
        "issued_at_us": 1,
        "mac_key": "aa" * 32,
        "pseudonym_key": "bb" * 32,
        "callers": (Caller(key_sha256=hashlib.sha256(b"k").hexdigest(), name="k"),),
        "endpoints": {"up": Endpoint(name="up", base_url="http://127.0.0.1:9/v1")},
        "versions": {
            digest: Version(digest=digest, name=f"v{digest[0]}", behaviour=digest, endpoint="up", model="m")
            for digest in (LIVE, CANDIDATE)
        },
        "apps": {"app": App(name="app", live=LIVE, release=release, unit="request")},
    } | changes
    return Snapshot(**values)


class Door:
    """An admission whose moment a test sets."""

    def __init__(self, **changes: Any) -> None:
        self.room = True
        self.routes = Routes(snapshot(**changes), {})
        for app in self.routes.apps.values():
            app.serve_until_ns = NOW + 1
        self._count = 0
        self.admission = Admission(self.routes, Memory(), lambda: self.room, self._random)

    def admit(self, *headers: str, now_ns: int = NOW, key: str = "x-api-key: k", **fields: Any) -> Admitted:
        """Admit one request."""
        body = json.dumps({"model": "app", "messages": []} | fields).encode()
        lines = ["POST /v1/chat/completions HTTP/1.1", "host: a", key, *headers]
        head = "\r\n".join([*lines, f"content-length: {len(body)}"]).encode()
        request = RequestReader().receive(head + b"\r\n\r\n" + body)
        assert request is not None
        return self.admission.admit(request, now_ns)

    def _random(self, count: int) -> bytes:
        self._count += 1
        return self._count.to_bytes(count, "big")


def test_candidates_are_served_only_under_lease_and_with_room() -> None:
    """A lapse by one nanosecond or a full spool makes everybody `rest`, on the baseline, outside the comparison."""
    door = Door()
    assert {door.admit(user=f"u{n}").arm for n in range(30)} == {Arm.CANDIDATE, Arm.CONTROL}
    late = {(call.arm, call.stratum) for call in (door.admit(user=f"u{n}", now_ns=NOW + 1) for n in range(30))}
    assert late == {(Arm.REST, -1)}
    door.room = False
    assert {door.admit(user=f"u{n}").version.digest.hex() for n in range(30)} == {LIVE}


def test_a_forced_unit_is_served_and_not_compared() -> None:
    """Its stratum is none, so that no sum counts it."""
    call = Door().admit(user="forced")
    assert (call.arm, call.stratum, call.version.digest.hex()) == (Arm.CANDIDATE, -1, CANDIDATE)


def test_a_conversation_with_another_unit_is_another_conversation() -> None:
    """A token binds its unit: under another name it gives neither its start nor itself."""
    door = Door()
    first = door.admit(user="ann")
    header = f"x-serinus-conversation: {first.token}"
    assert door.admit(header, user="ann").token == first.token
    other = door.admit(header, user="bob")
    assert other.token != first.token
    assert other.conversation != first.conversation


def test_an_unnamed_unit_returns_by_its_token_and_a_named_one_needs_its_name() -> None:
    """Assignment hashes the name, which no token carries."""
    door = Door(apps={"app": App(name="app", live=LIVE, unit="user")})
    session = door.admit(metadata={"session_id": "s"})
    assert began_anonymous(session.token)
    again = door.admit(f"x-serinus-conversation: {session.token}")
    assert (again.unit_hash, again.conversation) == (session.unit_hash, session.conversation)
    named = door.admit(user="ann")
    assert not began_anonymous(named.token)
    with pytest.raises(Refusal) as refused:
        door.admit(f"x-serinus-conversation: {named.token}")
    assert refused.value.code == "unit_missing"


def test_a_session_id_gives_the_same_conversation_each_time() -> None:
    """Also without our token, and never one shared by two users."""
    door = Door()
    calls = [door.admit(user=user, metadata={"session_id": "s"}) for user in ("ann", "ann", "bob")]
    assert calls[0].conversation == calls[1].conversation != calls[2].conversation


def test_calls_without_anything_are_units_of_their_own() -> None:
    """Under `request`, never one bucket for all."""
    door = Door()
    assert len({door.admit().unit_hash for _ in range(10)}) == 10


@pytest.mark.parametrize(
    "changes",
    [
        {"mac_key": "zz"},
        {"endpoints": {}},
        {"endpoints": {"up": Endpoint(name="up", base_url="ftp://x")}},
        {"apps": {"app": App(name="app", live="33" * 32)}},
        {"apps": {"app": App(name="app", override="33" * 32)}},
    ],
)
def test_routes_that_contradict_themselves_are_refused_whole(changes: dict[str, Any]) -> None:
    """No half of a snapshot is ever served."""
    with pytest.raises(FormatError):
        Routes(snapshot(**changes), {})


def test_a_key_with_a_line_break_never_reaches_a_head() -> None:
    """An environment variable cannot inject a header."""
    endpoints = {"up": Endpoint(name="up", base_url="http://h/v1", api_key_env="KEY")}
    assert b"authorization: Bearer x" in Routes(snapshot(endpoints=endpoints), {"KEY": "x"}).targets["up"].head
    with pytest.raises(FormatError):
        Routes(snapshot(endpoints=endpoints), {"KEY": "x\r\ny: z"})


def test_an_unchanged_version_is_not_compiled_again() -> None:
    """A new snapshot costs only what is new in it."""
    before = Routes(snapshot(), {})
    after = Routes(snapshot(revision=4), {}, before)
    assert after.apps["app"].live is before.apps["app"].live


def test_long_units_are_not_kept() -> None:
    """A body is up to megabytes and its user may be all of it: what is remembered of users stays small."""
    door = Door()
    tracemalloc.start()
    try:
        for number in range(10, 40):
            door.admit(user=f"{number}" * 50_000)
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()
    assert door.admit(user="9" * 100_000).unit_hash == door.admit(user="9" * 100_000).unit_hash


def test_what_is_remembered_of_a_key_is_whose_it_is_and_nothing_of_the_request() -> None:
    """Callers of two keys take turns: each may name its own app only, and one that is unknown stays so, whatever is
    remembered. Other routes, as after a key was taken back, remember nothing of it."""
    callers = tuple(
        Caller(key_sha256=hashlib.sha256(key.encode()).hexdigest(), name=key, apps=(app,))
        for key, app in (("k1", "app"), ("k2", "other"))
    )
    apps = {name: App(name=name, live=LIVE, unit="api_key") for name in ("app", "other")}
    door = Door(callers=callers, apps=apps)
    for _ in range(3):
        for key, own, foreign in (("k1", "app", "other"), ("k2", "other", "app")):
            told = f"authorization: Bearer {key}"
            assert door.admit(key=told, model=own).app.name == own
            for model, code in ((foreign, "app_not_allowed"), ("none", "model_not_found")):
                with pytest.raises(Refusal) as refused:
                    door.admit(key=told, model=model)
                assert refused.value.code == code
        for unknown in ("authorization: Bearer k3", "authorization: k1", "x-nothing: k1"):
            with pytest.raises(Refusal) as refused:
                door.admit(key=unknown, model="app")
            assert (refused.value.status, "`serinus key create" in refused.value.mend) == (401, True)
    units = {
        door.admit(key=f"authorization: Bearer {key}", model=app).unit_hash
        for key, app in (("k1", "app"), ("k2", "other"))
    }
    assert len(units) == 2
    with pytest.raises(Refusal):
        Door(callers=callers[1:], apps=apps).admit(key="authorization: Bearer k1", model="app")


def test_long_credentials_are_not_kept() -> None:
    """Before a key there may be as many spaces as fit in a head, and each number of them is another header."""
    door = Door()
    tracemalloc.start()
    try:
        for number in range(100):
            assert door.admit(key=f"authorization: Bearer {' ' * (20_000 + number)}k", user="ann").unit_hash
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()
