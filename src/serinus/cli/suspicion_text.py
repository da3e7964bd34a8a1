"""A suspicion in words."""

from __future__ import annotations

from serinus.cli.api_client import Document
from serinus.cli.output import moment

_WORDS = {"suspected_violation": "policy violation", "adversarial_pattern": "adversarial pattern"}


def suspicion_text(one: Document) -> str:
    """All of it in a line."""
    return f"{kind_text(one)} in {one['call']}, by {' and '.join(one['by'])}: {answer_text(one)} ({one['id']})"


def kind_text(one: Document) -> str:
    """What is suspected."""
    word = _WORDS.get(one["kind"], str(one["kind"]))
    return f"{word}: {one['category']}" if one["category"] else word


def answer_text(one: Document) -> str:
    """What was answered, or until when it waits."""
    if one["answered_by"]:
        return f"{one['standing']} by {one['answered_by']}: {one['answer_reason']}"
    return f"{one['standing']}, until {moment(one['due_at'])}" if one["due_at"] else str(one["standing"])
