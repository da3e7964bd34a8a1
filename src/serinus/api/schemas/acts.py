"""What people send when they act."""

from pydantic import Field

from serinus.api.schemas.plan import Declared
from serinus.api.schemas.risk import MOST_MODIFIERS, TYPE_LENGTH
from serinus.core.versions.risk import RiskWord

REASON_LENGTH = 2000


class ReasonBody(Declared):
    """Why."""

    reason: str = Field(default="", max_length=REASON_LENGTH, description="Kept with the audit entry.")


class VersionReasonBody(ReasonBody):
    """Which version, and why."""

    version: str = Field(min_length=1, max_length=200, description="Name, digest, or its first 8 or more characters.")


class StartBody(VersionReasonBody):
    """What to release, and why."""

    app: str = Field(min_length=1, max_length=100)
    acknowledge: str = Field(
        default="",
        max_length=REASON_LENGTH,
        description="Why it may start although its plan cannot see, in this app's traffic, what it guards.",
    )
    set_aside: str = Field(
        default="",
        max_length=REASON_LENGTH,
        description="Why what spoke against earlier attempts of nearly the same content counts no more.",
    )
    type: str = Field(
        default="", max_length=TYPE_LENGTH, description="The release type; empty: as the difference implies."
    )
    type_reason: str = Field(
        default="", max_length=REASON_LENGTH, description="Why it is less than the difference implies; needed then."
    )
    modifiers: list[str] = Field(
        default=[], max_length=MOST_MODIFIERS, description="What no difference shows, such as `policy-change`."
    )

    @property
    def word(self) -> RiskWord:
        """What is said of the risk."""
        return RiskWord(type=self.type, reason=self.type_reason, modifiers=tuple(self.modifiers))


class KeyBody(Declared):
    """A key to make."""

    name: str = Field(min_length=1, max_length=100, description="Who or what will use it.")
    roles: list[str] = Field(default=[], max_length=16, description="Roles in the API; none: the key can only call.")
    apps: list[str] = Field(
        default=["*"], max_length=1000, description="Apps it may call; `*`: all; none: it may not call."
    )
