"""What a reviewer would check by hand, checked: each line with what was found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from serinus.console.forecast_view import ForecastView
from serinus.console.parts import Parts
from serinus.console.plan_words import limit_words
from serinus.console.release_view import ReleaseView
from serinus.control.find_lineage import lineage_text
from serinus.control.lookup import app_of
from serinus.control.sign_version import verify_version
from serinus.core.decision.shown import asked_for
from serinus.core.decision.wording import listed
from serinus.core.errors import InvalidInput, NotFound
from serinus.core.release.release import Release
from serinus.core.versions.content import parse_content

WORDS = {"good": "in order", "held": "look", "bad": "not in order", "quiet": "not known"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line; `tone` is a key of `WORDS`."""

    tone: str
    what: str
    found: str

    @property
    def word(self) -> str:
        """The tone in words."""
        return WORDS[self.tone]


def checklist(parts: Parts, view: ReleaseView, forecast: ForecastView) -> Iterator[Check]:
    """The lines, in the order in which a release could go wrong."""
    yield _way_back(parts, view)
    yield _stages(view)
    yield _at_full_share(view)
    yield from _monitors(view)
    yield _forecast(forecast)
    yield _signature(parts, view)
    yield from _known_issues(view)
    yield from _attempts(view)


def _way_back(parts: Parts, view: ReleaseView) -> Check:
    release, what = view.release, "There is a version to go back to"
    if not release.control:
        return _message_back(parts, release)
    with parts.control.tx() as tx:
        state, control = app_of(tx, release.app), tx.find_version(release.app, release.control)
        endpoints = {one.name for one in tx.endpoints()}
    if control is None:
        return Check(tone="bad", what=what, found="The baseline is not stored any more.")
    endpoint = parse_content(control.content).endpoint
    if endpoint not in endpoints:
        return Check(tone="bad", what=what, found=f"{control.name} calls endpoint {endpoint}, which is not configured.")
    if state.override:
        return Check(tone="bad", what=what, found="All traffic is pinned: nothing can be compared meanwhile.")
    if state.live != release.control:
        return Check(tone="held", what=what, found=f"{control.name} is not the live version any more.")
    return Check(tone="good", what=what, found=f"{control.name} is live, and its endpoint is configured.")


def _message_back(parts: Parts, release: Release) -> Check:
    """Of a first release."""
    what = "There is a message to go back to"
    with parts.control.tx() as tx:
        message = app_of(tx, release.app).config.fallback_message
    if not message:
        return Check(tone="bad", what=what, found="The app has no fallback message.")
    return Check(tone="good", what=what, found=f"“{message}”")


def _stages(view: ReleaseView) -> Check:
    what, plan = "Every measured stage so far passed", view.release.plan
    counted = [one for one in view.results if asked_for(view.release, one)]
    if not counted:
        return Check(tone="held", what=what, found="Nothing was measured before this signature.")
    short = [f"{plan.stages[one.stage].name}: {one.outcome}" for one in counted if one.outcome != "pass"]
    if short:
        return Check(tone="bad", what=what, found=f"{listed(short)}.")
    return Check(tone="good", what=what, found=f"{listed([plan.stages[one.stage].name for one in counted])}.")


def _at_full_share(view: ReleaseView) -> Check:
    what = "Something takes it back at 100 %, where nobody is left to compare with"
    acting = [limit_words(one) for one in view.release.plan.limits if one.action == "rollback"]
    if not acting:
        return Check(tone="bad", what=what, found="No limit rolls back.")
    return Check(tone="good", what=what, found=f"{'; '.join(acting)}.")


def _monitors(view: ReleaseView) -> Iterator[Check]:
    what = "The monitors have data and are calm"
    if not view.monitors:
        yield Check(tone="quiet", what=what, found="None is declared, or the release has ended.")
        return
    bad = [
        one for one in view.monitors if one.level in ("critical", "alert") or (one.required and one.level == "no-data")
    ]
    if bad:
        told = [f"{one.name}{f' ({one.on})' if one.on else ''}: {one.level}" for one in bad]
        yield Check(tone="bad", what=what, found=f"{listed(told)}.")
    silent = list(dict.fromkeys(m.name for m in view.monitors if m.level == "no-data" and not m.required))
    if silent:
        yield Check(tone="held", what="Optional monitors have data", found=f"Without: {listed(silent)}.")
    if not bad and not silent:
        yield Check(tone="good", what=what, found=f"{len({one.name for one in view.monitors})} of them.")


def _forecast(forecast: ForecastView) -> Check:
    what = "The plan sees what it guards in this app's traffic"
    if forecast.outlook is None:
        return Check(tone="quiet", what=what, found=forecast.lacking)
    errors, warnings = forecast.count("error"), forecast.count("warning")
    if errors or warnings:
        found = f"{errors} error{'s' * (errors != 1)} and {warnings} warning{'s' * (warnings != 1)}, below."
        return Check(tone="bad" if errors else "held", what=what, found=found)
    return Check(tone="good", what=what, found="The forecast finds nothing against it.")


def _signature(parts: Parts, view: ReleaseView) -> Check:
    what, release = "The version is what somebody signed", view.release
    try:
        found = verify_version(parts.control, parts.signatures, release.app, release.candidate)
    except (NotFound, InvalidInput):
        return Check(tone="bad", what=what, found="The candidate is not stored any more.")
    if not found:
        return Check(tone="held", what=what, found="Nobody signed its content with a key.")
    if not all(one.is_valid for one in found):
        return Check(tone="bad", what=what, found="A signature does NOT fit its content.")
    return Check(tone="good", what=what, found=f"By {listed(sorted({one.signature.signed_by for one in found}))}.")


def _known_issues(view: ReleaseView) -> Iterator[Check]:
    issues = parse_content(view.candidate.content).known_issues if view.candidate.behaviour else None
    if issues:
        yield Check(tone="held", what="Its known issues are acceptable", found="; ".join(issues))


def _attempts(view: ReleaseView) -> Iterator[Check]:
    text = lineage_text(view.release.plan, view.release.lineage)
    if text:
        yield Check(tone="held", what="It is not the first attempt", found=f"{text[:1].upper()}{text[1:]}.")
