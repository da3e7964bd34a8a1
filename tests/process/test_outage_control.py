"""The control plane goes away under load: killed, stopped in its tracks, or with no disk to write to."""

from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.process import outage
from tests.process.production import Production, production

pytestmark = pytest.mark.process

Act = Callable[[Production], object]


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        pytest.param(lambda found: found.control.kill(), Production.start_control, id="killed"),
        pytest.param(lambda found: found.control.freeze(), lambda found: found.control.thaw(), id="stopped"),
        pytest.param(
            lambda found: resource.prlimit(found.control.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY)),
            lambda found: resource.prlimit(found.control.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2),
            marks=pytest.mark.slow,
            id="without_disk",
        ),
    ],
)
def test_J4_H7_without_control_all_are_on_the_baseline_and_the_release_waits(
    tmp_path: Path, begin: Act, end: Act
) -> None:
    """200s throughout, the baseline alone from the lease on; then the release goes on with the same step, whose dwell
    the outage did not fill, takes each step once, and no record is lost."""
    with production(tmp_path) as found:
        id = outage.climbing(found)
        suffered = outage.suffer(found, id, lambda: begin(found), lambda: end(found))
        found.stack.wait_release(id, "promoted")
        assert found.end()["incomplete"] == 0
        outage.assert_dwell_was_not_filled(found, id, suffered)
        outage.assert_nothing_is_lost(found, id)
        outage.assert_baseline_only(found.stack.calls(), suffered)
