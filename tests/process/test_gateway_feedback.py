"""`POST /v1/feedback` on a real worker: what is recorded, for whom, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from serinus.core.records import call_id
from serinus.core.records.record import Score
from serinus.core.records.score import row
from serinus.core.routing.assignment import Arm
from serinus.core.routing.snapshot import App, Snapshot
from tests.process import gateway_rig as rig

pytestmark = pytest.mark.process

ASSISTANT = App(name="assistant", live=rig.LIVE, release=rig.release())
OTHER = App(name="other", live=rig.LIVE, unit="request")


def _build(port: int) -> Snapshot:
    return rig.snapshot(port, apps={"other": OTHER, "assistant": ASSISTANT})


def _scores(worker: rig.Worker) -> list[Score]:
    return [record for record in worker.host.records(worker.instance) if isinstance(record, Score)]


async def _say(worker: rig.Worker, body: Any, *headers: str, key: str | None = rig.KEY) -> tuple[int, dict[str, Any]]:
    raw = rig.chat(body, *headers, key=key, path="/v1/feedback")
    status, _, answer = await rig.exchange(worker.port, raw)
    return status, json.loads(answer)


async def _call(worker: rig.Worker, **fields: Any) -> dict[str, str]:
    status, headers, _ = await rig.exchange(worker.port, rig.chat(rig.question(**fields)))
    assert status == 200
    return headers


async def test_O2_feedback_is_recorded_for_the_arm_of_its_call(tmp_path: Path) -> None:
    """202 with what was recorded; release, arm, stratum and unit are those that the call was assigned to."""
    async with rig.rig(tmp_path, _build) as (worker, _):
        await worker.until_leased()
        arms = set()
        for number in range(8):
            told = await _call(worker, user=f"user-{number}")
            said = {"call_id": told["x-request-id"], "thumbs": "down", "text": "Nein \U0001f44e"}
            status, answer = await _say(worker, said)
            assert (status, answer["app"]) == (202, "assistant")
            assert answer["recorded"] == [
                {"metric": "feedback.thumbs_down", "value": 1.0},
                {"metric": "feedback.text", "value": 0.0},
            ]
            thumbs, text = (row(score, "h") for score in _scores(worker)[-2:])
            assert (thumbs.call, thumbs.arm, thumbs.release) == (
                told["x-request-id"],
                told["x-serinus-arm"],
                rig.RELEASE,
            )
            assert (text.text, text.app, text.stratum) == ("Nein \U0001f44e", "assistant", 0)
            arms.add(thumbs.arm)
        assert arms == {"candidate", "control"}
        assert "Nein" not in worker.log


async def test_O2_a_repeated_request_is_the_same_score(tmp_path: Path) -> None:
    """Equal content, or the caller's own key: recorded under one name."""
    async with rig.rig(tmp_path, _build) as (worker, _):
        call = (await _call(worker))["x-request-id"]
        for body in ({"rating": 1}, {"rating": 1}, {"rating": 4, "key": "form-1"}, {"rating": 5, "key": "form-1"}):
            assert (await _say(worker, {"call_id": call, **body}))[0] == 202
        names = [row(score, "h").score for score in _scores(worker) if score.metric == "feedback.rating"]
        assert names[0] == names[1] != names[2] == names[3]


async def test_O2_feedback_about_a_conversation_has_the_arm_of_its_calls(tmp_path: Path) -> None:
    """The token proves app and user; with the user's name the arm follows as for its calls."""
    async with rig.rig(tmp_path, _build) as (worker, _):
        await worker.until_leased()
        arms = set()
        for number in range(6):
            told = await _call(worker, user=f"user-{number}")
            token = told["x-serinus-conversation"]
            said = {"conversation": token, "signal": "escalated"}
            if number % 2:
                assert (await _say(worker, said, f"x-serinus-unit: user-{number}"))[0] == 202
            else:
                assert (await _say(worker, said | {"user": f"user-{number}"}))[0] == 202
            score, call = _scores(worker)[-1], call_id.parse(call_id.raw_of(told["x-request-id"]))
            about = call_id.parse(score.call)
            assert (about.release, about.arm, about.stratum, about.unit) == (
                call.release,
                call.arm,
                call.stratum,
                call.unit,
            )
            assert score.conversation == rig.ends(worker.host.records(worker.instance))[-1]["conversation"]
            arms.add(about.arm)
        assert arms == {Arm.CANDIDATE, Arm.CONTROL}
        nameless = {"model": "other", "messages": [{"role": "user", "content": "hi"}]}
        _, told, _ = await rig.exchange(worker.port, rig.chat(nameless))
        said = {"conversation": told["x-serinus-conversation"], "signal": "resolved"}
        assert (await _say(worker, said))[1]["app"] == "other"


