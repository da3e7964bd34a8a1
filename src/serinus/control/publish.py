"""Publish the routing snapshot: all that gateways need, built from the store inside the changing transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from serinus.control.answer_cache import answer_cache
from serinus.control.mirror import mirror_of
from serinus.core.access import Role
from serinus.core.pipeline.app import AppConfig, AppState
from serinus.core.pipeline.cohort import forced_units, populations
from serinus.core.release.release import Release
from serinus.core.release.table import SERVING, State
from serinus.core.release.yardstick import measures
from serinus.core.routing import snapshot
from serinus.core.versions.content import parse_content, servable
from serinus.ports.control_store import ApiKey, ControlTx, StoredVersion
from serinus.ports.prices import PriceTable, price_of

PIN_ROLES = frozenset({Role.ADMIN, Role.RELEASE_MANAGER, Role.ML_ENGINEER})
"""Roles whose keys may ask for a version by header (J3)."""


def publish(tx: ControlTx, now_us: int) -> int:
    """Put the snapshot that follows from the store's content; its revision, one above the newest."""
    revision = tx.revision() + 1
    secrets = tx.secrets()
    apps = tx.apps()
    keys = tx.keys()
    endpoints = tx.endpoints()
    releases = {r.app: r for r in tx.active_releases() if r.state is not State.CREATED}
    value = snapshot.Snapshot(
        revision=revision,
        issued_at_us=now_us,
        mac_key=secrets.mac_key,
        pseudonym_key=secrets.pseudonym_key,
        pseudonym_key_id=secrets.pseudonym_key_id,
        callers=tuple(_caller(key) for key in keys if key.apps and not key.revoked_at_us),
        endpoints={endpoint.name: msgspec.structs.replace(endpoint, prices={}) for endpoint in endpoints},
        versions=_versions(tx, apps, releases.values(), endpoints),
        apps={app.config.name: _app(tx, app, releases.get(app.config.name)) for app in apps},
    )
    tx.put_snapshot(revision, snapshot.encode(value))
    return revision


def _caller(key: ApiKey) -> snapshot.Caller:
    return snapshot.Caller(
        key_sha256=key.sha256, name=key.name, apps=key.apps, may_pin=not PIN_ROLES.isdisjoint(key.roles)
    )


def _versions(
    tx: ControlTx, apps: list[AppState], releases: Iterable[Release], endpoints: Iterable[snapshot.Endpoint]
) -> dict[str, snapshot.Version]:
    table, known = tx.prices(), {endpoint.name: endpoint for endpoint in endpoints}
    digests = {digest for app in apps for digest in (app.live, app.override) if digest}
    digests |= {digest for release in releases for digest in (release.candidate, release.control) if digest}
    return {stored.digest: _priced(_servable(stored), known, table) for stored in tx.versions_of(sorted(digests))}


def _servable(stored: StoredVersion) -> snapshot.Version:
    return servable(parse_content(stored.content), stored.name)


def _priced(
    version: snapshot.Version, endpoints: Mapping[str, snapshot.Endpoint], table: PriceTable
) -> snapshot.Version:
    endpoint = endpoints.get(version.endpoint)
    price = price_of(table, endpoint, version.model) if endpoint else None
    return msgspec.structs.replace(version, price=price)


def _app(tx: ControlTx, app: AppState, release: Release | None) -> snapshot.App:
    config = app.config
    return snapshot.App(
        name=config.name,
        live=app.live,
        override=app.override,
        release=_release(release, config) if release else None,
        unit=config.unit,
        limits=config.limits,
        format_rule=config.format_rule,
        fallback_message=config.fallback_message,
        fallback_json=msgspec.json.encode(config.fallback_json).decode() if config.fallback_json else "",
        fallback_after_s=config.fallback_after_s,
        overdue_s=config.overdue_s,
        payload_share=config.payload_share,
        attributes=config.attributes,
        rules=config.rules,
        redact=config.redact,
        redact_patterns=config.redact_patterns,
        cached=answer_cache(tx, app, release) if config.fallback_cached else None,
        hand_off_message=config.hand_off_message,
        hand_off_json=msgspec.json.encode(config.hand_off_json).decode() if config.hand_off_json else "",
    )


def _release(release: Release, config: AppConfig) -> snapshot.Release:
    return snapshot.Release(
        id=release.id,
        salt=release.salt,
        candidate=release.candidate,
        control=release.control,
        ramp=release.ramp,
        serving=release.state in SERVING,
        lease_s=release.plan.lease_s,
        assign_v=release.assign_v,
        mirror=mirror_of(release),
        forced=forced_units(config, release.plan, release.step),
        populations=populations(release.plan, release.step),
        measures=measures(release.plan, release.yardsticks),
        closed_from=release.closed_from,
        awaited=tuple(rail.metric for rail in release.plan.guardrails if rail.awaits_labels),
    )
