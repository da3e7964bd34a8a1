"""How an app's live judges stand."""

from __future__ import annotations

from serinus.control.lookup import app_of
from serinus.core.judging.standing import WINDOW_S, JudgeStanding, standings
from serinus.core.release.table import State
from serinus.ports.control_store import ControlStore
from serinus.ports.telemetry_store import TelemetryStore

_DAY_US = 86_400_000_000


def read_judging(control: ControlStore, telemetry: TelemetryStore, app: str, now_us: int) -> tuple[JudgeStanding, ...]:
    """Of all live judges of an app; NotFound for an unknown app."""
    with control.tx() as tx:
        config = app_of(tx, app).config
        active = next((one for one in tx.active_releases() if one.app == app and one.state is not State.CREATED), None)
    if not config.live_judges:
        return ()
    with telemetry.tx() as reads:
        counts = reads.judgement_counts(app, now_us - WINDOW_S * 1_000_000)
        waiting = reads.waiting_judgements(app)
        sampled_us = reads.sampled_until_us()
        today_us = now_us // _DAY_US * _DAY_US
        costs = {one.metric: reads.judging_cost_nano(app, one.metric, today_us) for one in config.live_judges}
    release = (active.id, bool(active.control)) if active else None
    return standings(config, release, counts, waiting, costs, sampled_us, now_us)
