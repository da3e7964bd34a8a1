"""The circuit breaker of one endpoint: calls that would only wait for a dead upstream go to the next rung at once.

    closed ── `failures` failures within `window_s`, at least `share` of the calls since the first ──▶ open
    open ── `open_s` later, with the next call ──▶ half-open: that call is the probe, all others are turned away
    half-open ── the probe is answered ──▶ closed;  it fails ──▶ open;  `open_s` without either ──▶ the next probe

Time is an argument (monotonic ns). Each worker has its own breakers and learns for itself.
"""

from __future__ import annotations

from typing import Literal

from serinus.core.routing.snapshot import BreakerRule

_NS = 1_000_000_000
BreakerState = Literal["closed", "open", "half_open"]


class Breaker:
    """Starts closed. `troubled` says that `admits` and `succeeded` matter: an endpoint without failures is asked
    nothing and told nothing. `opened` counts how often it opened."""

    __slots__ = ("_calls", "_failures", "_open_ns", "_probing", "_since_ns", "_until_ns", "opened", "rule", "troubled")

    def __init__(self, rule: BreakerRule) -> None:
        self.rule = rule
        self.troubled = False
        self.opened = 0
        self._open_ns = int(rule.open_s * _NS)
        self._probing = False
        self._until_ns = self._since_ns = self._calls = self._failures = 0

    @property
    def state(self) -> BreakerState:
        """Closed, open, or half-open while a probe is out."""
        if not self._until_ns:
            return "closed"
        return "half_open" if self._probing else "open"

    def admits(self, now_ns: int) -> bool:
        """Whether a call may go to the endpoint. The one that an open breaker lets through is its probe."""
        if not self._until_ns:
            return True
        if now_ns < self._until_ns:
            return False
        self._probing = True
        self._until_ns = now_ns + self._open_ns
        return True

    def wait_s(self, now_ns: int) -> float:
        """How long until the next probe; 0 when the breaker is closed."""
        return max(0, self._until_ns - now_ns) / _NS if self._until_ns else 0.0

    def succeeded(self, now_ns: int) -> None:
        """The endpoint has answered a call: whatever was wrong is over, or not everything is wrong."""
        if self._until_ns or now_ns - self._since_ns >= self.rule.window_s * _NS:
            self._reset()
        else:
            self._calls += 1

    def failed(self, now_ns: int) -> bool:
        """The endpoint has failed a call; True when that opens the breaker."""
        rule = self.rule
        if not rule.failures:
            return False
        if self._until_ns:
            if self._probing:
                self._probing = False
                self._until_ns = now_ns + self._open_ns
            return False
        if not self.troubled or now_ns - self._since_ns >= rule.window_s * _NS:
            self.troubled, self._since_ns, self._calls, self._failures = True, now_ns, 0, 0
        self._calls += 1
        self._failures += 1
        if self._failures < rule.failures or self._failures < rule.share * self._calls:
            return False
        self._until_ns = now_ns + self._open_ns
        self.opened += 1
        return True

    def _reset(self) -> None:
        self.troubled = self._probing = False
        self._until_ns = self._calls = self._failures = 0
