"""Live judgements in SQL: the queue, what came of it, and up to where texts were looked at."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, func, or_, select, tuple_, update

from serinus.adapters.schema_judgements import judgements, looks, troubles
from serinus.adapters.sql_tx import SqlTx
from serinus.core.judging.answer import NO_COST, Cost
from serinus.core.judging.judgement import (
    HOUR_US,
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
)
from serinus.core.records import call_id

_ONE = 1_000_000
_NO_VALUE = -1
_NO_SPOOL = ""
"""The row that tells when anybody looked at all."""
_KEYS = (judgements.c.call, judgements.c.metric, judgements.c.judge)


class SqlJudgements(SqlTx):
    """The part of a telemetry transaction about live judgements."""

    def looked(self, spool: str) -> int:
        row = self._one(select(looks.c.bytes).where(self._own(looks, spool=spool)))
        return row.bytes if row else 0

    def look(self, spool: str, expected: int, until: int, at_us: int) -> bool:
        swapped = update(looks).where(self._own(looks, spool=spool, bytes=expected)).values(bytes=until, at_us=at_us)
        if self._connection.execute(swapped).rowcount == 1:
            return True
        return expected == 0 and self._add(looks, spool=spool, bytes=until, at_us=at_us)

    def sampled_until_us(self) -> int:
        row = self._one(select(looks.c.at_us).where(self._own(looks, spool=_NO_SPOOL)))
        return row.at_us if row else 0

    def note_sampled(self, at_us: int) -> None:
        self._put(looks, {"spool": _NO_SPOOL}, bytes=0, at_us=at_us)

    def sample(self, batch: Sequence[Sampled]) -> int:
        if not batch:
            return 0
        rows = [self._judgement_row(one) for one in sorted(batch, key=lambda one: one.key)]
        insert = self._insert(judgements).on_conflict_do_nothing().returning(judgements.c.call)
        return len(self._connection.execute(insert, rows).all())

    def claim_judgements(
        self, app: str, metric: str, judge: str, holder: str, now_us: int, until_us: int, most: int
    ) -> list[Claim]:
        oldest = (
            select(judgements.c.call)
            .where(self._ready(app, metric, judge, now_us))
            .order_by(judgements.c.begun_at_us, judgements.c.call)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        found = sorted(bytes(row.call) for row in self._all(oldest))
        if not found:
            return []
        taken = (
            update(judgements)
            .where(self._own(judgements, metric=metric, judge=judge), judgements.c.call.in_(found))
            .values(visible_at_us=until_us, attempts=judgements.c.attempts + 1, holder=holder)
            .returning(judgements)
        )
        rows = sorted(self._connection.execute(taken).all(), key=lambda row: (row.begun_at_us, bytes(row.call)))
        return [Claim(key=_key(row), app=row.app, holder=holder, attempts=row.attempts) for row in rows]

    def renew_judgements(self, holder: str, until_us: int) -> int:
        mine = self._own(judgements, holder=holder, settled_at_us=0)
        return self._connection.execute(update(judgements).where(mine).values(visible_at_us=until_us)).rowcount

    def give_back_judgement(self, claim: Claim, at_us: int, cost: Cost = NO_COST) -> bool:
        return self._held(claim, visible_at_us=at_us, holder="", **_added(cost))

    def settle_judgement(self, claim: Claim, verdict: Verdict, at_us: int) -> bool:
        cost = _added(Cost(verdict.cost_nano, verdict.estimated_nano))
        return self._held(claim, holder="", settled_at_us=at_us, **_verdict_columns(verdict), **cost)

    def give_up_judgements(self, app: str, metric: str, judge: str, reason: str, now_us: int) -> int:
        given_up = _verdict_columns(Verdict(value=None, reason=reason))
        change = update(judgements).where(self._ready(app, metric, judge, now_us))
        return self._connection.execute(change.values(holder="", settled_at_us=now_us, **given_up)).rowcount

    def unlogged_judgements(self, most: int) -> list[Judgement]:
        query = select(judgements).where(self._own(judgements, unlogged=1)).order_by(*_KEYS).limit(most)
        return [_judgement(row) for row in self._all(query)]

    def log_judgements(self, keys: Collection[JudgementKey]) -> None:
        for start in range(0, len(keys), 500):
            part = [tuple(_fields(key)) for key in sorted(keys)[start : start + 500]]
            logged = update(judgements).where(self._own(judgements), tuple_(*_KEYS).in_(part)).values(unlogged=0)
            self._connection.execute(logged)

    def judgement_counts(self, app: str, from_us: int) -> list[JudgementCount]:
        c = judgements.c
        hour, settled, scored = c.begun_at_us // HOUR_US, c.settled_at_us > 0, c.value >= 0
        alike = (c.metric, c.judge, c.release, c.arm, hour.label("hour"), settled.label("settled"),
                 scored.label("scored"), c.reason)  # fmt: skip
        query = (
            select(
                *alike, func.count().label("n"), func.sum(c.value).label("total"), func.sum(c.cost_nano).label("cost")
            )
            .where(self._own(judgements, app=app), c.begun_at_us >= from_us)
            .group_by(c.metric, c.judge, c.release, c.arm, hour, settled, scored, c.reason)
        )
        found = [_count(row) for row in self._all(query)]
        return sorted(
            found, key=lambda one: (one.metric, one.judge, one.release, one.arm, one.hour, one.state, one.reason)
        )

    def waiting_judgements(self, app: str) -> list[Waiting]:
        c = judgements.c
        query = (
            select(c.metric, c.judge, func.count().label("n"), func.min(c.begun_at_us).label("oldest"))
            .where(self._own(judgements, app=app, settled_at_us=0))
            .group_by(c.metric, c.judge)
            .order_by(c.metric, c.judge)
        )
        return [
            Waiting(metric=row.metric, judge=row.judge, count=row.n, oldest_at_us=row.oldest)
            for row in self._all(query)
        ]

    def judging_cost(self, app: str, metric: str, from_us: int) -> Cost:
        c = judgements.c
        spent = or_(c.settled_at_us >= max(1, from_us), and_(c.settled_at_us == 0, c.cost_nano > 0))
        query = select(func.sum(c.cost_nano), func.sum(c.estimated_nano)).where(
            self._own(judgements, app=app, metric=metric), spent
        )
        nano, estimated_nano = self._connection.execute(query).one()
        return Cost(int(nano or 0), int(estimated_nano or 0))

    def judging_delay_us(self, app: str, metric: str, judge: str, from_us: int, share: float) -> int | None:
        c = judgements.c
        mine = and_(
            self._own(judgements, app=app, metric=metric, judge=judge),
            c.begun_at_us >= from_us, c.settled_at_us > 0, c.value >= 0,
        )  # fmt: skip
        count = int(self._connection.execute(select(func.count()).where(mine)).scalar_one())
        delay = c.settled_at_us - c.begun_at_us
        rank = min(count - 1, int(share * count))
        row = self._one(select(delay.label("us")).where(mine).order_by(delay).limit(1).offset(rank)) if count else None
        return int(row.us) if row else None

    def judging_troubles(self, app: str, from_us: int) -> list[Trouble]:
        c = troubles.c
        query = select(troubles).where(self._own(troubles, app=app), c.at_us >= from_us).order_by(c.metric, c.judge)
        return [Trouble(metric=row.metric, judge=row.judge, what=row.what, at_us=row.at_us) for row in self._all(query)]

    def put_judging_trouble(self, app: str, trouble: Trouble) -> None:
        key = {"app": app, "metric": trouble.metric, "judge": trouble.judge}
        self._put(troubles, key, what=trouble.what, at_us=trouble.at_us)

    def judgements_in_hand(self, app: str, metric: str, now_us: int) -> int:
        held = and_(self._own(judgements, app=app, metric=metric, settled_at_us=0), judgements.c.holder != "")
        query = select(func.count()).where(held, judgements.c.visible_at_us > now_us)
        return int(self._connection.execute(query).scalar_one())

    def judgements(self, call: bytes) -> list[Judgement]:
        query = select(judgements).where(self._own(judgements, call=call)).order_by(*_KEYS)
        return [_judgement(row) for row in self._all(query)]

    def erase_evidence(self, unit: bytes, until_us: int) -> int:
        theirs = and_(
            self._own(judgements, unit=unit), judgements.c.begun_at_us <= until_us, judgements.c.evidence != ""
        )
        return self._connection.execute(update(judgements).where(theirs).values(evidence="")).rowcount

    def forget_judgements(self, before_us: int, most: int) -> int:
        self._connection.execute(delete(looks).where(self._own(looks), looks.c.at_us < before_us))
        self._connection.execute(delete(troubles).where(self._own(troubles), troubles.c.at_us < before_us))
        old = (
            select(*_KEYS)
            .where(self._own(judgements), judgements.c.begun_at_us < before_us)
            .order_by(judgements.c.begun_at_us)
            .limit(most)
        )
        gone = delete(judgements).where(self._own(judgements), tuple_(*_KEYS).in_(old))
        return self._connection.execute(gone).rowcount

    def _ready(self, app: str, metric: str, judge: str, now_us: int) -> ColumnElement[bool]:
        waiting = self._own(judgements, app=app, settled_at_us=0, metric=metric, judge=judge)
        return and_(waiting, judgements.c.visible_at_us <= now_us)

    def _held(self, claim: Claim, **values: object) -> bool:
        mine = self._own(judgements, **_named(claim.key), attempts=claim.attempts, holder=claim.holder, settled_at_us=0)
        return self._connection.execute(update(judgements).where(mine).values(**values)).rowcount == 1

    def _judgement_row(self, one: Sampled) -> dict[str, object]:
        place = call_id.parse(one.key.call)
        return {
            "project_id": self._project,
            **_named(one.key),
            "app": one.app,
            "release": place.release,
            "arm": int(place.arm),
            "unit": place.unit,
            "begun_at_us": one.begun_at_us,
            "sampled_at_us": one.at_us,
            "share": one.share,
            "visible_at_us": one.at_us,
            "attempts": 0,
            "holder": "",
            "settled_at_us": 0,
            **_verdict_columns(Verdict(value=None)),
            "cost_nano": 0,
            "estimated_nano": 0,
        }


def _named(key: JudgementKey) -> dict[str, Any]:
    return {"call": key.call, "metric": key.metric, "judge": key.judge}


def _fields(key: JudgementKey) -> tuple[bytes, str, str]:
    return key.call, key.metric, key.judge


def _key(row: Row[Any]) -> JudgementKey:
    return JudgementKey(bytes(row.call), row.metric, row.judge)


def _verdict_columns(verdict: Verdict) -> dict[str, Any]:
    return {
        "value": _NO_VALUE if verdict.value is None else round(verdict.value * _ONE),
        "label": verdict.label,
        "reason": verdict.reason,
        "evidence": verdict.evidence,
        "unlogged": int(verdict.value is not None),
    }


def _added(cost: Cost) -> dict[str, Any]:
    """Nothing is changed by nothing: most attempts that go back were never begun."""
    if not cost.nano:
        return {}
    c = judgements.c
    return {"cost_nano": c.cost_nano + cost.nano, "estimated_nano": c.estimated_nano + cost.estimated_nano}


def _state(settled: bool, scored: bool) -> State:
    return WAITING if not settled else SCORED if scored else UNSCORED


def _judgement(row: Row[Any]) -> Judgement:
    verdict = Verdict(
        value=None if row.value == _NO_VALUE else row.value / _ONE,
        label=row.label,
        reason=row.reason,
        evidence=row.evidence,
        cost_nano=row.cost_nano,
        estimated_nano=row.estimated_nano,
    )
    state = _state(row.settled_at_us > 0, row.value >= 0)
    return Judgement(key=_key(row), app=row.app, state=state, verdict=verdict, at_us=row.settled_at_us)


def _count(row: Row[Any]) -> JudgementCount:
    state = _state(bool(row.settled), bool(row.scored))
    return JudgementCount(
        metric=row.metric,
        judge=row.judge,
        release=row.release,
        arm=row.arm,
        hour=int(row.hour),
        state=state,
        reason=row.reason,
        count=row.n,
        total=int(row.total) / _ONE if state == SCORED else 0.0,
        cost_nano=int(row.cost),
    )
