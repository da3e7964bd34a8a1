"""The prompts of versions, as a judge is shown them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from serinus.core.errors import InvalidInput
from serinus.core.judging.judge import prompt_text
from serinus.core.versions.content import parse_content
from serinus.ports.control_store import ControlStore, StoredVersion
from serinus.ports.retry import run


def version_prompts(control: ControlStore, digests: Collection[str]) -> Mapping[str, str]:
    """By digest, of those that are known and can be read."""
    found = run(control, lambda tx: tx.versions_of(digests))
    prompts = {one.digest: _prompt(one) for one in found}
    return {digest: prompt for digest, prompt in prompts.items() if prompt}


def _prompt(version: StoredVersion) -> str:
    try:
        return prompt_text(parse_content(version.content).messages)
    except InvalidInput:
        return ""  # of a newer Serinus
