"""Live judging of all apps: what is declared, who judges it, samples, the log, and what is forgotten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import msgspec

from serinus.core.audit.entry import Action, Draft
from serinus.core.judging.answer import Price, listed
from serinus.core.judging.judge import judge_digest
from serinus.core.judging.judgement import Trouble
from serinus.core.pipeline.app import AppConfig
from serinus.core.pipeline.live_judge import LiveJudge
from serinus.core.records.labels import Awaiting
from serinus.core.records.payload import LoggedPayload
from serinus.core.routing.snapshot import Endpoint, decode
from serinus.evaluation.courtroom import Courtroom
from serinus.evaluation.judge_live import HIDDEN_S, LiveBench
from serinus.evaluation.log_live import ScoreLog
from serinus.evaluation.sample_live import Sampler
from serinus.ports.control_store import ControlStore, ControlTx, Notice
from serinus.ports.payloads import Erasure
from serinus.ports.prices import price_of
from serinus.ports.retry import run, run_telemetry
from serinus.ports.telemetry_store import TelemetryTx

ACTOR = "judge"
KEPT_DAYS = 14
"""So long it is known what judges said of single calls; their scores stay as long as the event log."""
LATE_DAYS = 30
_DAY_US = 86_400_000_000
_FORGET_MOST = 5000
_TIDY_EVERY_S = 600
_NOTE_EVERY_S = 5
_GIVE_UP_EVERY_S = 30
"""What another worker sampled by what was declared before is found by then; all that waits is counted for it."""
_TROUBLE_EVERY_S = 30
_UNDECLARED = "no such judge is declared any more"


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """What the control store says, as far as judging goes by it."""

    apps: tuple[AppConfig, ...]
    endpoints: Mapping[str, Endpoint]
    prices: Mapping[tuple[str, str], Price | None]
    erasures: Sequence[Erasure]
    revision: int


class _Routing(msgspec.Struct, frozen=True, kw_only=True):
    """What the newest snapshot says: whose labels are awaited, and which releases have no control."""

    revision: int = -1
    awaiting: Awaiting = {}
    alone: frozenset[str] = frozenset()


class Judging:
    """All live judges of a project in one worker. `room.deliver` is handed `awaiting` of this object's."""

    def __init__(self, room: Courtroom, control: ControlStore, log: ScoreLog) -> None:
        self._room = room
        self._control = control
        self._log = log
        self._sampler = Sampler(room.store, room.texts)
        self._routing = _Routing()
        self._benches: dict[tuple[str, str], LiveBench] = {}
        self._working: dict[int, LiveBench] = {}
        self._made_of: dict[tuple[str, str], tuple[LiveJudge, Endpoint, Price | None]] = {}
        self._erasures: Sequence[Erasure] = ()
        self._erased: Sequence[Erasure] = ()
        self._tidied_us = self._noted_us = self._given_up_us = 0
        self._told: set[tuple[str, str, int]] = set()
        self._troubles: dict[tuple[str, str], Trouble] = {}

    @property
    def awaiting(self) -> Awaiting:
        """Whose labels the newest snapshot awaits."""
        return self._routing.awaiting

    @property
    def benches(self) -> Mapping[tuple[str, str], LiveBench]:
        """The judges that are declared, by app and metric."""
        return self._benches

    def prepare(self) -> None:
        """Look at what is declared, take samples, and bring into the log what was judged."""
        now_us = self._room.now_us()
        declared = run(self._control, lambda tx: declared_judging(tx, now_us))
        self._follow(declared)
        self._erasures = declared.erasures
        changed = self._take_up(declared)
        self._sampler.sample(declared.apps, self._routing.alone, now_us)
        self._note(declared, now_us)
        if changed or now_us - self._given_up_us >= _GIVE_UP_EVERY_S * 1_000_000:
            self._give_up(declared, now_us)
        while self._log.flush():
            pass
        for (app, metric), bench in self._benches.items():
            self._tell_trouble(app, metric, bench)
            if bench.held_back:
                self._tell(app, metric, bench.live, now_us)
        self._tidy(now_us)

    async def judge(self, bench: LiveBench) -> None:
        """Judge all that waits for one of the benches, as long as it is declared as it is."""
        self._working[id(bench)] = bench
        try:
            while any(one is bench for one in self._benches.values()):
                if not await bench.judge(self._is_erased):
                    return
        finally:
            del self._working[id(bench)]

    def renew(self) -> None:
        """Keep what this worker works on its own: to be called well within `HIDDEN_S`. What it could not give back,
        since the store was away, is not among it, and comes back."""
        until_us = self._room.now_us() + round(HIDDEN_S * 1e6)
        holders = [bench.holder for bench in tuple(self._working.values()) if bench.holder]

        def work(tx: TelemetryTx) -> None:
            for holder in holders:
                tx.renew_judgements(holder, until_us)

        if holders:
            run_telemetry(self._room.store, work)

    def _note(self, declared: Declared, now_us: int) -> None:
        """Say that somebody looks, where there is something to look for."""
        if now_us - self._noted_us >= _NOTE_EVERY_S * 1_000_000 and any(app.live_judges for app in declared.apps):
            run_telemetry(self._room.store, lambda tx: tx.note_sampled(now_us))
            self._noted_us = now_us

    def _tidy(self, now_us: int) -> None:
        """Forget what judges said of texts that were erased, and now and then what is old. A verdict that came while
        its texts were erased goes the next time."""
        is_due = now_us - self._tidied_us >= _TIDY_EVERY_S * 1_000_000
        oldest_us = now_us - KEPT_DAYS * _DAY_US
        for one in self._erasures:
            if is_due or one not in self._erased:
                unit, until_us = bytes.fromhex(one.unit), one.at_us
                run_telemetry(self._room.store, partial(_erase, unit=unit, until_us=until_us))
        self._erased = self._erasures
        if is_due:
            run_telemetry(self._room.store, lambda tx: tx.forget_judgements(oldest_us, _FORGET_MOST))
            self._tidied_us = now_us

    def _is_erased(self, payload: LoggedPayload) -> bool:
        return any(one.unit == payload.unit and payload.at_us <= one.at_us for one in self._erasures)

    def _follow(self, declared: Declared) -> None:
        if declared.revision == self._routing.revision:
            return
        latest = self._control.latest_snapshot()
        if latest is None:
            return
        apps = decode(latest[1]).apps.values()
        releases = [app.release for app in apps if app.release is not None]
        self._routing = _Routing(
            revision=latest[0],
            awaiting={one.id: frozenset(one.awaited) for one in releases if one.awaited},
            alone=frozenset(one.id for one in releases if not one.control),
        )

    def _take_up(self, declared: Declared) -> bool:
        """A bench for each judge that is declared; those that stay as they are keep what they have found out. Whether
        any is another one than before."""
        made_of = {
            (app.name, live.metric): (
                live,
                declared.endpoints[live.judge.endpoint],
                declared.prices[live.judge.endpoint, live.judge.model],
            )
            for app in declared.apps
            for live in app.live_judges
            if live.judge.endpoint in declared.endpoints
        }
        kept = {key: bench for key, bench in self._benches.items() if made_of.get(key) == self._made_of[key]}
        fresh = {key: LiveBench(self._room, key[0], *parts) for key, parts in made_of.items() if key not in kept}
        changed = made_of != self._made_of
        self._benches, self._made_of = {**kept, **fresh}, made_of
        return changed

    def _give_up(self, declared: Declared, now_us: int) -> None:
        """What waits for a judge that was changed or taken out waits in vain."""

        def work(tx: TelemetryTx) -> None:
            for app in declared.apps:
                judges = {(live.metric, judge_digest(live.judge)) for live in app.live_judges}
                for one in tx.waiting_judgements(app.name):
                    if (one.metric, one.judge) not in judges:
                        tx.give_up_judgements(app.name, one.metric, one.judge, _UNDECLARED, now_us)

        run_telemetry(self._room.store, work)
        self._given_up_us = now_us

    def _tell_trouble(self, app: str, metric: str, bench: LiveBench) -> None:
        """What is new, and now and then that it lasts."""
        found, known = bench.trouble, self._troubles.get((app, metric))
        lasts = (
            found and known and found.what == known.what and found.at_us - known.at_us < _TROUBLE_EVERY_S * 1_000_000
        )
        if found is not None and not lasts:
            run_telemetry(self._room.store, partial(_put_trouble, app=app, trouble=found))
            self._troubles[app, metric] = found

    def _tell(self, app: str, metric: str, live: LiveJudge, now_us: int) -> None:
        """Once a day, whichever worker sees it first."""
        day_us = now_us // _DAY_US * _DAY_US
        if (app, metric, day_us) in self._told:
            return
        body = (
            f"The judge of {metric} is held back until tomorrow (UTC): its limit of ${live.limit_usd_per_day:g} a day"
            " is spent. Calls that are sampled till then have no score"
        )
        notice = Notice(
            release="", seq=day_us, kind="hold_back", subject=f"{app} {metric}", body=body, at_us=now_us, app=app,
            actor=ACTOR,
        )  # fmt: skip

        def work(tx: ControlTx) -> None:
            if tx.enqueue(notice):
                tx.append_audit(
                    Draft(at_us=now_us, actor=ACTOR, action=Action.JUDGE_HELD_BACK, subject=app, reason=body)
                )

        run(self._control, work)
        self._told.add((app, metric, day_us))


def _put_trouble(tx: TelemetryTx, app: str, trouble: Trouble) -> None:
    tx.put_judging_trouble(app, trouble)


def _erase(tx: TelemetryTx, unit: bytes, until_us: int) -> int:
    return tx.erase_evidence(unit, until_us)


def declared_judging(tx: ControlTx, now_us: int) -> Declared:
    """What is declared now."""
    apps = tuple(app.config for app in tx.apps())
    endpoints = {one.name: one for one in tx.endpoints()}
    judges = [live.judge for app in apps for live in app.live_judges if live.judge.endpoint in endpoints]
    table = tx.prices()
    return Declared(
        apps=apps,
        endpoints=endpoints,
        prices={
            (one.endpoint, one.model): listed(price_of(table, endpoints[one.endpoint], one.model)) for one in judges
        },
        erasures=tx.erasures(now_us - LATE_DAYS * _DAY_US),
        revision=tx.revision(),
    )
