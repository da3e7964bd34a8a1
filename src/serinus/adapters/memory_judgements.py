"""Live judgements in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence

import msgspec

from serinus.adapters.memory_table import Table, Undo
from serinus.core.judging.answer import NO_COST, Cost
from serinus.core.judging.judgement import (
    SCORED,
    UNSCORED,
    WAITING,
    Claim,
    Judgement,
    JudgementCount,
    JudgementKey,
    Sampled,
    State,
    Trouble,
    Verdict,
    Waiting,
    hour_of,
)
from serinus.core.records import call_id

_NOTHING = Verdict(value=None)


class JudgementRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the queue."""

    sampled: Sampled
    visible_at_us: int
    attempts: int = 0
    holder: str = ""
    settled_at_us: int = 0
    verdict: Verdict = _NOTHING
    unlogged: bool = False

    @property
    def state(self) -> State:
        """Where it stands."""
        if not self.settled_at_us:
            return WAITING
        return UNSCORED if self.verdict.value is None else SCORED

    def is_ready(self, app: str, metric: str, judge: str, now_us: int) -> bool:
        """Whether it waits and may be claimed."""
        key = self.sampled.key
        mine = (self.sampled.app, key.metric, key.judge) == (app, metric, judge)
        return mine and not self.settled_at_us and self.visible_at_us <= now_us


class JudgementRows:
    """The tables."""

    def __init__(self, journal: list[Undo]) -> None:
        self.queue: Table[JudgementKey, JudgementRow] = Table(journal)
        self.looks: Table[str, tuple[int, int]] = Table(journal)
        self.troubles: Table[tuple[str, str, str], Trouble] = Table(journal)


