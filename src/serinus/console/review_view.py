"""All that a reviewer needs to sign or refuse, on one page (G2)."""

from __future__ import annotations

from dataclasses import dataclass

from serinus.console.checklist import Check, checklist
from serinus.console.comparison import shortened
from serinus.console.forecast_view import ForecastView, forecast_view
from serinus.console.offline_numbers import SuiteNumbers, suites_of
from serinus.console.parts import Parts
from serinus.console.release_view import ReleaseView, release_view
from serinus.console.visitor import Visitor
from serinus.console.worse_pairs import WorsePair, worse_pairs
from serinus.control.compare_versions import Comparison, compare_versions
from serinus.core.access import Operation
from serinus.core.decision.shown import asked_for
from serinus.core.decision.signing import Signing
from serinus.core.errors import InvalidInput, NotFound
from serinus.core.release.approval import Approval, identity_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A role that must sign, and who did; `open`: nobody that counts for it."""

    role: str
    open: bool
    by: tuple[Approval, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewView:
    """A release as its reviewers see it. `barrier`: why this visitor cannot approve; empty when they can."""

    view: ReleaseView
    comparison: Comparison | None
    suites: tuple[SuiteNumbers, ...]
    worse: tuple[WorsePair, ...] | None
    forecast: ForecastView
    checks: tuple[Check, ...]
    signers: tuple[Signer, ...]
    barred: tuple[tuple[str, str], ...]
    barrier: str
    asked_us: int


def review_view(parts: Parts, visitor: Visitor, id: str) -> ReviewView:
    """The view of a review now; NotFound when there is no such release."""
    view = release_view(parts, id)
    release = view.release
    forecast = forecast_view(parts, release.app, release.plan)
    counted = [result for result in view.results if asked_for(release, result)]
    return ReviewView(
        view=view,
        comparison=_comparison(parts, view),
        suites=tuple(suite for result in counted for suite in suites_of(result)),
        worse=worse_pairs(parts, id) if visitor.may(Operation.VIEW_CALLS) else None,
        forecast=forecast,
        checks=tuple(checklist(parts, view, forecast)),
        signers=_signers(view.signing),
        barred=_barred(view.signing),
        barrier=barrier(view.signing, visitor),
        asked_us=next((one.at_us for one in view.entries if one.action.endswith(":request_approval")), 0),
    )


def barrier(signing: Signing | None, visitor: Visitor) -> str:
    """Why a visitor cannot approve now, in a sentence; empty when they can."""
    if signing is None:
        return "It waits for nobody's signature now."
    who = identity_of(visitor.actor)
    for doer, deed in _barred(signing):
        if identity_of(doer) == who:
            return f"You {deed}, so somebody else must approve it."
    if not visitor.may(Operation.APPROVE_RELEASE) or not set(signing.stage.roles) & set(visitor.key.roles):
        return "None of your roles is asked to sign."
    if any(one.verdict == "approve" and identity_of(one.actor) == who for one in signing.approvals):
        return "You have signed already; one person counts for one role."
    return ""


def _barred(signing: Signing | None) -> tuple[tuple[str, str], ...]:
    """Who cannot approve, and what they did (G1)."""
    if signing is None:
        return ()
    author, starter = signing.author, signing.starter
    if author and identity_of(author) == identity_of(starter):
        return ((starter, "pushed this version and started this release"),)
    deeds = ((author, "pushed this version"), (starter, "started this release"))
    return tuple((doer, deed) for doer, deed in deeds if doer)


def _signers(signing: Signing | None) -> tuple[Signer, ...]:
    if signing is None:
        return ()
    return tuple(
        Signer(
            role=role,
            open=role in signing.lacking,
            by=tuple(one for one in signing.approvals if one.role == role and one.verdict == "approve"),
        )
        for role in signing.stage.roles
    )


def _comparison(parts: Parts, view: ReleaseView) -> Comparison | None:
    """What the candidate changes; None where one of the two is not known (any more)."""
    release = view.release
    try:
        return shortened(compare_versions(parts.control, release.app, release.control, release.candidate))
    except (NotFound, InvalidInput):
        return None
