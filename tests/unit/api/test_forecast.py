"""Forecasts over the API, and starts that they hold up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from serinus.adapters.event_log import ParquetLog
from serinus.adapters.parquet_search import ParquetSearch, ReadLimits
from serinus.core.records.call import row
from serinus.ports.event_log import LogBatch
from tests.fake_workers import ManualClock, end, raw_call

from .conftest import START_US, Api

HOUR_US = 3_600_000_000


@contextmanager
def _with_calls(api: Api, folder: Path, hours: int) -> Iterator[Api]:
    """An API whose log holds ten calls of other users in each of the last hours, one in a hundred an error."""
    like = row(end(raw_call(1), ManualClock()), "host-1")
    rows = [
        msgspec.structs.replace(
            like, app="bot", arm="rest", unit=f"{n:016x}", at_us=START_US - hours * HOUR_US + n * HOUR_US // 10,
            events=("call.error",) if n % 100 == 0 else (),
        )
        for n in range(10 * hours)
    ]  # fmt: skip
    ParquetLog(folder).write(LogBatch(spool=f"{'0' * 32}-00000000", start=64, end=100, rows=rows))
    search = ParquetSearch(folder, ReadLimits())
    with api.with_parts(log=search) as made:
        yield made


@pytest.fixture
def busy(api: Api, tmp_path: Path) -> Iterator[Api]:
    """Two days of calls."""
    with _with_calls(api, tmp_path, 48) as made:
        yield made


def test_a_forecast_tells_steps_harms_and_findings(busy: Api) -> None:
    """From the app's own calls: rates, users, and what the plan cannot see of so few."""
    busy.prepared()
    found = busy.ok("GET", "/apps/bot/forecast")
    assert found["traffic"]["rates"]["call.error"] == pytest.approx(5 / 480)
    assert found["traffic"]["calls_per_hour"] == pytest.approx(10, rel=0.05)
    assert [step["share"] for step in found["steps"]] == [0.05, 0.99]
    assert found["harms"][0]["hours_median"] is None
    assert "error" in {one["level"] for one in found["findings"]}


def test_h5a_a_blind_plan_starts_only_when_it_is_acknowledged_and_that_is_on_record(busy: Api) -> None:
    """Refused with what cannot be seen and how to mend it; the reason stands in the audit trail."""
    _, second = busy.prepared()
    body = {"app": "bot", "version": second, "reason": "kinder"}
    refused = busy.ask("POST", "/releases", body)
    assert refused.status_code == 409
    assert "--acknowledge" in refused.json()["mend"]
    assert busy.ok("GET", "/releases?app=bot")["items"] == []
    started = busy.ok("POST", "/releases", {**body, "acknowledge": "a demonstration"})
    entries = busy.ok("GET", f"/audit?subject={started['id']}")["items"]
    assert any("kinder; acknowledged: a demonstration" in entry["reason"] for entry in entries)


def test_with_less_than_a_day_of_calls_nothing_is_refused(api: Api, tmp_path: Path) -> None:
    """A new app starts; its forecast is there from the first hour on, and before that says what to do instead."""
    with _with_calls(api, tmp_path / "young", 5) as young:
        _, second = young.prepared()
        assert young.ok("GET", "/apps/bot/forecast")["traffic"]["days"] < 1
        assert young.ask("POST", "/releases", {"app": "bot", "version": second}).status_code == 201
    with _with_calls(api, tmp_path / "new", 0) as fresh:
        new = fresh.ask("GET", "/apps/bot/forecast")
    assert (new.status_code, "--traffic" in new.json()["mend"]) == (409, True)


def test_without_plan_or_log_there_is_no_forecast(api: Api, busy: Api) -> None:
    """Both say what is missing."""
    api.prepared()
    assert api.ask("GET", "/apps/bot/forecast").status_code == 503
    api.ok("PUT", "/apps/bot", {})
    assert busy.ask("GET", "/apps/bot/forecast").status_code == 422
