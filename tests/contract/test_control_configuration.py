"""Every control store keeps secrets, apps, endpoints, keys and answers alike."""

from __future__ import annotations

import msgspec
import pytest

from serinus.core.errors import Conflict
from serinus.core.routing.snapshot import Endpoint
from serinus.ports.control_store import ControlStore
from tests.conftest import NOW_US, Place
from tests.contract.values import a_key, an_app, digest

DAY_US = 24 * 3600 * 1_000_000


def test_secrets_are_made_once(place: Place) -> None:
    """A project has 32-byte keys from its creation on, the same for everybody who opens the store."""
    with place.open()[0].tx() as tx:
        first = tx.secrets()
    with place.open()[0].tx() as tx:
        assert tx.secrets() == first
    assert len(bytes.fromhex(first.mac_key)) == len(bytes.fromhex(first.pseudonym_key)) == 32
    assert first.mac_key != first.pseudonym_key


def test_an_app_is_inserted_and_replaced(control_store: ControlStore) -> None:
    """put_app stores all of an app, and replaces it under the same name; listings go by name."""
    with control_store.tx() as tx:
        assert tx.app("shop") is None
        tx.put_app(an_app("shop"))
        tx.put_app(an_app("Zoo"))
        tx.put_app(an_app("shop", live=digest("v1")))
        assert tx.app("shop") == an_app("shop", live=digest("v1"))
    with control_store.tx() as tx:
        assert tx.apps() == [an_app("Zoo"), an_app("shop", live=digest("v1"))]


def test_an_endpoint_is_inserted_and_replaced(control_store: ControlStore) -> None:
    """put_endpoint replaces by name."""
    first = Endpoint(name="a", base_url="http://127.0.0.1:1/v1")
    second = msgspec.structs.replace(first, api_key_env="OPENAI_API_KEY")
    with control_store.tx() as tx:
        tx.put_endpoint(first)
        tx.put_endpoint(msgspec.structs.replace(first, name="b"))
        tx.put_endpoint(second)
        assert tx.endpoints() == [second, msgspec.structs.replace(first, name="b")]


def test_a_revoked_key_is_not_found_by_hash(control_store: ControlStore) -> None:
    """A key is found by its hash until it is revoked; the listing keeps it."""
    with control_store.tx() as tx:
        tx.put_key(a_key())
        assert tx.key_by_hash(digest("secret")) == a_key()
        assert tx.key_by_hash(digest("other")) is None
        tx.put_key(a_key(revoked_at_us=77))
        assert tx.key_by_hash(digest("secret")) is None
        assert tx.keys() == [a_key(revoked_at_us=77)]


def test_two_ids_cannot_have_one_key(control_store: ControlStore) -> None:
    """The same hash under another id is a Conflict, after which the transaction can go on."""
    with control_store.tx() as tx:
        tx.put_key(a_key("key_2"))
        with pytest.raises(Conflict, match="another id"):
            tx.put_key(a_key("key_1"))
        tx.put_key(a_key("key_1", plain="different"))
    with control_store.tx() as tx:
        assert tx.keys() == [a_key("key_1", plain="different"), a_key("key_2")]


def test_an_answer_is_remembered_for_24_h(control_store: ControlStore) -> None:
    """An answer is found under its key for 24 h, then the key is free again."""
    with control_store.tx() as tx:
        assert tx.remembered("k", NOW_US) is None
        tx.remember("k", "digest", 201, b"\x00body", NOW_US)
    with control_store.tx() as tx:
        assert tx.remembered("k", NOW_US + DAY_US - 1) == ("digest", 201, b"\x00body")
        assert tx.remembered("k", NOW_US + DAY_US) is None
        tx.remember("k", "other", 200, b"", NOW_US + DAY_US)
        assert tx.remembered("k", NOW_US + DAY_US) == ("other", 200, b"")


def test_an_answer_is_never_replaced(control_store: ControlStore) -> None:
    """A second answer under one key is a Conflict."""
    with control_store.tx() as tx:
        tx.remember("k", "digest", 201, b"first", NOW_US)
        with pytest.raises(Conflict, match="quicker"):
            tx.remember("k", "digest", 201, b"second", NOW_US)
        assert tx.remembered("k", NOW_US) == ("digest", 201, b"first")
