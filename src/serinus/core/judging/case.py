"""Cases of a data set, and the digests that name them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec
from msgspec import UNSET

from serinus.core.errors import InvalidInput
from serinus.core.judging.scorers import Rule
from serinus.core.judging.told import told
from serinus.core.versions import canonical as jcs

Split = Literal["dev", "gate", "heldout"]
SPLITS: tuple[Split, ...] = ("dev", "gate", "heldout")


class Case(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a data set: what is asked, and what is known of a right answer.

    Either `messages` (chat messages) or `input` (one user message), or neither when `vars` alone fill the prompt.
    `group`: cases with equal groups are one observation for intervals. `weight` counts in every mean.
    """

    id: str
    messages: tuple[dict[str, Any], ...] = ()
    input: str = ""
    vars: dict[str, Any] = {}
    expected: Any = UNSET
    reference: str = ""
    assert_: tuple[Rule, ...] = msgspec.field(name="assert", default=())
    context: tuple[str, ...] = ()
    tags: dict[str, str] = {}
    group: dict[str, str] = {}
    split: Split = "gate"
    weight: float = 1.0
    source: str = ""

    def __post_init__(self) -> None:
        """Refuse a case that cannot be asked or counted; InvalidInput names the field."""
        if not self.id.strip():
            raise InvalidInput("empty id", where="id", mend='give every case its own: "id": "refund-17"')
        if self.messages and self.input:
            raise InvalidInput("both messages and input", where="input", mend="keep one of them")
        if not self.messages and not self.input and not self.vars:
            raise InvalidInput("nothing is asked", where="input", mend='add "input": "…" or "messages": […]')
        if not 0 < self.weight <= 1000:
            raise InvalidInput(f"weight {self.weight} is not in (0, 1000]", where="weight", mend="leave it out for 1")

    def asked(self) -> str:
        """The question as a judge is shown it: the input, or every message with its role."""
        if self.input or not self.messages:
            return self.input or msgspec.json.encode(self.vars).decode()
        return "\n".join(f"{m.get('role', '')}: {_text(m.get('content'))}" for m in self.messages)

    def fits(self, where: Mapping[str, str]) -> bool:
        """Whether it has all of these tags."""
        return all(self.tags.get(name) == value for name, value in where.items())


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else ()
    return "".join(str(part.get("text", "")) for part in parts if isinstance(part, dict))


def canonical_line(case: Case) -> bytes:
    """RFC 8785 bytes of the case, without fields that say nothing; no line end."""
    return jcs.encode(told(case))


def case_digest(case: Case) -> str:
    """Hex SHA-256 of its canonical line."""
    return hashlib.sha256(canonical_line(case)).hexdigest()


class DataSet(msgspec.Struct, frozen=True, kw_only=True):
    """Cases in the order of their file, and the digest of the set: equal whatever their order."""

    cases: tuple[Case, ...]
    digest: str


def data_set(cases: Iterable[Case]) -> DataSet:
    """The set of these cases; InvalidInput when two have one id, or there is none."""
    kept = tuple(cases)
    if not kept:
        raise InvalidInput("no case", where="data set", mend="write one case on each line")
    seen: set[str] = set()
    for case in kept:
        if case.id in seen:
            raise InvalidInput(f"id {case.id!r} stands twice", where="id", mend="give every case its own id")
        seen.add(case.id)
    return DataSet(cases=kept, digest=digest_of(canonical_line(case) for case in kept))


def digest_of(lines: Iterable[bytes]) -> str:
    """Hex SHA-256 over the sorted canonical lines, each with its line end."""
    whole = hashlib.sha256()
    for line in sorted(lines):
        whole.update(line + b"\n")
    return whole.hexdigest()


def expectation(case: Case) -> Any:
    """`expected`, else the reference, else UNSET."""
    if case.expected is not UNSET:
        return case.expected
    return case.reference or UNSET


def stored_cases(raw: bytes) -> DataSet:
    """The set behind canonical lines; InvalidInput when a line is no case."""
    decoder = msgspec.json.Decoder(Case)
    try:
        return data_set(decoder.decode(line) for line in raw.split(b"\n") if line.strip())
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise InvalidInput(
            f"not a case: {error}", where="data set", mend="write it as docs/reference/suites.md"
        ) from None


def raw_lines(cases: Iterable[Case]) -> bytes:
    """Canonical lines in this order."""
    return b"".join(canonical_line(case) + b"\n" for case in cases)
