"""Suites and data sets through the API: content-addressed, on record, refused when they are not what they say."""

from __future__ import annotations

from typing import Any

from serinus.core.judging.case import Case, data_set, raw_lines

from .conftest import Api

CASES = [Case(id="1", input="Where is my parcel?", expected="delivery"), Case(id="2", input="Hello", expected="other")]
DATA = data_set(CASES)
LINES = raw_lines(CASES).decode()
SUITE = {
    "name": "golden",
    "data": DATA.digest,
    "criteria": [{"name": "exact", "scorer": {"kind": "exact"}, "min": 0.9}],
}


def stored(api: Api) -> Any:
    """An app with a data set and a suite."""
    api.prepared()
    api.ok("PUT", f"/apps/bot/datasets/{DATA.digest}", {"lines": LINES})
    return api.ok("PUT", "/apps/bot/suites/golden", {"content": SUITE})


def test_a_suite_comes_back_by_name_and_digest(api: Api) -> None:
    """What was stored is what is read, and storing it again changes nothing."""
    first = stored(api)
    assert first["created"] is True
    again = api.ok("PUT", "/apps/bot/suites/golden", {"content": SUITE})
    assert (again["created"], again["digest"]) == (False, first["digest"])
    for ref in ("golden", first["digest"]):
        assert api.ok("GET", f"/apps/bot/suites/{ref}")["content"]["data"] == DATA.digest
    newer = api.ok("PUT", "/apps/bot/suites/golden", {"content": {**SUITE, "repeats": 3}})
    assert api.ok("GET", "/apps/bot/suites/golden")["digest"] == newer["digest"] != first["digest"]
    assert "repeats" not in api.ok("GET", f"/apps/bot/suites/{first['digest']}")["content"]
    assert [one["name"] for one in api.ok("GET", "/apps/bot/suites")["items"]] == ["golden"]


def test_a_data_set_is_stored_under_the_digest_of_its_lines_only(api: Api) -> None:
    """Another digest, broken lines and double ids are refused; the order of the lines makes no difference."""
    api.prepared()
    path = f"/apps/bot/datasets/{DATA.digest}"
    assert api.ask("PUT", f"/apps/bot/datasets/{'0' * 64}", {"lines": LINES}).status_code == 422
    assert api.ask("PUT", path, {"lines": LINES + "{"}).status_code == 422
    assert api.ask("PUT", path, {"lines": LINES + LINES}).status_code == 422
    turned = "\n".join(LINES.splitlines()[::-1])
    assert api.ok("PUT", path, {"lines": turned})["created"] is True
    assert api.ok("PUT", path, {"lines": LINES})["created"] is False
    assert api.ok("GET", path)["lines"] == turned
    assert [one["cases"] for one in api.ok("GET", "/apps/bot/datasets")["items"]] == [2]


def test_a_suite_without_its_data_set_or_its_name_is_refused(api: Api) -> None:
    """Nothing is stored that no stage could run."""
    api.prepared()
    assert api.ask("PUT", "/apps/bot/suites/golden", {"content": SUITE}).status_code == 404
    api.ok("PUT", f"/apps/bot/datasets/{DATA.digest}", {"lines": LINES})
    assert api.ask("PUT", "/apps/bot/suites/other", {"content": SUITE}).status_code == 422
    broken = {**SUITE, "criteria": [{"name": "x", "scorer": {"kind": "regex", "pattern": "("}}]}
    answer = api.ask("PUT", "/apps/bot/suites/golden", {"content": broken})
    assert answer.status_code == 422
    assert "regular expression" in answer.json()["detail"]
    assert api.ask("GET", "/apps/bot/suites/golden").status_code == 404


def test_storing_is_audited_and_needs_a_role(api: Api) -> None:
    """Who stored which digest is in the audit trail; a viewer neither stores nor reads cases."""
    suite = stored(api)
    actions = {(entry["action"], entry["after"]) for entry in api.ok("GET", "/audit")["items"]}
    assert ("person:suite:store", suite["digest"]) in actions
    assert ("person:data_set:store", DATA.digest) in actions
    viewer, lead = api.key("viewer"), api.key("quality_lead")
    assert api.ask("PUT", "/apps/bot/suites/golden", {"content": SUITE}, key=viewer).status_code == 403
    assert api.ask("GET", f"/apps/bot/datasets/{DATA.digest}", key=viewer).status_code == 403
    assert api.ask("GET", "/apps/bot/suites", key=viewer).status_code == 200
    assert api.ask("PUT", "/apps/bot/suites/golden", {"content": SUITE}, key=lead).status_code == 200
    assert api.ask("GET", f"/apps/bot/datasets/{DATA.digest}", key=lead).json()["lines"] == LINES
