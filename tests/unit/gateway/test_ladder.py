"""The fallback ladder as a table: a fault and what is left, and the rung that follows."""

from __future__ import annotations

import pytest

from serinus.core.records.record import ErrorClass, Rung
from serinus.core.wire.fault import UpstreamFault
from serinus.gateway import ladder


def status(code: int, wait_s: float = -1.0, *, filtered: bool = False) -> UpstreamFault:
    """The fault that an answer with this status is."""
    error = ErrorClass.RATE_LIMITED if code == 429 else ErrorClass.UPSTREAM_STATUS
    return UpstreamFault(error, "x", code, retry_after_s=wait_s, filtered=filtered)


TIMEOUT = UpstreamFault(ErrorClass.UPSTREAM_TIMEOUT, "x")
LOST = UpstreamFault(ErrorClass.INFRASTRUCTURE, "x")
OPEN = UpstreamFault(ErrorClass.BREAKER_OPEN, "x", retry_after_s=1.0)
EVERYTHING = {"retry": True, "baseline": True, "elsewhere": True, "message": True}


@pytest.mark.parametrize(
    ("fault", "everything", "same_endpoint", "no_retry_no_baseline", "nothing"),
    [
        (status(500), Rung.BASELINE, Rung.BASELINE, Rung.MESSAGE, Rung.NONE),
        (status(503), Rung.BASELINE, Rung.BASELINE, Rung.MESSAGE, Rung.NONE),
        (status(503, 1), Rung.RETRY, Rung.RETRY, Rung.MESSAGE, Rung.NONE),
        (status(503, 3), Rung.BASELINE, Rung.BASELINE, Rung.MESSAGE, Rung.NONE),
        (status(502, 1), Rung.BASELINE, Rung.BASELINE, Rung.MESSAGE, Rung.NONE),
        (status(429, 2), Rung.RETRY, Rung.RETRY, Rung.MESSAGE, Rung.NONE),
        (status(429, 0), Rung.RETRY, Rung.RETRY, Rung.MESSAGE, Rung.NONE),
        (status(429, 2.1), Rung.BASELINE, Rung.MESSAGE, Rung.MESSAGE, Rung.NONE),
        (status(429), Rung.BASELINE, Rung.MESSAGE, Rung.MESSAGE, Rung.NONE),
        (status(401), Rung.BASELINE, Rung.BASELINE, Rung.MESSAGE, Rung.NONE),
        (status(404), Rung.BASELINE, Rung.BASELINE, Rung.MESSAGE, Rung.NONE),
        (status(200), Rung.BASELINE, Rung.BASELINE, Rung.MESSAGE, Rung.NONE),
        (TIMEOUT, Rung.BASELINE, Rung.BASELINE, Rung.MESSAGE, Rung.NONE),
        (OPEN, Rung.BASELINE, Rung.MESSAGE, Rung.MESSAGE, Rung.NONE),
        (LOST, Rung.MESSAGE, Rung.MESSAGE, Rung.MESSAGE, Rung.NONE),
        (status(400), Rung.NONE, Rung.NONE, Rung.NONE, Rung.NONE),
        (status(413), Rung.NONE, Rung.NONE, Rung.NONE, Rung.NONE),
        (status(422), Rung.NONE, Rung.NONE, Rung.NONE, Rung.NONE),
        (status(403, filtered=True), Rung.NONE, Rung.NONE, Rung.NONE, Rung.NONE),
        (status(200, filtered=True), Rung.NONE, Rung.NONE, Rung.NONE, Rung.NONE),
    ],
)
def test_the_next_rung_follows_from_the_fault_and_what_is_left_J5(
    fault: UpstreamFault, everything: Rung, same_endpoint: Rung, no_retry_no_baseline: Rung, nothing: Rung
) -> None:
    """A short wait is waited for, then the baseline where it can help, then the message; a request that is itself at
    fault, or filtered, gets an honest error, and so does everybody when nothing is left."""
    assert ladder.next_rung(fault, **EVERYTHING) is everything
    assert ladder.next_rung(fault, **EVERYTHING | {"elsewhere": False}) is same_endpoint
    assert ladder.next_rung(fault, **EVERYTHING | {"retry": False, "baseline": False}) is no_retry_no_baseline
    assert ladder.next_rung(fault, retry=False, baseline=False, elsewhere=False, message=False) is nothing


def test_a_breaker_counts_what_may_mean_that_the_endpoint_is_down() -> None:
    """Connections, silence, garbage and 5xx; not what a request, a model or a key is refused for, nor a rate limit."""
    assert all(ladder.speaks_of_endpoint(fault) for fault in (status(500), status(529), TIMEOUT))
    assert not any(ladder.speaks_of_endpoint(fault) for fault in (status(400), status(401), status(404), status(429)))
    assert not ladder.speaks_of_endpoint(LOST)
    assert not ladder.speaks_of_endpoint(OPEN)
