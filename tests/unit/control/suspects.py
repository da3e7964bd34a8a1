"""Calls of a production that somebody suspects, and who may say what of them."""

from __future__ import annotations

from typing import Any

import msgspec

from serinus.control.answer_suspicion import answer_suspicion
from serinus.control.resume_release import resume_release
from serinus.core.ids import id_bytes
from serinus.core.pipeline.suspicions import SuspicionRules
from serinus.core.records import call_id
from serinus.core.records.record import Event
from serinus.core.records.suspicion import VIOLATION, Kind, Raised, raised, suspicion_id
from serinus.core.release.suspicion import AnswerWord, Suspicion
from serinus.core.routing.assignment import Arm
from serinus.ports.control_store import Page
from tests.unit.control.production import LOOSE, PLAN, Production, rate

REVIEWER = "rea@example.com"
JUDGE = "jon@example.com"
WITHIN_S = 60
SLOW = tuple(msgspec.structs.replace(step, dwell_s=3600) for step in PLAN.steps)
RULED = msgspec.structs.replace(
    PLAN, stages=(), steps=SLOW, guardrails=(), limits=LOOSE, suspicions=SuspicionRules(confirm_within_s=WITHIN_S)
)


def a_call(world: Production, number: int = 1, arm: Arm = Arm.CANDIDATE, release: str = "", app: str = "shop") -> bytes:
    """The raw id of a call of the newest release, or of another one."""
    with world.control.tx() as tx:
        key = bytes.fromhex(tx.secrets().mac_key)
    of = release or world.release().id
    at_ms = world.clock.now_us() // 1000
    return call_id.make(key, app.encode(), at_ms, number.to_bytes(5, "big"), id_bytes(of), arm, 0, bytes(8))


def suspect(
    world: Production, raw: bytes, kind: Kind = VIOLATION, by: str = "classifier", category: str = "medical_advice"
) -> str:
    """Raise a suspicion as an agent ships it; its id."""
    found: Raised = raised(raw, "shop", kind, by, category, world.clock.now_us())
    with world.telemetry.tx() as tx:
        tx.suspect([found])
    return suspicion_id(kind, call_id.text(raw))


def stored(world: Production, id: str) -> Suspicion:
    """A suspicion as it is kept."""
    with world.control.tx() as tx:
        found = tx.suspicion(id)
    assert found is not None
    return found


def all_of(world: Production) -> list[Suspicion]:
    """All that were taken in, oldest first."""
    with world.control.tx() as tx:
        return tx.suspicions(Page(limit=1000))[0][::-1]


def told(world: Production) -> list[str]:
    """The kinds of all notices, oldest first."""
    with world.control.tx() as tx:
        return [one.kind for one in tx.notices(Page(limit=1000))[0]][::-1]


def running(**changes: Any) -> Production:
    """A release whose candidate users see, with nothing wrong about it."""
    world = Production(msgspec.structs.replace(RULED, **changes), calls_per_s=200)
    world.rates = {Event.ERROR: rate(0.0, 0.0)}
    world.start()
    world.seconds(3)
    return world


def answer(world: Production, id: str, word: AnswerWord, who: str = REVIEWER, reason: str = "read it") -> Suspicion:
    return answer_suspicion(world.control, world.clock.now_us(), who, id, word, reason)


def resume(world: Production) -> None:
    resume_release(world.control, world.clock.now_us(), JUDGE, world.release().id, "go on")
