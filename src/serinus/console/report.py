"""The evidence pack of a release as one HTML file that needs nothing else (L2)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from serinus.console.charts.series import Series
from serinus.console.charts.source import ChartSource
from serinus.console.charts.spec import Mark, Theme, spec
from serinus.console.page import templates
from serinus.console.parts import Parts
from serinus.console.plan_words import guardrail_words, limit_words
from serinus.console.stepper import stepper
from serinus.control.report_release import report_release

_WIDTH = 520
_THEMES: tuple[Theme, ...] = ("light", "dark")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A chart with its picture for each theme; none where it cannot be drawn: the numbers stand below it."""

    series: Series
    pictures: dict[Theme, str]


class ReleaseReports:
    """Renders packs. Safe to use from several threads."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._charts = ChartSource(parts)
        self._template = templates().get_template("report.html")

    def html(self, id: str) -> str:
        """The page of a release's pack as it is now; NotFound when there is none."""
        parts = self._parts
        pack = report_release(parts.control, parts.telemetry, parts.clock.now_us(), id)
        plan = pack.release.plan
        document = pack.encoded().replace(b"<", b"\\u003c")  # the same JSON, and nothing in it ends the script
        return self._template.render(
            pack=pack,
            embedded=document.decode(),
            digest=hashlib.sha256(document).hexdigest(),
            contents=[bytes(one.content).decode() for one in (pack.candidate, pack.control)],
            release=pack.release,
            stages=stepper(pack.release, pack.progress),
            figures=self._figures(id),
            guardrails=[guardrail_words(one) for one in plan.guardrails],
            limits=[limit_words(one) for one in plan.limits],
        )

    def _figures(self, id: str) -> list[Figure]:
        drawn = self._charts.drawn(id)
        return [self._figure(one, drawn.marks) for one in drawn.all() if one.rows]

    def _figure(self, series: Series, marks: tuple[Mark, ...]) -> Figure:
        pictures: dict[Theme, str] = {}
        for theme in _THEMES:
            svg = self._parts.drawing.svg(spec(series, marks, theme, _WIDTH))
            if svg is not None:
                pictures[theme] = svg.decode()
        return Figure(series=series, pictures=pictures)
