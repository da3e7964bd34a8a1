"""Times on the wire: RFC 3339 in UTC."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def when(at_us: int) -> datetime:
    """The aware time of µs since 1970 UTC, exactly."""
    return _EPOCH + timedelta(microseconds=at_us)
