"""The demo's report: one HTML file that needs nothing else, with the evidence pack of each release in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import jinja2

from serinus import __version__
from serinus.demo.checks import Outcome
from serinus.demo.collect import Collected
from serinus.demo.facts import Facts
from serinus.demo.summary import TITLES, rows_of
from serinus.demo.timeline import bars


def write_page(
    path: Path, facts: Sequence[Facts], found: Sequence[Outcome], collected: Collected, took_s: float
) -> None:
    """Write the report; a file that is there is replaced."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("serinus.demo"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text = environment.get_template("demo-report.html").render(
        version=__version__,
        took_s=took_s,
        titles=[TITLES[one.title] for one in facts],
        facts=facts,
        rows=rows_of(facts),
        timeline=bars(collected),
        found=found,
        failed=sum(not outcome.holds for outcome in found),
        packs=[ended.pack for ended in collected.told],
    )
    path.write_text(text, encoding="utf-8")
