"""An answer that may stand in where no version answers (J5): proposed, then approved by a person."""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.routing.cached import LONGEST_ANSWER, LONGEST_ASKED, CachedAnswer, is_language, normalised

Origin = Literal["call", "text"]


class StoredAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One entry. Of the app's `version` and its `behaviour` digest; `language` a primary subtag or empty for any.

    `origin`: the texts of a `call`, of the user `unit` (its pseudonym), or written or amended by a person. Its `id` is
    derived from all that it says, so an approval can be of nothing else. `approved_at_us` 0: nobody has approved it,
    and nobody is told it.
    """

    id: str
    app: str
    version: str
    behaviour: str
    question: str
    answer: str
    language: str = ""
    origin: Origin = "text"
    call: str = ""
    unit: str = ""
    why: str = ""
    proposed_at_us: int = 0
    proposed_by: str = ""
    approved_at_us: int = 0
    approved_by: str = ""

    @property
    def asked(self) -> str:
        """The question as it is compared."""
        return normalised(self.question)

    @property
    def bytes(self) -> int:
        """Of its texts in a snapshot."""
        return len(self.asked.encode()) + len(self.answer.encode())

    def cached(self) -> CachedAnswer:
        """As gateways have it."""
        return CachedAnswer(asked=self.asked, answer=self.answer, version=self.version, language=self.language)


def answer_id(app: str, behaviour: str, language: str, question: str, answer: str) -> str:
    """The id of an entry: the same texts of the same behaviour are the same entry."""
    parts = (app, behaviour, language, normalised(question), answer)
    return "ans_" + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def check_texts(question: str, answer: str, language: str) -> None:
    """InvalidInput when these cannot be an entry: empty, too long, or a language that is none."""
    if not normalised(question):
        raise InvalidInput("there is no question", where="question", mend="give the text that users ask")
    if not answer.strip():
        raise InvalidInput("there is no answer", where="answer", mend="give the text that they are to be told")
    for where, text, longest in (("question", question, LONGEST_ASKED), ("answer", answer, LONGEST_ANSWER)):
        if len(text) > longest:
            raise InvalidInput(
                f"{len(text):,} characters", where=where, mend=f"{longest:,} at most: a cached answer is a short one"
            )
        if not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError:
                raise InvalidInput("is no Unicode text", where=where, mend="leave out lone surrogates") from None
    if language and not is_language(language):
        raise InvalidInput(f"{language!r} is not a primary language", where="language", mend="e.g. de, en, or none")
