"""Monitors on the console: where they stand, what they ask, and their charts."""

from __future__ import annotations

import msgspec

from serinus.core.monitoring.reading import Reading
from serinus.core.pipeline.monitor import HttpSource, MetricSource, Monitor, PromqlSource, SqlSource
from serinus.core.pipeline.threshold import Threshold

from .conftest import PLAN, START_US, Console

HOSTILE = "<script>alert(1)</script>"
ABOVE = Threshold(side="above", bound=0.5)
ERRORS = Monitor(name="errors", source=MetricSource(metric="call.error"), required=True, from_step=2)
SQL = Monitor(name="by hand", source=SqlSource(query=f"SELECT '{HOSTILE}'"), alert=ABOVE, unit="marks")
QUEUE = Monitor(name="queue", source=PromqlSource(url="http://p:9", query="sum(x)"), alert=ABOVE)
HEALTH = Monitor(name="kb", source=HttpSource(url="http://kb/"))
MONITORS = (ERRORS, SQL, QUEUE, HEALTH)


def _read(console: Console, monitor: Monitor, at_us: int = START_US, **fields: object) -> None:
    made = Reading(
        app="bot", monitor=monitor.name, subject="live", at_us=at_us, level="alert", text=f"it is {HOSTILE}",
        definition=monitor.digest, value=0.75, since_us=at_us,
    )  # fmt: skip
    with console.control.tx() as tx:
        tx.put_reading(msgspec.structs.replace(made, **fields))


def _prepared(console: Console) -> None:
    console.prepared(msgspec.structs.replace(PLAN, monitors=MONITORS))
    for at_us in (START_US - 120_000_000, START_US - 60_000_000, START_US):
        _read(console, SQL, at_us)
    _read(console, ERRORS, START_US - 600_000_000)


def test_A2_monitors_are_shown_with_query_levels_and_chart(console: Console) -> None:
    """All of them, whatever was read; what is old says so, and nothing that was written becomes markup."""
    _prepared(console)
    page = console.browser("viewer").get("/apps/bot/monitors")
    assert page.status_code == 200
    assert HOSTILE not in page.text
    for words in ("by hand", "alert above 0.5", "required: without data", "counts from step 2 on", "GET http://kb/"):
        assert words in page.text, words
    assert "Old: " in page.text
    assert page.text.count("Not read yet") == 2
    assert page.text.count("data-chart=") == len(MONITORS)


def test_A2_a_chart_of_readings_has_rows_and_its_threshold(console: Console) -> None:
    """As specification and picture, for any unit; readings of another declaration are left out."""
    _prepared(console)
    _read(console, SQL, START_US + 1, definition="other")
    browser = console.browser("viewer")
    document = browser.get("/apps/bot/monitors/by%20hand/chart.json?theme=dark").json()
    assert [row["value"] for row in document["rows"]] == [0.75] * 3
    assert {"limit": 0.5} in [layer.get("data", {}).get("values", [None])[0] for layer in document["spec"]["layer"]]
    assert browser.get("/apps/bot/monitors/errors/chart.svg").headers["content-type"] == "image/svg+xml"
    assert browser.get("/apps/bot/monitors/none/chart.json").status_code == 404
    assert browser.get("/apps/none/monitors").status_code == 404


def test_I1_a_critical_monitor_stands_on_the_overview_with_the_way_to_it(console: Console) -> None:
    """Whatever was read is text; one that is calm is not there."""
    _prepared(console)
    _read(console, QUEUE, level="critical")
    page = console.browser("viewer").page("/")
    assert "queue of bot" in page
    assert 'href="/apps/bot/monitors"' in page
    assert "it is &lt;script&gt;" in page
    assert "by hand of bot" not in page


def test_A2_app_and_release_show_where_monitors_stand(console: Console) -> None:
    """With a link to queries and charts; an app without any says how to declare one."""
    _prepared(console)
    page = console.browser("viewer").get("/apps/bot")
    assert "/apps/bot/monitors" in page.text
    assert "it is &lt;script&gt;" in page.text
    console.prepared(PLAN)
    assert "add <code>monitors</code>" in console.browser("viewer").get("/apps/bot").text
