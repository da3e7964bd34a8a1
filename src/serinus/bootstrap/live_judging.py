"""The part of a worker process that judges live answers, where it sees their texts."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

from serinus.adapters.clock import system_random
from serinus.adapters.event_log import ParquetLog
from serinus.adapters.payload_looks import PayloadLooks
from serinus.agent.deliver import deliver
from serinus.bootstrap import settings as environment
from serinus.bootstrap.evaluation_run import surroundings
from serinus.bootstrap.loops import Health
from serinus.core.ids import uuid7
from serinus.evaluation.courtroom import Courtroom
from serinus.evaluation.judge_apps import Judging
from serinus.evaluation.judge_live import HIDDEN_S, LiveBench
from serinus.evaluation.log_live import HOST, ScoreLog
from serinus.evaluation.version_prompts import version_prompts
from serinus.ports.clock import Clock
from serinus.ports.completions import Completions
from serinus.ports.control_store import ControlStore
from serinus.ports.telemetry_store import TelemetryStore

_PAUSE_S = 0.5


async def judge_live_answers(
    control: ControlStore, telemetry: TelemetryStore, segments: Path, completions: Completions, clock: Clock
) -> None:
    """Judge until cancelled; what is being judged then goes back to the queue."""
    instance = uuid7(clock.now_us(), system_random(10)).hex()
    judging: Judging
    room = Courtroom(
        store=telemetry,
        texts=PayloadLooks(segments),
        world=surroundings(completions),
        now_us=clock.now_us,
        holder=instance,
        secret=environment.secret,
        prompts=partial(version_prompts, control),
        deliver=lambda tx, scores: deliver(tx, scores, HOST, clock.now_us(), judging.awaiting),
    )
    judging = Judging(room, control, ScoreLog(telemetry, ParquetLog(segments), instance))
    async with asyncio.TaskGroup() as group:
        group.create_task(_renew(judging))
        await _rounds(judging, group)


async def _rounds(judging: Judging, group: asyncio.TaskGroup) -> None:
    """Prepare again and again, and let each judge work by itself: a slow one holds up no other."""
    health = Health("live judges")
    busy: dict[tuple[str, str], asyncio.Task[None]] = {}
    healths: dict[tuple[str, str], Health] = {}
    while True:
        try:
            await asyncio.to_thread(judging.prepare)
            health.worked()
        except Exception as error:  # noqa: BLE001 - process edge: whatever fails, the next round tries again
            health.failed(error)
        for key, bench in judging.benches.items():
            if key not in busy or busy[key].done():
                told = healths.setdefault(key, Health(f"live judge of {key[1]} for {key[0]}"))
                busy[key] = group.create_task(_judge(judging, bench, told))
        await asyncio.sleep(_PAUSE_S)


async def _judge(judging: Judging, bench: LiveBench, health: Health) -> None:
    try:
        await judging.judge(bench)
        if bench.away:
            health.failed(ConnectionError(bench.away))
        else:
            health.worked()
    except Exception as error:  # noqa: BLE001 - process edge: the calls go back to the queue
        health.failed(_cause(error))


def _cause(error: BaseException) -> BaseException:
    """The first of errors that came together: their group says nothing."""
    return _cause(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


async def _renew(judging: Judging) -> None:
    health = Health("live judges' claims")
    while True:
        await asyncio.sleep(HIDDEN_S / 4)
        try:
            await asyncio.to_thread(judging.renew)
            health.worked()
        except Exception as error:  # noqa: BLE001 - process edge: what is not renewed in time comes back
            health.failed(error)
