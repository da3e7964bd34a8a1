"""Where nothing is live: the app's message answers, and only units of the candidate's share are served (H13)."""

from __future__ import annotations

import msgspec
import pytest

from serinus.core.routing.assignment import Arm, RampPoint
from serinus.core.routing.snapshot import App, Release
from serinus.core.wire.refusal import Refusal
from tests.unit.gateway.test_admission import CANDIDATE, LIVE, NOW, Door

MESSAGE = "A colleague will answer."


def app(message: str = MESSAGE, share: float = 0.5, *, released: bool = True) -> App:
    """An app without a live version, in its first release if `released`."""
    release = Release(
        id="rel_" + "ab" * 16,
        salt="s",
        candidate=CANDIDATE,
        control="",
        ramp=(RampPoint(revision=1, step=0, share=share),),
        forced=("forced",),
    )
    return App(name="app", release=release if released else None, unit="request", fallback_message=message)


def test_H13_units_outside_the_share_are_unserved_and_in_no_comparison() -> None:
    """The others get the candidate; a message is no version, so nobody is control."""
    door = Door(apps={"app": app()})
    calls = [door.admit(user=f"u{n}") for n in range(40)]
    served = [call for call in calls if not call.unserved]
    assert {(call.arm, call.stratum, call.version.digest.hex()) for call in served} == {(Arm.CANDIDATE, 0, CANDIDATE)}
    assert {(call.arm, call.stratum) for call in calls if call.unserved} == {(Arm.REST, -1)}
    assert 8 < len(served) < 32
    assert not door.admit(user="forced").unserved


def test_H13_at_full_share_everybody_gets_the_candidate() -> None:
    """A first release holds nobody back: the message is no better for them."""
    door = Door(apps={"app": app(share=1.0)})
    assert not any(door.admit(user=f"u{n}").unserved for n in range(40))


def test_H13_a_lapsed_lease_means_the_message_for_all() -> None:
    """An instance that nobody watches serves no candidate; it has nothing else to serve."""
    door = Door(apps={"app": app(share=1.0)})
    assert all(door.admit(user=f"u{n}", now_ns=NOW + 1).unserved for n in range(20))
    door.room = False
    assert door.admit(user="u").unserved


def test_H13_without_a_release_the_message_answers_and_without_a_message_an_error() -> None:
    """After a rolled back first release callers still get an answer."""
    assert Door(apps={"app": app(released=False)}).admit(user="u").unserved
    with pytest.raises(Refusal, match="no live version"):
        Door(apps={"app": app("", released=False)}).admit(user="u")


def test_H13_a_pause_takes_in_nobody_new_and_conversations_go_on() -> None:
    """Begun before the pause: the candidate still. Begun in it: the message, for opted-in units as well, and the
    candidate once a person has resumed."""
    before = Door(apps={"app": app(share=1.0)}, revision=3)
    begun = before.admit(user="ann")
    going_on = f"x-serinus-conversation: {begun.token}"
    held = app(share=1.0)
    assert held.release is not None
    closed = msgspec.structs.replace(held, release=msgspec.structs.replace(held.release, closed_from=4))
    during = Door(apps={"app": closed}, revision=6)
    assert during.admit(going_on, user="ann").version.digest.hex() == CANDIDATE
    new = during.admit(user="ann")
    assert (new.unserved, new.arm, new.stratum) == (True, Arm.REST, -1)
    assert during.admit(user="forced").unserved
    after = Door(apps={"app": app(share=1.0)}, revision=7)
    assert not after.admit(f"x-serinus-conversation: {new.token}", user="ann").unserved


def test_H13_only_a_first_release_closes() -> None:
    """With something live a paused candidate goes on serving its share: it is compared with what is live."""
    held = app(share=0.5)
    assert held.release is not None
    release = msgspec.structs.replace(held.release, control=LIVE, closed_from=1, forced=())
    door = Door(apps={"app": msgspec.structs.replace(held, live=LIVE, release=release)})
    assert {door.admit(user=f"u{n}").arm for n in range(40)} == {Arm.CANDIDATE, Arm.CONTROL}
