"""Put a sample of an app's calls into the queue of its judges, as their texts come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from serinus.core.errors import InvalidInput
from serinus.core.judging.judge import judge_digest
from serinus.core.judging.judgement import HOUR_US, UNSCORED, JudgementKey, Sampled, begun_at_us, hour_of
from serinus.core.judging.live import share_of
from serinus.core.pipeline.app import AppConfig
from serinus.core.records import call_id
from serinus.core.routing.assignment import Arm
from serinus.ports.kept_texts import KeptTexts, TextPart
from serinus.ports.telemetry_store import TelemetryStore, TelemetryTx

OLDEST_S = 86_400
"""Calls that are older when their texts come are not judged any more; a new judge begins with those of a day."""
_LISTED_S = OLDEST_S + 2 * 86_400  # a host that was cut off ships what is older in the same file
_DAY_AHEAD_US = 86_400_000_000
_Place = tuple[str, str, str, int]  # metric, judge, release, hour


class Sampler:
    """Looks at texts, each once. A part is looked at in one transaction with what it gives, so that a killed worker
    neither forgets nor repeats a call; other workers may look at the same time. For one thread."""

    def __init__(self, store: TelemetryStore, texts: KeptTexts) -> None:
        self._store = store
        self._texts = texts
        self._looked: dict[str, int] = {}

    def sample(self, apps: Sequence[AppConfig], alone: Collection[str], now_us: int) -> int:
        """Look at all texts that nobody has looked at; how many calls came into the queue. `alone` are the releases
        without a control."""
        judged = {app.name: app for app in apps if app.live_judges}
        if not judged:
            return 0
        parts = self._texts.parts(now_us - _LISTED_S * 1_000_000)
        fresh = [part for part in parts if self._looked.get(part.spool, 0) < part.end]
        self._looked = {part.spool: self._looked.get(part.spool, 0) for part in parts}
        return sum(self._look(part, judged, alone, now_us) for part in fresh)

    def _look(self, part: TextPart, apps: Mapping[str, AppConfig], alone: Collection[str], now_us: int) -> int:
        with self._store.tx() as tx:
            seen = tx.looked(part.spool)
        listed = self._texts.calls_of(part) if seen < part.end else []
        if listed is None:
            return 0  # gathered: looked at the next time
        calls = sorted(_known(listed, apps, now_us))
        with self._store.tx() as tx:
            mine = seen < part.end and tx.look(part.spool, seen, part.end, now_us)
            found = tx.sample(_chosen(tx, calls, apps, alone, now_us)) if mine else 0
        self._looked[part.spool] = part.end if mine else seen
        return found


def _known(listed: Sequence[tuple[str, str]], apps: Mapping[str, AppConfig], now_us: int) -> list[tuple[bytes, str]]:
    found = []
    for printed, app in listed:
        try:
            raw = call_id.raw_of(printed)
        except InvalidInput:
            continue  # of another format
        if app in apps and now_us - OLDEST_S * 1_000_000 <= begun_at_us(raw) <= now_us + _DAY_AHEAD_US:
            found.append((raw, app))
    return found


def _chosen(
    tx: TelemetryTx,
    calls: Sequence[tuple[bytes, str]],
    apps: Mapping[str, AppConfig],
    alone: Collection[str],
    now_us: int,
) -> list[Sampled]:
    chosen = []
    queued = {name: _queued(tx, name, [raw for raw, app in calls if app == name]) for name in {app for _, app in calls}}
    for raw, name in calls:
        place = call_id.parse(raw)
        for live in apps[name].live_judges:
            judge = judge_digest(live.judge)
            arms = queued[name][live.metric, judge, place.release, hour_of(begun_at_us(raw))]
            share = share_of(raw, live, apps[name].payload_share, arms, place.release in alone)
            if share is not None:
                arms[place.arm] = arms.get(place.arm, 0) + 1
                chosen.append(Sampled(key=JudgementKey(raw, live.metric, judge), app=name, share=share, at_us=now_us))
    return chosen


def _queued(tx: TelemetryTx, app: str, calls: Sequence[bytes]) -> defaultdict[_Place, dict[Arm, int]]:
    """How many calls of each release and hour are judged or wait, by arm; unscored ones are none."""
    found: defaultdict[_Place, dict[Arm, int]] = defaultdict(dict)
    first_hour = hour_of(min(map(begun_at_us, calls)))
    for one in tx.judgement_counts(app, first_hour * HOUR_US):
        if one.state != UNSCORED:
            arms = found[one.metric, one.judge, one.release, one.hour]
            arms[Arm(one.arm)] = arms.get(Arm(one.arm), 0) + one.count
    return found