async def test_O2_what_is_not_proven_is_refused(tmp_path: Path) -> None:
    """Foreign and altered ids, other apps, other users, other forms: an error of the OpenAI shape, and no record."""
    async with rig.rig(tmp_path, _build) as (worker, _):
        told = await _call(worker)
        call, token = told["x-request-id"], told["x-serinus-conversation"]
        altered = call[:-1] + ("A" if call[-1] != "A" else "B")
        cases: list[tuple[Any, str | None, int, str]] = [
            ({"call_id": call, "thumbs": "down"}, None, 401, "invalid_api_key"),
            ({"call_id": call, "thumbs": "down"}, "sk-unknown", 401, "invalid_api_key"),
            ({"call_id": call, "thumbs": "down"}, rig.NARROW_KEY, 403, "app_not_allowed"),
            ({"call_id": altered, "thumbs": "down"}, rig.KEY, 422, "invalid_call_id"),
            ({"call_id": "", "thumbs": "down"}, rig.KEY, 422, "invalid_input"),
            ({"call_id": "x" * 70, "thumbs": "down"}, rig.KEY, 422, "invalid_call_id"),
            ({"call_id": call, "thumbs": "sideways"}, rig.KEY, 422, "invalid_input"),
            ({"call_id": call}, rig.KEY, 422, "invalid_input"),
            ({"call_id": call, "text": "x" * 2001}, rig.KEY, 422, "invalid_input"),
            ({"conversation": token, "signal": "resolved"}, rig.KEY, 422, "unit_missing"),
            ({"conversation": token, "signal": "resolved", "user": "eve"}, rig.KEY, 422, "unit_mismatch"),
            ({"conversation": token, "signal": "resolved", "user": "ann"}, rig.NARROW_KEY, 403, "app_not_allowed"),
            ({"conversation": "é", "signal": "resolved", "user": "ann"}, rig.KEY, 422, "invalid_conversation"),
            (b"[1]", rig.KEY, 400, "invalid_json"),
            (b"{", rig.KEY, 400, "invalid_json"),
        ]
        for body, key, status, code in cases:
            found = await _say(worker, body, key=key)
            assert (found[0], found[1]["error"]["code"]) == (status, code), (body, found)
            assert found[1]["error"]["message"]
        status, headers, _ = await rig.get(worker.port, "/v1/feedback")
        assert (status, headers["allow"]) == (405, "POST")
        assert _scores(worker) == []


async def test_feedback_is_taken_on_a_connection_that_stays(tmp_path: Path) -> None:
    """With and without `/v1`, one after the other, between calls."""
    async with rig.rig(tmp_path, _build) as (worker, _):
        call = (await _call(worker))["x-request-id"]
        raw = b"".join(
            rig.chat({"call_id": call, "rating": rating}, path=path, close=rating == 5)
            for rating, path in ((1, "/feedback"), (3, "/v1/feedback"), (5, "/v1/feedback"))
        )
        status, _, _ = await rig.exchange(worker.port, raw)
        assert status == 202

        async def all_recorded() -> bool:
            return len(_scores(worker)) == 6

        await rig.until(all_recorded, "not all recorded")


async def test_feedback_that_finds_no_room_is_to_be_sent_again(tmp_path: Path) -> None:
    """A full spool takes none, says so, and goes on serving calls."""
    arguments = ("--segment-mb", "0.0625", "--spool-limit-mb", "0.25")
    async with rig.rig(tmp_path, _build, *arguments) as (worker, _):
        call = (await _call(worker))["x-request-id"]
        for number in range(400):
            status, answer = await _say(worker, {"call_id": call, "text": f"{number} " + "x" * 1900})
            if status != 202:
                break
        assert (status, answer["error"]["code"]) == (503, "not_recorded")
        assert len(_scores(worker)) == number
        assert await _call(worker)


async def test_T43_scores_of_judges_are_recorded_on_their_scale(tmp_path: Path) -> None:
    """202 with the values; what stands on no scale is 422 with the metric's name, and nothing of it is recorded."""
    async with rig.rig(tmp_path, _build) as (worker, _):
        call = (await _call(worker))["x-request-id"]
        graded = {"judge.correctness": 0.9, "judge.faithfulness": {"value": 4, "low": 1, "high": 5}}
        status, answer = await _say(worker, {"call_id": call, "scores": graded})
        assert (status, answer["recorded"]) == (
            202,
            [{"metric": "judge.correctness", "value": 0.9}, {"metric": "judge.faithfulness", "value": 0.75}],
        )
        recorded = len(_scores(worker))
        for bad in ({"judge.correctness": 1.5}, {"judge.correctness": 0.5, "judge.wit": 1}, {"judge.correctness": "1"}):
            status, answer = await _say(worker, {"call_id": call, "scores": bad})
            assert (status, answer["error"]["code"]) == (422, "invalid_input")
        for raw in (b"NaN", b"Infinity", b"1e999", b"-1e400"):
            body = b'{"call_id": "%b", "scores": {"judge.correctness": %b}}' % (call.encode(), raw)
            status, _ = await _say(worker, body)
            assert status in (400, 422)
        assert len(_scores(worker)) == recorded
