"""Values that the contract suites store."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from serinus.core.audit.entry import Action, Draft
from serinus.core.pipeline.app import AppConfig, AppState
from serinus.core.pipeline.plan import Guardrail, Plan, Step
from serinus.core.records.sums import Rollup
from serinus.core.release.release import Hold, Release
from serinus.core.release.table import State
from serinus.core.routing.assignment import Arm, RampPoint
from serinus.ports.control_store import ApiKey, ControlStore, ControlTx, Notice, StoredVersion

PLAN = Plan(
    owner="ada@example.com",
    steps=(Step(share=0.05, dwell_s=60), Step(share=1.0, dwell_s=60)),
    guardrails=(Guardrail(metric="call.error"),),
)


def digest(text: str) -> str:
    """64 hex digits that stand for a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def an_app(name: str = "shop", live: str | None = None) -> AppState:
    """An app with a plan."""
    return AppState(config=AppConfig(name=name, plan=PLAN, fallback_message="später – 後で"), live=live)


def a_version(text: str, app: str = "shop", name: str = "") -> StoredVersion:
    """A version whose digest follows from its text."""
    return StoredVersion(
        digest=digest(text),
        behaviour=digest("behaviour" + text),
        app=app,
        name=name or f"{app}-2026-W47-{text}",
        content=b'{"schema":1,"text":"\x00\xff"}' + text.encode(),
        created_at_us=1_700_000_000_000_001,
        created_by="ada@example.com",
    )


def a_release(id: str = "rel_1", app: str = "shop", state: State = State.RUNNING, seq: int = 1) -> Release:
    """A release with every kind of field filled."""
    return Release(
        id=id,
        app=app,
        seq=seq,
        state=state,
        candidate=digest("candidate"),
        control=digest("control"),
        salt="c2FsdA",
        plan=PLAN,
        created_at_us=1_700_000_000_000_002,
        created_by="ada@example.com",
        step=0,
        ramp=(RampPoint(revision=7, step=0, share=0.05),),
        hold=Hold(trigger="person", reason="“look” at it", at_us=5),
        rearmed={"guardrail:call.error": {"candidate": 3}},
        reason="started",
    )


def a_draft(subject: str = "rel_1", evidence: str = "") -> Draft:
    """An audit entry to be."""
    return Draft(
        at_us=1_700_000_000_000_003,
        actor="ada@example.com",
        action=Action.RELEASE_STARTED,
        subject=subject,
        reason="it is time",
        evidence=evidence,
    )


def a_notice(release: str = "rel_1", seq: int = 1, kind: str = "paused", subject: str = "") -> Notice:
    """A message to be told once."""
    return Notice(release=release, seq=seq, kind=kind, subject=subject, body='{"text":"paused"}', at_us=9)


def a_key(id: str = "key_1", plain: str = "secret", revoked_at_us: int = 0) -> ApiKey:
    """A key for one app."""
    return ApiKey(
        id=id,
        name="ci",
        sha256=digest(plain),
        roles=("operator", "viewer"),
        apps=("shop",),
        created_at_us=4,
        revoked_at_us=revoked_at_us,
    )


def a_rollup(host: str = "h1", start_us: int = 0, width_s: int = 1, version: str = "v1", **changed: object) -> Rollup:
    """A bucket of traffic."""
    fields: dict[str, object] = {
        "app": "shop",
        "release": "rel_1",
        "stratum": 0,
        "arm": int(Arm.CANDIDATE),
        "requests": 3,
        "events": {1: 2, 8: 1},
        "tokens_in": 10,
        "tokens_out": 20,
        "cost_nano": 30,
        "streams": 2,
        "stream_tokens": 18,
        "stream_us": 900,
    }
    return Rollup(host=host, start_us=start_us, width_s=width_s, version=version, **{**fields, **changed})  # type: ignore[arg-type]


class BrokenOffError(Exception):
    """What the suites raise within a transaction."""


def break_off(store: ControlStore, work: Callable[[ControlTx], object]) -> None:
    """A transaction that does its work and then fails."""
    with store.tx() as tx:
        work(tx)
        raise BrokenOffError


def publish(tx: ControlTx, raw: bytes = b"raw") -> int:
    """Put a snapshot after the newest."""
    revision = tx.revision() + 1
    tx.put_snapshot(revision, raw)
    return revision
