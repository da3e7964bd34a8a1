"""The question about suspicions: is one confirmed, did one wait too long, does one wait (product.md H4, J1, J2)?"""

from __future__ import annotations

from collections.abc import Sequence

from serinus.core.decision.case import Answer, Case, answer
from serinus.core.decision.commands import Pause, RollBack
from serinus.core.decision.verdict import Verdict
from serinus.core.decision.wording import span
from serinus.core.records.suspicion import VIOLATION
from serinus.core.release.release import Progress
from serinus.core.release.suspicion import Suspicion

TRIGGER = "suspicion"


def suspected(case: Case) -> Answer:
    """Is something suspected of the candidate? Confirmed, it is a violation; unanswered too long, it counts as one;
    else the release stands still until it is answered and a person resumes."""
    held = case.seen.suspicions
    confirmed = next((one for one in held if one.answer == "confirmed"), None)
    if confirmed is not None:
        text = f"{confirmed.answered_by} confirmed a {confirmed.words}: {confirmed.answer_reason}".rstrip(": ")
        return answer("suspicions", Verdict.FAIL, text, RollBack(reason=text))
    late = tuple(one for one in held if _overdue(case, one))
    if late:
        within = span(case.release.plan.suspicions.confirm_within_s)
        more = f", and {len(late) - 1} more" if len(late) > 1 else ""
        text = f"Nobody confirmed or dismissed within {within} a suspected {late[0].words}{more}"
        return answer("suspicions", Verdict.FAIL, text, RollBack(reason=text, expired=tuple(one.id for one in late)))
    if not held:
        return answer("suspicions", Verdict.PASS, "Nothing is suspected of the candidate")
    text = asked(held, case.release.plan.suspicions.confirm_within_s)
    return answer(
        "suspicions", Verdict.INCONCLUSIVE, text, None if case.paused else Pause(trigger=TRIGGER, reason=text)
    )


def asked(held: Sequence[Suspicion], within_s: float) -> str:
    """What is suspected, and what has to be done before the release goes on; empty when nothing is. `within_s`: how
    long a violation waits for its answer."""
    if not held:
        return ""
    first = next((one for one in held if one.pending), held[0])
    more = f"; {len(held) - 1} more" if len(held) > 1 else ""
    return f"Suspected {first.words}: {_needed(first, within_s)} ({first.id}{more})"


def waited(progress: Progress, held: Sequence[Suspicion], elapsed_ms: int) -> dict[str, int]:
    """For how many ms of rounds each has waited, on the clock that nobody sets."""
    return {one.id: progress.suspected_ms.get(one.id, -elapsed_ms) + elapsed_ms for one in held if one.pending}


def _needed(one: Suspicion, within_s: float) -> str:
    if not one.pending:
        return f"{one.answered_by} {one.answer} it; a person resumes"
    if one.kind == VIOLATION:
        return f"confirm or dismiss it within {span(within_s)}, or it rolls back"
    return "the red team reviews it before the release goes on"


def _overdue(case: Case, one: Suspicion) -> bool:
    """By the wall clock, which goes on while nobody looks, or by the rounds, which no clock set back can stop."""
    if not one.pending or not one.due_at_us:
        return False
    waited_ms = case.progress.suspected_ms.get(one.id, 0)
    return case.now_us >= one.due_at_us or waited_ms >= case.release.plan.suspicions.confirm_within_s * 1000
