"""What a worker makes of the files that its host agent writes."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any, cast

import pytest

from serinus.core.fleet import WorkerStatus
from serinus.core.routing import lease
from serinus.core.routing.assignment import RampPoint
from serinus.core.routing.snapshot import App, Endpoint, Release, Snapshot, Version, encode
from serinus.gateway.host_watch import HostWatch
from serinus.gateway.log import Log
from serinus.gateway.routes import Routes

BOOT = 7
SECOND_NS = 1_000_000_000
LIVE, CANDIDATE = "11" * 32, "22" * 32


class Later(Executor):
    """An executor that does its work when told."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()

        def work() -> None:
            try:
                future.set_result(fn(*args, **kwargs))
            except Exception as error:  # noqa: BLE001 - as executors do
                future.set_exception(error)

        self.waiting.append(work)
        return future

    def work(self) -> None:
        waiting, self.waiting = self.waiting, []
        for one in waiting:
            one()


class Loop:
    """A loop whose callbacks run at once; their errors are kept, as a loop's handler gets them."""

    def __init__(self) -> None:
        self.errors: list[Exception] = []

    def call_soon_threadsafe(self, callback: Callable[..., None], *args: Any) -> None:
        try:
            callback(*args)
        except Exception as error:  # noqa: BLE001 - as loops do
            self.errors.append(error)


class Bench:
    """A worker's watch on a host directory, and an agent's hand on it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "workers").mkdir()
        self.now_ns = 100 * SECOND_NS
        self.renewals = 0
        self.executor, self.loop, self.text = Later(), Loop(), io.StringIO()
        self.adopted: list[Routes] = []
        self.watch = HostWatch(
            root,
            "ab" * 16,
            boot=BOOT,
            loop=cast("asyncio.AbstractEventLoop", self.loop),
            executor=self.executor,
            environment={},
            adopt=self.adopted.append,
            status=lambda: WorkerStatus(instance="ab" * 16, pid=1, acked=0, leased=False, dropped=0),
            log=Log(self.text, lambda: 0, lambda: self.now_ns),
        )

    def publish(self, raw: bytes) -> None:
        fresh = self.root / "fresh"
        fresh.write_bytes(raw)
        fresh.rename(self.root / "snapshot")

    def renew(self) -> None:
        self.renewals += 1
        (self.root / "lease").write_bytes(lease.encode(self.renewals, self.now_ns, BOOT))

    def poll(self, after_s: float = 0.02) -> None:
        self.now_ns += int(after_s * SECOND_NS)
        self.watch.poll(self.now_ns)

    def serves(self) -> bool:
        """Whether a call that arrives now may be served by the candidate."""
        return self.now_ns < self.adopted[-1].apps["bot"].serve_until_ns

    def begin(self) -> None:
        """Serve the candidate of revision 5 under a lease that was renewed a moment ago."""
        self.publish(_snapshot(5))
        self.watch.load_now()
        for _ in range(2):
            self.renew()
            self.poll()
        assert self.serves()


def _snapshot(revision: int, **changes: Any) -> bytes:
    version = Version(digest=LIVE, name="v1", behaviour=LIVE, endpoint="up", model="m")
    newer = Version(digest=CANDIDATE, name="v2", behaviour=CANDIDATE, endpoint="up", model="m")
    ramp = (RampPoint(revision=1, step=0, share=0.5),)
    release = Release(id="rel_" + "ab" * 16, salt="s", candidate=CANDIDATE, control=LIVE, ramp=ramp)
    fields: dict[str, Any] = {
        "revision": revision,
        "issued_at_us": 1,
        "mac_key": "00" * 32,
        "pseudonym_key": "11" * 32,
        "endpoints": {"up": Endpoint(name="up", base_url="http://127.0.0.1:9/v1")},
        "versions": {LIVE: version, CANDIDATE: newer},
        "apps": {"bot": App(name="bot", live=LIVE, release=release)},
    }
    return encode(Snapshot(**{**fields, **changes}))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    found = Bench(tmp_path)
    found.begin()
    return found


@pytest.mark.parametrize("raw", [b"torn", _snapshot(6, mac_key="not hex"), _snapshot(4)])
def test_J4_a_snapshot_that_is_passed_over_leaves_no_candidate_to_the_old_one(bench: Bench, raw: bytes) -> None:
    """It may be the one that takes the candidate out; the baseline of the old routes serves on."""
    bench.publish(raw)
    bench.poll()
    bench.executor.work()
    bench.renew()
    bench.poll()
    assert not bench.serves()
    assert not bench.watch.leased
    assert [routes.revision for routes in bench.adopted] == [5]
    assert bench.text.getvalue().count("snapshot_refused") == 1
    bench.publish(_snapshot(7))
    bench.poll()
    bench.executor.work()
    bench.poll()
    assert bench.serves()


def test_J4_a_worker_that_wakes_up_serves_no_candidate_by_the_old_routes(bench: Bench) -> None:
    """It was stopped for an hour while the release was rolled back; the lease beside the new snapshot is fresh."""
    bench.publish(_snapshot(6, apps={"bot": App(name="bot", live=LIVE)}))
    bench.now_ns += 3600 * SECOND_NS
    bench.renew()
    for _ in range(3):
        bench.poll()
        assert not bench.serves()
    bench.executor.work()
    assert [routes.revision for routes in bench.adopted] == [5, 6]


def test_a_snapshot_that_the_disk_does_not_give_is_read_again(bench: Bench) -> None:
    """Meanwhile nobody serves a candidate, and the log is not flooded."""
    path = bench.root / "snapshot"
    path.unlink()
    path.mkdir()
    bench.poll()
    for _ in range(3):
        bench.executor.work()
        bench.poll()
        assert not bench.serves()
    assert bench.text.getvalue().count("snapshot_not_read") == 1
    path.rmdir()
    bench.publish(_snapshot(6))
    bench.executor.work()
    bench.poll()
    bench.executor.work()
    assert bench.adopted[-1].revision == 6


def test_a_fault_while_a_snapshot_is_made_ready_leaves_no_candidate(bench: Bench) -> None:
    """Whatever the fault: until a snapshot is adopted, the old one may be one that was taken back."""
    bench.publish(_snapshot(6))
    bench.poll()
    bench.executor.waiting.clear()
    failed: Future[Any] = Future()
    failed.set_exception(ValueError("a bug"))
    bench.loop.call_soon_threadsafe(bench.watch._loaded, failed)
    bench.renew()
    bench.poll()
    assert not bench.serves()
    assert len(bench.loop.errors) == 1


def test_a_key_that_is_not_there_is_told_once(bench: Bench) -> None:
    """With the endpoint and the variable, not at every new snapshot; none is told for an endpoint without a key."""
    keyed = Endpoint(name="up", base_url="http://127.0.0.1:9/v1", api_key_env="PROVIDER_KEY")
    assert "key_not_set" not in bench.text.getvalue()
    for revision in (6, 7):
        bench.publish(_snapshot(revision, endpoints={"up": keyed}))
        bench.poll()
        bench.executor.work()
    assert bench.adopted[-1].revision == 7
    told = [line for line in bench.text.getvalue().splitlines() if "key_not_set" in line]
    assert len(told) == 1
    assert '"endpoint":"up","variable":"PROVIDER_KEY"' in told[0]
