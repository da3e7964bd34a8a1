"""A new project: the files of a template, filled in."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib import resources
from pathlib import PurePosixPath
from string import Template

from serinus.core.errors import InvalidInput
from serinus.files.faults import did_you_mean
from serinus.files.project_file import parse_project_file

TEMPLATES = {
    "five-stage": "offline check, tiny canary, limited cohort, wider after a manual review, full",
    "model-update": "golden set, shadow, canary over days, full",
}
PROJECT = "serinus.yaml"
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9@._+/-]*|https?://[A-Za-z0-9._:/-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a new project needs to know. `api_key_env` empty: the endpoint needs no key, as the simulated provider."""

    app: str
    owner: str
    base_url: str
    model: str
    api_key_env: str = ""


def scaffold(template: str, answers: Answers) -> dict[PurePosixPath, str]:
    """The files of a new project by their place in it: the project file, and for the app a prompt, a suite and its
    cases. InvalidInput for a template that does not exist and for answers that no project can have."""
    if template not in TEMPLATES:
        raise InvalidInput(f"no template {template!r}", where="--template", mend=did_you_mean(template, TEMPLATES))
    fields = {name: _scalar(getattr(answers, name)) for name in Answers.__slots__}
    folder = PurePosixPath("apps") / answers.app
    files = {
        PurePosixPath(PROJECT): _filled(f"{template}.yaml", fields),
        folder / "prompt.md": _filled("prompt.md", fields),
        folder / "suite.yaml": _filled("suite.yaml", fields),
        folder / "golden.jsonl": _read("golden.jsonl"),
    }
    parse_project_file(PROJECT, files[PurePosixPath(PROJECT)].encode())
    return files


def _scalar(text: str) -> str:
    """A text as YAML reads it back, in quotes where it must be."""
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False) if text else ""


def _filled(name: str, fields: dict[str, str]) -> str:
    kept = [line for line in _read(name).splitlines(keepends=True) if fields["api_key_env"] or "$api_key" not in line]
    return Template("".join(kept)).substitute(fields)


def _read(name: str) -> str:
    return (resources.files("serinus.files") / "templates" / name).read_text(encoding="utf-8")
