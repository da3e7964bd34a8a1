"""Judging live answers: which calls, what a judge is shown of them, and what may act on its grades."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.judging.answer import RETRIED, Answer
from serinus.core.judging.bounds import Bound, check_bounds
from serinus.core.judging.calibration import Calibration
from serinus.core.judging.case import Case
from serinus.core.judging.judge import judge_digest
from serinus.core.judging.score import SILENT
from serinus.core.pipeline.gauge import JUDGING_LAG
from serinus.core.pipeline.live_judge import LiveJudge
from serinus.core.pipeline.monitor import MetricSource, Source
from serinus.core.pipeline.plan import Plan
from serinus.core.records import call_id
from serinus.core.records.labels import SCORED
from serinus.core.records.payload import LoggedPayload
from serinus.core.records.sampling import below, sampled
from serinus.core.routing.assignment import COMPARED, Arm

MOST_ATTEMPTS = 6
"""So often a call is taken up whose judge does not answer, the pauses between doubling from 10 s."""
_FIRST_WAIT_S = 10.0
POLICY = "judge.policy"
SUSPICION = "feedback.suspected_violation"
_HALF = 0.5
_SHUT = frozenset({"401", "402", "403", "404"})
"""A key, an account or a model that the endpoint does not take: that says nothing of a call, and is mended."""
NO_ANSWER = "there is no answer"
GONE = "its texts are gone"
STALE = "it waited for two days"
_DRY = (
    "make what acts a dry run: `dry_run: true` on the guardrail, no trigger, no monitor that pauses, none in"
    " `accelerate.when`"
)


def calibration_of(live: LiveJudge) -> Calibration | None:
    """The calibration that it is declared with; InvalidInput when it is none."""
    try:
        return None if live.calibration is None else msgspec.convert(live.calibration, Calibration)
    except msgspec.ValidationError as error:
        raise InvalidInput(
            f"not a calibration: {error}", where="calibration", mend="make it with `serinus judge calibrate`"
        ) from None


def shortcoming(live: LiveJudge) -> str:
    """Why nothing may act on its grades; empty when they may."""
    found = calibration_of(live)
    if found is None:
        return "the judge is not calibrated"
    if found.judge != judge_digest(live.judge):
        return "the judge has changed since its calibration"
    return found.shortcoming()


def check_live_judges(where: str, judges: Collection[LiveJudge], payload_share: float, plan: Plan | None) -> None:
    """Refuse live judges that cannot work, and what would act on the grades of one that may not carry it (D8);
    InvalidInput names the place."""
    lags = [i for i, one in enumerate(plan.monitors) if _is_lag(one.source)] if plan and not judges else []
    if lags:
        raise InvalidInput(
            "no live judge is declared, so that there is no lag",
            where=f"plan.monitors[{lags[0]}]",
            mend="declare `live_judges`, or take the monitor out",
        )
    seen: set[str] = set()
    for index, live in enumerate(judges):
        at = f"{where}[{index}]"
        if live.metric in seen:
            raise InvalidInput(f"{live.metric} has two judges", where=f"{at}.metric", mend="keep one of them")
        seen.add(live.metric)
        _check_numbers(at, live)
        _check_texts(at, live, payload_share)
        calibration_of(live)
    if plan is not None:
        check_carried(where, judges, plan)


def check_carried(where: str, judges: Collection[LiveJudge], plan: Plan, release: str = "") -> None:
    """Refuse judges on whose grades a plan acts though they may not carry it (D8); InvalidInput names the place.
    `release`: whose plan it is, where it has begun and cannot be changed any more."""
    for index, live in enumerate(judges):
        short = shortcoming(live)
        acting = acts_on(plan, live.metric) if short else ""
        if acting:
            other = "change the judge when the release is over" if release else _DRY
            of = f" of {release}, which is under way," if release else ""
            raise InvalidInput(
                f"{short}, so that no {acting}{of} may act on {live.metric}",
                where=f"{where}[{index}]",
                mend="calibrate the judge (`serinus judge calibrate`) and name the calibration in its suite, or "
                f"{other}",
            )


def check_priced(where: str, live: LiveJudge, is_listed: bool) -> None:
    """Refuse a limit on money that nobody could count; InvalidInput. `is_listed`: the endpoint, or the list, has a
    price of its model."""
    judge = live.judge
    if live.limit_usd_per_day and live.price is None and not is_listed:
        raise InvalidInput(
            f"a limit on the cost of {judge.model}, whose price nobody knows",
            where=f"{where}.limit_usd_per_day",
            mend=f"declare it: `endpoints: {{{judge.endpoint}: {{prices: {{{judge.model}: {{input: $0.15, output: "
            "$0.60}}}}` (US dollars per million tokens), or take the limit out",
        )


def _is_lag(source: Source) -> bool:
    return isinstance(source, MetricSource) and source.metric == JUDGING_LAG


def _check_numbers(at: str, live: LiveJudge) -> None:
    if live.metric not in SCORED:
        raise InvalidInput(f"{live.metric!r} is no score", where=f"{at}.metric", mend=f"known: {', '.join(SCORED)}")
    bounds: tuple[Bound, ...] = (
        ("share", live.share, 0, 1),
        ("at_least", live.at_least, 0, 1_000_000),
        ("limit_usd_per_day", live.limit_usd_per_day, 0, 1e6),
        ("concurrency", live.concurrency, 1, 256),
        ("requests_per_minute", live.requests_per_minute, 0, 1e6),
        ("timeout_s", live.timeout_s, 0.001, 600),
        ("tries", live.tries, 1, 20),
    )
    check_bounds(bounds, at)
    if not live.share:
        raise InvalidInput("a share of nothing", where=f"{at}.share", mend="e.g. `share: 2%`")


def _check_texts(at: str, live: LiveJudge, payload_share: float) -> None:
    if payload_share >= live.share:
        return
    raised = f"payload_share: {max(0.1, live.share) * 100:g}%"
    if not payload_share:
        what = "no texts of this app's calls are kept, so that there is nothing to judge"
    else:
        what = f"texts of {payload_share:.3g} of the calls are kept, and {live.share:.3g} are to be judged"
    raise InvalidInput(
        what, where=f"{at}.share", mend=f"add `{raised}` to the app (and `redact`, `payload_days`), or judge fewer"
    )


def acts_on(plan: Plan, metric: str) -> str:
    """What of a plan acts on a metric, in a word; empty when nothing does."""
    if any(one.metric == metric and one.role != "info" and not one.dry_run for one in plan.guardrails):
        return "guardrail"
    if any(one.metric == metric for one in plan.limits):
        return "trigger"
    for one in plan.monitors:
        mine = isinstance(one.source, MetricSource) and one.source.metric == metric
        if mine and (one.required or one.action != "none"):
            return "monitor"
        if mine and plan.accelerate and any(pace.monitor == one.name for pace in plan.accelerate.when):
            return "acceleration"
    return ""


def share_of(raw: bytes, live: LiveJudge, payload_share: float, queued: Mapping[Arm, int], alone: bool) -> float | None:
    """The share of calls like this one that are judged, if it is one of them; None: it is not.

    `queued` are the calls of its release and hour that are judged or wait for it, by arm. Until both arms have
    `at_least` of them, every call whose texts are kept is judged, in both arms alike. `alone`: the release has no
    control.
    """
    place = call_id.parse(raw)
    if place.arm is Arm.SHADOW:
        return None  # nobody saw its answer
    enrolled = bool(place.release) and place.arm in COMPARED
    share = raised_share(live, payload_share, queued, alone) if enrolled else live.share
    return share if sampled(raw, below(share)) else None


def raised_share(live: LiveJudge, payload_share: float, queued: Mapping[Arm, int], alone: bool) -> float:
    """The share that is judged of both arms of a release, given what an hour has already."""
    wanted = (Arm.CANDIDATE,) if alone else (Arm.CANDIDATE, Arm.CONTROL)
    short = any(queued.get(arm, 0) < live.at_least for arm in wanted)
    return max(live.share, payload_share) if short else live.share


def shown(payload: LoggedPayload) -> tuple[Case, Answer] | str:
    """What a judge is shown of a call: the conversation as the question, the variables as its context, and the answer;
    or why there is nothing to judge."""
    try:
        request, said = msgspec.json.decode(payload.request), msgspec.json.decode(payload.answer)
    except msgspec.DecodeError:
        return "its texts cannot be read"
    answer = _answer(said)
    if not answer:
        return NO_ANSWER
    messages = request.get("messages") if isinstance(request, dict) else None
    variables = request.get("variables") if isinstance(request, dict) else None
    kept = tuple(one for one in messages if isinstance(one, dict)) if isinstance(messages, list) else ()
    if not kept and not variables:
        return "its question is not kept"
    told = variables if isinstance(variables, dict) else {"variables": variables} if variables else {}
    context = (msgspec.json.encode(told).decode(),) if told else ()
    case = Case(id=payload.call, messages=kept, vars={} if kept else told, context=context)
    return case, Answer(text=answer, latency_ms=0.0)


def _answer(said: Any) -> str:
    if not isinstance(said, dict):
        return ""
    texts, tools = said.get("texts"), said.get("tools")
    parts = [text for text in texts if isinstance(text, str)] if isinstance(texts, list) else []
    if isinstance(tools, list) and tools:
        parts.append("proposes the tools " + msgspec.json.encode(tools).decode())
    return "\n\n".join(parts).strip()


def suspects(live: LiveJudge, value: float | None) -> bool:
    """Whether a grade says that an answer broke the policy: it is worth less than one half. A suspicion pauses a
    release, so that only a calibrated judge has one (D8)."""
    return live.metric == POLICY and value is not None and value < _HALF and not shortcoming(live)


def is_away(reason: str) -> bool:
    """Whether an answer is unscored since the judge was away, had too much to do, or lets nobody in."""
    kind, _, status = reason.removeprefix(SILENT).partition(" ")
    return reason.startswith(SILENT) and (kind in RETRIED or status in _SHUT)


def wait_s(reason: str, attempts: int, away: bool = False) -> float | None:
    """When to judge again what is unscored for this reason, after so many attempts; None: it stays unscored. Only a
    judge that does not answer may say something else the next time: as often as `MOST_ATTEMPTS` while it answers
    others, and for as long as it is `away`, since that says nothing of the call."""
    if not is_away(reason) or (attempts >= MOST_ATTEMPTS and not away):
        return None
    return _FIRST_WAIT_S * float(2 ** (min(attempts, MOST_ATTEMPTS) - 1))
