"""Bad candidates under live users, whole and in real processes: hanging, failing, and failing together with control."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from serinus.ports.event_log import CallQuery
from tests.process.live_rig import FAST, MODEL, Live, plan

pytestmark = pytest.mark.process
LIMIT = {"metric": "call.error", "above": 0.2, "buckets": 2, "bucket_s": 1, "min_requests": 5}


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A running Serinus; each test declares a plan of its own."""
    with Live(tmp_path_factory.mktemp("live")) as made:
        yield made.start(plan(), control=("--period-s", "0.2"))


def test_J1_a_candidate_that_never_answers_is_rolled_back_while_its_calls_hang(live: Live) -> None:
    """Overdue calls are counted while they wait: the rollback comes although no call of the candidate has ended. When
    the callers give up, each of those calls is in the event log once."""
    declared = plan(guardrails=[{"metric": "call.overdue"}], alpha=0.01)
    live.configure(declared, overdue_s=1.0, limits={"first_token_s": 300})
    with live.users(rate=40) as users:
        id = live.release(live.push("You are a slow shop.", f"{MODEL}+hang"))
        release = live.stack.wait_release(id, "rolled_back", within_s=30)
        answered = [answer for answer in users.answers if answer.arm == "candidate"]
        waiting = {arm["arm"]: arm["in_flight"] for arm in release["standing"]["arms"]}
        control = [answer for answer in users.answers if (answer.release, answer.arm) == (id, "control")]
    assert "overdue calls" in release["reason"]
    assert answered == []
    assert waiting["candidate"] >= 5
    assert control
    assert {answer.status for answer in users.answers} == {200}
    query = CallQuery(release=id, arm="candidate")
    assert live.stack.wait(lambda: len(live.stack.calls(query)) >= waiting["candidate"])
    calls = live.stack.calls(query)
    assert len({call.call for call in calls}) == len(calls)
    assert {call.status for call in calls} == {499}


def test_J1_errors_above_an_absolute_limit_roll_back(live: Live) -> None:
    """A limit in buckets of a second acts without any comparison; users got the baseline's answers all the while."""
    live.configure(plan(guardrails=[], limits=[LIMIT]))
    with live.users(rate=60) as users:
        id = live.release(live.push("You are a broken shop.", f"{MODEL}+500"))
        release = live.stack.wait_release(id, "rolled_back", within_s=30)
        ended_ns = time.monotonic_ns()
        assert live.stack.wait(lambda: len(users.since(ended_ns)) > 50)
    assert "above 20.0% in each of 2 seconds in a row" in release["reason"]
    assert {answer.arm for answer in users.since(ended_ns)} == {"rest"}
    assert {answer.status for answer in users.answers} == {200}
    assert [action for action in live.actions(id) if action.startswith("tick:")] == [
        "tick:release:roll_back",
        "tick:incident:open",
        "tick:release:confirm",
    ]


def test_an_outage_of_the_provider_pauses_and_a_person_resumes(live: Live) -> None:
    """When control breaks the limit too it is no proof against the candidate: the release pauses with a deadline. After
    a person has resumed, the old errors count no more, and the dwell goes on."""
    live.configure(plan(limits=[LIMIT]))
    port = str(live.provider.ready["port"])
    with live.users(rate=60) as users:
        id = live.release(live.push("You are a kind shop."))
        assert live.stack.wait(lambda: len([a for a in users.answers if a.arm == "candidate"]) > 20)
        live.provider.kill()
        held = live.stack.wait_release(id, "paused", within_s=30)
        live.stack.provider(*FAST, "--port", port)
        back_ns = time.monotonic_ns()
        assert live.stack.wait(lambda: len(users.since(back_ns, lambda a: a.status == 200)) > 100)
        told = live.cli("release", "resume", id, "-m", "the provider had an incident")
        dwell_s = live.stack.release(id)["standing"]["dwell"]["served_s"]
        assert live.stack.wait(lambda: live.stack.release(id)["standing"]["dwell"]["served_s"] > dwell_s + 2)
        now = live.stack.release(id)
    assert held["hold"]["trigger"] == "limit:0"
    assert held["hold"]["deadline"] is not None
    assert not held["hold"]["auto_resume"]
    assert (told["state"], now["state"]) == ("running", "running")
    assert "tick:release:roll_back" not in live.actions(id)
    assert 502 in {answer.status for answer in users.answers}
