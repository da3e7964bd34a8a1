"""The freeze of all releases, and releases that wait."""

from datetime import datetime

from pydantic import BaseModel, Field

from serinus.api.schemas.times import when
from serinus.core.pipeline.freeze import Freeze
from serinus.core.release.waiting import Waiting


class FreezeView(BaseModel):
    """The switch for all apps."""

    on: bool = Field(description="No release starts, takes a step or is promoted; rollbacks go on.")
    by: str = Field(description="Who turned it on; empty while it is off.")
    reason: str
    since: datetime | None

    @classmethod
    def of(cls, freeze: Freeze | None) -> "FreezeView":
        """The view of the switch."""
        if freeze is None:
            return cls(on=False, by="", reason="", since=None)
        return cls(on=True, by=freeze.actor, reason=freeze.reason, since=when(freeze.at_us))


class WaitingView(BaseModel):
    """A release that waits to be started; at most one for an app."""

    id: str = Field(description="The id that the release will have.")
    app: str
    state: str = Field(default="waiting", description="Always `waiting`: it is no release yet.")
    version: str = Field(description="The digest of its candidate.")
    name: str
    why: str = Field(description="What it waits for.")
    reason: str
    created_at: datetime
    created_by: str

    @classmethod
    def of(cls, waiting: Waiting) -> "WaitingView":
        """The view of one that waits."""
        return cls(
            id=waiting.id,
            app=waiting.app,
            version=waiting.version,
            name=waiting.name,
            why=waiting.why,
            reason=waiting.reason,
            created_at=when(waiting.at_us),
            created_by=waiting.actor,
        )
