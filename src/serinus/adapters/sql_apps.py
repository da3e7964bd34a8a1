"""Secrets, apps, endpoints and keys in SQL."""

from __future__ import annotations

import msgspec
from sqlalchemy import select

from serinus.adapters import refusals
from serinus.adapters.schema import api_keys, apps, endpoints, secrets
from serinus.adapters.sql_documents import app_from, document
from serinus.adapters.sql_tx import SqlTx
from serinus.core.errors import Conflict, NotFound
from serinus.core.pipeline.app import AppState
from serinus.core.routing.snapshot import Endpoint
from serinus.ports.control_store import ApiKey, Secrets


class SqlApps(SqlTx):
    """The configuration part of a control transaction."""

    def secrets(self) -> Secrets:
        row = self._one(select(secrets).where(self._own(secrets)))
        if row is None:
            raise NotFound("no secrets", where=f"project {self._project}", mend="open the store once to make them")
        return Secrets(mac_key=row.mac_key, pseudonym_key=row.pseudonym_key, pseudonym_key_id=row.pseudonym_key_id)

    def make_secrets(self, made: Secrets, now_us: int) -> None:
        """Keep these keys unless the project has some already."""
        self._add(secrets, **msgspec.structs.asdict(made), created_at_us=now_us)

    def app(self, name: str) -> AppState | None:
        row = self._one(select(apps.c.document).where(self._own(apps, name=name)))
        return app_from(row.document) if row else None

    def apps(self) -> list[AppState]:
        rows = self._all(select(apps.c.document).where(self._own(apps)))
        found = (app_from(row.document) for row in rows)
        return sorted(found, key=lambda app: app.config.name)

    def put_app(self, app: AppState) -> None:
        self._put(apps, {"name": app.config.name}, document=document(app))

    def endpoints(self) -> list[Endpoint]:
        rows = self._all(select(endpoints.c.document).where(self._own(endpoints)))
        found = (msgspec.json.decode(row.document, type=Endpoint) for row in rows)
        return sorted(found, key=lambda endpoint: endpoint.name)

    def put_endpoint(self, endpoint: Endpoint) -> None:
        self._put(endpoints, {"name": endpoint.name}, document=document(endpoint))

    def key_by_hash(self, sha256: str) -> ApiKey | None:
        query = select(api_keys.c.document).where(self._own(api_keys, sha256=sha256, revoked_at_us=0))
        row = self._one(query)
        return msgspec.json.decode(row.document, type=ApiKey) if row else None

    def keys(self) -> list[ApiKey]:
        rows = self._all(select(api_keys.c.document).where(self._own(api_keys)))
        return sorted((msgspec.json.decode(row.document, type=ApiKey) for row in rows), key=lambda key: key.id)

    def put_key(self, key: ApiKey) -> None:
        with self._connection.begin_nested() as savepoint:
            try:
                self._put(
                    api_keys,
                    {"id": key.id},
                    sha256=key.sha256,
                    revoked_at_us=key.revoked_at_us,
                    document=document(key),
                )
            except Conflict as error:
                savepoint.rollback()
                raise refusals.key_exists(key) from error
