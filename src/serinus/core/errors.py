"""Errors that say what is wrong, where, and how to mend it. Codes are stable; HTTP statuses are mapped at the edges."""

from __future__ import annotations


class SerinusError(Exception):
    """Base of every refusal. `code` is stable and machine-readable; the text never holds a secret.

    `what` states the fault, `where` the file, line, field or id it was found at, `mend` the next thing to do.
    """

    code = "serinus_error"

    def __init__(self, what: str, *, where: str = "", mend: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.mend = mend

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head} ({self.mend})" if self.mend else head


class InvalidInput(SerinusError):
    """A value, file or request that does not have the documented form."""

    code = "invalid_input"


class NotFound(SerinusError):
    """A named thing that does not exist."""

    code = "not_found"


class Conflict(SerinusError):
    """Somebody else changed it first, or it is not in a state that allows this."""

    code = "conflict"


class Contended(Conflict):
    """The database gave way to another transaction; nothing was changed. Doing it again is right (`ports.retry`)."""

    code = "contended"


class StoreUnavailable(SerinusError):
    """The store cannot be reached or cannot write; nothing was changed unless the commit itself was cut."""

    code = "store_unavailable"


class Forbidden(SerinusError):
    """The caller is known but may not do this."""

    code = "forbidden"


class Unauthenticated(SerinusError):
    """No key, or one that is not known."""

    code = "unauthenticated"


class IllegalTransition(Conflict):
    """The transition table has no such event in this state."""

    code = "illegal_transition"


class QueryLimit(SerinusError):
    """A question to the event log that needs more time or memory than it may have; nothing is wrong with the store."""

    code = "query_limit"


class FormatError(SerinusError):
    """Stored bytes that cannot be read: torn, corrupt, or written by a newer Serinus."""

    code = "format_error"


class Deposed(SerinusError):
    """This control process is no longer the leader; nothing was changed."""

    code = "deposed"


class TemplateError(InvalidInput):
    """A prompt template that does not compile or does not render with the variables given."""

    code = "template_error"
