"""What hosts report, and what is wrong with them."""

from __future__ import annotations

import msgspec

from serinus.control.configure_app import configure_app
from serinus.core.fleet import HostStatus, WorkerStatus
from serinus.core.pipeline.app import AppConfig
from serinus.core.routing.snapshot import READER

from .conftest import Api

WORKER = WorkerStatus(instance="a" * 32, pid=1, acked=5, leased=True, dropped=0, reader=READER)
OLD = msgspec.structs.replace(WORKER, instance="b" * 32, reader=0)
STARTING = WorkerStatus(instance="c" * 32, pid=0, acked=0, leased=False, dropped=0)


def report(api: Api, **hosts: tuple[WorkerStatus, ...]) -> None:
    """Put these hosts' reports."""
    with api.telemetry.tx() as tx:
        for host, workers in hosts.items():
            tx.put_host(HostStatus(host=host, beat=1, shipped_until_us=api.clock.at_us, workers=workers))


def test_H13_a_host_that_cannot_say_a_message_is_warned_of(api: Api) -> None:
    """Only where some app's callers need it, and not for a worker that has told nothing yet."""
    report(api, new=(WORKER, STARTING), old=(WORKER, OLD))
    assert {item["host"]: item["warning"] for item in api.ok("GET", "/hosts")["items"]} == {"new": "", "old": ""}
    configure_app(api.control, 1, "test", AppConfig(name="fresh", fallback_message="One moment."))
    found = {item["host"]: item["warning"] for item in api.ok("GET", "/hosts")["items"]}
    assert found["new"] == ""
    assert found["old"] == (
        "Host old runs gateway workers of an earlier Serinus: where nothing is live they answer 503 instead of the "
        "fallback message of fresh; upgrade Serinus there"
    )
