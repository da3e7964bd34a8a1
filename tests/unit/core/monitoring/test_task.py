"""What is read: for whom, by which declaration, and how soon again."""

from __future__ import annotations

import msgspec

from serinus.core.monitoring.reading import Reading
from serinus.core.monitoring.task import pause_s, reading_for, tasks
from serinus.core.pipeline.app import AppConfig, AppState
from serinus.core.pipeline.monitor import HttpSource, MetricSource, Monitor, PromqlSource, SqlSource
from serinus.core.pipeline.threshold import Threshold
from serinus.core.release.release import Release
from serinus.core.release.table import State
from tests.unit.core.decision.cases import PLAN, created, running

ERRORS = Monitor(name="errors", source=MetricSource(metric="call.error"))
HEALTH = Monitor(name="kb", source=HttpSource(url="http://kb/"))
ABOVE = Threshold(side="above", bound=1.0)


def app(*monitors: Monitor, live: str | None = "b" * 64) -> AppState:
    return AppState(config=AppConfig(name="shop", plan=msgspec.structs.replace(PLAN, monitors=monitors)), live=live)


def release(*monitors: Monitor, step: int = 0) -> Release:
    return running(msgspec.structs.replace(PLAN, monitors=monitors), step)


def keys(*of: AppState, active: tuple[Release, ...] = ()) -> list[tuple[str, str, str]]:
    return [(one.monitor.name, one.subject, one.version[:1]) for one in tasks(of, active)]


def test_I_the_live_version_is_watched_always_a_candidate_while_users_see_it() -> None:
    """What knows no arms is read once for both."""
    assert keys(app(ERRORS, HEALTH)) == [("errors", "live", "b"), ("kb", "app", "b")]
    both = keys(app(ERRORS, HEALTH), active=(release(ERRORS, HEALTH),))
    assert both == [("errors", "live", "b"), ("kb", "app", "b"), ("errors", "candidate", "c")]
    ended = msgspec.structs.replace(release(ERRORS), state=State.ROLLING_BACK)
    assert keys(app(), active=(ended, created(release(ERRORS).plan))) == []


def test_I_without_a_live_version_only_what_knows_no_version_is_read() -> None:
    """There is nobody to watch yet."""
    assert keys(app(ERRORS, HEALTH, live=None)) == [("kb", "app", "")]
    assert keys(AppState(config=AppConfig(name="shop"))) == []


def test_a_release_keeps_the_monitors_it_started_with() -> None:
    """A shared one that was declared anew is read for the release as it was; readings of the other do not count."""
    slower = msgspec.structs.replace(HEALTH, every_s=3600.0)
    one = release(HEALTH)
    assert keys(app(slower), active=(one,)) == [("kb", "app", "b"), ("kb", "candidate", "c")]
    shared = Reading(app="shop", monitor="kb", subject="app", at_us=1, level="ok", text="", definition=HEALTH.digest)
    own = msgspec.structs.replace(shared, subject="candidate", release=one.id, at_us=2)
    former = msgspec.structs.replace(own, release="rel_0")
    assert reading_for(one, HEALTH, {("shop", "kb", "app"): shared}) == shared
    assert reading_for(one, HEALTH, {("shop", "kb", "app"): shared, ("shop", "kb", "candidate"): own}) == own
    assert reading_for(one, HEALTH, {("shop", "kb", "candidate"): former}) is None
    assert reading_for(one, ERRORS, {("shop", "errors", "app"): shared}) is None


def test_which_sources_know_arms() -> None:
    """Metrics and SQL do, a PromQL query that names one does, HTTP does not."""

    def promql(query: str) -> Monitor:
        return Monitor(name="x", source=PromqlSource(url="http://p", query=query), alert=ABOVE)

    assert HEALTH.shared
    assert promql("sum(up)").shared
    assert not promql('sum(up{version="$version"})').shared
    assert not ERRORS.shared
    assert not Monitor(name="x", source=SqlSource(query="SELECT 1"), alert=ABOVE).shared


def test_a_failing_source_is_asked_more_and_more_seldom() -> None:
    """Twice as long each time, up to five minutes; one that is read more seldom anyway keeps its pace."""
    monitor = msgspec.structs.replace(HEALTH, every_s=30.0)
    assert [pause_s(monitor, n) for n in range(6)] == [30, 60, 120, 240, 300, 300]
    assert pause_s(msgspec.structs.replace(HEALTH, every_s=3600.0), 9) == 3600
