"""Open calls: the view, and when a call is overdue."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from serinus.core.fleet import InFlight
from serinus.core.ids import RELEASE as RELEASE_PREFIX
from serinus.core.ids import id_text
from serinus.core.records.in_flight import OpenCall, apply, lost_now, overdue_now, replay, view
from serinus.core.records.record import Record, Score
from tests.fake_workers import RELEASE, START_NS, ManualClock, begin, end, first, raw_call

MS = 1_000_000


def _open(number: int, age_ms: int = 0, arm: int = 1, stratum: int = 0) -> OpenCall:
    clock = ManualClock()
    clock.mono -= age_ms * MS
    return OpenCall(begin(raw_call(number, arm=arm, stratum=stratum), clock), "s-0")


def test_the_view_counts_by_place_and_tells_the_oldest_age() -> None:
    """One line per app, release, stratum and arm; −1 for none, as in records."""
    calls = [_open(1, 500), _open(2, 900), _open(3, 100, arm=2), _open(4, 10, arm=0, stratum=-1)]
    release = id_text(RELEASE_PREFIX, RELEASE)

    def line(stratum: int, arm: int, count: int, oldest_ms: int) -> InFlight:
        return InFlight(app="support-bot", release=release, stratum=stratum, arm=arm, count=count, oldest_ms=oldest_ms)

    assert view(calls, START_NS) == (line(-1, 0, 1, 10), line(0, 1, 2, 900), line(0, 2, 1, 100))
    assert view([], START_NS) == ()


def test_a_call_is_due_when_its_limit_has_passed_and_not_before() -> None:
    """On the limit itself it is due; once judged it never is again."""
    call = _open(1)
    assert overdue_now([call], call.due_ns - 1) == []
    assert overdue_now([call], call.due_ns) == [call]
    assert overdue_now([OpenCall(call.begin, "s-0", judged=True)], call.due_ns) == []


def test_a_call_has_lost_its_end_a_minute_after_its_own_limit() -> None:
    """Not before, and never where no limit was told."""
    clock = ManualClock()
    call = OpenCall(begin(raw_call(1), clock, total_ms=600_000), "s-0", judged=True)
    over_ns = START_NS + 660_000 * MS
    assert lost_now([call, _open(2)], over_ns - 1) == []
    assert lost_now([call, _open(2)], over_ns) == [call]


def test_apply_opens_replaces_and_closes() -> None:
    """None closes a call; closing one that is not open is nothing."""
    calls = {b"a": _open(1), b"b": _open(2)}
    apply(calls, {b"a": None, b"b": _open(3), b"c": _open(4), b"d": None})
    assert calls == {b"b": _open(3), b"c": _open(4)}


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["begin", "first", "end"])), max_size=20))
def test_replay_leaves_open_what_began_and_did_not_end(script: list[tuple[int, str]]) -> None:
    """As by the definition, over any order of records."""
    clock, calls = ManualClock(), dict[bytes, OpenCall]()
    made = {"begin": begin, "first": first, "end": end}
    expected: set[bytes] = set()
    for number, kind in script:
        call = raw_call(number)
        record: Record = made[kind](call, clock)
        replay(calls, record, "s-0", judged_until_ns=0)
        if kind == "begin":
            expected.add(call)
        elif kind == "end":
            expected.discard(call)
    assert calls.keys() == expected


def test_replay_remembers_what_the_clock_had_judged() -> None:
    """Calls due at or before that time are settled; a first byte settles the others, and other records nothing."""
    clock, calls = ManualClock(), dict[bytes, OpenCall]()
    old, new = raw_call(1), raw_call(2)
    replay(calls, begin(old, clock), "s-0", judged_until_ns=START_NS + 30_000 * MS)
    clock.advance(1)
    replay(calls, begin(new, clock), "s-0", judged_until_ns=START_NS + 30_000 * MS)
    assert (calls[old].judged, calls[new].judged) == (True, False)
    replay(calls, Score(new, 1, "feedback.thumbs_down", 1, "user", "k"), "s-1", judged_until_ns=0)
    replay(calls, None, "s-1", judged_until_ns=0)
    replay(calls, first(new, clock), "s-1", judged_until_ns=0)
    assert (calls[new].judged, calls[new].first_spool) == (True, "s-1")
