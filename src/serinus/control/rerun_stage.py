"""Run a measured stage again: what was signed on its result lapses."""

from __future__ import annotations

from serinus.control.change import change_release
from serinus.control.lookup import release_of
from serinus.core.audit.entry import Action
from serinus.core.errors import Conflict, NotFound
from serinus.core.pipeline.stages import MeasuredStage
from serinus.core.release.release import Release
from serinus.core.release.transitions import rerun
from serinus.ports.control_store import ControlStore, ControlTx
from serinus.ports.retry import run


def rerun_stage(
    store: ControlStore,
    now_us: int,
    actor: str,
    id: str,
    reason: str,
    expected_seq: int | None = None,
    stage: str = "",
) -> Release:
    """The release back in the stage of this name (empty: the newest measured one it was in), with a new attempt.

    Its share, if it has one, is held meanwhile. Stages behind it count again as they were, but for approvals: these
    are bound to the results that were shown.
    """

    def work(tx: ControlTx) -> Release:
        before = release_of(tx, id, expected_seq)
        index = _index(before, stage)
        name = before.plan.stages[index].name
        text = f"{actor} runs {name} again" + (f": {reason}" if reason else "")
        return change_release(tx, now_us, actor, Action.STAGE_RERUN, before, rerun(before, index, text))

    return run(store, work)


def _index(release: Release, name: str) -> int:
    stages = release.plan.stages
    known = [i for i, stage in enumerate(stages) if isinstance(stage, MeasuredStage)]
    if name:
        found = [i for i, stage in enumerate(stages) if stage.name == name]
        if not found:
            names = ", ".join(stages[i].name for i in known) or "none"
            raise NotFound(f"the plan has no stage {name!r}", where="stage", mend=f"measured stages: {names}")
        return found[0]
    been = [i for i in known if i <= release.stage]
    if not been:
        raise Conflict(
            "the release has been in no stage that measures", where="stage", mend="there is nothing to run again"
        )
    return been[-1]
