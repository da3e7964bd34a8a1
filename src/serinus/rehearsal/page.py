"""The report of a rehearsal as one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from serinus.rehearsal.charts import exposure, legend, power_by_step, power_curve, step_name, timeline
from serinus.rehearsal.summary import DETECTION, FALSE, Chance, ControlIll, MonitorPower, Quantiles, Summary
from serinus.rehearsal.sweep import Curve
from serinus.rehearsal.waiting import Wait, wait_text

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --faint: #d8dde3; --bar: #2f6fb2; --bad: #b3261e;
 --good: #2e7d4f; --soft: #5b6570 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --paper: #14171b; --faint: #343a42; --bar: #6ea8e6;
 --bad: #f2837b; --good: #6fcf97; --soft: #a3adb8 } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto;
 max-width: 72rem; padding: 0 1rem }
h2 { margin-top: 2.5rem; border-top: 1px solid var(--faint); padding-top: 1rem }
table { border-collapse: collapse; margin: 1rem 0; white-space: nowrap }
th, td { text-align: right; padding: .2rem .8rem; border-bottom: 1px solid var(--faint) }
th { white-space: normal; vertical-align: bottom }
th:first-child, td:first-child { text-align: left } .wide { overflow-x: auto }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 22rem), 1fr)); gap: 1rem 2rem }
.charts h3 { font-size: 1rem; font-weight: 600; margin: .5rem 0 } a { color: inherit }
.verdict { font-weight: 600 } .missed { color: var(--bad) } .met { color: var(--good) } .soft { color: var(--soft) }
svg { width: 100%; height: auto } .legend svg { width: 12px; height: 12px } .legend span { margin-right: .8rem;
 display: inline-block; white-space: nowrap }
svg text { fill: var(--ink); font: 14px system-ui, sans-serif }
@media (max-width: 40rem) { body { margin: 1rem auto } h1 { font-size: 1.5rem } }
.grid { stroke: var(--faint) } .axis { stroke: var(--soft) }
.whisker { stroke: var(--ink); stroke-width: 1.5 } .bar { fill: var(--bar) } .curve { fill: none; stroke: var(--bar);
 stroke-width: 2 } .area0 { fill: var(--bad) } .area1 { fill: var(--good) }
"""
_STEP_AREAS = 30


def page(summaries: Sequence[Summary], pipeline: str, curves: Sequence[Curve] = ()) -> str:
    """The report; `pipeline` names what was rehearsed. `curves` come first."""
    shades = "".join(f".area{i + 2} {{ fill: var(--bar); opacity: {_shade(i)} }}\n" for i in range(_STEP_AREAS))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Rehearsal of {escape(pipeline)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}{shades}</style></head><body>'
        f"<h1>Rehearsal of {escape(pipeline)}</h1>{''.join(map(_curve, curves))}"
        f"{_overview(summaries) if summaries else ''}{''.join(map(_scenario, summaries))}"
        "</body></html>\n"
    )


def chance_text(found: Chance | None) -> str:
    """A chance with its interval, as people read it."""
    return f"{100 * found.value:.2f} % ({100 * found.low:.2f} to {100 * found.high:.2f})" if found else "–"


def monitor_text(found: MonitorPower) -> str:
    """What a monitor did to releases, as people read it."""
    did = {"rollback": "took back or paused", "pause": "paused"}.get(found.action, "acts on none of")
    text = f"monitor {found.name} {did} the releases"
    if found.action != "none":
        text = f"monitor {found.name} {did} {chance_text(found.acted)} of the releases"
        text += f", {chance_text(found.mistaken)} by mistake" if found.acted.hits else ""
    return text + (f"; it kept {chance_text(found.delayed)} on a step that was served" if found.required else "")


def control_text(found: ControlIll) -> str:
    """How the live version's own health held releases, as people read it."""
    text = f"live version found worse than its past: {chance_text(found.paused)} of the releases paused"
    delay = found.after_s
    return text + (f", after {span_text(delay.p50)} (half) and {span_text(delay.p90)} (nine in ten)" if delay else "")


