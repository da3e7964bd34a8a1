"""Targets are references, routes have names, and what cannot be is refused without repeating it."""

from __future__ import annotations

import pytest

from serinus.core.errors import InvalidInput
from serinus.core.pipeline.notifications import MAX_TARGETS, Notifications, Route, Target

SECRET = "slack://tokenA/tokenB/tokenC"


def test_A4_targets_are_named_by_where_their_url_is_kept() -> None:
    """A reference names a variable or a file; nothing else of a target is known."""
    assert Target(url_env="SLACK_URL").reference == "env:SLACK_URL"
    assert Target(url_file="/run/secrets/pager").reference == "file:/run/secrets/pager"


@pytest.mark.parametrize(
    "given",
    [{}, {"url_env": "A", "url_file": "/a"}, {"url_env": SECRET}, {"url_file": SECRET}, {"url_file": "relative"}],
)
def test_A4_what_is_no_reference_is_refused_and_never_repeated(given: dict[str, str]) -> None:
    """Somebody who writes the URL itself is told how to name it, and the refusal does not hold it."""
    with pytest.raises(InvalidInput, match="url_env: SLACK_URL") as refusal:
        Target(**given)
    assert "token" not in str(refusal.value)


def test_every_route_has_its_targets() -> None:
    """Each word of the routes is a field."""
    one = Target(url_env="ONE")
    for route in Route:
        assert Notifications(**{route.value: (one,)}).targets(route) == (one,)
        assert Notifications().targets(route) == ()


def test_I1_fifteen_minutes_are_the_default() -> None:
    """The on-call has 15 minutes unless the app says otherwise; nothing and for ever are refused."""
    assert Notifications().acknowledge_within_s == 15 * 60
    for seconds in (0, -1, 8 * 86400):
        with pytest.raises(InvalidInput, match="15m is the default"):
            Notifications(acknowledge_within_s=seconds)


def test_a_route_has_an_end() -> None:
    """A route with hundreds of targets would hold up nothing but is surely a mistake."""
    many = tuple(Target(url_env=f"T{i}") for i in range(MAX_TARGETS + 1))
    assert Notifications(leads=many[:-1]).leads == many[:-1]
    with pytest.raises(InvalidInput, match=r"notifications\.leads"):
        Notifications(leads=many)
