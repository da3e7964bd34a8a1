"""What a plan would see of its app's own traffic, for people who start a release or sign for one."""

from __future__ import annotations

from dataclasses import dataclass

from serinus.console.parts import Parts
from serinus.control.forecast_release import LEAST_DAYS, Outlook, forecast_release
from serinus.core.errors import Conflict, InvalidInput, QueryLimit, StoreUnavailable
from serinus.core.lint.finding import Finding, Level
from serinus.core.pipeline.plan import Plan

TONES: dict[Level, str] = {"error": "bad", "warning": "held", "info": "quiet"}
_NO_LOG = "This control process does not read the call log, so nothing can be forecast: start it with --segments."


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastView:
    """An outlook, or in `lacking` why there is none. `stops`: what a start must be acknowledged for."""

    outlook: Outlook | None = None
    lacking: str = ""

    @property
    def stops(self) -> tuple[Finding, ...]:
        """Errors, once there is enough history to hold somebody to them."""
        enough = self.outlook is not None and self.outlook.traffic.days >= LEAST_DAYS
        return self.outlook.errors if self.outlook is not None and enough else ()

    @property
    def findings(self) -> tuple[tuple[str, Finding], ...]:
        """Each with the tone it is shown in, the gravest first."""
        return tuple((TONES[one.level], one) for one in self.outlook.findings) if self.outlook else ()

    def count(self, level: Level) -> int:
        """How many findings of a level there are."""
        return sum(one.level == level for _, one in self.findings)


def forecast_view(parts: Parts, app: str, plan: Plan) -> ForecastView:
    """The forecast of a plan on the app's own calls. One that cannot be made is told, never an error."""
    if parts.calls is None:
        return ForecastView(lacking=_NO_LOG)
    try:
        return ForecastView(outlook=forecast_release(parts.calls, parts.clock.now_us(), app, plan))
    except (Conflict, InvalidInput, QueryLimit, StoreUnavailable) as error:
        return ForecastView(lacking=f"Nothing can be forecast now: {error.what}.")
