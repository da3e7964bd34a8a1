"""Labelled answers to calibrate a judge on: JSONL, a case with an `answer` and a person's `label` on each line."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.judging.case import Case, canonical_line
from serinus.core.judging.scorers import Judge
from serinus.files.dataset_file import case_of, json_object
from serinus.files.faults import InvalidFile, fault, refuse
from serinus.files.text import read_text

MAX_BYTES = 64 * 1024 * 1024


class Labelled(msgspec.Struct, frozen=True, kw_only=True):
    """A case, an answer to it, the label that a person gave the answer, and the prompt that the answer came of (empty:
    not told)."""

    case: Case
    answer: str
    label: str
    prompt: str = ""


def parse_labelled(file: str, raw: bytes, judge: Judge) -> list[Labelled]:
    """The labelled answers in these bytes; InvalidFile naming file, line and field. Labels are the judge's grades; one
    `with_prompt` has to be shown the prompt that each answer came of."""
    faults: list[InvalidInput] = []
    found: dict[str, Labelled] = {}
    for number, line in enumerate(read_text(file, raw, MAX_BYTES).split("\n"), 1):
        if not line.strip():
            continue
        try:
            one = _labelled(line, judge)
            if one.case.id in found:
                raise InvalidInput(f"{one.case.id!r} stands twice", where="id", mend="give every line its own id")
            found[one.case.id] = one
        except InvalidInput as error:
            faults.append(
                fault(file, number, f"`{error.where}`: {error.what}" if error.where else error.what, error.mend)
            )
    refuse(faults)
    if not found:
        raise InvalidFile(
            [fault(file, 1, "no labelled answer", 'write {"id", "input", "answer", "label"} on each line')]
        )
    return list(found.values())


def _labelled(line: str, judge: Judge) -> Labelled:
    tree = json_object(line, '{"id": "1", "input": "…", "answer": "…", "label": "pass"}')
    for name in ("answer", "label"):
        if not isinstance(tree.get(name), str):
            raise InvalidInput("missing, or not text", where=name, mend=f'add "{name}": "…"')
    answer, label, prompt = tree.pop("answer"), tree.pop("label"), tree.pop("prompt", "")
    if not isinstance(prompt, str):
        raise InvalidInput("this is not text", where="prompt", mend='write the messages as one text: "prompt": "…"')
    if judge.with_prompt and not prompt:
        raise InvalidInput(
            "the judge is shown the prompt, and there is none",
            where="prompt",
            mend='add what the answer came of: "prompt": "system: …"',
        )
    if label not in judge.grades:
        raise InvalidInput(
            f"{label!r} is no grade of the judge", where="label", mend=f"one of {', '.join(judge.grades)}"
        )
    return Labelled(case=case_of(tree), answer=answer, label=label, prompt=prompt)


def labels_digest(labelled: Collection[Labelled]) -> str:
    """What names a labelled set, whatever its order."""
    lines = sorted(canonical_line(one.case) + b"\n" + msgspec.json.encode(_said(one)) for one in labelled)
    return hashlib.sha256(b"\n".join(lines)).hexdigest()


def _said(one: Labelled) -> list[str]:
    return [one.answer, one.label, one.prompt] if one.prompt else [one.answer, one.label]
