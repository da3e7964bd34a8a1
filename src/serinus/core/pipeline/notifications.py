"""Whom to tell about an app: routes to targets. A target names where its URL is kept, never the URL itself."""

from __future__ import annotations

import enum
import re

import msgspec

from serinus.core.errors import InvalidInput

ACKNOWLEDGE_WITHIN_S = 900.0
"""I1: the on-call assesses within 15 minutes, or it escalates."""
MAX_TARGETS = 20

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Route(enum.StrEnum):
    """Who is told: the channel that follows releases, who is on call, who leads, the app's owner."""

    RELEASE_CHANNEL = "release_channel"
    ON_CALL = "on_call"
    LEADS = "leads"
    OWNER = "owner"


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One place to tell. Its URL is a secret in the control process's environment (`url_env`) or in a file on its
    machine (`url_file`, an absolute path): exactly one of the two."""

    url_env: str = ""
    url_file: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no reference. The text given is not repeated: it may be the URL itself."""
        if bool(self.url_env) == bool(self.url_file):
            raise InvalidInput("a target names either a variable or a file", where="notifications", mend=_MEND)
        if self.url_env and not _VARIABLE.fullmatch(self.url_env):
            raise InvalidInput("`url_env` is not the name of a variable", where="notifications", mend=_MEND)
        if self.url_file and (not self.url_file.startswith("/") or _CONTROL.search(self.url_file)):
            raise InvalidInput("`url_file` is not an absolute path", where="notifications", mend=_MEND)

    @property
    def reference(self) -> str:
        """`env:SLACK_URL` or `file:/run/secrets/pager`: how the target is named everywhere."""
        return f"env:{self.url_env}" if self.url_env else f"file:{self.url_file}"


_MEND = "put the URL into a variable and name that: `{url_env: SLACK_URL}`, or a file: `{url_file: /run/secrets/slack}`"


class Notifications(msgspec.Struct, frozen=True, kw_only=True):
    """The targets of each route, and how soon an urgent notice must be acknowledged before the leads are told.

    `events` replaces the routes of single kinds (`core.notices.kinds`): `{"advance": ()}` tells nobody of advances.
    """

    release_channel: tuple[Target, ...] = ()
    on_call: tuple[Target, ...] = ()
    leads: tuple[Target, ...] = ()
    owner: tuple[Target, ...] = ()
    acknowledge_within_s: float = ACKNOWLEDGE_WITHIN_S
    events: dict[str, tuple[Route, ...]] = {}

    def __post_init__(self) -> None:
        """Refuse what cannot be; InvalidInput names the field."""
        if not 0 < self.acknowledge_within_s <= 7 * 86400:
            raise InvalidInput(
                f"acknowledge_within of {self.acknowledge_within_s:g} s",
                where="notifications.acknowledge_within_s",
                mend="use more than 0 and at most 7 days; 15m is the default",
            )
        for route in Route:
            if len(self.targets(route)) > MAX_TARGETS:
                raise InvalidInput(
                    f"more than {MAX_TARGETS} targets",
                    where=f"notifications.{route.value}",
                    mend="tell a group's address instead",
                )

    def targets(self, route: Route) -> tuple[Target, ...]:
        """The targets of a route, in order."""
        targets: tuple[Target, ...] = getattr(self, route.value)
        return targets