def span_text(seconds: float) -> str:
    """Minutes below two hours, else hours."""
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _overview(summaries: Sequence[Summary]) -> str:
    titles = ("scenario", "releases", "caught", "stopped by mistake", "delay, median", "users exposed, median",
              "full rollout, median")  # fmt: skip
    rows = (
        (
            f'<a href="#{escape(one.scenario)}">{escape(one.scenario)}</a>',
            f"{one.releases:,}",
            _judged(one, DETECTION, chance_text(one.detection)),
            _judged(one, FALSE, chance_text(one.false)),
            _median(one.delay_s, span=True),
            _median(one.exposed),
            _median(one.full_s, span=True),
        )
        for one in summaries
    )
    return _table(titles, rows)


def _judged(one: Summary, name: str, text: str) -> str:
    """A chance in the colour of what is asked of it."""
    asked = next((asked.verdict for asked in one.requirements if asked.name == name), "open")
    return text if asked == "open" else f'<span class="{asked}">{text}</span>'


def _curve(one: Curve) -> str:
    rows = (
        (
            f"{value:.4g}",
            f"{found.releases:,}",
            chance_text(stopped),
            _median(found.delay_s, span=True),
            _median(found.exposed),
            _median(found.bad),
        )
        for value, found, stopped in zip(one.values, one.summaries, one.stopped, strict=False)
    )
    titles = (one.what, "releases", "stopped", "delay, median", "users exposed, median", "bad answers, median")
    return (
        f"<h2>{escape(one.scenario)}: power by {one.what}</h2><p>{escape(one.title)}</p>"
        f'<div class="charts"><div>{power_curve(one)}</div></div>{_table(titles, rows)}'
    )


def _scenario(one: Summary) -> str:
    worst = "missed" if any(r.verdict == "missed" for r in one.requirements) else ""
    met = "met" if one.requirements and all(r.verdict == "met" for r in one.requirements) else worst
    cut = f" It was interrupted: {one.asked:,} were asked for." if one.releases < one.asked else ""
    figures = (
        ("delay from harm to stop, h", one.delay_s, 3600.0),
        ("users who saw the candidate", one.exposed, 1.0),
        ("bad answers served until then", one.bad, 1.0),
        ("of these beyond the baseline's", one.extra, 1.0),
        ("start to full rollout, h", one.full_s, 3600.0),
    )
    rows = [
        (name, *(f"{getattr(q, p) / unit:,.{0 if unit == 1.0 else 1}f}" for p in ("mean", "p10", "p50", "p90", "p99")))
        for name, q, unit in figures
        if q is not None
    ]
    stops = [
        (step_name(step), *(f"{step.ended.get(end, 0):,}" for end in _ENDS), chance_text(step.rolled_back))
        for step in one.steps
    ]
    return (
        f'<h2 id="{escape(one.scenario)}">{escape(one.scenario)}</h2><p>{escape(one.title)}</p>'
        f'<p class="verdict {met}">{escape(one.verdict)}</p>'
        f'<p class="soft">{one.releases:,} releases, seed {one.seed}.{cut}</p>'
        f'<div class="charts"><div><h3>Stopped by then</h3>{power_by_step(one)}</div>'
        f"<div><h3>Users who saw the candidate</h3>{exposure(one)}</div>"
        f"<div><h3>Where releases stand</h3>{timeline(one)}{legend(one)}</div></div>"
        + _table(("", "mean", "10 %", "50 %", "90 %", "99 %"), rows)
        + _table(("ended on step", *(end.replace("_", " ") for end in _ENDS), "stopped by then"), stops)
        + "".join(_wait(found, one) for found in one.waits)
        + "".join(f"<p>{escape(monitor_text(found))}.</p>" for found in one.monitors)
        + (f"<p>{escape(control_text(one.control_ill))}.</p>" if one.control_ill else "")
        + f'<p class="soft">For example: {escape(one.example)}.</p>'
        + "".join(f'<p class="soft">Not rehearsed: {escape(reason)}.</p>' for reason in one.not_rehearsed)
    )


def _wait(found: Wait, one: Summary) -> str:
    lacks = "".join(f"<li>{escape(text)}</li>" for text in found.lacks)
    return f"<p>{escape(wait_text(found, one.releases))}</p><ul>{lacks}</ul>"


_ENDS = ("promoted", "rolled_back", "rejected", "paused", "unfinished")


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{title}</th>" for title in titles)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _median(found: Quantiles | None, span: bool = False) -> str:
    if found is None:
        return "–"
    return span_text(found.p50) if span else f"{found.p50:,.0f}"


def _shade(step: int) -> str:
    return f"{max(0.12, 0.9 - 0.16 * step):.2f}"
