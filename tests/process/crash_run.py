"""Kill processes at random moments under load while releases go on, then hold every record to account."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
from collections import Counter
from pathlib import Path

import httpx
import msgspec

from serinus.control.verify_audit import verify_audit
from serinus.core.audit.entry import Action
from serinus.core.errors import SerinusError
from serinus.ports.clock import Clock
from serinus.ports.control_store import Page
from tests.process import ledger
from tests.process.production import APP, Production, plan, production

MODULES = {f"serinus.bootstrap.{name}": name for name in ("worker", "agent", "control", "gateway")}
# How often each dies, in a pack that is shuffled and begun anew when it is used up.
PACK = ("worker",) * 5 + ("agent",) * 2 + ("control",) * 2 + ("gateway",)
STEPS = tuple((share, 0.6) for share in (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 1.0))
# Quick rounds, so that the release climbs in the short lives that a control has here; small segments, so that workers
# turn to the next one and agents delete the last one all the time.
_CONTROL = ("--period-s", "0.2")
_GATEWAY = ("--segment-mb", "0.0625")
_ALIVE_WITHIN_S = 30.0
_PROMOTED_WITHIN_S = 60.0


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What a run came to. All lists are faults, each in words or as a call id."""

    kills: dict[str, int]
    sent: int
    completed: int
    incomplete: int
    unfinished: int
    promoted: int
    steps: int
    steps_between_kills: int
    lost: list[str]
    duplicated: list[str]
    mismatched: list[str]
    sums_wrong: list[str]
    steps_wrong: list[str]
    audit_faults: list[str]

    @property
    def faults(self) -> list[str]:
        """All of them."""
        return [
            *self.lost,
            *self.duplicated,
            *self.mismatched,
            *self.sums_wrong,
            *self.steps_wrong,
            *self.audit_faults,
        ]


def crash_run(directory: Path, store: str | None = None, *, kills: int, seed: int, every_s: float) -> Account:
    """Run releases one after the other under load, kill `kills` processes about `every_s` apart, let the last release
    come to its end, drain, and compare. Killed workers and agents are the supervisor's to restart; control and gateway
    are started again here, as an init system would."""
    with production(directory, store, gateway_options=_GATEWAY, control_options=_CONTROL) as found:
        killer = _suffer(found, kills, seed, every_s)
        return account(found, found.end(), killer)


def _suffer(found: Production, kills: int, seed: int, every_s: float) -> Killer:
    found.begin(plan(STEPS, lease_s=4.0), "--fault", "500:0.02")
    killer = Killer(found.stack.directory, found.stack.clock, kills, seed, every_s)
    keeper = Keeper(found)
    found.start_traffic(rate=100.0)
    found.await_answers(50)
    keeper.keep()
    found.await_true(lambda: _steps(found) > 1, "the release does not climb")
    killer.start()
    try:
        while killer.is_alive():
            keeper.keep()
            killer.join(0.05)
    finally:
        killer.stop()
    assert not killer.fault, killer.fault
    found.await_true(keeper.keep_alive, "control and gateway did not come back", _ALIVE_WITHIN_S)
    found.await_true(lambda: not _active(found), f"the release did not go on: {_why(found)}", _PROMOTED_WITHIN_S)
    return killer


def account(found: Production, result: dict[str, int], killer: Killer) -> Account:
    """Compare what users, stores, event log and audit trail say."""
    control, telemetry = found.stores
    seen, calls, trail = found.seen(), found.stack.calls(), found.audit()
    with control.tx() as tx:
        releases = tx.releases(Page(limit=100))[0]
    with telemetry.tx() as reader:
        sums = [pair for release in releases for pair in reader.sums(release.id)]
        rolled_up = [sum(r.requests for r in reader.app_rollups(APP, width_s, 0, 2**60)) for width_s in (1, 60)]
    finished = sum(call.finished for call in calls)
    wrong = [f"rollups count {count} calls, the event log {finished}" for count in rolled_up if count != finished]
    return Account(
        kills=dict(killer.killed),
        sent=result["sent"],
        completed=len(seen),
        incomplete=result["incomplete"],
        unfinished=len(calls) - finished,
        promoted=sum(release.state.value == "promoted" for release in releases),
        steps=sum(len(release.ramp) for release in releases),
        steps_between_kills=sum(
            entry.action == Action.TICK_ADVANCED and killer.first_us < entry.at_us < killer.last_us for entry in trail
        ),
        lost=ledger.lost(seen, calls),
        duplicated=ledger.duplicated(calls),
        mismatched=ledger.mismatched(seen, calls),
        sums_wrong=wrong + ledger.wrong_sums(calls, sums),
        steps_wrong=[text for release in releases for text in ledger.wrong_steps(release, trail)],
        audit_faults=[f"{fault.seq}: {fault.what}" for fault in verify_audit(control)[1]],
    )


