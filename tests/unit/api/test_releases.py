"""Releases over the API."""

from __future__ import annotations

import pytest

from serinus.core.fleet import HostStatus, InFlight, WorkerStatus
from serinus.core.records.record import Event
from serinus.core.records.sums import ENROLLED, Rollup, Sum, SumKey
from serinus.core.routing.assignment import Arm

from .conftest import Api


def _started(api: Api) -> str:
    _, second = api.prepared()
    return str(api.ok("POST", "/releases", {"app": "bot", "version": second, "reason": "kinder"})["id"])


def test_a_release_is_started_paused_resumed_and_rolled_back(api: Api) -> None:
    """Each act answers with the release as it is then, with a reason that names the actor."""
    release = _started(api)
    acts = {"pause": "paused", "resume": "running", "rollback": "rolling_back"}
    for seq, (verb, state) in enumerate(acts.items(), 2):
        shown = api.ok("POST", f"/releases/{release}/{verb}", {"reason": "because"})
        assert (shown["state"], shown["seq"]) == (state, seq)
        assert shown["reason"].startswith("root (")
        assert shown["reason"].endswith(": because")
    assert api.ok("GET", f"/releases/{release}")["share"] == 0.0


def test_an_abort_takes_the_candidate_out(api: Api) -> None:
    """Without a body no reason is given."""
    assert api.ok("POST", f"/releases/{_started(api)}/abort")["state"] == "aborting"


@pytest.mark.parametrize("seq", ["1", '"1"', 'W/"1"', "*"])
def test_an_act_on_the_release_as_seen_is_done(api: Api, seq: str) -> None:
    """If-Match is the release's seq, quoted or not, or anything."""
    assert api.ask("POST", f"/releases/{_started(api)}/pause", {}, if_match=seq).status_code == 200


def test_an_act_on_a_release_that_has_changed_is_refused(api: Api) -> None:
    """Whoever saw an older release decides again."""
    release = _started(api)
    seen = api.ask("GET", f"/releases/{release}").headers["etag"]
    api.ok("POST", f"/releases/{release}/pause")
    response = api.ask("POST", f"/releases/{release}/rollback", {}, if_match=seen)
    assert (response.status_code, response.json()["code"]) == (409, "conflict")
    assert api.ask("POST", f"/releases/{release}/rollback", {}, if_match="soon").status_code == 422


def test_what_the_table_does_not_allow_is_refused_with_what_is_possible(api: Api) -> None:
    """A running release cannot resume."""
    response = api.ask("POST", f"/releases/{_started(api)}/resume")
    assert (response.status_code, response.json()["code"]) == (409, "illegal_transition")
    assert "pause" in response.json()["mend"]


def test_A6_a_release_without_a_plan_is_refused(api: Api) -> None:
    """What is missing is named with the lines to write."""
    _, second = api.prepared()
    api.ok("PUT", "/apps/bot", {})
    response = api.ask("POST", "/releases", {"app": "bot", "version": second})
    assert response.status_code == 422
    assert "owner" in response.json()["mend"]


def test_releases_are_listed_by_app_and_state(api: Api) -> None:
    """Filters narrow the listing; an app without releases has none."""
    release = _started(api)
    assert [r["id"] for r in api.ok("GET", "/releases?app=bot&state=running&state=paused")["items"]] == [release]
    assert api.ok("GET", "/releases?app=bot&state=promoted")["items"] == []
    assert api.ok("GET", "/releases?app=other")["items"] == []
    assert api.ok("GET", "/apps/bot")["release"] == release


def test_before_any_data_nothing_is_claimed(api: Api) -> None:
    """No data is null and not 0 % or 0 s."""
    standing = api.ok("GET", f"/releases/{_started(api)}")["standing"]
    assert [event["rate"] for arm in standing["arms"] for event in arm["events"]] == [None, None]
    assert standing["data_age_s"] is None
    assert standing["log_e"] == 0.0
    assert standing["followers"]["workers"] == 0


