"""How an app's live judges stand."""

from __future__ import annotations

from serinus.control.lookup import app_of
from serinus.core.judging.judge import judge_digest
from serinus.core.judging.lateness import SHARE
from serinus.core.judging.standing import WINDOW_S, JudgeStanding, Seen, UnderWay, standings
from serinus.core.pipeline.app import AppConfig
from serinus.core.release.table import State
from serinus.ports.control_store import ControlStore, ControlTx
from serinus.ports.judgements import JudgementReads
from serinus.ports.prices import price_of
from serinus.ports.telemetry_store import TelemetryStore

_DAY_US = 86_400_000_000


def read_judging(control: ControlStore, telemetry: TelemetryStore, app: str, now_us: int) -> tuple[JudgeStanding, ...]:
    """Of all live judges of an app; NotFound for an unknown app."""
    with control.tx() as tx:
        config = app_of(tx, app).config
        active = next((one for one in tx.active_releases() if one.app == app and one.state is not State.CREATED), None)
        unpriced = _unpriced(tx, config)
    if not config.live_judges:
        return ()
    with telemetry.tx() as reads:
        seen = _seen(reads, config, unpriced, now_us)
    release = UnderWay(id=active.id, plan=active.plan, has_control=bool(active.control)) if active else None
    return standings(config, release, seen, now_us)


def _unpriced(tx: ControlTx, config: AppConfig) -> set[str]:
    """The metrics whose judge has no price that anybody knows."""
    endpoints = {one.name: one for one in tx.endpoints()} if config.live_judges else {}
    return {
        one.metric
        for one in config.live_judges
        if one.price is None
        and (
            one.judge.endpoint not in endpoints
            or price_of(tx.prices(), endpoints[one.judge.endpoint], one.judge.model) is None
        )
    }


def _seen(reads: JudgementReads, config: AppConfig, unpriced: set[str], now_us: int) -> Seen:
    app, from_us, today_us = config.name, now_us - WINDOW_S * 1_000_000, now_us // _DAY_US * _DAY_US
    delays = {
        one.metric: reads.judging_delay_us(app, one.metric, judge_digest(one.judge), from_us, SHARE)
        for one in config.live_judges
    }
    return Seen(
        counts=reads.judgement_counts(app, from_us),
        waiting=reads.waiting_judgements(app),
        costs={one.metric: reads.judging_cost(app, one.metric, today_us) for one in config.live_judges},
        delays_s={metric: delay_us / 1e6 for metric, delay_us in delays.items() if delay_us is not None},
        troubles=reads.judging_troubles(app, from_us),
        unpriced=unpriced,
        sampled_us=reads.sampled_until_us(),
    )
