"""A production of its own on a virtual clock: users, one gateway host, stores in memory, and controls to start."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec

from serinus.adapters.memory_store import memory_stores
from serinus.control.configure_app import configure_app
from serinus.control.configure_endpoint import configure_endpoint
from serinus.control.make_live import make_live
from serinus.control.push_version import push_version
from serinus.control.start_release import start_release
from serinus.control.tick import Tick
from serinus.core.fleet import HostStatus, InFlight, WorkerStatus
from serinus.core.ids import IdSource
from serinus.core.pipeline.app import AppConfig
from serinus.core.pipeline.plan import Guardrail, Limit, Plan, Step
from serinus.core.records.record import Event
from serinus.core.records.sums import ENROLLED, Enrolment, Rollup, Sum, SumKey
from serinus.core.release.release import Progress, Release
from serinus.core.release.table import State
from serinus.core.routing import snapshot
from serinus.core.routing.assignment import Arm, unit_point
from serinus.core.routing.population import arm_at, place_of
from serinus.core.routing.predicate import Facts
from serinus.core.versions.content import VersionContent
from serinus.ports.control_store import ControlStore, Page, StoredVersion
from serinus.ports.telemetry_store import TelemetryStore

PERSON = "ada@example.com"
START_US = 1_764_000_000_000_000
HOST = "host-1"
NAMES = {Event.ERROR: "call.error", Event.INVALID_FORMAT: "call.invalid_format", Event.OVERDUE: "call.overdue"}

PLAN = Plan(
    owner=PERSON,
    steps=(
        Step(share=0.05, dwell_s=20, min_units=20),
        Step(share=0.25, dwell_s=20, min_units=20),
        Step(share=0.5, dwell_s=20, min_units=20),
        Step(share=1.0, dwell_s=20, min_units=20),
    ),
    guardrails=(
        Guardrail(metric="call.invalid_format", max_ratio=1.5, design_ratio=3.0),
        Guardrail(metric="call.error"),
    ),
    limits=(Limit(metric="call.error", above=0.2, buckets=5, bucket_s=1, min_requests=3),),
    alpha=0.001,
    freshness_s=10,
    veto_deadline_s=60,
)

LOOSE = (Limit(metric="call.error", above=0.98, buckets=5, bucket_s=1, min_requests=1),)
"""Something must be able to act at 100 %; this never does."""

Chance = Callable[[Arm], float]


class VirtualClock:
    """Time that moves when told; the wall clock may be stepped on its own."""

    def __init__(self) -> None:
        self.wall_us = START_US
        self.mono = 1_000_000_000_000

    def now_us(self) -> int:
        return self.wall_us

    def mono_ns(self) -> int:
        return self.mono

    def sleep(self, seconds: float) -> None:
        self.wall_us += round(seconds * 1e6)
        self.mono += round(seconds * 1e9)


class Production:
    """`second` is one second of everything: users call, the host ships and reports, every tick has its round.

    `rates` gives each bad event's chance by arm; `calls_per_s` new users call once. `message`: nothing is live, and
    this is what users get who are not the candidate's. Switches: `traffic`, `shipping` and `hanging` (the candidate
    answers nothing).
    """

    def __init__(
        self,
        plan: Plan | None = PLAN,
        calls_per_s: int = 120,
        seed: int = 1,
        stores: tuple[ControlStore, TelemetryStore] | None = None,
        message: str = "",
    ) -> None:
        self.clock = VirtualClock()
        self._random = random.Random(seed)
        self.control, self.telemetry = stores or memory_stores(self._random.randbytes)
        self.ids = IdSource(self.clock.now_us, self._random.randbytes)
        self.calls_per_s = calls_per_s
        self.rates: dict[Event, Chance] = {}
        self.traffic, self.shipping, self.hanging = True, True, False
        self.dropped, self.reader = 0, snapshot.READER
        self.served: Counter[tuple[str, Arm]] = Counter()
        self.snapshots: list[snapshot.Snapshot] = []
        self._waiting: list[int] = []
        self._users = 0
        self._beat = 0
        configure_app(self.control, START_US, PERSON, AppConfig(name="shop", plan=plan, fallback_message=message))
        configure_endpoint(
            self.control, START_US, PERSON, snapshot.Endpoint(name="main", base_url="http://127.0.0.1:1/v1")
        )
        self.baseline = self.push("You are a shop.")
        if not message:
            make_live(self.control, START_US, PERSON, "shop", self.baseline.name, "first")
        self.candidate = self.push("You are a kind shop.")
        self.tick = self.new_tick()
        self.report()

    def push(self, text: str, app: str = "shop") -> StoredVersion:
        """A version with this prompt."""
        content = VersionContent(endpoint="main", model="m", messages=(snapshot.Message(role="system", template=text),))
        return push_version(self.control, START_US, PERSON, app, content)[0]

    def new_tick(self, control: Any = None, takeover_s: float = 5.0) -> Tick:
        """A control process of its own."""
        return Tick(control or self.control, self.telemetry, self.clock, self.ids.new("ins"), takeover_s=takeover_s)

    def start(self) -> Release:
        """The candidate's release."""
        return start_release(
            self.control, self.clock.now_us(), PERSON, self.ids, "salt", "shop", self.candidate.name, "try"
        )

    def release(self) -> Release:
        """The newest release as it is stored."""
        with self.control.tx() as tx:
            return tx.releases(Page(limit=1))[0][0]

    def progress(self) -> Progress:
        """That of the newest release."""
        with self.control.tx() as tx:
            found = tx.progress(tx.releases(Page(limit=1))[0][0].id)
        assert found is not None
        return found

    def second(self, *ticks: Tick) -> Release:
        """One second; the rounds of these ticks (none given: of the one there is)."""
        self.clock.sleep(1)
        if self.traffic:
            self.users_call()
        if self.shipping:
            self.report()
        for tick in ticks or (self.tick,):
            tick.once()
        return self.release()

    def seconds(self, count: int) -> Release:
        """Several seconds."""
        for _ in range(count):
            self.second()
        return self.release()

    def until(self, *states: State, within_s: int = 400) -> Release:
        """Seconds until the release is in one of these states."""
        for _ in range(within_s):
            release = self.second()
            if release.state in states:
                return release
        raise AssertionError(f"still {release.state.value} at step {release.step} after {within_s} s: {release.reason}")

    def routing(self) -> snapshot.Snapshot:
        """The newest snapshot."""
        latest = self.control.latest_snapshot()
        assert latest is not None
        return snapshot.decode(latest[1])

    def users_call(self) -> None:
        """One second of new users, each with one call, assigned by the snapshot as a gateway would."""
        routing = self.routing()
        app = routing.apps["shop"]
        release = app.release
        counts: Counter[tuple[int, Arm]] = Counter()
        bad: Counter[tuple[int, Arm, Event]] = Counter()
        enrolments = []
        for _ in range(self.calls_per_s):
            self._users += 1
            arm, stratum = Arm.REST, -1
            if release is not None and release.serving and app.override is None:
                unit = str(self._users)
                u, facts = unit_point(release.salt, unit), Facts(attributes={"staff": self._users % 4 == 0})
                place = place_of(u, release.ramp, release.populations, routing.revision, facts)
                arm, stratum = arm_at(u, release.ramp, routing.revision, place)
                if app.live is None and 0 < release.closed_from <= routing.revision:
                    arm, stratum = Arm.REST, -1
                if app.live is None and arm is not Arm.CANDIDATE:
                    arm, stratum = Arm.REST, -1
            self.served[app.live or "", arm] += 1
            if arm not in (Arm.CANDIDATE, Arm.CONTROL) or release is None:
                continue
            events = [e for e, chance in self.rates.items() if self._random.random() < chance(arm)]
            if arm is Arm.CANDIDATE and self.hanging:
                self._waiting.append(self.clock.mono)
                events = []
            else:
                counts[stratum, arm] += 1
                bad.update((stratum, arm, event) for event in events)
            bits = Event(0)
            for event in events:
                bits |= event
            enrolments.append(Enrolment(release.id, self._users.to_bytes(8, "big"), arm, stratum, int(bits)))
        if release is not None:
            self._ship(release.id, enrolments, counts, bad)

    def overdue(self, release: str, limit_s: float = 2.0) -> None:
        """Report hanging calls as overdue, as a host agent does."""
        late = [at for at in self._waiting if self.clock.mono - at > limit_s * 1e9]
        self._waiting = [at for at in self._waiting if at not in late]
        if late:
            with self.telemetry.tx() as tx:
                tx.add_sums([(SumKey(release, 0, "call.overdue", Arm.CANDIDATE), Sum(total=len(late)))])

    def _ship(
        self,
        release: str,
        enrolments: list[Enrolment],
        counts: Counter[tuple[int, Arm]],
        bad: Counter[tuple[int, Arm, Event]],
    ) -> None:
        second_us = self.clock.now_us() // 1_000_000 * 1_000_000 - 1_000_000
        with self.telemetry.tx() as tx:
            tx.enrol(enrolments)
            new = Counter((e.stratum, e.arm) for e in enrolments)
            tx.add_sums([(SumKey(release, s, ENROLLED, arm), Sum(total=n)) for (s, arm), n in new.items()])
            tx.add_sums([(SumKey(release, s, NAMES[e], arm), Sum(total=n)) for (s, arm, e), n in bad.items()])
            tx.add_rollups(
                [
                    Rollup(
                        host=HOST,
                        app="shop",
                        release=release,
                        stratum=s,
                        arm=arm,
                        version="v",
                        start_us=second_us,
                        width_s=1,
                        requests=n,
                        events={int(e): bad[s, arm, e] for e in NAMES if bad[s, arm, e]},
                    )
                    for (s, arm), n in counts.items()
                ]
            )

    def report(self, acked: int | None = None) -> None:
        """The host's report; its worker follows the newest snapshot, or `acked`."""
        self._beat += 1
        newest = self.control.latest_snapshot()
        revision = acked if acked is not None else (newest[0] if newest else 0)
        release = self.routing().apps["shop"].release
        waiting = (
            (
                InFlight(
                    app="shop",
                    release=release.id if release else "",
                    stratum=0,
                    arm=Arm.CANDIDATE,
                    count=len(self._waiting),
                    oldest_ms=(self.clock.mono - self._waiting[0]) // 1_000_000,
                ),
            )
            if self._waiting
            else ()
        )
        worker = WorkerStatus(
            instance="w1", pid=1, acked=revision, leased=True, dropped=self.dropped, reader=self.reader
        )
        status = HostStatus(
            host=HOST,
            beat=self._beat,
            shipped_until_us=self.clock.now_us(),
            workers=(worker,),
            in_flight=waiting,
        )
        with self.telemetry.tx() as tx:
            tx.put_host(status)

    def audit(self) -> list[tuple[str, str]]:
        """All entries so far: (action, reason)."""
        with self.control.tx() as tx:
            return [(entry.action, entry.reason) for entry in tx.audit_entries(0, 10_000)]

    def actions(self) -> list[str]:
        """What the tick did to releases, in order."""
        return [action.rpartition(":")[2] for action, _ in self.audit() if action.startswith("tick:release")]

    def configure(self, **changes: Any) -> None:
        """Change the app's declaration."""
        with self.control.tx() as tx:
            app = tx.app("shop")
        assert app is not None
        configure_app(self.control, self.clock.now_us(), PERSON, msgspec.structs.replace(app.config, **changes))


def rate(candidate: float, control: float) -> Chance:
    """An event's chance by arm."""
    return lambda arm: candidate if arm is Arm.CANDIDATE else control