class MemoryJudgements:
    """The part of a telemetry transaction about live judgements."""

    def __init__(self, rows: JudgementRows) -> None:
        self._judgements = rows

    def looked(self, spool: str) -> int:
        return self._judgements.looks.get(spool, (0, 0))[0]

    def look(self, spool: str, expected: int, until: int, at_us: int) -> bool:
        if self.looked(spool) != expected:
            return False
        self._judgements.looks.put(spool, (until, at_us))
        return True

    def sampled_until_us(self) -> int:
        return self._judgements.looks.get("", (0, 0))[1]

    def note_sampled(self, at_us: int) -> None:
        self._judgements.looks.put("", (0, at_us))

    def sample(self, batch: Sequence[Sampled]) -> int:
        fresh = {one.key: one for one in batch if one.key not in self._judgements.queue}
        for key, one in fresh.items():
            self._judgements.queue.put(key, JudgementRow(sampled=one, visible_at_us=one.at_us))
        return len(fresh)

    def claim_judgements(
        self, app: str, metric: str, judge: str, holder: str, now_us: int, until_us: int, most: int
    ) -> list[Claim]:
        ready = sorted(
            (row.sampled.begun_at_us, key)
            for key, row in self._judgements.queue.items()
            if row.is_ready(app, metric, judge, now_us)
        )
        claims = []
        for _, key in ready[:most]:
            attempts = self._judgements.queue[key].attempts + 1
            self._change(key, visible_at_us=until_us, attempts=attempts, holder=holder)
            claims.append(Claim(key=key, app=app, holder=holder, attempts=attempts))
        return claims

    def renew_judgements(self, holder: str, until_us: int) -> int:
        mine = [key for key, row in self._judgements.queue.items() if row.holder == holder and not row.settled_at_us]
        for key in mine:
            self._change(key, visible_at_us=until_us)
        return len(mine)

    def give_back_judgement(self, claim: Claim, at_us: int, cost: Cost = NO_COST) -> bool:
        row = self._judgements.queue.get(claim.key)
        return row is not None and self._held(
            claim, visible_at_us=at_us, holder="", verdict=_with_cost(row.verdict, _cost(row.verdict).plus(cost))
        )

    def settle_judgement(self, claim: Claim, verdict: Verdict, at_us: int) -> bool:
        scored, row = verdict.value is not None, self._judgements.queue.get(claim.key)
        whole = verdict if row is None else _with_cost(verdict, _cost(row.verdict).plus(_cost(verdict)))
        return self._held(claim, holder="", settled_at_us=at_us, verdict=whole, unlogged=scored)

    def give_up_judgements(self, app: str, metric: str, judge: str, reason: str, now_us: int) -> int:
        ready = [key for key, row in self._judgements.queue.items() if row.is_ready(app, metric, judge, now_us)]
        for key in ready:
            given_up = _with_cost(Verdict(value=None, reason=reason), _cost(self._judgements.queue[key].verdict))
            self._change(key, holder="", settled_at_us=now_us, verdict=given_up)
        return len(ready)

    def unlogged_judgements(self, most: int) -> list[Judgement]:
        return [_judgement(self._judgements.queue[key]) for key in self._keys(lambda row: row.unlogged)[:most]]

    def log_judgements(self, keys: Collection[JudgementKey]) -> None:
        for key in keys:
            self._change(key, unlogged=False)

    def judgement_counts(self, app: str, from_us: int) -> list[JudgementCount]:
        found: defaultdict[tuple[str, str, str, int, int, State, str], list[Verdict]] = defaultdict(list)
        for key, row in self._judgements.queue.items():
            if row.sampled.app == app and row.sampled.begun_at_us >= from_us:
                place, hour = call_id.parse(key.call), hour_of(row.sampled.begun_at_us)
                alike = (key.metric, key.judge, place.release, int(place.arm), hour, row.state, row.verdict.reason)
                found[alike].append(row.verdict)
        return [
            JudgementCount(
                metric=metric,
                judge=judge,
                release=release,
                arm=arm,
                hour=hour,
                state=state,
                reason=reason,
                count=len(verdicts),
                total=sum(one.value or 0.0 for one in verdicts),
                cost_nano=sum(one.cost_nano for one in verdicts),
            )
            for (metric, judge, release, arm, hour, state, reason), verdicts in sorted(found.items())
        ]

    def waiting_judgements(self, app: str) -> list[Waiting]:
        found: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        for key in self._keys(lambda row: row.sampled.app == app and not row.settled_at_us):
            found[key.metric, key.judge].append(self._judgements.queue[key].sampled.begun_at_us)
        return [
            Waiting(metric=metric, judge=judge, count=len(begun), oldest_at_us=min(begun))
            for (metric, judge), begun in sorted(found.items())
        ]

    def judging_cost(self, app: str, metric: str, from_us: int) -> Cost:
        spent = NO_COST
        for key, row in self._judgements.queue.items():
            mine = row.sampled.app == app and key.metric == metric
            if mine and (row.settled_at_us >= max(1, from_us) or not row.settled_at_us):
                spent = spent.plus(_cost(row.verdict))
        return spent

    def judging_delay_us(self, app: str, metric: str, judge: str, from_us: int, share: float) -> int | None:
        delays = sorted(
            row.settled_at_us - row.sampled.begun_at_us
            for key, row in self._judgements.queue.items()
            if (row.sampled.app, key.metric, key.judge, row.state) == (app, metric, judge, SCORED)
            and row.sampled.begun_at_us >= from_us
        )
        return delays[min(len(delays) - 1, int(share * len(delays)))] if delays else None

    def judging_troubles(self, app: str, from_us: int) -> list[Trouble]:
        found = sorted(self._judgements.troubles.items(), key=lambda item: item[0])
        return [one for (of, _, _), one in found if of == app and one.at_us >= from_us]

    def put_judging_trouble(self, app: str, trouble: Trouble) -> None:
        self._judgements.troubles.put((app, trouble.metric, trouble.judge), trouble)

    def judgements_in_hand(self, app: str, metric: str, now_us: int) -> int:
        held = (row for row in self._judgements.queue.values() if row.holder and row.visible_at_us > now_us)
        return sum((row.sampled.app, row.sampled.key.metric) == (app, metric) for row in held)

    def judgements(self, call: bytes) -> list[Judgement]:
        return [_judgement(self._judgements.queue[key]) for key in self._keys(lambda row: row.sampled.key.call == call)]

    def erase_evidence(self, unit: bytes, until_us: int) -> int:
        theirs = self._keys(
            lambda row: (
                call_id.parse(row.sampled.key.call).unit == unit
                and row.sampled.begun_at_us <= until_us
                and row.verdict.evidence != ""
            )
        )
        for key in theirs:
            verdict = self._judgements.queue[key].verdict
            self._change(key, verdict=msgspec.structs.replace(verdict, evidence=""))
        return len(theirs)

    def forget_judgements(self, before_us: int, most: int) -> int:
        for spool in [spool for spool, (_, at_us) in self._judgements.looks.items() if at_us < before_us]:
            self._judgements.looks.drop(spool)
        for key in [key for key, one in self._judgements.troubles.items() if one.at_us < before_us]:
            self._judgements.troubles.drop(key)
        old = self._keys(lambda row: row.sampled.begun_at_us < before_us)
        for gone in old[:most]:
            self._judgements.queue.drop(gone)
        return len(old[:most])

    def _keys(self, which: Callable[[JudgementRow], bool]) -> list[JudgementKey]:
        return sorted(key for key, row in self._judgements.queue.items() if which(row))

    def _held(self, claim: Claim, **values: object) -> bool:
        row = self._judgements.queue.get(claim.key)
        if row is None or row.settled_at_us or (row.holder, row.attempts) != (claim.holder, claim.attempts):
            return False
        self._change(claim.key, **values)
        return True

    def _change(self, key: JudgementKey, **values: object) -> None:
        self._judgements.queue.put(key, msgspec.structs.replace(self._judgements.queue[key], **values))


def _cost(verdict: Verdict) -> Cost:
    return Cost(verdict.cost_nano, verdict.estimated_nano)


def _with_cost(verdict: Verdict, cost: Cost) -> Verdict:
    return msgspec.structs.replace(verdict, cost_nano=cost.nano, estimated_nano=cost.estimated_nano)


def _judgement(row: JudgementRow) -> Judgement:
    return Judgement(
        key=row.sampled.key, app=row.sampled.app, state=row.state, verdict=row.verdict, at_us=row.settled_at_us
    )
