"""The JSON Schema of the project file accepts what the file accepts, and is the one that is published."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from serinus.files.project_schema import project_schema
from serinus.files.yaml_nodes import parse_yaml
from tests.unit.files.test_project_file import GOOD
from tests.unit.files.test_stages_of_a_file import GOOD as STAGED

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture(scope="module")
def checker() -> Any:
    """A validator of the schema, which is one itself."""
    jsonschema.Draft202012Validator.check_schema(project_schema())
    return jsonschema.Draft202012Validator(project_schema())


def test_the_published_schema_is_that_of_the_code() -> None:
    """`serinus schema > docs/reference/serinus.schema.json` after every change of the file."""
    published = (DOCS / "reference" / "serinus.schema.json").read_text(encoding="utf-8")
    assert json.loads(published) == project_schema()


def test_it_accepts_every_project_file_of_the_documentation(checker: Any) -> None:
    """And those of the tests."""
    fence = re.compile(r"^```yaml\n(pipeline:.*?)^```$", re.MULTILINE | re.DOTALL)
    documents = sorted(DOCS.rglob("*.md"))
    files = [block for document in documents for block in fence.findall(document.read_text(encoding="utf-8"))]
    assert len(files) >= 3
    for text in (*files, GOOD, STAGED):
        checker.validate(parse_yaml("f", text).plain())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("owner:", "ownr:"),
        ("kind: shadow", "kind: shade"),
        ("budget: 90m", "budget: 90"),
        ("share: 50%", "share: half"),
        ("metric: call.error", "metric: call.eror"),
        ("roles: [ml_lead, ops_lead]", "roles: [ml_leed]"),
        ("suites: [golden, safety]", "suites: []"),
        ("        suites: [golden, safety]\n", ""),
        ("require: non_inferior", "require: better"),
        ("pipeline: 1", "pipeline: 2"),
    ],
)
def test_it_refuses_what_the_file_refuses(checker: Any, old: str, new: str) -> None:
    """An editor underlines it before `serinus check` does."""
    assert old in STAGED
    assert not checker.is_valid(parse_yaml("f", STAGED.replace(old, new, 1)).plain())


def test_every_key_has_its_example_as_a_value(checker: Any) -> None:
    """Editors offer them: each is accepted where it stands."""
    definitions = project_schema()["$defs"]
    for name, definition in definitions.items():
        for key, field in definition["properties"].items():
            inner = {**field, "$defs": definitions}
            for example in field.get("examples", ()):
                jsonschema.Draft202012Validator(inner).validate(example), (name, key)
