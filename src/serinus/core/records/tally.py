"""From records to what the store adds up: enrolments, sums, and rollups of one second and one minute.

A call counts in the rollup of its End; an overdue call adds its event to the bucket in which it was found overdue, and
an event that a score reports, once per call, to the bucket in which the score came: a limit looks at the newest
buckets, so there it is seen. Which version was served a score does not know: its rollups name none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

import msgspec

from serinus.core.ids import RELEASE, id_text
from serinus.core.records.broken_rule import BrokenRule, broken_of, newest
from serinus.core.records.call import EVENT_NAMES
from serinus.core.records.in_flight import Changes, OpenCall, OpenCalls, lost_now, overdue_now
from serinus.core.records.labels import NOT_AWAITED, Awaiting, Label, LabelKey, labels_of
from serinus.core.records.pairs import PairedUnit, firsts
from serinus.core.records.record import Begin, Dropped, End, Event, First, Pair, Record, Score
from serinus.core.records.score import UNTOLD, category_of, event_key, event_of
from serinus.core.records.score_sums import Given, given
from serinus.core.records.second import MINUTE_S, Bucket, Identity, rollup
from serinus.core.records.sums import ENROLLED, ESCALATED_FOR, Enrolment, Rollup, Sum, SumKey
from serinus.core.records.suspicion import Raised, raised_of
from serinus.core.records.unit_measures import UnitKey, UnitSum, bits_of, names_of, slow_bits, unit_sums
from serinus.core.routing.assignment import COMPARED, Arm
from serinus.core.routing.snapshot import Measured

WIDTHS_S = (1, MINUTE_S)
_US = 1_000_000
_US_PER_MS = 1000
_COMPARED = frozenset(int(arm) for arm in COMPARED)


Measures = Mapping[str, tuple[Measured, ...]]
"""By release, what is measured of its units besides events."""
UNMEASURED: Measures = MappingProxyType({})


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """What was read of one worker's spool: records with the segment each lies in, and the calls open before them.

    `judge_until_ns`: calls whose limit lies at or before it are judged by the clock; None when that is not known to
    be fair, since an answer may lie in what has not been read yet, or nobody is left to answer.
    """

    instance: str
    open: OpenCalls
    records: Sequence[tuple[Record | None, str]]
    judge_until_ns: int | None = None


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """An event that a score reports; `key` is that of all scores that report the same one."""

    key: bytes
    app: str
    call: bytes
    at_us: int
    event: int


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """What one round adds. `scored` are events that count in rollups if nobody has reported them before, each key once
    (`rollups_of`), and `given` scores that add up likewise (`score_sums`); `pairs` the first of each unit, which count
    if it had none before; `unit_sums` what units' cost and tokens add up to. `labels` are the first of each unit, and
    `exposed_at_us` since when units have been exposed, by release and unit, where labels are awaited; `categories`:
    what units were first handed over for; `suspicions`: what is suspected of calls; `broken`: the newest call of each
    rule with zero tolerance that was broken. By worker instance: `changes`, `overdue` (how many the clock judged), and
    `told` (the newest count of dropped records in its spool; workers that told none are not in it)."""

    enrolments: tuple[Enrolment, ...]
    rollups: tuple[Rollup, ...]
    scored: tuple[Scored, ...]
    pairs: dict[PairedUnit, Pair]
    changes: dict[str, Changes]
    overdue: dict[str, int]
    told: dict[str, int]
    unit_sums: Mapping[UnitKey, UnitSum] = {}
    labels: Mapping[LabelKey, Label] = {}
    exposed_at_us: Mapping[tuple[str, bytes], int] = {}
    categories: Mapping[tuple[str, bytes], str] = {}
    given: tuple[Given, ...] = ()
    suspicions: frozenset[Raised] = frozenset()
    broken: tuple[BrokenRule, ...] = ()


def tally(
    host: str,
    reads: Iterable[Read],
    found_at_us: int,
    measures: Measures = UNMEASURED,
    awaiting: Awaiting = NOT_AWAITED,
) -> Tally:
    """The tally of what was read in one round. `found_at_us` is the wall time at which overdue calls were found."""
    sheet = _Sheet(found_at_us, measures, awaiting)
    changes: dict[str, Changes] = {}
    overdue: dict[str, int] = {}
    told: dict[str, int] = {}
    for read in reads:
        changed: Changes = {}
        for record, spool in read.records:
            sheet.count(record, spool, read.open, changed)
            if isinstance(record, Dropped):
                told[read.instance] = record.total
        overdue[read.instance] = sheet.judge(read, changed)
        changes[read.instance] = changed
    return Tally(
        enrolments=tuple(sheet.enrolments()),
        rollups=tuple(sheet.rollups(host)),
        scored=tuple(sheet.scored.values()),
        pairs=firsts(sheet.pairs),
        changes=changes,
        overdue=overdue,
        told=told,
        unit_sums=sheet.unit_sums,
        labels=sheet.labels,
        exposed_at_us=sheet.exposed_at_us,
        categories=sheet.categories,
        given=tuple(sheet.given.values()),
        suspicions=frozenset(sheet.suspicions),
        broken=newest(sheet.broken),
    )


def sums_of(
    changes: Iterable[tuple[Enrolment, bool]],
    measures: Measures = UNMEASURED,
    categories: Mapping[tuple[str, bytes], str] = MappingProxyType({}),
) -> list[tuple[SumKey, Sum]]:
    """Sums to add for what enrolling changed: (enrolment with newly set events, whether its unit is new) each."""
    totals: dict[SumKey, int] = {}
    for enrolment, is_new in changes:
        names = [EVENT_NAMES[bit] for bit in EVENT_NAMES if enrolment.events & bit]
        names += names_of(enrolment.events, measures.get(enrolment.release, ()))
        if enrolment.events & Event.ESCALATED:
            names.append(ESCALATED_FOR + categories.get((enrolment.release, enrolment.unit), UNTOLD))
        if is_new:
            names.append(ENROLLED)
        for name in names:
            key = SumKey(enrolment.release, enrolment.stratum, name, int(enrolment.arm))
            totals[key] = totals.get(key, 0) + 1
    return [(key, Sum(total=total)) for key, total in totals.items()]


def rollups_of(host: str, scored: Iterable[Scored]) -> list[Rollup]:
    """The rollups of events that scores report: events without requests."""
    sheet = _Sheet(0, UNMEASURED)
    for one in scored:
        sheet.event(one)
    return list(sheet.rollups(host))


def _acquit(open_before: OpenCalls, changed: Changes) -> None:
    """Records were dropped: whether calls open by now were answered in time cannot be known any more."""
    for call, state in {**open_before, **changed}.items():
        if state is not None and not state.judged:
            changed[call] = msgspec.structs.replace(state, judged=True)


class _Sheet:
    """Adds up one round."""

    def __init__(self, found_at_us: int, measures: Measures, awaiting: Awaiting = NOT_AWAITED) -> None:
        self.unit_sums: dict[UnitKey, UnitSum] = {}
        self.labels: dict[LabelKey, Label] = {}
        self.exposed_at_us: dict[tuple[str, bytes], int] = {}
        self.categories: dict[tuple[str, bytes], str] = {}
        self.suspicions: set[Raised] = set()
        self.broken: list[BrokenRule] = []
        self._awaiting = awaiting
        self._measures = measures
        self._measured: dict[bytes, tuple[Measured, ...]] = {}
        self.scored: dict[bytes, Scored] = {}
        self.given: dict[bytes, Given] = {}
        self.pairs: list[Pair] = []
        self._found_s = found_at_us // _US
        self._units: dict[tuple[bytes, bytes], tuple[bytes, int]] = {}
        self._seconds: dict[tuple[Identity, int], Bucket] = {}

    def count(self, record: Record | None, spool: str, open_before: OpenCalls, changed: Changes) -> None:
        if isinstance(record, Begin):
            changed[record.call] = OpenCall(record, spool)
            self._enrol(record.call, 0)
        elif isinstance(record, End):
            known = self._answered(record.call, record.mono_ns, open_before, changed)
            if known is not None:
                changed[record.call] = None
            self._bucket(record.app, record.call, record.version, record.at_us // _US).end(record, self._slow(record))
            events = record.events | self._measure(record)
            if events:
                self._enrol(record.call, events)
                self.broken += broken_of(record)
        elif isinstance(record, First):
            known = self._answered(record.call, record.mono_ns, open_before, changed)
            if known is not None:
                changed[record.call] = msgspec.structs.replace(known, first_spool=spool, judged=True)
        elif isinstance(record, Dropped):
            _acquit(open_before, changed)
        elif isinstance(record, Score):
            self._score(record)
        elif isinstance(record, Pair):
            self.pairs.append(record)

    def event(self, one: Scored) -> None:
        """Add an event to the bucket in which its score came."""
        self._bucket(one.app, one.call, b"", one.at_us // _US).event(one.event, one.call)

    def judge(self, read: Read, changed: Changes) -> int:
        """Judge open calls by the clock, and close those that lost their End; how many were found overdue."""
        if read.judge_until_ns is None:
            return 0
        calls = [call for key, call in read.open.items() if key not in changed]
        calls += [call for call in changed.values() if call is not None]
        late = overdue_now(calls, read.judge_until_ns)
        for call in late:
            self._overdue(call)
            changed[call.begin.call] = msgspec.structs.replace(call, judged=True)
        for call in lost_now(calls, read.judge_until_ns):
            changed[call.begin.call] = None
        return len(late)

    def _answered(self, call: bytes, mono_ns: int, open_before: OpenCalls, changed: Changes) -> OpenCall | None:
        known = changed[call] if call in changed else open_before.get(call)
        if known is not None and not known.judged and mono_ns > known.due_ns:
            self._overdue(known)
        return known

    def _overdue(self, call: OpenCall) -> None:
        begin = call.begin
        self._enrol(begin.call, int(Event.OVERDUE))
        self._bucket(begin.app, begin.call, begin.version, self._found_s).event(int(Event.OVERDUE), begin.call)

    def _score(self, record: Score) -> None:
        self._label(record)
        if (score := given(record)) is not None:
            self.given.setdefault(score.key, score)
        if (suspicion := raised_of(record)) is not None:
            self.suspicions.add(suspicion)
        bit = event_of(record)
        if not bit:
            return
        self._enrol(record.call, bit, record.at_us)
        if (category := category_of(record)) and any(record.call[12:28]):
            self.categories.setdefault((id_text(RELEASE, record.call[12:28]), record.call[30:38]), category)
        key = event_key(record)
        found = Scored(key=key, app=record.app, call=record.call, at_us=record.at_us, event=bit)
        self.scored.setdefault(key, found)

    def _label(self, record: Score) -> None:
        """Note what a score says of a unit that is awaited, and enrol it: its call may not have been shipped yet."""
        if not self._awaiting or record.call[28] not in _COMPARED or record.call[29] == 255:
            return
        release, unit = id_text(RELEASE, record.call[12:28]), record.call[30:38]
        for name, value in labels_of(record, self._awaiting.get(release, ())):
            self._enrol(record.call, 0, record.at_us)
            key, label = LabelKey(release, name, unit), Label(record.at_us, value)
            self.labels[key] = min(label, self.labels.get(key, label))

    def _slow(self, end: End) -> int:
        """The bits of the control's latencies that a call of its release is beyond, in whatever arm."""
        if not self._measures:
            return 0
        of = end.call[12:28]
        if of not in self._measured:
            self._measured[of] = self._measures.get(id_text(RELEASE, of), ()) if any(of) else ()
        return slow_bits(end, self._measured[of])

    def _measure(self, end: End) -> int:
        """Add up what of a call counts by unit; the bits that it sets."""
        if not self._measures or end.call[28] not in _COMPARED or end.call[29] == 255:
            return 0
        release = id_text(RELEASE, end.call[12:28])
        measures = self._measures.get(release, ())
        for key, value in unit_sums(release, (end.call[29], end.call[28], end.call[30:38]), end, measures).items():
            self.unit_sums[key] = self.unit_sums.get(key, UnitSum()).plus(value)
        return bits_of(end, Arm(end.call[28]), measures)

    def _enrol(self, call: bytes, events: int, told_us: int = 0) -> None:
        """`told_us` stands for the time of a call that has none, since a score is about a whole conversation."""
        release, arm, stratum, unit = call[12:28], call[28], call[29], call[30:38]
        if arm in _COMPARED and stratum != 255 and any(release):
            place, before = self._units.get((release, unit), (call[28:30], 0))
            self._units[release, unit] = (place, before | events)
            if self._awaiting:
                at_us = int.from_bytes(call[1:7], "big") * _US_PER_MS or told_us
                of = id_text(RELEASE, release), unit
                self.exposed_at_us[of] = min(at_us, self.exposed_at_us.get(of, at_us))

    def _bucket(self, app: str, call: bytes, version: bytes, second: int) -> Bucket:
        key = ((app, call[12:30], version), second)
        found = self._seconds.get(key)
        if found is None:
            found = self._seconds[key] = Bucket()
        return found

    def enrolments(self) -> Iterator[Enrolment]:
        for (release, unit), (place, events) in self._units.items():
            yield Enrolment(id_text(RELEASE, release), unit, Arm(place[0]), place[1], events)

    def rollups(self, host: str) -> Iterator[Rollup]:
        for width_s in WIDTHS_S:
            buckets: dict[tuple[Identity, int], Bucket] = {}
            for (identity, second), bucket in self._seconds.items():
                start_s = second - second % width_s
                buckets.setdefault((identity, start_s), Bucket()).add(bucket)
            for (identity, start_s), bucket in buckets.items():
                yield rollup(host, identity, start_s, width_s, bucket)
