"""Signatures of versions in SQL."""

from __future__ import annotations

import msgspec
from sqlalchemy import select

from serinus.adapters.schema import signatures
from serinus.adapters.sql_tx import SqlTx
from serinus.ports.signatures import Signature


class SqlSignatures(SqlTx):
    """The signatures part of a control transaction."""

    def insert_signature(self, signature: Signature) -> bool:
        return self._add(signatures, **msgspec.structs.asdict(signature))

    def signatures(self, app: str, digest: str) -> list[Signature]:
        query = (
            select(signatures)
            .where(self._own(signatures, app=app, digest=digest))
            .order_by(signatures.c.signed_at_us, signatures.c.key_id)
        )
        names = Signature.__struct_fields__
        return [Signature(**{name: getattr(row, name) for name in names}) for row in self._all(query)]
