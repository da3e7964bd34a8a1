"""A judge that is shown the prompt of the version that answered."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import msgspec

from serinus.adapters.memory_store import memory_stores
from serinus.core.records.record import Payload
from serinus.evaluation.version_prompts import version_prompts
from tests.contract.values import a_version
from tests.unit.evaluation.courtroom import (
    CALLS,
    JUDGE,
    LIVE,
    PASS,
    Room,
    judged,
    text_of,
)


def test_I2_a_judge_may_be_shown_the_prompt_that_each_answer_came_of(tmp_path: Path) -> None:
    """Looked up by the digest that the gateway kept with the texts; where that is not known nothing is asked, and the
    call is unscored: no judge grades by a prompt that it does not see."""
    shows = msgspec.structs.replace(JUDGE, with_prompt=True)
    room = Room(tmp_path, PASS, msgspec.structs.replace(LIVE, judge=shows))
    known, other, untold = CALLS[:3]
    versions = {known: bytes([1]) * 32, other: bytes([2]) * 32, untold: b""}
    asked: list[set[str]] = []

    def prompts(digests: Collection[str]) -> Mapping[str, str]:
        asked.append(set(digests))
        return {"01" * 32: "system: Promise no refund."}

    def text_by(raw: bytes) -> Payload:
        kept = text_of(raw)
        return Payload(kept.call, kept.request, kept.answer, kept.at_us, kept.app, kept.cut, versions[raw])

    room.prompts = prompts
    room.keep(CALLS[:3], text_by)
    room.sample()
    judged(room)
    assert asked == [{"01" * 32, "02" * 32}]
    assert room.states(CALLS[:3]) == ["scored", "unscored", "unscored"]
    assert {room.found(raw)[0].verdict.reason for raw in (other, untold)} == {"the prompt of its version is not known"}
    [body] = room.world.provider.bodies
    assert "system: Promise no refund." in body["messages"][-1]["content"]


def test_I2_prompts_are_those_of_the_versions_in_the_store() -> None:
    """Of versions that are not known, or cannot be read, there is none."""
    control, _ = memory_stores(bytes)
    content = {"endpoint": "sim", "model": "m", "messages": [{"role": "system", "template": "Be {{ tone }}."}]}
    stored = msgspec.structs.replace(a_version("kind"), content=msgspec.json.encode(content))
    newer = a_version("of another schema")
    with control.tx() as tx:
        tx.insert_version(stored)
        tx.insert_version(newer)
    found = version_prompts(control, {stored.digest, newer.digest, "0" * 64})
    assert found == {stored.digest: "system: Be {{ tone }}."}