class Keeper:
    """Sees to it that control and gateway run and that some release is under way."""

    def __init__(self, found: Production) -> None:
        self._found = found
        self._started = 0

    def keep(self) -> None:
        """Start again what was killed, and the next release when the last one has ended."""
        # A store that is locked, or an API that was killed while it was asked, is asked again in the next round.
        with contextlib.suppress(SerinusError, httpx.TransportError):
            if self.keep_alive() and not _active(self._found):
                self._started += 1
                self._found.release(self._found.versions[self._started % 2])

    def keep_alive(self) -> bool:
        """Start again what was killed; whether both live now. One that is killed while it starts is left for the next
        round."""
        found = self._found
        for process, start in ((found.control, found.start_control), (found.gateway, found.start_gateway)):
            if not process.is_alive:
                with contextlib.suppress(SerinusError):
                    start()
        return found.control.is_alive and found.gateway.is_alive


class Killer(threading.Thread):
    """Sends SIGKILL to processes that belong to one directory and descend from this one."""

    def __init__(self, directory: Path, clock: Clock, kills: int, seed: int, every_s: float) -> None:
        super().__init__(name="killer", daemon=True)
        self.killed: Counter[str] = Counter()
        self.fault = ""
        self.first_us = self.last_us = 0
        self._directory = str(directory)
        self._clock = clock
        self._kills = kills
        self._chance = random.Random(seed)
        self._every_s = every_s
        self._stopping = threading.Event()

    def run(self) -> None:
        """Kill, until it is enough."""
        pack: list[str] = []
        for _ in range(self._kills):
            if not pack:
                pack = self._chance.sample(PACK, len(PACK))
            if self._stopping.wait(self._chance.uniform(0.0, 2 * self._every_s)) or not self._kill(pack.pop()):
                return

    def stop(self) -> None:
        """Kill nobody any more."""
        self._stopping.set()
        self.join()

    def _kill(self, kind: str) -> bool:
        end_ns = self._clock.mono_ns() + int(_ALIVE_WITHIN_S * 1e9)
        while not (alive := running(self._directory)[kind]):
            if self._clock.mono_ns() > end_ns:
                self.fault = f"no {kind} was there to be killed for {_ALIVE_WITHIN_S:.0f} s"
                return False
            if self._stopping.wait(0.02):
                return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._chance.choice(alive), signal.SIGKILL)
            self.killed[kind] += 1
            self.last_us = self._clock.now_us()
            self.first_us = self.first_us or self.last_us
        return True


def running(directory: str) -> dict[str, list[int]]:
    """Living processes of ours by kind: descendants of this process whose command line names the directory."""
    parents: dict[int, int] = {}
    kinds: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            words = (entry / "cmdline").read_text().split("\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents[int(entry.name)] = int(parent)
        kind = next((MODULES[word] for word in words if word in MODULES), "")
        if kind and state != "Z" and any(word.startswith(directory) for word in words):
            kinds[int(entry.name)] = kind
    found: dict[str, list[int]] = {name: [] for name in MODULES.values()}
    for pid in sorted(kinds):
        if _descends(pid, parents):
            found[kinds[pid]].append(pid)
    return found


def _descends(pid: int, parents: dict[int, int]) -> bool:
    while pid in parents:
        pid = parents[pid]
        if pid == os.getpid():
            return True
    return False


def _active(found: Production) -> bool:
    with found.stores[0].tx() as tx:
        return bool(tx.active_releases())


def _steps(found: Production) -> int:
    with found.stores[0].tx() as tx:
        return max((len(release.ramp) for release in tx.active_releases()), default=0)


def _why(found: Production) -> str:
    with found.stores[0].tx() as tx:
        return ", ".join(f"{release.state.value}: {release.reason}" for release in tx.active_releases())
