"""The part of a control process that deletes kept texts when their time has come."""

from __future__ import annotations

import threading
from pathlib import Path

from serinus.adapters.payload_files import PayloadFiles
from serinus.bootstrap.loops import keep_going
from serinus.control.keep_texts import keep_texts
from serinus.ports.clock import Clock
from serinus.ports.control_store import ControlStore

_EVERY_S = 600.0


def start_texts(
    control: ControlStore, segments: Path | None, clock: Clock, stop: threading.Event
) -> PayloadFiles | None:
    """The texts where `segments` says, looked after in a thread of their own until `stop`; None without them."""
    if segments is None:
        return None
    texts = PayloadFiles(segments, clock)

    def step() -> float:
        keep_texts(control, texts, clock.now_us())
        return _EVERY_S

    threading.Thread(target=keep_going, args=("texts", step, stop), name="texts", daemon=True).start()
    return texts
