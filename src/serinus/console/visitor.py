"""Who is looking at a page, and what they may do: the same keys, roles and table as the API's."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from serinus.console.parts import Parts
from serinus.console.session import SESSION_S, Session, Sessions
from serinus.core.access import TABLE, Operation, Role
from serinus.core.errors import Forbidden, Unauthenticated
from serinus.ports.control_store import ApiKey

THEMES = ("auto", "light", "dark")
THEME_COOKIE = "serinus_theme"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A signed-in session. `token` goes into each form."""

    key: ApiKey
    session: Session
    token: str

    @property
    def actor(self) -> str:
        """How they are named in audit entries and reasons: as over the API."""
        return f"{self.key.name} ({self.key.id[-8:]})"

    def may(self, operation: str) -> bool:
        """Whether the table lets one of their roles do it (`core.access.authorise` decides again when they do)."""
        allowed = TABLE[Operation(operation)] | {Role.ADMIN}
        return not allowed.isdisjoint(self.key.roles)


class Reception:
    """Opens, checks and closes sessions. A revoked key ends its sessions at once."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._known: Sessions | None = None

    @property
    def sessions(self) -> Sessions:
        """Under the project's secret, which is made once and never changes."""
        if self._known is None:
            with self._parts.control.tx() as tx:
                secrets = tx.secrets()
            self._known = Sessions(secrets.mac_key, self._parts.random_bytes)
        return self._known

    def visitor(self, request: Request) -> Visitor | None:
        """Who sent this request; None when nobody is signed in (any more)."""
        session = self.session(request)
        if session is None or not session.key:
            return None
        with self._parts.control.tx() as tx:
            key = tx.key_by_hash(session.key)
        return Visitor(key=key, session=session, token=self.sessions.token(session)) if key else None

    def session(self, request: Request) -> Session | None:
        """The request's session, signed in or not."""
        value = request.cookies.get(self.sessions.cookie, "")
        return self.sessions.open(value, self._parts.clock.now_us()) if value else None

    def check_token(self, session: Session | None, token: str) -> None:
        """Forbidden unless the form came from a page of this session."""
        if session is None or not self.sessions.fits(session, token):
            raise Forbidden(
                "this form is not from a page of this session", where="form", mend="go back, load the page again"
            )

    def sign_in(self, text: str) -> Session:
        """A session of the key with this text; Unauthenticated in the same words whatever is wrong with it."""
        digest = hashlib.sha256(text.encode()).hexdigest()
        with self._parts.control.tx() as tx:
            key = tx.key_by_hash(digest)
        if key is None or not key.roles:
            raise Unauthenticated(
                "this is not a valid key of this project, or it has no role",
                where="key",
                mend="ask an admin for one: `serinus key create NAME --role viewer --no-calls`",
            )
        return self.sessions.fresh(self._parts.clock.now_us(), digest)

    def remember(self, request: Request, response: Response, session: Session) -> None:
        """Give the session to the browser, for this site and its pages only."""
        response.set_cookie(
            self.sessions.cookie,
            self.sessions.seal(session),
            max_age=SESSION_S,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )

    def forget(self, response: Response) -> None:
        """Take the session from the browser."""
        response.delete_cookie(self.sessions.cookie, httponly=True, samesite="strict")


def theme_of(request: Request) -> str:
    """`light` or `dark` as chosen, else `auto`: as the system has it."""
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else "auto"
