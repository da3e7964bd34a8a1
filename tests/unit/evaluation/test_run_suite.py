"""Runs: the same items for both versions, bounded, resumed from what is kept, judged by a model that may fail."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import msgspec
import pytest

from serinus.adapters.memory_results import MemoryResults
from serinus.core.errors import InvalidInput
from serinus.core.judging.answer import Answer, Fault, Price
from serinus.core.judging.case import SPLITS, Case
from serinus.core.judging.report import SuiteReport
from serinus.core.judging.scorers import Contains, Judge
from serinus.core.judging.suite import Criterion, Suite
from serinus.evaluation.run_suite import Progress, Question, run_suite, splits_of

from .provider import ENDPOINT, World, a_target, silent

CASES = [Case(id=str(i), input=f"question {i}") for i in range(20)]
JUDGE = Judge(criterion="The answer is right.", endpoint="sim", model="judge-1")
POLITE = Criterion(name="polite", scorer=Contains(all=("please",)), min=0.5)


def a_question(*criteria: Criterion, cases: list[Case] = CASES, **suite: Any) -> Question:
    """Candidate m-2 against baseline m-1."""
    made = Suite(name="golden", data="0" * 64, criteria=criteria or (POLITE,), **suite)
    return Question(
        suite=made,
        cases=cases,
        candidate=a_target("m-2"),
        baseline=a_target("m-1"),
        endpoints={"sim": ENDPOINT},
        code="1",
    )


def says(body: dict[str, Any]) -> str:
    """m-2 is polite, m-1 is not; the judge likes both."""
    if body["model"] == "judge-1":
        return '{"reason": "it is", "grade": "pass"}'
    return "please wait" if body["model"] == "m-2" else "wait"


async def run(question: Question, world: World, results: MemoryResults | None = None) -> SuiteReport:
    """A run with nobody looking."""
    return await run_suite(question, world.surroundings(), results or MemoryResults(), lambda: 1, silent)


async def test_D2_both_versions_get_the_same_questions() -> None:
    """Each case once to each, composed as the gateway would; the difference is that of pairs."""
    world = World(says)
    found = await run(a_question(), world)
    asked = [(body["model"], body["messages"][1]["content"]) for body in world.provider.bodies]
    assert sorted(asked) == sorted((m, case.input) for m in ("m-1", "m-2") for case in CASES)
    assert world.provider.bodies[0]["messages"][0] == {"role": "system", "content": "Be kind."}
    assert set(world.provider.bodies[0]) == {"model", "messages", "temperature"}
    compared = found.criteria[0].comparison
    assert compared is not None
    assert (compared.wins, compared.difference.value, found.outcome) == (20, 1.0, "pass")


async def test_D9_what_is_kept_is_not_asked_again() -> None:
    """A second run asks nothing; another prompt asks its half; another judge only the judge."""
    results, judged = MemoryResults(), Criterion(name="right", scorer=JUDGE)
    world = World(says)
    first = await run(a_question(POLITE, judged), world, results)
    assert len(world.provider.bodies) == 80
    again = World(says)
    assert await run(a_question(POLITE, judged), again, results) == first
    assert again.provider.bodies == []
    stricter = msgspec.structs.replace(judged, scorer=msgspec.structs.replace(JUDGE, criterion="It is exact."))
    await run(a_question(POLITE, stricter), again, results)
    assert {body["model"] for body in again.provider.bodies} == {"judge-1"}
    assert len(again.provider.bodies) == 40


async def test_D9_a_run_that_was_cancelled_goes_on_where_it_was() -> None:
    """Ctrl-C keeps every answer that came."""
    results, world = MemoryResults(), World(says)

    def stop_after_15(body: dict[str, Any]) -> str:
        if len(world.provider.bodies) > 15:
            running.cancel()
        return says(body)

    world.provider.says = stop_after_15
    running = asyncio.ensure_future(run(a_question(concurrency=4), world, results))
    with pytest.raises(asyncio.CancelledError):
        await running
    asked, rest = len(world.provider.bodies), World(says)
    found = await run(a_question(concurrency=4), rest, results)
    assert found.criteria[0].candidate.cases == 20
    assert asked < 25
    assert asked + len(rest.provider.bodies) <= 40 + 4


async def test_D9_no_more_are_on_their_way_than_allowed() -> None:
    """Concurrency is a limit."""
    world = World(says)
    await run(a_question(concurrency=3), world)
    assert world.provider.most_in_flight == 3


async def test_repeats_ask_anew_and_become_one_score() -> None:
    """The first is what a caller sends; further ones carry a user of their own, so that no memory answers them."""
    world, seen = World(says), dict[str, int]()

    def every_other(body: dict[str, Any]) -> str:
        seen[body["messages"][1]["content"]] = seen.get(body["messages"][1]["content"], 0) + 1
        return "please" if body.get("user") else "no"

    world.provider.says = every_other
    question = replaced(a_question(repeats=3), baseline=None)
    found = await run(question, world)
    assert sorted({str(body.get("user")) for body in world.provider.bodies}) == [
        "None",
        "serinus-eval-1",
        "serinus-eval-2",
    ]
    assert found.criteria[0].candidate.cases == 20
    assert found.criteria[0].candidate.mean is not None
    assert found.criteria[0].candidate.mean.value == pytest.approx(2 / 3)


def replaced(question: Question, **changed: Any) -> Question:
    """The question with other fields."""
    return dataclasses.replace(question, **changed)


async def test_faults_are_no_answers_and_are_asked_again_next_time() -> None:
    """A provider that fails for one case: an error of the measurement, and nothing of it is kept."""
    results = MemoryResults()

    def broken(body: dict[str, Any]) -> Fault | str:
        if body["messages"][1]["content"] == "question 3" and body["model"] == "m-2":
            return Fault(kind="request_refused", text="no", status=400)
        return says(body)

    found = await run(a_question(), World(broken), results)
    assert found.outcome == "error"
    assert found.usage.faults == {"request_refused 400": 1}
    again = World(says)
    assert (await run(a_question(), again, results)).outcome == "pass"
    assert len(again.provider.bodies) == 1


async def test_a_case_that_does_not_fit_the_version_is_missing_with_its_reason() -> None:
    """A variable that the version does not know."""
    found = await run(a_question(cases=[Case(id="1", input="x", vars={"name": "Ada"})]), World(says))
    assert found.outcome == "error"
    assert "request_refused" in found.usage.faults


@pytest.mark.parametrize(
    ("judge", "reason"),
    [
        (lambda _: "What a nice answer that is.", "the judge gave no grade"),
        (lambda _: Fault(kind="unreachable", text=""), "the judge did not answer: unreachable"),
    ],
)
async def test_D8_a_judge_that_is_away_or_writes_prose_makes_it_inconclusive(judge: Any, reason: str) -> None:
    """Never a pass; and its next run asks it again."""
    results = MemoryResults()
    right = Criterion(name="right", scorer=JUDGE)
    found = await run(
        a_question(POLITE, right),
        World(lambda body: judge(body) if body["model"] == "judge-1" else says(body)),
        results,
    )
    assert found.criteria[1].candidate.reasons == {reason: 20}
    (finding, _) = [one for one in found.findings if one.check == "unscored"]
    assert (finding.outcome, finding.dry) == ("inconclusive", "no threshold")
    again = World(says)
    assert (await run(a_question(POLITE, right), again, results)).criteria[1].candidate.cases == 20


async def test_D8_a_judge_without_structured_output_is_asked_more_plainly() -> None:
    """json_schema, then json_object, then text; what was found out holds for the rest of the run."""
    world = World(says)

    def plain(body: dict[str, Any]) -> Answer | Fault | str:
        if body["model"] != "judge-1":
            return says(body)
        if "response_format" in body:
            return Fault(kind="request_refused", text="unknown field", status=400)
        return "It is.\ngrade: pass"

    world.provider.says = plain
    found = await run(a_question(Criterion(name="right", scorer=JUDGE), concurrency=1), world)
    assert found.criteria[0].candidate.cases == 20
    refused = [body for body in world.provider.bodies if "response_format" in body]
    assert len(refused) == 2


async def test_D8_a_request_that_is_refused_in_every_way_makes_the_others_no_plainer() -> None:
    """As one that is too long: the judge is still asked for its schema afterwards."""
    world = World(says)

    def refuses_one(body: dict[str, Any]) -> Answer | Fault | str:
        if body["model"] == "judge-1" and "question 3" in str(body["messages"]):
            return Fault(kind="request_refused", text="too long", status=400)
        return says(body)

    world.provider.says = refuses_one
    found = await run(a_question(Criterion(name="right", scorer=JUDGE), concurrency=1), world)
    assert found.criteria[0].candidate.cases == 19
    asked = [body for body in world.provider.bodies if body["model"] == "judge-1"]
    assert sum("response_format" not in body for body in asked) == 2
    assert asked[-1]["response_format"]["type"] == "json_schema"


async def test_I2_each_version_is_judged_by_its_own_prompt() -> None:
    """Where the judge is to be shown it."""
    world = World(says)
    question = a_question(Criterion(name="right", scorer=msgspec.structs.replace(JUDGE, with_prompt=True)))
    kind, stern = a_target("m-1", "Be kind."), a_target("m-2", "Be stern.")
    await run(dataclasses.replace(question, candidate=stern, baseline=kind), world)
    asked = [str(body["messages"]) for body in world.provider.bodies if body["model"] == "judge-1"]
    assert [sum(f"system: Be {tone}." in one for one in asked) for tone in ("kind", "stern")] == [20, 20]


async def test_the_cost_ceiling_makes_it_inconclusive() -> None:
    """Costs of judges count too."""
    question = a_question(prices={"m": Price(input=100, output=0)}, max_cost_usd=0.005, concurrency=1)
    priced = a_target("m-2")
    priced.price = question.suite.price("m-2")
    found = await run(replaced(question, candidate=priced, baseline=None), World(says))
    assert found.outcome == "inconclusive"
    assert "the cost ceiling of $0.005 is reached" in found.text
    assert found.usage.cost_nano == 5_000_000


async def test_a_judge_at_an_unknown_endpoint_is_refused_before_anything_is_asked() -> None:
    """With the endpoints that are known."""
    world = World(says)
    judge = msgspec.structs.replace(JUDGE, endpoint="other")
    with pytest.raises(InvalidInput, match="no endpoint 'other'"):
        await run(a_question(Criterion(name="right", scorer=judge)), world)
    assert world.provider.bodies == []


async def test_what_the_beat_raises_ends_the_run() -> None:
    """That is how a worker that was overtaken stops."""

    async def overtaken(_: Progress) -> None:
        raise InvalidInput("overtaken")

    world = World(says)
    with pytest.raises(InvalidInput, match="overtaken"):
        await run_suite(a_question(), world.surroundings(), MemoryResults(), lambda: 1, overtaken)


def test_development_cases_are_not_part_of_a_gate() -> None:
    """A suite asks the splits that it names."""
    cases = [Case(id=split, input="x", split=split) for split in SPLITS]
    asked = splits_of(a_question().suite, cases)
    assert [case.id for case in asked] == ["gate", "heldout"]
