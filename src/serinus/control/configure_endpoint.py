"""Declare an upstream endpoint, or change it."""

from __future__ import annotations

from urllib.parse import urlsplit

from serinus.control.change import digest_of
from serinus.control.publish import publish
from serinus.core.audit.entry import Action, Draft
from serinus.core.errors import InvalidInput
from serinus.core.routing.price import check_price
from serinus.core.routing.snapshot import Endpoint
from serinus.ports.control_store import ControlStore, ControlTx
from serinus.ports.retry import run


def configure_endpoint(store: ControlStore, now_us: int, actor: str, endpoint: Endpoint) -> Endpoint:
    """The endpoint as declared, published at once. The same declaration again changes nothing."""
    _check(endpoint)

    def work(tx: ControlTx) -> Endpoint:
        before = next((known for known in tx.endpoints() if known.name == endpoint.name), None)
        if before == endpoint:
            return endpoint
        tx.put_endpoint(endpoint)
        tx.append_audit(
            Draft(
                at_us=now_us,
                actor=actor,
                action=Action.ENDPOINT_CONFIGURED,
                subject=endpoint.name,
                before=digest_of(before) if before else "",
                after=digest_of(endpoint),
            )
        )
        publish(tx, now_us)
        return endpoint

    return run(store, work)


def _check(endpoint: Endpoint) -> None:
    if not endpoint.name.strip():
        raise InvalidInput("an endpoint without a name", where="endpoint.name", mend="e.g. name: openai")
    for model, price in endpoint.prices.items():
        check_price(f"endpoint.prices.{model}", price)
    parts = urlsplit(endpoint.base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidInput(
            f"{endpoint.base_url!r} is not an http(s) URL",
            where="endpoint.base_url",
            mend="e.g. https://api.openai.com/v1",
        )
    if parts.username or parts.password:
        raise InvalidInput(
            "a URL with a password in it", where="endpoint.base_url", mend="name the variable: api_key_env: MY_KEY"
        )
