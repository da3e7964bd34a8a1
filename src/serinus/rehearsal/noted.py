"""What monitors did to a rehearsed release (paused it, took it back, or kept it on a step), and what it lacked last."""

from __future__ import annotations

from collections.abc import Sequence

from serinus.core.decision.commands import RollBack
from serinus.core.decision.decision import Decision
from serinus.core.decision.monitors import MonitorStanding, judge_monitors
from serinus.core.decision.observations import Observations
from serinus.core.release.release import Release
from serinus.rehearsal.lack import Lack, lacks_of


class Noted:
    """Of one release."""

    def __init__(self) -> None:
        self._acted: dict[str, float] = {}
        self._delayed: dict[str, None] = {}
        self._last: tuple[Release, Decision, Observations] | None = None

    @property
    def acted(self) -> tuple[tuple[str, float], ...]:
        """Monitors that led to a pause or a rollback, and when each first did, in s."""
        return tuple(self._acted.items())

    @property
    def delayed(self) -> tuple[str, ...]:
        """Required monitors without which a step would have been left."""
        return tuple(self._delayed)

    @property
    def lacks(self) -> tuple[Lack, ...]:
        """What it lacked in the newest round."""
        return lacks_of(*self._last) if self._last else ()

    def note(self, release: Release, decision: Decision, seen: Observations, now_s: float) -> None:
        """Take down what a round decided of a release."""
        self._last = release, decision, seen
        if not seen.monitors:
            return
        standings = judge_monitors(release, seen.monitors)
        finding = decision.findings[-1]
        if finding.question == "monitors":
            for command in decision.commands:
                self._acted.setdefault(_acting(standings, isinstance(command, RollBack)), now_s)
        held = next((one for one in standings if one.blocks), None)
        if held is not None and finding.question == "step" and finding.text.endswith(held.blocks):
            self._delayed.setdefault(held.monitor.name)


def _acting(standings: Sequence[MonitorStanding], back: bool) -> str:
    """The first that led to a rollback (`back`), or to a pause."""
    rolls = [(one, one.monitor.action == "rollback" and not one.vetoed) for one in standings if one.acts]
    return next(one.monitor.name for one, rolled in rolls if rolled == back)
