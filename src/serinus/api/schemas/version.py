"""Versions on the wire."""

from datetime import datetime
from typing import Any

import msgspec
from pydantic import BaseModel, Field

from serinus.api.schemas.times import when
from serinus.control.name_versions import Named
from serinus.core.versions.naming import VersionState
from serinus.ports.control_store import StoredVersion


class VersionView(BaseModel):
    """A version without its content."""

    digest: str = Field(description="SHA-256 of the canonical content: its identity.")
    behaviour: str = Field(description="SHA-256 of what the model sees.")
    app: str
    name: str
    label: str = Field(description="The name with its state as suffix, for people; no key.")
    state: VersionState = Field(description="Where it stands: the suffix of the label.")
    tag: str = Field(description="REJECTED-{date}-{name} of a rejected version; empty for others.")
    created_at: datetime
    created_by: str
    was_live_at: datetime | None = Field(description="When it first became live; null: never.")

    @classmethod
    def of(cls, version: StoredVersion, named: Named) -> "VersionView":
        """The view of a stored version."""
        return cls(**_fields(version, named))


class VersionDetail(VersionView):
    """A version with its content."""

    content: dict[str, Any] = Field(description="As it was pushed.")

    @classmethod
    def of(cls, version: StoredVersion, named: Named) -> "VersionDetail":
        """The view of a stored version."""
        return cls(**_fields(version, named), content=msgspec.json.decode(version.content, type=dict[str, Any]))


class PushedView(VersionView):
    """The version of a push."""

    created: bool = Field(description="False: the same content was there already.")

    @classmethod
    def of_push(cls, version: StoredVersion, named: Named, created: bool) -> "PushedView":
        """The view of a push."""
        return cls(**_fields(version, named), created=created)


def _fields(version: StoredVersion, named: Named) -> dict[str, Any]:
    return {
        "digest": version.digest,
        "behaviour": version.behaviour,
        "app": version.app,
        "name": version.name,
        "label": named.label,
        "state": named.state,
        "tag": named.tag,
        "created_at": when(version.created_at_us),
        "created_by": version.created_by,
        "was_live_at": when(version.was_live_at_us) if version.was_live_at_us else None,
    }
