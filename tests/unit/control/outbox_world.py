"""An outbox with an app, a leader, a virtual clock, and a notifier whose targets can be away."""

from __future__ import annotations

from collections.abc import Callable

from serinus.adapters.memory_store import memory_stores
from serinus.control.configure_app import configure_app
from serinus.control.deliver import Deliver
from serinus.core.notices.message import Message
from serinus.core.pipeline.app import AppConfig
from serinus.core.pipeline.notifications import Notifications, Target
from serinus.ports.control_store import Delivery, Notice, Page
from tests.conftest import counted_bytes

START_US = 1_764_000_000_000_000
CHANNEL, PAGER, LEAD, OWNER = "env:CHANNEL", "env:PAGER", "env:LEAD", "env:OWNER"
EACH = Notifications(
    release_channel=(Target(url_env="CHANNEL"),),
    on_call=(Target(url_env="PAGER"),),
    leads=(Target(url_env="LEAD"),),
    owner=(Target(url_env="OWNER"),),
)


class VirtualClock:
    """Time that moves when told."""

    def __init__(self) -> None:
        self.at_us = START_US

    def now_us(self) -> int:
        return self.at_us

    def mono_ns(self) -> int:
        return self.at_us * 1000

    def sleep(self, seconds: float) -> None:
        self.at_us += round(seconds * 1e6)


class Targets:
    """A notifier that keeps what it sends; `away` are targets that take nothing."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Message]] = []
        self.tried: list[str] = []
        self.away: set[str] = set()

    def send(self, target: str, message: Message) -> str:
        self.tried.append(target)
        if target in self.away:
            return "away"
        self.sent.append((target, message))
        return ""

    def got(self, target: str) -> list[str]:
        """The titles that a target got."""
        return [message.title for to, message in self.sent if to == target]


class World:
    """Store, leader, deliverer. Jobs run at once unless `held`, then they wait in `jobs`."""

    def __init__(self, notifications: Notifications = EACH) -> None:
        self.clock = VirtualClock()
        self.control, _ = memory_stores(counted_bytes())
        configure_app(self.control, START_US, "ada", AppConfig(name="shop", notifications=notifications))
        leader = self.control.claim("me", None)
        assert leader is not None
        self.epoch = leader.epoch
        self.targets = Targets()
        self.held = False
        self.jobs: list[Callable[[], None]] = []
        self.deliver = self.new_deliver()

    def new_deliver(self) -> Deliver:
        """What a process that starts anew has: no memory."""
        return Deliver(self.control, self.targets, self.clock, self._spawn, "http://127.0.0.1:8701")

    def _spawn(self, job: Callable[[], None]) -> None:
        if self.held:
            self.jobs.append(job)
        else:
            job()

    def tell(self, kind: str, seq: int = 1, actor: str = "tick") -> Notice:
        """A notice in the outbox."""
        notice = Notice(
            release="", seq=seq, kind=kind, subject="", body=f"{kind} {seq}", at_us=self.clock.now_us(), app="shop",
            actor=actor,
        )  # fmt: skip
        with self.control.tx() as tx:
            assert tx.enqueue(notice)
            return tx.notices(Page(limit=1))[0][0]

    def seconds(self, count: float, step: float = 1.0) -> None:
        """Rounds of the deliverer, one a step."""
        for _ in range(round(count / step)):
            self.clock.sleep(step)
            self.deliver.once(self.epoch)

    def notice(self, id: int) -> Notice:
        """A notice as it stands."""
        with self.control.tx() as tx:
            found = tx.notice(id)
        assert found is not None
        return found

    def deliveries(self, id: int) -> dict[str, Delivery]:
        """Its deliveries by target."""
        with self.control.tx() as tx:
            return {delivery.target: delivery for delivery in tx.deliveries([id])}

    def audited(self) -> list[str]:
        """Actions on the audit trail, in order."""
        with self.control.tx() as tx:
            return [entry.action for entry in tx.audit_entries(0, 1000)]
