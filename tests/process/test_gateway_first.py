"""A first release as callers of a real worker see it: the candidate for its share, the message for all others."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import openai
import pytest

from serinus.core.records.record import ErrorClass, Event, Rung
from serinus.core.routing.assignment import RampPoint
from serinus.core.routing.snapshot import App, Message, Variable
from tests.process import gateway_rig as rig

pytestmark = pytest.mark.process
MESSAGE = "A colleague will answer you shortly."


def app(share: float) -> App:
    """The app with nothing live, in a release at this share; 0: it is in none."""
    ramp = (RampPoint(revision=1, step=0, share=share),)
    release = rig.release(control="", ramp=ramp) if share else None
    return App(name="assistant", release=release, fallback_message=MESSAGE)


def build(share: float, **changes: Any) -> Any:
    """A snapshot with the candidate alone."""
    versions = {rig.CANDIDATE: rig.version(rig.CANDIDATE, "assistant-2026-W47-1", **changes)}
    return partial(rig.snapshot, app=app(share), versions=versions)


async def test_H13_the_rest_gets_the_message_which_is_nobodys_fault(tmp_path: Path) -> None:
    """Streamed or not; the header says so, the log has a call of no version without any error, and no upstream is
    asked. Units of the share get the candidate."""
    async with rig.rig(tmp_path, build(0.5)) as (worker, _):
        await worker.until_leased()
        client = openai.AsyncOpenAI(api_key=rig.KEY, base_url=f"http://127.0.0.1:{worker.port}/v1", max_retries=0)
        async with client:
            served, said = set(), set()
            for n in range(24):
                raw = await client.chat.completions.with_raw_response.create(
                    model="assistant", messages=[{"role": "user", "content": "x"}], user=f"u{n}"
                )
                if raw.headers.get("x-serinus-fallback") == "message":
                    said.add(raw.headers["x-serinus-arm"])
                    assert "x-serinus-version" not in raw.headers
                    assert raw.parse().choices[0].message.content == MESSAGE
                    unit = f"u{n}"
                else:
                    served.add((raw.headers["x-serinus-arm"], raw.headers["x-serinus-version"]))
            assert (said, served) == ({"rest"}, {("candidate", rig.CANDIDATE)})
            stream = await client.chat.completions.create(
                model="assistant", messages=[{"role": "user", "content": "x"}], user=unit, stream=True
            )
            assert "".join([chunk.choices[0].delta.content or "" async for chunk in stream]) == MESSAGE
        ends = [end for end in rig.ends(worker.host.records(worker.instance)) if end["rung"] == Rung.MESSAGE]
        assert {(e["status"], e["error"], e["events"], e["attempts"], e["cost_nano"]) for e in ends} == {
            (200, 0, 0, 0, 0)
        }
        assert {e["version"] for e in ends} == {bytes(32)}


async def test_H13_a_candidate_that_fails_is_covered_by_the_message_and_blamed(tmp_path: Path) -> None:
    """An upstream's error, and a prompt that no caller's request fits: both answered by the message, both errors of
    the candidate. After the release the message answers alone."""
    async with rig.rig(tmp_path, build(1.0)) as (worker, upstream):
        await worker.until_leased()
        upstream.behave = rig.writes(rig.json_answer({"error": {"message": "x"}}, "500 Oops"))
        status, headers, _ = await rig.exchange(worker.port, rig.chat(rig.question()))
        assert (status, headers["x-serinus-fallback"], headers["x-serinus-arm"]) == (200, "message", "candidate")
        end = rig.ends(worker.host.records(worker.instance))[-1]
        assert (end["error"], end["events"]) == (ErrorClass.UPSTREAM_STATUS, Event.ERROR)
        assert end["version"] == bytes.fromhex(rig.CANDIDATE)

        message = Message(role="system", template="Serve {{ city }}.")
        broken = build(1.0, messages=(message,), variables={"city": Variable()})
        worker.host.publish(broken(upstream.port, revision=2))
        await worker.until_acked(2)
        status, headers, _ = await rig.exchange(worker.port, rig.chat(rig.question()))
        assert (status, headers["x-serinus-fallback"]) == (200, "message")
        end = rig.ends(worker.host.records(worker.instance))[-1]
        assert (end["error"], end["events"]) == (ErrorClass.TEMPLATE, Event.ERROR)

        worker.host.publish(build(0.0)(upstream.port, revision=3))
        await worker.until_acked(3)
        status, headers, _ = await rig.exchange(worker.port, rig.chat(rig.question()))
        assert (status, headers["x-serinus-fallback"], headers["x-serinus-arm"]) == (200, "message", "rest")
