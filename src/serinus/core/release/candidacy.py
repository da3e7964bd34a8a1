"""The state of a version, from what became of it as a candidate: every (release state, stage kind) is in the table."""

from __future__ import annotations

from collections.abc import Sequence

from serinus.core.pipeline.stages import ApprovalStage, OfflineStage, RolloutStage, ShadowStage, Stage
from serinus.core.release.release import Release
from serinus.core.release.table import State
from serinus.core.versions.naming import VersionState

_ON_ITS_WAY: dict[type[Stage], VersionState] = {
    OfflineStage: VersionState.VALIDATION,
    ShadowStage: VersionState.SHADOW,
    ApprovalStage: VersionState.PREPROD,
    RolloutStage: VersionState.CANARY,
}
_ENDED = {
    State.ROLLING_BACK: VersionState.ROLLED_BACK,
    State.ROLLED_BACK: VersionState.ROLLED_BACK,
    State.REJECTED: VersionState.REJECTED,
    State.PROMOTED: VersionState.RETIRED,
}
TABLE: dict[tuple[State, type[Stage]], VersionState] = {
    **{(state, kind): word for state in (State.CREATED, State.RUNNING, State.PAUSED, State.WATCHING)
       for kind, word in _ON_ITS_WAY.items()},
    **{(state, kind): word for state, word in _ENDED.items() for kind in _ON_ITS_WAY},
}  # fmt: skip
"""What the newest release of a version makes of it while it is not live. An aborted one makes nothing of it."""
WITHOUT_EFFECT = frozenset({State.ABORTING, State.ABORTED})


def version_state(live: bool, was_live: bool, candidacies: Sequence[Release]) -> VersionState:
    """The state of a version. `live`: the app serves it as its baseline; `was_live`: it ever did; `candidacies`: the
    app's releases of it, newest first."""
    if live:
        return VersionState.PROD
    told = telling(candidacies)
    if told is None:
        return VersionState.RETIRED if was_live else VersionState.DEV
    kind = RolloutStage if told.exposed else type(told.plan.stages[told.stage])
    return TABLE[told.state, kind]


def telling(candidacies: Sequence[Release]) -> Release | None:
    """The newest release that was not aborted: the one that the state comes from."""
    return next((release for release in candidacies if release.state not in WITHOUT_EFFECT), None)
