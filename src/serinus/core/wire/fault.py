"""What an upstream did wrong, as it goes into the record."""

from __future__ import annotations

from serinus.core.errors import SerinusError
from serinus.core.records.record import ErrorClass


class UpstreamFault(SerinusError):
    """An upstream that failed; `error` is whose fault it is, `status` the upstream's own (0: none came)."""

    code = "upstream_fault"

    def __init__(self, error: ErrorClass, what: str, status: int = 0) -> None:
        super().__init__(what)
        self.error = error
        self.status = status
