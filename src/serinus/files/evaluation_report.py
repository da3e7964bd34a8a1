"""Reports of evaluations for others to read: JSON, JUnit XML, Markdown for a comment."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import Any

import msgspec

from serinus.core.judging.report import ArmScores, CriterionReport, Finding, SuiteReport
from serinus.core.judging.tally import Usage

_MOST_WORSE = 10
_SIGNS = {"pass": "✅", "fail": "❌", "inconclusive": "❔", "no-data": "❔", "error": "⚠️"}


def document(report: SuiteReport) -> dict[str, Any]:
    """All of it as JSON."""
    tree: dict[str, Any] = msgspec.to_builtins(report)
    return {"outcome": report.outcome, "text": report.text, **tree}


def junit(report: SuiteReport) -> str:
    """JUnit XML: a test case for each finding. What does not gate is skipped; what is neither passed nor failed is an
    error, so that no reader takes it for a pass."""
    cases = [_junit_case(report.suite, one) for one in report.findings]
    gating = [one for one in report.findings if not one.dry]
    failures = sum(one.outcome == "fail" for one in gating)
    errors = sum(one.outcome not in ("pass", "fail") for one in gating)
    head = (
        f'<testsuite name="{_xml(report.suite)}" tests="{len(cases)}" failures="{failures}" errors="{errors}"'
        f' skipped="{len(cases) - len(gating)}">'
    )
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", head, *cases, "</testsuite>", "</testsuites>"]
    return "\n".join(lines) + "\n"


def _junit_case(suite: str, finding: Finding) -> str:
    name = f'<testcase classname="{_xml(suite)}" name="{_xml(f"{finding.about} {finding.check}")}"'
    text = _xml(finding.text)
    if finding.dry:
        return f'{name}><skipped message="{_xml(f"{finding.dry}; {finding.outcome}: {finding.text}")}"/></testcase>'
    if finding.outcome == "pass":
        return f"{name}><system-out>{text}</system-out></testcase>"
    tag = "failure" if finding.outcome == "fail" else "error"
    return f'{name}><{tag} type="{finding.outcome}" message="{text}"/></testcase>'


def _xml(text: str) -> str:
    """Text that XML 1.0 can hold, escaped."""
    return html.escape("".join(char if char.isprintable() else " " for char in text))


def markdown(report: SuiteReport) -> str:
    """A summary that fits a pull-request comment."""
    lines = [f"### {_SIGNS[report.outcome]} {_cell(report.text)}", ""]
    lines += ["| | candidate | baseline | difference | gate |", "|---|---|---|---|---|"]
    lines += [_row(report, one) for one in report.criteria]
    others = [one for one in report.findings if one.check not in ("min", "max_drop") and one.outcome != "pass"]
    lines += ["", *(f"- {_SIGNS[one.outcome]} {_cell(one.text)}" for one in others)]
    lines += [f"- ⚠️ {_cell(one)}" for one in report.warnings]
    lines += _worse(report.criteria)
    lines += ["", _usage_line("candidate", report.usage)]
    if report.baseline_usage:
        lines.append(_usage_line("baseline", report.baseline_usage))
    lines += ["", f"<sub>{_ids(report)}</sub>"]
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def _row(report: SuiteReport, one: CriterionReport) -> str:
    gates = [f for f in report.findings if f.about == one.name and f.check in ("min", "max_drop", "unscored")]
    shown = ", ".join(f"{_SIGNS[f.outcome]} {f.outcome}{f' ({_cell(f.dry)})' if f.dry else ''}" for f in gates) or "–"
    difference = "–"
    if one.comparison and one.comparison.pairs:
        d = one.comparison.difference
        difference = (
            f"{d.value * 100:+.1f} ({d.low * 100:+.1f} to {d.high * 100:+.1f}); "
            f"{one.comparison.wins} won, {one.comparison.losses} lost, {one.comparison.ties} equal"
        )
    return f"| {_cell(one.name)} | {_mean(one.candidate)} | {_mean(one.baseline)} | {difference} | {shown} |"


def _mean(arm: ArmScores | None) -> str:
    if arm is None or arm.mean is None:
        return "–"
    unscored = f", {arm.unscored} unscored" if arm.unscored else ""
    return f"{arm.mean.value:.1%} ({arm.mean.low:.1%}–{arm.mean.high:.1%}{unscored})"


def _worse(criteria: Iterable[CriterionReport]) -> list[str]:
    lines = []
    for one in criteria:
        worse = one.comparison.worse[:_MOST_WORSE] if one.comparison else ()
        if worse:
            cases = ", ".join(f"`{_cell(w.case)}` {w.baseline:g} → {w.candidate:g}" for w in worse)
            lines.append(f"- got worse in {_cell(one.name)}: {cases}")
    return ["", *lines] if lines else []


def _usage_line(side: str, usage: Usage) -> str:
    parts = [f"{usage.answers} answers"]
    if usage.missing:
        parts.append(f"{usage.missing} missing")
    if usage.latency_p50_ms is not None:
        parts.append(f"p50 {usage.latency_p50_ms:.0f} ms, p95 {usage.latency_p95_ms:.0f} ms")
    parts.append(f"{usage.tokens_in} + {usage.tokens_out} tokens")
    if usage.cost_nano is not None:
        parts.append(f"${usage.cost_nano / 1e9:.4f}")
    return f"{side}: {', '.join(parts)}  "


def _ids(report: SuiteReport) -> str:
    against = f" against {report.baseline.name} {report.baseline.digest[:12]}" if report.baseline else ""
    return (
        f"{_cell(report.candidate.name)} {report.candidate.digest[:12]}{_cell(against)},"
        f" suite {report.suite_digest[:12]}, data {report.data_digest[:12]}, Serinus {report.code}"
    )


def _cell(text: str) -> str:
    """Text of others: neither HTML nor a table's bars."""
    return html.escape("".join(char if char.isprintable() else " " for char in text), quote=False).replace("|", "\\|")
