"""The ship loop: what is counted, when, and how often."""

from __future__ import annotations

from pathlib import Path

import pytest

from serinus.agent.report import HostReport
from serinus.agent.ship import Shipper, ShipSettings
from serinus.core.errors import Conflict, InvalidInput
from serinus.core.records import histogram
from serinus.core.records.record import Event
from tests.fake_workers import FakeWorker, begin, end, raw_call
from tests.unit.agent.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def _call(world: World, worker: FakeWorker, number: int, events: int = 0, **place: int) -> None:
    call = raw_call(number, **place)
    worker.write(begin(call, world.clock), end(call, world.clock, events))


def test_a_unit_is_enrolled_once_and_its_first_event_counts_once(world: World) -> None:
    """Two calls of one unit with two errors are one enrolled unit and one error in the sums; rollups count both."""
    worker = world.worker()
    for number in (1, 2):
        _call(world, worker, number, Event.ERROR, unit=9)
        world.round()
    assert world.sums() == {("enrolled", 0, 1): 1, ("call.error", 0, 1): 1}
    assert world.requests() == world.requests(60) == 2
    assert world.events() == {Event.ERROR: 2}


def test_only_the_compared_arms_are_enrolled(world: World) -> None:
    """Rest, pinned and a closed comparison (stratum −1) are in the rollups and not in the sums."""
    worker = world.worker()
    _call(world, worker, 1, arm=0, stratum=-1)
    _call(world, worker, 2, arm=4)
    _call(world, worker, 3, arm=1, stratum=-1)
    _call(world, worker, 4, arm=2, stratum=1)
    world.round()
    assert world.sums() == {("enrolled", 1, 2): 1}
    assert world.requests() == 4


def test_rollups_add_tokens_cost_and_histograms(world: World) -> None:
    """A rollup holds the totals of its calls, and their latencies as a histogram in µs."""
    worker = world.worker()
    for number, latency_us in ((1, 1000), (2, 9000)):
        call = raw_call(number)
        worker.write(begin(call, world.clock), end(call, world.clock, latency_us=latency_us))
        world.round()
    (rollup,) = world.rollups(60)
    assert (rollup.tokens_in, rollup.tokens_out, rollup.cost_nano) == (20, 40, 3000)
    assert histogram.decode(rollup.latency).quantile(1.0) == pytest.approx(9000, rel=0.01)
    assert histogram.decode(rollup.ttft).count == 2


def test_the_watermark_waits_for_what_is_left_to_ship(tmp_path: Path) -> None:
    """A round that stops at its batch limit reports, but does not claim to have shipped everything."""
    world = World(tmp_path, settings=ShipSettings(batch_bytes=2000))
    worker = world.worker()
    world.round()
    empty_until_us = world.report().shipped_until_us
    world.clock.advance(5)
    for number in range(40):
        _call(world, worker, number)
    assert not world.round().complete
    assert world.report().shipped_until_us == empty_until_us
    while not world.round().complete:
        pass
    world.clock.advance(1)
    world.round()
    assert world.report().shipped_until_us == world.clock.wall_us
    assert world.requests() == 40


def test_an_idle_host_reports_each_second_and_at_once_on_an_acknowledgement(world: World) -> None:
    """The beat counts reports; an acknowledged revision does not wait for the next second."""
    worker = world.worker()
    world.round()
    assert [w.acked for w in world.report().workers] == [0], "a worker that said nothing follows nothing"
    beat = world.report().beat
    world.clock.advance(0.1)
    world.round()
    assert world.report().beat == beat
    worker.report(acked=7)
    assert world.round().acked == 7
    assert (world.report().beat, world.report().workers[0].acked) == (beat + 1, 7)
    world.clock.advance(1)
    world.round()
    assert world.report().beat == beat + 2
    world.start_agent().round()
    assert world.report().beat == beat + 3, "beats go on over a restart"


def test_a_dead_workers_open_calls_are_logged_once_and_its_files_go(world: World) -> None:
    """After `kill -9` of a worker its unfinished calls are rows of their own, and nothing of it is left on disk."""
    worker = world.worker()
    _call(world, worker, 1)
    lost = raw_call(2)
    worker.write(begin(lost, world.clock))
    world.round()
    worker.tear(begin(raw_call(3), world.clock))
    worker.die()
    world.clock.advance(100)
    for _ in range(3):
        world.round()
        world.start_agent()
    rows = {row.finished: row for row in world.logged()}
    assert len(world.logged()) == 2
    assert (rows[False].status, rows[False].error) == (0, "infrastructure")
    assert world.events() == {}, "nobody was left to answer: that is no overdue call"
    assert world.report().workers == ()
    assert world.report().in_flight == ()
    assert not list(world.root.rglob(f"{worker.instance}*"))


def test_segments_go_when_nothing_needs_them(world: World) -> None:
    """A shipped and logged segment is deleted once its writer left it, but kept for a call that began in it; a
    restart finds that call again, and those that ended in segments deleted meanwhile stay ended."""
    worker = world.worker()
    slow, quick = raw_call(1), raw_call(2)
    worker.write(begin(slow, world.clock), begin(quick, world.clock))
    worker.fill_segment()
    worker.write(end(quick, world.clock))
    worker.fill_segment()
    for _ in range(3):
        world.clock.advance(3)
        world.round()
    assert world.segments(worker) == [0, 2]
    world.start_agent().round()
    assert [group.count for group in world.report().in_flight] == [1]
    worker.write(end(slow, world.clock))
    for _ in range(3):
        world.clock.advance(3)
        world.round()
    assert world.segments(worker) == [2]
    assert len(world.logged()) == world.requests() == 2


