"""The body of a prompt file: role sections under `# system`, `# developer`, `# user` and `# assistant`."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from serinus.core.errors import InvalidInput
from serinus.files.faults import fault

ROLES = ("system", "developer", "user", "assistant")
_HEADING = re.compile(r"# +(\S+) *")
_ESCAPED = re.compile(r"\\# +\S+ *")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One message: its role, its text without blank lines around it, and the line (from 1) where the text begins."""

    role: str
    text: str
    line: int


def split_sections(file: str, body: str, first_line: int) -> tuple[list[Section], list[InvalidInput]]:
    """The sections of a body that begins at `first_line`, and what is wrong with it.

    Text before the first role heading is the system's. A heading of any other word is text; one that is nearly a
    role is a fault. Headings inside code fences are text; so is a line that begins with `\\# `, without its backslash.
    """
    splitter = _Splitter(file, first_line)
    for number, line in enumerate(body.split("\n"), first_line):
        splitter.take(number, line)
    splitter.end()
    return splitter.sections, splitter.faults


class _Splitter:
    """Takes a body line by line."""

    def __init__(self, file: str, first_line: int) -> None:
        self.sections: list[Section] = []
        self.faults: list[InvalidInput] = []
        self._file = file
        self._role = ""
        self._heading_line = first_line
        self._lines: list[tuple[int, str]] = []
        self._fence = ""
        self._fence_line = 0
        self._hidden_line = 0

    def take(self, number: int, line: str) -> None:
        word = _heading_word(line)
        fenced = bool(self._fence)
        self._follow_fence(number, line)
        if fenced:
            if word in ROLES:
                self._hidden_line = self._hidden_line or number
        elif word in ROLES:
            self._close()
            self._role, self._heading_line = word, number
            return
        elif word:
            self._refuse_nearly_a_role(number, word)
        elif _ESCAPED.fullmatch(line):
            line = line[1:]
        self._lines.append((number, line))

    def end(self) -> None:
        self._close()
        if self._fence and self._hidden_line:
            what = f"this code fence is never closed and hides the heading in line {self._hidden_line}"
            self.faults.append(fault(self._file, self._fence_line, what, f"close it with `{self._fence}`"))

    def _follow_fence(self, number: int, line: str) -> None:
        """CommonMark 4.5: a fence ends at one of its own kind, at least as long, with nothing behind it."""
        found = _FENCE.match(line)
        if not found:
            return
        if not self._fence:
            self._fence, self._fence_line, self._hidden_line = found[1], number, 0
        elif found[1].startswith(self._fence) and not line[found.end() :].strip():
            self._fence = ""

    def _close(self) -> None:
        filled = [i for i, (_, line) in enumerate(self._lines) if line.strip()]
        if filled:
            kept = self._lines[filled[0] : filled[-1] + 1]
            text = "\n".join(line for _, line in kept)
            self.sections.append(Section(role=self._role or "system", text=text, line=kept[0][0]))
        elif self._role:
            mend = "write the text below it, or remove the heading"
            self.faults.append(fault(self._file, self._heading_line, f"section `# {self._role}` is empty", mend))
        self._lines = []

    def _refuse_nearly_a_role(self, number: int, word: str) -> None:
        near = difflib.get_close_matches(word.lower(), ROLES, n=1, cutoff=0.8)
        if near:
            mend = f"write `# {near[0]}` for a section, or `\\# {word}` to keep it as text"
            self.faults.append(fault(self._file, number, f"heading `# {word}` is nearly a role", mend))


def _heading_word(line: str) -> str:
    found = _HEADING.fullmatch(line)
    return found[1] if found else ""
