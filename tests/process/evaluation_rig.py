"""A store with a release whose offline stage is to run, and workers as processes."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import msgspec

from serinus.adapters.clock import SystemClock, system_random
from serinus.adapters.stores import open_stores
from serinus.cli.evaluation_files import load_suite
from serinus.core.judging.case import raw_lines
from serinus.core.judging.suite import Suite
from serinus.core.pipeline.stages import StageResult
from serinus.core.routing.snapshot import Endpoint
from serinus.core.versions.content import canonical, digests
from serinus.evaluation.store_suite import store_data_set, store_suite
from serinus.files.version_file import parse_version_file
from serinus.ports.control_store import ControlStore, StoredVersion
from serinus.ports.jobs import EVALUATE, EvaluateJob
from tests.contract.values import a_release, an_app

EXAMPLE = Path(__file__).parents[2] / "examples" / "support-bot"
RELEASE = "rel_1"
DEADLINE_S = 60.0


class Rig:
    """A project with the example's suite and versions."""

    def __init__(self, folder: Path, provider_url: str, **changed: Any) -> None:
        self.url = f"sqlite:///{folder / 'stores'}"
        self.folder = folder
        self._provider = provider_url
        self.control: ControlStore
        self.control, self._telemetry = open_stores(self.url, now_us=SystemClock().now_us, random_bytes=system_random)
        self.suite = self._fill(changed)

    def _fill(self, changed: dict[str, Any]) -> Suite:
        loaded = load_suite(EXAMPLE / "suite.yaml")
        suite = msgspec.structs.replace(loaded.suite, **changed)
        assert loaded.data is not None
        candidate, control = (self._version(name) for name in ("better", "baseline"))
        release = msgspec.structs.replace(a_release(), candidate=candidate.digest, control=control.digest)
        with self.control.tx() as tx:
            tx.put_app(an_app())
            tx.put_endpoint(Endpoint(name="sim", base_url=self._provider))
            tx.insert_version(candidate)
            tx.insert_version(control)
            tx.insert_release(release)
        store_data_set(self.control, 1, "ada", "shop", loaded.data.digest, raw_lines(loaded.data.cases))
        store_suite(self.control, 1, "ada", "shop", suite)
        return suite

    def _version(self, name: str) -> StoredVersion:
        content = parse_version_file(name, (EXAMPLE / f"{name}.md").read_bytes())
        named = digests(content)
        return StoredVersion(
            digest=named.version,
            behaviour=named.behaviour,
            app="shop",
            name=name,
            content=canonical(content),
            created_at_us=1,
            created_by="ada",
        )

    def enqueue(self, attempt: int = 1, **changed: Any) -> EvaluateJob:
        """Order a run of the stage."""
        order = EvaluateJob(release=RELEASE, stage=0, attempt=attempt, suites=("golden",))
        order = msgspec.structs.replace(order, **changed)
        with self.control.tx() as tx:
            tx.enqueue_job(order.key, EVALUATE, msgspec.json.encode(order), SystemClock().now_us())
        return order

    def results(self) -> list[StageResult]:
        """What is stored."""
        with self.control.tx() as tx:
            return tx.stage_results(RELEASE)

    def wait_for_results(self, count: int = 1) -> list[StageResult]:
        """As soon as there are so many."""
        wait_until(lambda: len(self.results()) >= count, "no result of the stage")
        return self.results()

    def requests(self) -> int:
        """How many requests the provider has answered."""
        with urlopen(self._provider.replace("/v1", "/sim/stats")) as answer:
            return int(json.load(answer)["requests"])

    def close(self) -> None:
        """Close the stores."""
        self.control.close()
        self._telemetry.close()


@contextlib.contextmanager
def running_worker(rig: Rig, hidden_s: float = 60.0) -> Iterator[subprocess.Popen[str]]:
    """A worker on the rig's store, ready; ends it with SIGTERM, and it must end well unless the test has ended it."""
    command = [sys.executable, "-m", "serinus.bootstrap.evaluation_worker", "--store", rig.url]
    process = subprocess.Popen(
        [*command, "--hidden-s", str(hidden_s)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    with process:
        try:
            assert process.stdout is not None
            assert json.loads(process.stdout.readline())["ready"] is True
            yield process
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                assert process.wait(timeout=20) == 0
        finally:
            process.kill()


def wait_until(holds: Callable[[], bool], otherwise: str) -> None:
    """Return as soon as it holds."""
    end = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < end, otherwise
        time.sleep(0.05)
