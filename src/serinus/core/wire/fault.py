"""What an upstream did wrong, as it goes into the record."""

from __future__ import annotations

from serinus.core.errors import SerinusError
from serinus.core.records.record import ErrorClass


class UpstreamFault(SerinusError):
    """An upstream that failed; `error` is whose fault it is, `status` the upstream's own (0: none came).

    `retry_after_s`: the wait that it asked for (−1: none, or one that does not read). `filtered`: its content filter
    refused the request.
    """

    code = "upstream_fault"

    def __init__(
        self, error: ErrorClass, what: str, status: int = 0, *, retry_after_s: float = -1.0, filtered: bool = False
    ) -> None:
        super().__init__(what)
        self.error = error
        self.status = status
        self.retry_after_s = retry_after_s
        self.filtered = filtered