def test_H5_the_standing_shows_sums_rates_and_evidence(api: Api) -> None:
    """Units and first bad events of all strata, the evidence of the tick's own judgement, dwell, flights, followers."""
    release = _started(api)
    with api.telemetry.tx() as tx:
        for arm, units, bad in ((Arm.CANDIDATE, 400, 60), (Arm.CONTROL, 400, 10)):
            tx.add_sums(
                [
                    (SumKey(release, 0, ENROLLED, arm), Sum(total=units)),
                    (SumKey(release, 0, "call.error", arm), Sum(total=bad)),
                ]
            )
        worker = WorkerStatus(instance="a" * 32, pid=1, acked=5, leased=True, dropped=0)
        late = WorkerStatus(instance="b" * 32, pid=2, acked=4, leased=False, dropped=0)
        flight = InFlight(app="bot", release=release, stratum=0, arm=Arm.CANDIDATE, count=3, oldest_ms=1500)
        shipped_us = api.clock.at_us - 2_500_000
        tx.put_host(
            HostStatus(host="h", beat=1, shipped_until_us=shipped_us, workers=(worker, late), in_flight=(flight,))
        )
    standing = api.ok("GET", f"/releases/{release}")["standing"]
    candidate, control = standing["arms"]
    assert (candidate["arm"], candidate["units"], candidate["in_flight"]) == ("candidate", 400, 3)
    assert candidate["oldest_in_flight_s"] == 1.5
    assert candidate["events"] == [{"metric": "call.error", "units": 60, "rate": 0.15}]
    assert control["events"] == [{"metric": "call.error", "units": 10, "rate": 0.025}]
    assert standing["evidence"][0]["culprit"] is True
    assert standing["log_e"] > standing["needed_log_e"] == pytest.approx(4.60517)
    assert standing["dwell"]["candidate_units"] == 400
    assert standing["data_age_s"] == 2.5
    assert standing["followers"]["following"] == 1
    assert standing["followers"]["behind"] == ["h/" + "b" * 32]
    assert Event.ERROR == 1


def test_E3_each_metric_is_beside_itself_in_every_place(api: Api) -> None:
    """A place that has seen nothing is null, and so is a bound that nobody knows."""
    release = _started(api)
    with api.telemetry.tx() as tx:
        for arm, bad in ((Arm.CANDIDATE, 60), (Arm.CONTROL, 0)):
            tx.add_sums(
                [
                    (SumKey(release, 0, ENROLLED, arm), Sum(total=400)),
                    (SumKey(release, 0, "call.error", arm), Sum(total=bad)),
                ]
            )
    (row,) = api.ok("GET", f"/releases/{release}")["side_by_side"]
    assert (row["metric"], row["unit"], row["margin"], row["gap"]) == ("call.error", "share", 1.25, "")
    assert row["offline"] is row["shadow"] is None
    live = row["live"]
    assert (live["n"], live["candidate"], live["baseline"], live["ratio"], live["high"]) == (400, 0.15, 0.0, None, None)
    assert live["low"] > 1


def test_E3_a_score_that_nobody_gave_is_in_no_row(api: Api) -> None:
    """Calls alone tell no mean of scores: no data is no row, and never 0."""
    release = _started(api)
    start_us = api.clock.at_us // 1_000_000 * 1_000_000
    with api.telemetry.tx() as tx:
        tx.add_sums([(SumKey(release, 0, ENROLLED, arm), Sum(total=400)) for arm in (Arm.CANDIDATE, Arm.CONTROL)])
        tx.add_rollups(
            [
                Rollup(
                    host="h", app="bot", release=release, stratum=0, arm=arm, version="", width_s=1,
                    start_us=start_us, events={},
                    requests=400, cost_nano=4000, priced=400,
                )
                for arm in (Arm.CANDIDATE, Arm.CONTROL)
            ]
        )  # fmt: skip
    rows = {row["metric"]: row["live"] for row in api.ok("GET", f"/releases/{release}")["side_by_side"]}
    assert rows["cost.per_call"]["candidate"] == rows["cost.per_call"]["baseline"]
    assert not [name for name in rows if name.startswith(("judge.", "feedback."))]


def test_L1_every_act_is_in_the_audit_trail_and_the_chain_is_whole(api: Api) -> None:
    """Newest first, by subject, verified."""
    release = _started(api)
    api.ok("POST", f"/releases/{release}/pause", {"reason": "lunch"})
    entries = api.ok("GET", f"/audit?subject={release}")["items"]
    assert [entry["action"].rpartition(":")[2] for entry in entries] == ["pause", "start", "create"]
    assert "lunch" in entries[0]["reason"]
    verified = api.ok("POST", "/audit/verify")
    assert verified["whole"]
    assert verified["checked"] == len(api.ok("GET", "/audit?limit=200")["items"])


def test_hosts_are_shown(api: Api) -> None:
    """As they reported, with the age of their data."""
    with api.telemetry.tx() as tx:
        tx.put_host(HostStatus(host="b", beat=1, shipped_until_us=api.clock.at_us - 1_000_000, spool_bytes=7))
        tx.put_host(HostStatus(host="a", beat=1, shipped_until_us=api.clock.at_us + 1))
    shown = api.ok("GET", "/hosts")["items"]
    assert [(host["host"], host["lag_s"], host["spool_bytes"]) for host in shown] == [("a", 0.0, 0), ("b", 1.0, 7)]
