"""Role sections in the body of a prompt."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from serinus.files.sections import split_sections


def _split(body: str) -> tuple[list[tuple[str, str, int]], list[str]]:
    sections, faults = split_sections("f", body, 10)
    return [(s.role, s.text, s.line) for s in sections], [str(fault) for fault in faults]


def test_text_before_the_first_heading_is_the_systems() -> None:
    """Sections come in the order of the file, without blank lines around them, with their lines."""
    body = "\nBe kind.\n\nAlways.\n\n# user\n\n{{ q }}\n# assistant\nYes.\n# user\nAnd?\n"
    assert _split(body) == (
        [
            ("system", "Be kind.\n\nAlways.", 11),
            ("user", "{{ q }}", 17),
            ("assistant", "Yes.", 19),
            ("user", "And?", 21),
        ],
        [],
    )


def test_other_headings_are_text() -> None:
    """Markdown inside a prompt stays as it is: other words, deeper headings, more than one word."""
    body = "# Rules\n## user\n# user guide\n#user\nUse # user inside a line."
    assert _split(body) == ([("system", body, 10)], [])


def test_an_escaped_heading_is_text_without_its_backslash() -> None:
    """`\\# user` puts a line `# user` into the prompt."""
    assert _split("a\n\\# user\nb") == ([("system", "a\n# user\nb", 10)], [])


def test_a_heading_inside_a_code_fence_is_text() -> None:
    """A fence protects its lines until one of its own kind, at least as long, closes it."""
    body = "~~~~\n# user\n~~~\n```\n\\# user\n~~~~ \n# user\nx"
    assert _split(body) == ([("system", body.rpartition("\n# user")[0], 10), ("user", "x", 17)], [])


def test_a_fence_that_hides_a_heading_to_the_end_is_a_fault() -> None:
    """An unclosed fence would swallow the sections below it unseen."""
    assert _split("a\n```json\n{}\n# user\nx")[1] == [
        "f:11: this code fence is never closed and hides the heading in line 13 (close it with ```` ``` ````)".replace(
            "```` ``` ````", "`" + "```" + "`"
        )
    ]
    assert _split("a\n```json\n{}")[1] == []


def test_a_heading_that_is_nearly_a_role_is_a_fault() -> None:
    """A misspelt role would silently become text of the section above it."""
    _, faults = _split("a\n# User\nb\n# asistant\nc")
    assert [fault.split(" (")[0] for fault in faults] == [
        "f:11: heading `# User` is nearly a role",
        "f:13: heading `# asistant` is nearly a role",
    ]


def test_an_empty_section_is_a_fault() -> None:
    """A heading without text is a forgotten prompt."""
    assert _split("# system\n\n# user\nx")[1] == [
        "f:10: section `# system` is empty (write the text below it, or remove the heading)"
    ]


@given(st.text("#` \n~\\useraitnym", max_size=200))
def test_sections_lie_where_they_say(body: str) -> None:
    """A section's first line stands in the file at the line it names, but for an escape."""
    lines = body.split("\n")
    for section in split_sections("f", body, 1)[0]:
        assert section.text.split("\n")[0] in (lines[section.line - 1], lines[section.line - 1][1:])
