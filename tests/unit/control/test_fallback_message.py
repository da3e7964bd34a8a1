"""A JSON fallback message fits what is served, wherever a misfit could begin (J5, H13)."""

from __future__ import annotations

import pytest

from serinus.control.make_live import make_live
from serinus.control.push_version import push_version
from serinus.core.errors import InvalidInput
from serinus.core.routing.snapshot import Message
from serinus.core.versions.content import VersionContent
from tests.unit.control.production import PERSON, START_US
from tests.unit.control.test_first_release import world


def test_J5_a_json_message_fits_what_is_served_and_what_will_be() -> None:
    """Refused where the misfit would begin: at the declaration, at `live`, and at the start of a release; a first
    release in JSON needs one."""
    made = world()
    schema = {"type": "object", "required": ["answer"], "properties": {"answer": {"type": "string"}}}
    asked = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
    content = VersionContent(
        endpoint="main", model="m", messages=(Message(role="system", template="JSON."),), response_format=asked
    )
    strict = push_version(made.control, START_US, PERSON, "shop", content)[0]
    made.candidate = strict
    with pytest.raises(InvalidInput, match="rollback leads to is text"):
        made.start()
    made.configure(fallback_json={"text": "Later."})
    for refused in (made.start, lambda: make_live(made.control, START_US, PERSON, "shop", strict.name, "")):
        with pytest.raises(InvalidInput, match="'answer' is a required property"):
            refused()
    made.configure(fallback_json={"answer": "Later."})
    make_live(made.control, START_US, PERSON, "shop", strict.name, "known")
    with pytest.raises(InvalidInput, match=r"is not what .* promises"):
        made.configure(fallback_json={"text": "Later."})
    assert made.routing().apps["shop"].fallback_json == '{"answer":"Later."}'
