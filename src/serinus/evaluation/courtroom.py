"""What judging live answers needs of the world."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from serinus.core.records.payload import LoggedPayload
from serinus.core.records.record import Score
from serinus.evaluation.ask import Surroundings
from serinus.ports.kept_texts import KeptTexts
from serinus.ports.telemetry_store import TelemetryStore, TelemetryTx

Erased = Callable[[LoggedPayload], bool]
Deliver = Callable[[TelemetryTx, Sequence[Score]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Courtroom:
    """What judging needs of the world. `deliver` adds scores up in the transaction that makes them; `secret` gives the
    key in an environment variable, empty when there is none; `prompts` the prompts of versions, by their digests."""

    store: TelemetryStore
    texts: KeptTexts
    world: Surroundings
    now_us: Callable[[], int]
    holder: str
    deliver: Deliver
    secret: Callable[[str], str]
    prompts: Callable[[Collection[str]], Mapping[str, str]]
