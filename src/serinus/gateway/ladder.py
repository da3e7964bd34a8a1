"""The fallback ladder: which rung is next when a version has failed a call before its first byte (J5).

Once more on the same arm, when the upstream asks for a short wait; the baseline, for a candidate; the app's own words,
of which `words` says whether they are a cached answer, its message or a hand-off.
Pure decisions: a fault and what is left go in, a rung comes out.
"""

from __future__ import annotations

from serinus.core.records.record import ErrorClass, Rung
from serinus.core.wire.fault import UpstreamFault

LONGEST_RETRY_WAIT_S = 2.0
"""A wait that an upstream asks for is kept here, with the caller waiting, up to so long; a longer one is passed on."""
_OUR_KEY_STATUSES = frozenset({401, 403})
_UNPROCESSED = frozenset({429, 503})
_NOT_FOUND, _TIMEOUT, _LIMITED = 404, 408, 429


def next_rung(fault: UpstreamFault, *, retry: bool, baseline: bool, elsewhere: bool, message: bool) -> Rung:
    """RETRY, BASELINE, MESSAGE, or NONE: an honest error.

    `retry`: the arm has not been asked again yet; `baseline`: it is there and has not been asked, `elsewhere`: at
    another endpoint than the version that failed; `message`: the app may have words of its own.
    """
    if retry and may_retry(fault):
        return Rung.RETRY
    if baseline and may_fall_back(fault, elsewhere=elsewhere):
        return Rung.BASELINE
    if message and not is_about_request(fault):
        return Rung.MESSAGE
    return Rung.NONE


def may_retry(fault: UpstreamFault) -> bool:
    """Whether the upstream did nothing, says when to come again, and that is soon."""
    return fault.status in _UNPROCESSED and 0 <= fault.retry_after_s <= LONGEST_RETRY_WAIT_S


def may_fall_back(fault: UpstreamFault, *, elsewhere: bool = False) -> bool:
    """Whether another version may mend it. Not a request that is itself at fault, not a connection lost by nobody's
    fault, where the call may have been carried out, and what holds for an endpoint only at another one: a rate limit,
    an open breaker."""
    if fault.error is ErrorClass.INFRASTRUCTURE:
        return False
    if fault.error in (ErrorClass.RATE_LIMITED, ErrorClass.BREAKER_OPEN):
        return elsewhere
    return not is_about_request(fault)


def is_about_request(fault: UpstreamFault) -> bool:
    """Whether the upstream refused this request and would refuse it again: no rung may hide that."""
    if fault.error is not ErrorClass.UPSTREAM_STATUS or fault.filtered:
        return fault.filtered
    status = fault.status
    return 300 <= status < 500 and status not in _OUR_KEY_STATUSES and status not in (_NOT_FOUND, _TIMEOUT, _LIMITED)


def speaks_of_endpoint(fault: UpstreamFault) -> bool:
    """Whether a fault before the first byte may mean that the endpoint is down: what its circuit breaker counts. Not
    what a key, a model or a request is refused for."""
    if fault.error is ErrorClass.UPSTREAM_STATUS:
        return fault.status >= 500
    return fault.error in _DOWN


_DOWN = frozenset(
    {
        ErrorClass.UPSTREAM_CONNECT,
        ErrorClass.UPSTREAM_TIMEOUT,
        ErrorClass.UPSTREAM_CUT,
        ErrorClass.UPSTREAM_GARBAGE,
    }
)
