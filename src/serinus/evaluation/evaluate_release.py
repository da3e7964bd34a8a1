"""Run the suites of a release's offline stage: candidate against the live version, on what is stored. In a first
release the candidate is alone, and only absolute minimums say anything (H13)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from serinus.core.errors import InvalidInput, NotFound
from serinus.core.judging.answer import listed
from serinus.core.judging.case import stored_cases
from serinus.core.judging.report import SuiteReport, result_of, stage_result
from serinus.core.judging.suite import Suite, parse_suite
from serinus.core.pipeline.stages import StageResult
from serinus.core.release.release import Release
from serinus.core.routing.snapshot import Endpoint
from serinus.core.versions.content import parse_content, servable
from serinus.evaluation.ask import Surroundings
from serinus.evaluation.run_suite import Beat, Question, run_suite, splits_of
from serinus.evaluation.target import Target
from serinus.ports.control_store import ControlStore, ControlTx
from serinus.ports.jobs import EvaluateJob
from serinus.ports.prices import price_of
from serinus.ports.results import ResultStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """All that a worker works with. `secret` gives the key in an environment variable (empty: not set); `code` is the
    version of Serinus."""

    control: ControlStore
    results: ResultStore
    world: Surroundings
    now_us: Callable[[], int]
    secret: Callable[[str], str]
    code: str


async def evaluate_release(workshop: Workshop, job: EvaluateJob, beat: Beat) -> StageResult:
    """The result of the stage. What is missing (a suite, a key, an endpoint) makes it an error with its reason, never a
    pass. StoreUnavailable and what `beat` raises pass through: the job is then somebody's to do again."""
    try:
        questions = _questions(workshop, job)
        reports = await _run_all(workshop, questions, job.budget_s, beat)
    except (InvalidInput, NotFound) as error:
        return result_of(job.release, job.stage, job.attempt, workshop.now_us(), "error", str(error))
    return stage_result(job.release, job.stage, job.attempt, workshop.now_us(), reports)


async def _run_all(workshop: Workshop, questions: Sequence[Question], budget_s: float, beat: Beat) -> list[SuiteReport]:
    end_ns = workshop.world.mono_ns() + int(budget_s * 1e9)
    reports = []
    for question in questions:
        left_s = max(0.001, (end_ns - workshop.world.mono_ns()) / 1e9)
        timed = dataclasses.replace(question, budget_s=left_s)
        reports.append(await run_suite(timed, workshop.world, workshop.results, workshop.now_us, beat))
    return reports


def _questions(workshop: Workshop, job: EvaluateJob) -> list[Question]:
    with workshop.control.tx() as tx:
        release = tx.release(job.release)
        if release is None:
            raise NotFound(f"no release {job.release!r}", where="job", mend="start it again")
        endpoints = {endpoint.name: endpoint for endpoint in tx.endpoints()}
        found = [_question(tx, workshop.code, release, ref, endpoints) for ref in job.suites]
    for question in found:
        check_keys(question, workshop.secret)
    return found


def _question(tx: ControlTx, code: str, release: Release, ref: str, endpoints: dict[str, Endpoint]) -> Question:
    stored = tx.suite(release.app, ref)
    if stored is None:
        raise NotFound(f"{release.app} has no suite {ref!r}", where="suite", mend="`serinus suite push` stores one")
    suite = parse_suite(stored.content)
    data = tx.data_set(release.app, suite.data)
    if data is None:
        raise NotFound(f"no data set {suite.data[:12]}", where=f"suite {ref}", mend="push the suite again")
    cases = splits_of(suite, stored_cases(data.raw).cases)
    if not cases:
        raise InvalidInput(f"no case in {', '.join(suite.splits)}", where=f"suite {ref}", mend="name other splits")
    return Question(
        suite=suite,
        cases=cases,
        candidate=_target(tx, suite, release.app, release.candidate, endpoints),
        baseline=_target(tx, suite, release.app, release.control, endpoints) if release.control else None,
        endpoints=endpoints,
        code=code,
    )


def _target(tx: ControlTx, suite: Suite, app: str, digest: str, endpoints: dict[str, Endpoint]) -> Target:
    version = tx.find_version(app, digest)
    if version is None:
        raise NotFound(f"{app} has no version {digest[:12]}", where="version", mend="push it")
    content = parse_content(version.content)
    endpoint = endpoints.get(content.endpoint)
    if endpoint is None:
        raise NotFound(f"no endpoint {content.endpoint!r}", where=version.name, mend="declare it")
    price = suite.price(content.model) or listed(price_of(tx.prices(), endpoint, content.model))
    return Target(servable(content, version.name), endpoint, price)


def check_keys(question: Question, secret: Callable[[str], str]) -> None:
    """InvalidInput when an endpoint that will be asked names a variable without a key in it."""
    asked = [question.candidate.endpoint] + ([question.baseline.endpoint] if question.baseline else [])
    asked += [question.endpoints[name] for name in question.suite.judge_endpoints() if name in question.endpoints]
    for endpoint in asked:
        if endpoint.api_key_env and not secret(endpoint.api_key_env):
            raise InvalidInput(
                f"{endpoint.api_key_env} is not set",
                where=f"endpoint {endpoint.name}",
                mend=f"export {endpoint.api_key_env}=… where this runs",
            )
