"""Hosts whose clocks are wrong."""

from __future__ import annotations

from serinus.core.fleet import HostStatus, in_time, is_off


def host(name: str, offset_s: float) -> HostStatus:
    """A host with such a clock."""
    return HostStatus(host=name, beat=1, shipped_until_us=1, clock_offset_us=int(offset_s * 1e6))


def test_no_time_is_counted_by_a_clock_that_is_a_minute_off() -> None:
    """In either direction; up to a minute a host counts like the others."""
    hosts = [host("a", 0), host("b", 60), host("c", -60), host("d", 61), host("e", -3600)]
    assert [one.host for one in in_time(hosts)] == ["a", "b", "c"]
    assert [is_off(one) for one in hosts] == [False, False, False, True, True]


def test_when_no_clock_is_right_all_count() -> None:
    """They can still be compared with each other: one host whose clock is wrong is judged by its own time."""
    wrong = [host("a", -3600), host("b", 3600)]
    assert in_time(wrong) == wrong
    assert in_time([]) == []
