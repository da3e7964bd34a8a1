"""Refuse live judges that nobody could ask, or whose money nobody could count."""

from __future__ import annotations

from serinus.core.errors import InvalidInput
from serinus.core.judging.live import check_priced
from serinus.core.pipeline.app import AppConfig
from serinus.ports.control_store import ControlTx
from serinus.ports.prices import price_of


def check_judges_at_hand(tx: ControlTx, config: AppConfig) -> None:
    """InvalidInput when a live judge's endpoint is not declared, or a limit on cost has no price to go by."""
    endpoints = {one.name: one for one in tx.endpoints()}
    for index, live in enumerate(config.live_judges):
        where, judge = f"app.live_judges[{index}]", live.judge
        endpoint = endpoints.get(judge.endpoint)
        if endpoint is None:
            known = ", ".join(sorted(endpoints)) or "none"
            raise InvalidInput(
                f"the judge of {live.metric} asks endpoint {judge.endpoint!r}, which is not declared (known: {known})",
                where=f"{where}.judge.endpoint",
                mend=f"declare it: `endpoints: {{{judge.endpoint}: {{base_url: https://…/v1}}}}`",
            )
        check_priced(where, live, price_of(tx.prices(), endpoint, judge.model) is not None)
