"""Refusals in the shape of the OpenAI API."""

from __future__ import annotations

import json

import pytest

from serinus.core.wire.refusal import Refusal


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (403, "permission_error"),
        (422, "invalid_request_error"),
        (429, "rate_limit_error"),
        (502, "api_error"),
    ],
)
def test_a_refusal_has_the_type_of_its_status(status: int, kind: str) -> None:
    """Message with its remedy, type, param and code."""
    body = json.loads(Refusal(status, "some_code", "what is wrong", param="field", mend="do this").body())
    assert body == {
        "error": {"message": "what is wrong (do this)", "type": kind, "param": "field", "code": "some_code"}
    }


def test_an_absent_param_is_null() -> None:
    """Clients expect the key, with null."""
    assert json.loads(Refusal(500, "c", "w").body())["error"]["param"] is None