def test_a_call_whose_end_found_no_room_lets_its_segment_go(world: World) -> None:
    """A minute after its own limit it is in flight no more and its segment goes, while its worker lives on; it counts
    as overdue once, as it did before, also over a restart. An End that comes all the same counts."""
    worker = world.worker()
    call = raw_call(1)
    worker.write(begin(call, world.clock, total_ms=600_000))
    worker.fill_segment()
    world.clock.advance(650)
    world.round()
    world.clock.advance(2)
    world.round()
    assert (world.segments(worker), world.report().in_flight[0].count) == ([0, 1], 1)
    world.start_agent()
    world.clock.advance(8)
    world.round()
    world.clock.advance(2)
    world.round()
    assert (world.segments(worker), world.report().in_flight) == ([1], ())
    world.start_agent().round()
    assert (world.sums()["call.overdue", 0, 1], world.requests()) == (1, 0)
    worker.write(end(call, world.clock))
    world.round()
    assert (world.sums()["call.overdue", 0, 1], world.requests()) == (1, 1)


def test_while_a_worker_has_not_told_its_drops_no_call_is_closed(world: World) -> None:
    """Its answer may be among them, or lie where it was not read yet: whoever cannot be judged is not closed."""
    worker = world.worker()
    worker.write(begin(raw_call(1), world.clock, total_ms=1000))
    worker.report(acked=1, dropped=1)
    world.clock.advance(3600)
    world.round()
    assert world.report().in_flight[0].count == 1


def test_a_segment_stays_until_its_calls_are_in_the_event_log(world: World) -> None:
    """Shipped is not enough: the rows exist only in the spool until they are flushed."""
    worker = world.worker()
    _call(world, worker, 1)
    worker.fill_segment()
    world.round()
    assert (world.segments(worker), world.logged()) == ([0, 1], [])
    world.clock.advance(2)
    world.round()
    assert (world.segments(worker), len(world.logged())) == ([1], 1)


def test_two_agents_on_one_host_count_nothing_twice(world: World) -> None:
    """The one whose offsets are stale is refused, believes the store, and goes on."""
    worker = world.worker()
    other = Shipper("host-2", world.host, world.store, world.log, world.clock, world.settings)
    _call(world, worker, 1)
    world.round()
    other.round()
    _call(world, worker, 2)
    world.round()
    with pytest.raises(Conflict):
        other.round()
    other.round()
    assert world.requests() == 2


def test_two_hosts_of_one_name_do_not_hide_each_others_workers(world: World, tmp_path: Path) -> None:
    """The one that was there first is told so and ships no more, so that its lease lapses; when the other has been
    silent for long enough, it goes on and has lost nothing."""
    world.worker(1)
    world.round()
    shipped = world.shipper.shipped_mono_ns
    elsewhere = World(tmp_path / "elsewhere")
    elsewhere.store, elsewhere.clock = world.store, world.clock
    second = elsewhere.start_agent()
    namesake = elsewhere.worker(2)
    second.round()
    for _ in range(12):
        world.clock.advance(1)
        second.round()
        with pytest.raises(InvalidInput, match="host-1 too"):
            world.round()
        assert [worker.instance for worker in world.report().workers] == [namesake.instance]
    assert world.shipper.shipped_mono_ns == shipped
    _call(world, world.worker(3), 1)
    for _ in range(10):
        with pytest.raises(InvalidInput):
            world.round()
        world.clock.advance(1)
    world.round()
    assert world.requests() == 1


def test_a_report_whose_commit_looked_cut_is_ones_own() -> None:
    """The agent goes on from it at once: it is nobody else's."""
    report = HostReport("host-1", 1.0)
    report.begin(None)
    tried = report.status((), 0)
    report.check(tried, 0)
    assert report.status((), 0).beat == tried.beat + 1


def test_an_unreadable_spool_stops_the_watermark_and_nobody_else(world: World) -> None:
    """A segment that is not one is reported as a fault; other workers' records go on into the sums."""
    broken, sound = world.worker(1), world.worker(2)
    _call(world, broken, 1)
    _call(world, sound, 2)
    path = world.root / "spool" / broken.instance / "00000000.spool"
    path.write_bytes(b"NOTSPOOL" + path.read_bytes()[8:])
    done = world.round()
    assert (done.complete, len(done.faults)) == (False, 1)
    assert world.requests() == 1
    assert world.report().shipped_until_us == 0
    assert world.shipper.shipped_mono_ns == 0


def test_stopping_ships_and_logs_everything_and_takes_the_host_off(world: World) -> None:
    """With no worker left the host is no longer listed; with one left it stays."""
    worker = world.worker()
    _call(world, worker, 1)
    world.shipper.finish()
    assert len(world.logged()) == 1
    assert world.report().host == "host-1"
    worker.die()
    world.shipper.finish()
    with world.store.tx() as tx:
        assert tx.hosts() == []


def test_a_user_of_a_forgotten_release_is_not_counted_anew(world: World) -> None:
    """What comes after its units were pruned counts in rollups, and in no sum of the release, whoever ships it."""
    worker = world.worker()
    _call(world, worker, 1, Event.ERROR, unit=9)
    world.round()
    before = world.sums()
    with world.store.tx() as tx:
        (release,) = tx.releases_of_units()
        assert tx.prune_units(release, world.clock.now_us(), 100) == 1
    _call(world, worker, 2, Event.ERROR, unit=9)
    world.start_agent()
    world.round()
    assert world.sums() == before
    assert world.requests() == 2
    with world.store.tx() as tx:
        assert tx.releases_of_units() == []
