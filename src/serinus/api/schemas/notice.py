"""Notifications of an app and notices on the wire."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from serinus.api.schemas.plan import Declared
from serinus.api.schemas.times import when
from serinus.core.notices.kinds import kind_of
from serinus.core.pipeline.notifications import ACKNOWLEDGE_WITHIN_S, MAX_TARGETS
from serinus.ports.control_store import Delivery, Notice

RouteName = Literal["release_channel", "on_call", "leads", "owner"]


class TargetBody(Declared):
    """Where a target's URL is kept: one of the two. The URL itself is never sent."""

    url_env: str = Field(
        default="",
        pattern=r"^([A-Za-z_][A-Za-z0-9_]{0,127})?$",
        description="Name of a variable in the control process's environment.",
    )
    url_file: str = Field(
        default="", max_length=1000, pattern=r"^(/.*)?$", description="Path of a file on the control process's machine."
    )


Targets = Annotated[list[TargetBody], Field(max_length=MAX_TARGETS)]


class NotificationsBody(Declared):
    """Whom to tell what."""

    release_channel: Targets = Field(default=[], description="Follows releases.")
    on_call: Targets = Field(default=[], description="Is woken.")
    leads: Targets = Field(default=[], description="Told when the on-call is silent.")
    owner: Targets = Field(default=[], description="The app's owner.")
    acknowledge_within_s: float = Field(
        default=ACKNOWLEDGE_WITHIN_S, description="Seconds after which an urgent notice escalates."
    )
    events: dict[str, list[RouteName]] = Field(
        default={}, description="Routes of single kinds, in place of the table's."
    )


class DeliveryView(BaseModel):
    """A notice on its way to a target."""

    target: str = Field(description="The reference: `env:SLACK_URL`.")
    route: str
    state: Literal["delivered", "pending", "failed"] = Field(description="`failed`: not tried any more.")
    attempts: int
    next_at: datetime | None = Field(description="When it is tried again.")
    delivered_at: datetime | None
    fault: str = Field(description="Why the last attempt failed.")

    @classmethod
    def of(cls, delivery: Delivery) -> "DeliveryView":
        """The view of a delivery."""
        over: Literal["delivered", "failed"] = "delivered" if delivery.delivered_at_us else "failed"
        return cls(
            target=delivery.target,
            route=delivery.route,
            state="pending" if delivery.next_at_us else over,
            attempts=delivery.attempts,
            next_at=_when(delivery.next_at_us),
            delivered_at=_when(delivery.delivered_at_us),
            fault=delivery.fault,
        )


class NoticeView(BaseModel):
    """A notice: what was told, to whom, and who has seen it."""

    id: int
    at: datetime
    kind: str
    title: str
    app: str
    release: str
    reason: str
    actor: str
    acknowledge_by: datetime | None = Field(description="After that it escalates; null: nobody has to acknowledge it.")
    acknowledged_at: datetime | None
    acknowledged_by: str
    escalated_at: datetime | None
    deliveries: list[DeliveryView] = Field(description="Empty when nobody is named for this kind.")

    @classmethod
    def of(cls, notice: Notice, deliveries: Iterable[Delivery]) -> "NoticeView":
        """The view of a notice; of `deliveries` only its own count."""
        return cls(
            id=notice.id,
            at=when(notice.at_us),
            kind=notice.kind,
            title=kind_of(notice.kind).title,
            app=notice.app,
            release=notice.release,
            reason=notice.body,
            actor=notice.actor,
            acknowledge_by=_when(notice.acknowledge_by_us),
            acknowledged_at=_when(notice.acknowledged_at_us),
            acknowledged_by=notice.acknowledged_by,
            escalated_at=_when(notice.escalated_at_us),
            deliveries=[DeliveryView.of(one) for one in deliveries if one.notice == notice.id],
        )


def _when(at_us: int) -> datetime | None:
    return when(at_us) if at_us else None
