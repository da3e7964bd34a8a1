"""Labels and tags of versions."""

from __future__ import annotations

import pytest

from serinus.core.versions.naming import VersionState, label, plain_name, rejection_tag

NAME = "support-llm-2025-W22-3"


def test_b3_the_suffixes_are_those_of_the_specification() -> None:
    """Each state is one of nine words behind the name."""
    suffixes = {"dev", "validation", "shadow", "preprod", "canary", "prod", "retired", "rejected", "rolledback"}
    assert {label(NAME, state) for state in VersionState} == {f"{NAME}-{suffix}" for suffix in suffixes}


def test_b3_a_rejected_version_is_tagged_with_the_day_in_utc() -> None:
    """The last µs of a day belongs to it, the next one to the next; an unknown time makes no tag."""
    midnight = 1_748_649_600_000_000
    assert rejection_tag(NAME, midnight) == f"REJECTED-2025-05-31-{NAME}"
    assert rejection_tag(NAME, midnight - 1) == f"REJECTED-2025-05-30-{NAME}"
    assert rejection_tag(NAME, 0) == ""


@pytest.mark.parametrize("state", VersionState)
def test_b3_a_label_or_tag_names_the_version(state: VersionState) -> None:
    """The suffix and the tag's head fall away; names, digests and other words stay as they are."""
    assert plain_name(label(NAME, state)) == NAME
    assert plain_name(rejection_tag(NAME, 1)) == NAME
    assert [plain_name(word) for word in (NAME, "ab" * 32, "canary", "")] == [NAME, "ab" * 32, "canary", ""]
