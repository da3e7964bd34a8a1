"""The route of forecasts."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from serinus.api.guard import Guard
from serinus.api.parts import Parts
from serinus.api.problems import documented
from serinus.api.routes.calls import call_log
from serinus.api.schemas.forecast import ForecastView
from serinus.control.forecast_release import HISTORY_DAYS, forecast_release
from serinus.control.lookup import app_of
from serinus.core.access import Operation
from serinus.ports.control_store import ApiKey


def routes(parts: Parts) -> APIRouter:
    """`/apps/{app}/forecast`."""
    router = APIRouter(prefix="/apps", tags=["apps"])
    may_view = Guard(parts.control, Operation.VIEW)

    @router.get(
        "/{app}/forecast",
        operation_id="forecast_release",
        responses=documented(
            HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT
        ),
    )
    def get_forecast(
        app: str,
        _: Annotated[ApiKey, Depends(may_view)],
        days: Annotated[int, Query(ge=1, le=366, description="Of the app's own calls.")] = HISTORY_DAYS,
    ) -> ForecastView:
        """What the app's plan would see of its own traffic: power, hours and bad answers, by step and guardrail."""
        with parts.control.tx() as tx:
            plan = app_of(tx, app).config.plan
        return ForecastView.of(forecast_release(call_log(parts), parts.clock.now_us(), app, plan, days))

    return router
