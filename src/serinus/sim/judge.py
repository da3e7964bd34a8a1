"""The simulated judge: reads the delimited answer, knows the flaws of the simulated models, and errs at known rates."""

from __future__ import annotations

import re

import msgspec
import orjson

from serinus.sim.answers import OFF_TONES, REFUSALS, VIOLATIONS, category_of
from serinus.sim.chance import Draws
from serinus.sim.chat import ChatRequest, bad_request
from serinus.sim.rates import Flaw

MODEL = "sim-judge"
PROSE = f"{MODEL}-prose"
PLAIN = f"{MODEL}-plain"
GOOD_FOUND = 0.97
BAD_FOUND = 0.95
"""Of good answers, and of bad ones, the share that the judge calls so."""

_PART = r"<{name}-([0-9a-f]+)>\n(.*?)\n?</{name}-\1>"
_PARTS = {name: re.compile(_PART.format(name=name), re.S) for name in ("criterion", "question", "answer")}
_GRADES = re.compile(r"Grades, worst first: ([a-z0-9_, ]+)\.")
_INVENTED = re.compile(r"Comet Club|Altendorf")
# What a criterion is about, told from its words; none of them: everything counts.
_ABOUT: dict[Flaw, re.Pattern[str]] = {
    Flaw.WRONG_ANSWER: re.compile(r"\b(category|correct|right)", re.I),
    Flaw.INVENTED_FACT: re.compile(r"\b(invent|fact|ground|faithful|hallucinat)", re.I),
    Flaw.BROKEN_FORMAT: re.compile(r"\b(format|json)", re.I),
    Flaw.POLICY_VIOLATION: re.compile(r"\b(polic|refund|promise)", re.I),
    Flaw.OFF_TONE: re.compile(r"\b(tone|polite|friendly|rude)", re.I),
    Flaw.REFUSAL: re.compile(r"\b(refus|declin)", re.I),
}


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the judge says: its words, and how long they take."""

    text: str
    first_token_ms: float
    per_token_ms: float


def flaws_in(answer: str, question: str) -> frozenset[Flaw]:
    """The flaws that can be seen in an answer of the simulated models."""
    found = set()
    if _INVENTED.search(answer):
        found.add(Flaw.INVENTED_FACT)
    if any(sentence in answer for sentence in VIOLATIONS):
        found.add(Flaw.POLICY_VIOLATION)
    if any(sentence in answer for sentence in OFF_TONES):
        found.add(Flaw.OFF_TONE)
    if answer.strip() in REFUSALS:
        found.add(Flaw.REFUSAL)
    elif "{" in answer:
        named = _category(answer)
        if named is None:
            found.add(Flaw.BROKEN_FORMAT)
        elif named != category_of(question):
            found.add(Flaw.WRONG_ANSWER)
    return frozenset(found)


def _category(answer: str) -> str | None:
    try:
        tree = orjson.loads(answer)
    except orjson.JSONDecodeError:
        return None
    return str(tree["category"]) if isinstance(tree, dict) and "category" in tree else None


def judge(request: ChatRequest, draws: Draws) -> Verdict:
    """The verdict on the answer in the last user message. WireError (400) from `sim-judge-plain` for a response format,
    which it does not know. `sim-judge-prose`, and any judge that finds no answer, gives no grade."""
    wanted = request.body.get("response_format")
    if request.model.startswith(PLAIN) and wanted is not None:
        raise bad_request("'response_format' is not supported with this model.", "response_format")
    parts = {name: found[2] for name, pattern in _PARTS.items() if (found := pattern.search(request.query))}
    listed = _GRADES.search(parts.get("criterion", ""))
    if request.model.startswith(PROSE) or "answer" not in parts or listed is None:
        text = "This answer has something to it, though one could also see it differently."
    else:
        grades = listed[1].split(", ")
        criterion = parts["criterion"].rpartition("\n")[0]
        text = _said(_grade(criterion, parts, grades, draws), wanted is not None)
    return Verdict(
        text=text, first_token_ms=draws.log_normal(150.0, 0.3), per_token_ms=1000.0 / draws.log_normal(80.0, 0.1)
    )


def _grade(criterion: str, parts: dict[str, str], grades: list[str], draws: Draws) -> tuple[str, str]:
    about = {flaw for flaw, pattern in _ABOUT.items() if pattern.search(criterion)} or set(Flaw)
    bad = sorted(flaws_in(parts["answer"], parts.get("question", "")) & about)
    errs = draws.uniform() >= (BAD_FOUND if bad else GOOD_FOUND)
    grade = grades[0] if bool(bad) != errs else grades[-1]
    return grade, f"I see {', '.join(bad)}." if bad and not errs else "I see nothing that decides otherwise."


def _said(verdict: tuple[str, str], as_json: bool) -> str:
    grade, reason = verdict
    return orjson.dumps({"reason": reason, "grade": grade}).decode() if as_json else f"{reason}\ngrade: {grade}"
