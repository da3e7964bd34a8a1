"""Charts as SVG text, drawn here: no script, no font and no file from elsewhere. Colours are the page's variables."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from serinus.rehearsal.summary import StepPower, Summary, Timeline
from serinus.rehearsal.sweep import Curve

WIDTH, HEIGHT = 520, 220
LEFT, RIGHT, TOP, BOTTOM = 54, 26, 12, 36
HOUR_S = 3600.0
SHORT_H = 3.0


def power_by_step(summary: Summary) -> str:
    """The chance of a rollback on each step or before, as bars with exact intervals."""
    slot = (WIDTH - LEFT - RIGHT) / len(summary.steps)
    parts = [_frame(f"Chance of a rollback by step, {summary.scenario}"), _shares()]
    for i, step in enumerate(summary.steps):
        found, middle = step.rolled_back, LEFT + (i + 0.5) * slot
        top = _y(found.value)
        parts.append(
            f'<rect class="bar" x="{middle - slot * 0.3:.1f}" y="{top:.1f}" width="{slot * 0.6:.1f}" '
            f'height="{_y(0) - top:.1f}"><title>{100 * found.value:.2f} % of {found.n:,} releases</title></rect>'
        )
        parts.append(_line(middle, _y(found.low), middle, _y(found.high), "whisker"))
        parts.append(_text(middle, HEIGHT - BOTTOM + 16, step_name(step).removesuffix(" traffic"), "middle"))
        parts.append(_text(middle, _y(found.high) - 5, f"{100 * found.value:.3g} %", "middle"))
    parts.append(_text((LEFT + WIDTH) / 2, HEIGHT - 4, "stopped on this step or before", "middle"))
    return _svg(parts)


def power_curve(curve: Curve) -> str:
    """The chance that a release is stopped, by the size of the harm, with exact intervals."""
    low, high = curve.values[0], curve.values[-1]
    width = (high - low) or 1.0
    parts = [_frame(f"Chance to be stopped by {curve.what}, {curve.scenario}"), _shares()]
    points = []
    for value, found in zip(curve.values, curve.stopped, strict=False):
        x = _x(0.03 + 0.94 * (value - low) / width)
        points.append((x, _y(found.value)))
        parts.append(_line(x, _y(found.low), x, _y(found.high), "whisker"))
        parts.append(
            f'<circle class="bar" cx="{x:.1f}" cy="{_y(found.value):.1f}" r="3.5"><title>{curve.what} {value:g}: '
            f"{100 * found.value:.2f} % of {found.n:,} releases</title></circle>"
        )
        parts.append(_text(x, HEIGHT - BOTTOM + 16, f"{value:.3g}", "middle"))
    parts.append(f'<polyline class="curve" points="{_joined(points)}"/>')
    parts.append(_text((LEFT + WIDTH) / 2, HEIGHT - 4, f"{curve.what} of the harm", "middle"))
    return _svg(parts)


def exposure(summary: Summary) -> str:
    """What share of the releases showed the candidate to at most so many users."""
    most = max(summary.exposure, default=0)
    if not most:
        return '<p class="soft">No user saw the candidate.</p>'
    top = _rounded_up(most)
    parts = [_frame(f"Users who saw the candidate, {summary.scenario}"), _shares(), _ticks(top, "")]
    points = [(_x(value / top), _y(i / (len(summary.exposure) - 1))) for i, value in enumerate(summary.exposure)]
    parts.append(f'<polyline class="curve" points="{_joined(points)}"/>')
    whose = "releases that were stopped" if summary.harmful else "all releases"
    parts.append(_text((LEFT + WIDTH) / 2, HEIGHT - 4, f"users who saw the candidate, of {whose}", "middle"))
    return _svg(parts)


def timeline(summary: Summary) -> str:
    """Where the releases stand over time, as a stack of areas."""
    found = summary.timeline
    last_h = found.at_s[-1] / HOUR_S
    parts = [_frame(f"Where releases stand, {summary.scenario}"), _shares()]
    below = [0.0] * len(found.at_s)
    for i, (name, row) in enumerate(_areas(summary, found)):
        above = [low + part for low, part in zip(below, row, strict=True)]
        edge = [(_x(at / found.at_s[-1]), _y(v)) for at, v in zip(found.at_s, above, strict=True)]
        back = [(_x(at / found.at_s[-1]), _y(v)) for at, v in zip(found.at_s, below, strict=True)]
        parts.append(
            f'<polygon class="area{i}" points="{_joined([*edge, *reversed(back)])}"><title>{name}</title></polygon>'
        )
        below = above
    parts.append(_ticks(last_h, " h") if last_h >= SHORT_H else _ticks(60 * last_h, " min"))
    parts.append(_text((LEFT + WIDTH) / 2, HEIGHT - 4, "since the start", "middle"))
    return _svg(parts)


def legend(summary: Summary) -> str:
    """The areas of a timeline by name."""
    names = (name for name, _ in _areas(summary, summary.timeline))
    keys = (f'<span><svg width="12" height="12"><rect class="area{i}" width="12" height="12"/></svg> {escape(n)}</span>'
            for i, n in enumerate(names))  # fmt: skip
    return f'<p class="legend">{" ".join(keys)}</p>'


def _areas(summary: Summary, found: Timeline) -> list[tuple[str, Sequence[float]]]:
    steps = [
        (f"at {step_name(s)}" if s.step >= 0 else step_name(s), row)
        for s, row in zip(summary.steps, found.steps, strict=True)
    ]
    return [("rolled back or rejected", found.rolled_back), ("promoted", found.promoted), *steps]


def step_name(step: StepPower) -> str:
    """A step as people call it."""
    return f"{100 * step.share:g} %" if step.step >= 0 else "before traffic"


def _svg(parts: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{"".join(parts)}</svg>'


def _frame(title: str) -> str:
    return f"<title>{escape(title)}</title>" + _line(LEFT, _y(0), WIDTH - RIGHT, _y(0), "axis")


def _shares() -> str:
    """Grid and names of the shares from 0 to 100 %."""
    lines = (
        _line(LEFT, _y(v), WIDTH - RIGHT, _y(v), "grid") + _text(LEFT - 6, _y(v) + 4, f"{100 * v:g} %", "end")
        for v in (0.0, 0.25, 0.5, 0.75, 1.0)
    )
    return "".join(lines)


def _ticks(top: float, unit: str) -> str:
    step = max(1.0, _rounded_up(top / 6))
    values = [i * step for i in range(int(top / step + 1e-9) + 1)]
    return "".join(_text(_x(v / top), HEIGHT - BOTTOM + 16, f"{v:,.0f}{unit}", "middle") for v in values)


def _rounded_up(value: float) -> float:
    """The next of 1, 2, 5, 10, 20, …"""
    power = 10.0 ** math.floor(math.log10(value))
    return next(power * digit for digit in (1, 2, 5, 10) if power * digit >= value * (1 - 1e-12))


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP - 12)


def _joined(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
