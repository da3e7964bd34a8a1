"""New projects: each template gives files that are accepted as they are."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from serinus.core.errors import InvalidInput
from serinus.core.pipeline.stages import ApprovalStage, OfflineStage, RolloutStage, ShadowStage
from serinus.files.project_file import parse_project_file
from serinus.files.scaffold import TEMPLATES, Answers, scaffold
from serinus.files.suite_file import parse_suite_file
from serinus.files.version_file import parse_version_file

ANSWERS = Answers(app="desk", owner="ada@example.com", base_url="http://127.0.0.1:9000/v1", model="sim-large")
KINDS: dict[str, list[type]] = {
    "five-stage": [OfflineStage, RolloutStage, RolloutStage, ApprovalStage, RolloutStage, RolloutStage],
    "model-update": [OfflineStage, ShadowStage, RolloutStage, RolloutStage],
}


@pytest.mark.parametrize("template", sorted(TEMPLATES))
def test_C4_a_template_is_a_working_project(template: str) -> None:
    """Project, prompt, suite and cases are accepted; the stages are those that the template is named for."""
    files = scaffold(template, ANSWERS)
    folder = PurePosixPath("apps/desk")
    project = parse_project_file("serinus.yaml", files[PurePosixPath("serinus.yaml")].encode())
    assert [app.name for app in project.apps] == ["desk"]
    plan = project.apps[0].plan
    assert plan is not None
    assert plan.owner == "ada@example.com"
    assert [type(stage) for stage in plan.stages] == KINDS[template]
    version = parse_version_file("prompt.md", files[folder / "prompt.md"].encode())
    assert (version.endpoint, version.model) == (project.endpoints[0].name, "sim-large")
    suite = parse_suite_file(
        "suite.yaml", files[folder / "suite.yaml"].encode(), lambda name: files[folder / name].encode()
    )
    assert suite.suite.name == "golden"
    assert "$" not in "".join(text for place, text in files.items() if place.suffix == ".yaml")


@pytest.mark.parametrize("template", sorted(TEMPLATES))
def test_C4_the_same_answers_give_the_same_files(template: str) -> None:
    """Byte for byte."""
    assert scaffold(template, ANSWERS) == scaffold(template, ANSWERS)


@pytest.mark.parametrize("owner", ["Ada: the first", "Ada # 1", "12", "no", "Zoë “Z” O'Neil", "a\\b"])
def test_answers_come_back_as_they_were_given(owner: str) -> None:
    """Whatever YAML would make of them unquoted."""
    answers = Answers(app="desk", owner=owner, base_url="https://h/v1", model="m", api_key_env="KEY")
    raw = scaffold("five-stage", answers)[PurePosixPath("serinus.yaml")].encode()
    project = parse_project_file("f", raw)
    assert project.apps[0].plan is not None
    assert project.apps[0].plan.owner == owner
    assert project.endpoints[0].api_key_env == "KEY"


@pytest.mark.parametrize(
    "answers",
    [
        Answers(app="../x", owner="a", base_url="http://h", model="m"),
        Answers(app="x", owner="", base_url="http://h", model="m"),
        Answers(app="x", owner="a", base_url="ftp://h", model="m"),
        Answers(app="x", owner="a\nalpha: 1", base_url="http://h", model="m", api_key_env="not a name"),
    ],
)
def test_answers_that_no_project_can_have_are_refused(answers: Answers) -> None:
    """Before anything is written."""
    with pytest.raises(InvalidInput):
        scaffold("five-stage", answers)


def test_an_unknown_template_is_refused_with_those_there_are() -> None:
    """With the nearest one."""
    with pytest.raises(InvalidInput) as refused:
        scaffold("five-stages", ANSWERS)
    assert refused.value.mend == "did you mean `five-stage`?"
