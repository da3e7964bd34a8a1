"""What a release of each level of risk asks for beyond its plan (M2): declared in the plan, applied when it starts."""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec

from serinus.core.access import APPROVERS, role
from serinus.core.errors import InvalidInput
from serinus.core.pipeline.stages import OfflineStage, Stage
from serinus.core.versions.release_type import Level
from serinus.core.versions.risk import Risk

LEVELS: tuple[Level, ...] = ("low", "medium", "high", "critical")


class Demands(msgspec.Struct, frozen=True, kw_only=True):
    """What one level adds. `shadow_dwell_s`: a shadow stage lasts so long at least. Of the canary steps: dwells are
    `canary_factor` times as long, the last one is `canary_floor_s` at least, and all of them together are `canary_s` at
    least. `sign`: roles that must sign before the first traffic; `confirm_at`: before the first step with so much of
    the traffic or more, each of `confirm_by` confirms that it goes on. `suites` run in the first offline stage too.
    0 and nothing: not asked."""

    shadow_dwell_s: float = 0.0
    canary_factor: float = 1.0
    canary_floor_s: float = 0.0
    canary_s: float = 0.0
    sign: tuple[str, ...] = ()
    confirm_at: tuple[float, ...] = ()
    confirm_by: tuple[str, ...] = ()
    suites: tuple[str, ...] = ()


MEDIUM = Demands(shadow_dwell_s=24 * 3600.0, canary_floor_s=8 * 3600.0)
HIGH = Demands(
    canary_factor=2.0,
    sign=("ops_lead", "safety_reviewer"),
    confirm_at=(0.25, 0.5),
    confirm_by=("release_manager",),
)
CRITICAL = Demands(sign=("executive",), canary_s=7 * 86_400.0)


class RiskRules(msgspec.Struct, frozen=True, kw_only=True):
    """By level; a level asks for what the levels below it ask for, too. Steps of up to `canary_up_to` of the traffic
    are canary steps; where a plan has none, its first step is the canary."""

    canary_up_to: float = 0.1
    medium: Demands = MEDIUM
    high: Demands = HIGH
    critical: Demands = CRITICAL

    def of(self, level: Level) -> tuple[tuple[Level, Demands], ...]:
        """The levels that count at this one, lowest first."""
        named: dict[Level, Demands] = {"medium": self.medium, "high": self.high, "critical": self.critical}
        reached = LEVELS[: LEVELS.index(level) + 1]
        return tuple((one, named[one]) for one in reached if one in named)

    def at(self, level: Level) -> Demands:
        """What this level asks for with all below it: of times and factors the largest, of the rest all."""
        counting = [asked for _, asked in self.of(level)]
        return Demands(
            shadow_dwell_s=max((one.shadow_dwell_s for one in counting), default=0.0),
            canary_factor=max((one.canary_factor for one in counting), default=1.0),
            canary_floor_s=max((one.canary_floor_s for one in counting), default=0.0),
            canary_s=max((one.canary_s for one in counting), default=0.0),
            sign=_all(one.sign for one in counting),
            confirm_at=tuple(sorted({share for one in counting for share in one.confirm_at})),
            confirm_by=_all(one.confirm_by for one in counting),
            suites=_all(one.suites for one in counting),
        )


def _all(names: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Each name once, in the order of its first mention."""
    return tuple(dict.fromkeys(name for some in names for name in some))


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """How the plan of a release differs from the declared one in one place: `what` in a sentence, and why."""

    stage: str
    what: str
    why: str


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """What the start of a release made of the declared plan: the risk that it was started with, and each change."""

    risk: Risk | None = None
    changes: tuple[Change, ...] = ()


def check_risk(found: RiskRules | None, stages: Iterable[Stage]) -> None:
    """Refuse rules that cannot be; InvalidInput says where."""
    if found is None:
        return
    where = "plan.risk"
    if not 0 < found.canary_up_to <= 0.5:
        raise InvalidInput(
            f"canary_up_to {found.canary_up_to:g} is not in (0, 0.5]", where=f"{where}.canary_up_to", mend="e.g. 10%"
        )
    measures = any(isinstance(stage, OfflineStage) for stage in stages)
    for level, asked in found.of("critical"):
        _check_demands(asked, f"{where}.{level}", measures)


def _check_demands(asked: Demands, where: str, measures: bool) -> None:
    for name in ("shadow_dwell_s", "canary_floor_s", "canary_s"):
        if not 0 <= getattr(asked, name) < math.inf:
            raise InvalidInput("a time is not below 0", where=f"{where}.{name}", mend="e.g. 24h; 0s: not asked")
    if not 1 <= asked.canary_factor <= 100:
        raise InvalidInput(
            f"canary_factor {asked.canary_factor:g} is not from 1 to 100",
            where=f"{where}.canary_factor",
            mend="a risk makes nothing shorter: use 2, or 1 for as it is",
        )
    for name in ("sign", "confirm_by"):
        _check_roles(getattr(asked, name), f"{where}.{name}")
    for share in asked.confirm_at:
        if not 0 < share <= 1:
            raise InvalidInput(f"{share:g} is no share", where=f"{where}.confirm_at", mend="e.g. [25%, 50%]")
    if asked.confirm_at and not asked.confirm_by:
        raise InvalidInput("nobody confirms", where=f"{where}.confirm_by", mend="e.g. [release_manager]")
    if asked.suites and not measures:
        raise InvalidInput(
            "the plan has no offline stage that would run them",
            where=f"{where}.suites",
            mend="add one: `- {kind: offline, suites: [golden]}`",
        )


def _check_roles(names: tuple[str, ...], where: str) -> None:
    for i, name in enumerate(names):
        try:
            known = role(name)
        except InvalidInput as error:
            raise InvalidInput(error.what, where=where, mend=error.mend) from None
        if known not in APPROVERS:
            raise InvalidInput(f"a {name} only looks", where=where, mend="name a role that answers for it")
        if name in names[:i]:
            raise InvalidInput(f"{name!r} stands twice", where=where, mend="keep one of them")
