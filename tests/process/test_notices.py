"""Notices of real control processes to a real webhook and a real SMTP server: away, stuck, killed in between."""

from __future__ import annotations

import os
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from serinus.control.acknowledge_notice import acknowledge_notice
from serinus.control.configure_app import configure_app
from serinus.control.send_test_notice import send_test_notice
from serinus.core.pipeline.app import AppConfig
from serinus.core.pipeline.notifications import Notifications, Target
from serinus.core.release.table import FINAL
from serinus.core.routing.assignment import Arm
from serinus.ports.control_store import Delivery, Notice, Page
from tests.process.control_rig import PERSON, PLAN, Rig
from tests.receivers import free_port, mailbox, webhook

pytestmark = pytest.mark.process

ID = re.compile(r"^notice \d+ · (\S+)$", re.MULTILINE)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """Stores, app and host; no control yet."""
    made = Rig(tmp_path)
    yield made
    made.close()


def declare(rig: Rig, monkeypatch: pytest.MonkeyPatch, acknowledge_within_s: float = 900, **urls: str) -> None:
    """Each route's target, as a variable of the processes that start from now on."""
    for route, url in urls.items():
        monkeypatch.setenv(f"URL_{route.upper()}", url)
    routes = {route: (Target(url_env=f"URL_{route.upper()}"),) for route in urls}
    notifications = Notifications(acknowledge_within_s=acknowledge_within_s, **routes)  # type: ignore[arg-type]
    config = AppConfig(name="shop", plan=PLAN, notifications=notifications)
    configure_app(rig.control, rig.clock.now_us(), PERSON, config)


def tell(rig: Rig) -> Notice:
    """A test notice to all targets."""
    return send_test_notice(rig.control, rig.clock.now_us(), PERSON, "shop")


def deliveries(rig: Rig, notice: Notice) -> dict[str, Delivery]:
    """By target."""
    with rig.control.tx() as tx:
        return {delivery.target: delivery for delivery in tx.deliveries([notice.id])}


def is_delivered(rig: Rig, notice: Notice) -> bool:
    """To all its targets."""
    with rig.control.tx() as tx:
        found = tx.notice(notice.id)
    return found is not None and found.delivered_at_us > 0


def test_A4_a_rollback_reaches_webhook_and_mail(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tick rolls back, and channel and on-call are told with reason and commands; no URL is in the store."""
    with webhook() as hook, mailbox() as box:
        declare(rig, monkeypatch, release_channel=hook.url(), on_call=box.url())
        rig.start_control("--public-url", "https://serinus.example.com")
        rig.error_rate[Arm.CANDIDATE] = 0.8
        release = rig.start_release()
        rig.wait(lambda: any("rolling back" in mail["subject"] for mail in box.mails))
        rig.wait(lambda: any("Everybody is on the baseline" in post["title"] for _, post in hook.posts))
    titles = [post["title"].partition(":")[0] for _, post in hook.posts]
    assert titles[0] == "Release started"
    assert "Release rolling back" in titles
    body = next(post["message"] for _, post in hook.posts if "rolling back" in post["title"])
    assert f"https://serinus.example.com/api/v1/releases/{release.id}" in body
    assert f"$ serinus release status {release.id}" in body
    files = (path for path in Path(rig.url.removeprefix("sqlite:///")).rglob("*") if path.is_file())
    assert not [path for path in files if b"hunter2" in path.read_bytes()]


def test_A4_a_target_that_comes_back_gets_what_it_missed(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it is away the failures are on record and the other target is served; then it gets the notice, once."""
    port = free_port()
    with webhook() as other:
        declare(rig, monkeypatch, release_channel=f"json://127.0.0.1:{port}/", on_call=other.url())
        rig.start_control()
        notice = tell(rig)
        rig.wait(lambda: bool(other.posts))
        rig.wait(lambda: bool(deliveries(rig, notice)["env:URL_RELEASE_CHANNEL"].fault))
        assert not is_delivered(rig, notice)
        with webhook(port) as back:
            rig.wait(lambda: is_delivered(rig, notice), within_s=40)
    assert len(back.posts) == len(other.posts) == 1


def test_A4_killed_between_sent_and_marked_nothing_is_lost(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """kill -9 while the target has the message and control does not know: the next process sends it again, and both
    have the same id."""
    with webhook() as hook:
        declare(rig, monkeypatch, on_call=hook.url())
        control = rig.start_control()
        hook.before_answer = lambda: os.kill(control.process.pid, signal.SIGKILL)
        notice = tell(rig)
        control.process.wait(30)
        hook.before_answer = lambda: None
        assert len(hook.posts) == 1
        assert not is_delivered(rig, notice)
        rig.start_control()
        rig.wait(lambda: is_delivered(rig, notice), within_s=40)
    ids = [ID.findall(body) for body in hook.bodies()]
    assert len(ids) == 2
    assert ids[0] == ids[1] != []


def test_A4_a_stuck_target_holds_up_no_other(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """One target takes the connection and never answers: ten notices to the other all arrive meanwhile."""
    with webhook() as hook, socket.create_server(("127.0.0.1", 0)) as silent:
        stuck = f"json://127.0.0.1:{silent.getsockname()[1]}/?rto=25"
        declare(rig, monkeypatch, release_channel=stuck, on_call=hook.url())
        rig.start_control()
        for _ in range(10):
            tell(rig)
        rig.wait(lambda: len(hook.posts) == 10)
        with rig.control.tx() as tx:
            assert [d.delivered_at_us for d in tx.deliveries(range(1, 11)) if "CHANNEL" in d.target] == [0] * 10


def test_I1_silence_escalates_and_an_acknowledgement_prevents_it(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rollback that nobody acknowledges within the setting is told to the leads; an acknowledged one is not."""
    with webhook() as pager, webhook() as lead:
        declare(rig, monkeypatch, acknowledge_within_s=5, on_call=pager.url(), leads=lead.url())
        rig.start_control()
        rig.error_rate[Arm.CANDIDATE] = 0.8
        rig.start_release()
        rig.wait(lambda: any(post["title"].startswith("Not acknowledged: shop") for _, post in lead.posts))
        rig.wait(lambda: rig.release().state in FINAL)
        rig.start_release(set_aside="the errors were planted")
        rig.wait(lambda: len(_rollbacks(rig)) == 2)
        seen = acknowledge_notice(rig.control, rig.clock.now_us(), PERSON, _rollbacks(rig)[0].id)
        rig.wait(lambda: rig.clock.now_us() > seen.acknowledge_by_us + 2_000_000)
    escalated = [post["message"] for _, post in lead.posts if "Not acknowledged" in post["title"]]
    assert not [body for body in escalated if f"notice {seen.id} (" in body]


def _rollbacks(rig: Rig) -> list[Notice]:
    with rig.control.tx() as tx:
        return [notice for notice in tx.notices(Page(limit=100))[0] if notice.kind == "roll_back"]
