"""Keep texts no longer than they may be kept."""

from __future__ import annotations

from serinus.ports.control_store import ControlStore
from serinus.ports.payloads import Payloads

LATE_DAYS = 30
"""A host that ships so late brings back no erased text."""
UNKNOWN_DAYS = 30
"""How long texts of an app are kept that is declared no more."""
_DAY_US = 86_400_000_000


def keep_texts(store: ControlStore, texts: Payloads, now_us: int) -> int:
    """Delete what is past its app's `payload_days`, and what was erased and came back; how many calls' texts. Answers
    that were proposed from calls so long ago, and that nobody approved, go too."""
    with store.tx() as tx:
        days = {app.config.name: app.config.payload_days for app in tx.apps()}
        for app, kept in days.items():
            tx.drop_proposals(app, now_us - kept * _DAY_US)
        erasures = tx.erasures(now_us - LATE_DAYS * _DAY_US)
    before_us = {app: now_us - kept * _DAY_US for app, kept in days.items()}
    return texts.erase(erasures) + texts.expire(before_us, now_us - UNKNOWN_DAYS * _DAY_US)
