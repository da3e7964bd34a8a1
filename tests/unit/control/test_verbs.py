"""What people do besides releasing: each deed is audited in its own transaction, and published when routing changes."""

from __future__ import annotations

import hashlib

import pytest

from serinus.control.clear_override import clear_override
from serinus.control.configure_app import configure_app
from serinus.control.configure_endpoint import configure_endpoint
from serinus.control.create_key import create_key
from serinus.control.export_audit import export_audit
from serinus.control.make_live import make_live
from serinus.control.pause_release import pause_release
from serinus.control.push_version import push_version
from serinus.control.resume_release import resume_release
from serinus.control.revoke_key import revoke_key
from serinus.control.roll_back_release import roll_back_release
from serinus.control.set_override import set_override
from serinus.control.verify_audit import verify_audit
from serinus.core.errors import Conflict, IllegalTransition, InvalidInput, NotFound, TemplateError
from serinus.core.pipeline.app import AppConfig
from serinus.core.release.table import State
from serinus.core.routing.snapshot import Endpoint, Message
from serinus.core.versions.content import VersionContent
from tests.unit.control.production import PERSON, START_US, Production


def content(text: str) -> VersionContent:
    """A version's content."""
    return VersionContent(endpoint="main", model="m", messages=(Message(role="system", template=text),))


def test_B2_the_same_content_is_the_same_version() -> None:
    """Pushed twice it is one version; one changed byte makes another; the audit has one entry for each."""
    world = Production()
    again, created = push_version(world.control, START_US + 9, "bob", "shop", content("You are a shop."))
    assert (again.name, again.created_by, created) == (world.baseline.name, PERSON, False)
    other, created = push_version(world.control, START_US, PERSON, "shop", content("You are a shop!"))
    assert created
    assert other.digest != world.baseline.digest
    assert [action for action, _ in world.audit()].count("person:version:push") == 3


def test_a_prompt_that_does_not_compile_is_refused() -> None:
    """A version that no gateway could serve is not registered."""
    world = Production()
    with pytest.raises(TemplateError):
        push_version(world.control, 1, PERSON, "shop", content("{{ unclosed"))


def test_B3_names_count_up_within_the_iso_week() -> None:
    """Names carry app, ISO year and week in UTC, and a number that begins again each week."""
    world = Production()
    assert world.baseline.name == "shop-2025-W48-1"
    assert world.candidate.name == "shop-2025-W48-2"
    new_year_us = 1_767_225_600_000_000  # 2026-01-01, a Thursday: ISO week 1
    assert push_version(world.control, new_year_us, PERSON, "shop", content("a"))[0].name == "shop-2026-W01-1"
    late_december_us = 1_735_516_800_000_000  # 2024-12-30, a Monday: ISO week 1 of 2025
    assert push_version(world.control, late_december_us, PERSON, "shop", content("b"))[0].name == "shop-2025-W01-1"


def test_A7_live_is_set_once_and_changed_by_releases() -> None:
    """The first version is made live by hand; after that only a release changes it."""
    world = Production()
    with pytest.raises(Conflict, match="live version already") as refused:
        make_live(world.control, 1, PERSON, "shop", world.candidate.name, "")
    assert "start a release" in refused.value.mend
    assert make_live(world.control, 1, PERSON, "shop", world.baseline.name, "").live == world.baseline.digest


def test_J3_override_pins_to_versions_that_were_live() -> None:
    """A pin is in the next snapshot at once; a version that never was live is refused."""
    world = Production()
    with pytest.raises(Conflict, match="never live"):
        set_override(world.control, 1, PERSON, "shop", world.candidate.name, "")
    before = world.routing().revision
    set_override(world.control, 1, PERSON, "shop", world.baseline.name, "incident")
    assert world.routing().revision == before + 1
    assert world.routing().apps["shop"].override == world.baseline.digest
    clear_override(world.control, 1, PERSON, "shop", "over")
    assert world.routing().apps["shop"].override is None
    assert clear_override(world.control, 1, PERSON, "shop", "again").override is None
    assert world.routing().revision == before + 2


def test_keys_open_until_revoked() -> None:
    """A key is stored as its hash only, calls the apps it names, and is out of the snapshot once revoked."""
    world = Production()
    key, text = create_key(world.control, 1, PERSON, world.ids, bytes(32), "ci", ("editor",), ("shop",))
    assert hashlib.sha256(text.encode()).hexdigest() == key.sha256
    (caller,) = world.routing().callers
    assert (caller.key_sha256, caller.apps, caller.may_pin) == (key.sha256, ("shop",), False)
    assert all(text not in line.decode() for line in export_audit(world.control))
    assert revoke_key(world.control, 2, PERSON, key.id).revoked_at_us == 2
    assert revoke_key(world.control, 3, PERSON, key.id).revoked_at_us == 2
    assert world.routing().callers == ()
    with pytest.raises(NotFound):
        revoke_key(world.control, 3, PERSON, "key_none")


def test_keys_of_the_api_alone_do_not_call() -> None:
    """A key without apps is in no snapshot; one of a releaser may pin versions by header."""
    world = Production()
    create_key(world.control, 1, PERSON, world.ids, bytes(32), "console", ("viewer",), ())
    create_key(world.control, 1, PERSON, world.ids, b"1" * 32, "lead", ("release_manager",), ("*",))
    assert [(c.name, c.may_pin) for c in world.routing().callers] == [("lead", True)]
    with pytest.raises(InvalidInput, match="unknown role"):
        create_key(world.control, 1, PERSON, world.ids, b"2" * 32, "x", ("king",), ())
    with pytest.raises(InvalidInput, match="without a name"):
        create_key(world.control, 1, PERSON, world.ids, b"2" * 32, " ", (), ())


def test_the_same_declaration_changes_nothing() -> None:
    """Configuring twice is configuring once: no second snapshot, no second audit entry."""
    world = Production()
    revision, entries = world.routing().revision, len(world.audit())
    world.configure()
    configure_endpoint(world.control, 9, PERSON, Endpoint(name="main", base_url="http://127.0.0.1:1/v1"))
    assert (world.routing().revision, len(world.audit())) == (revision, entries)
    world.configure(fallback_message="later")
    assert world.routing().apps["shop"].fallback_message == "later"


@pytest.mark.parametrize(
    "config",
    [
        AppConfig(name=""),
        AppConfig(name="No Spaces"),
        AppConfig(name="x" * 64),
        AppConfig(name="a", overdue_s=0),
        AppConfig(name="a", payload_share=1.5),
    ],
)
def test_impossible_apps_are_refused(config: AppConfig) -> None:
    """A refusal names the field and how to mend it."""
    with pytest.raises(InvalidInput) as refused:
        configure_app(Production().control, 1, PERSON, config)
    assert refused.value.where.startswith("app.")
    assert refused.value.mend


@pytest.mark.parametrize("url", ["", "api.example.com", "ftp://x/y", "https://", "https://me:secret@example.com/v1"])
def test_impossible_endpoints_are_refused(url: str) -> None:
    """Only http(s) URLs without passwords; the refusal does not repeat the password."""
    with pytest.raises(InvalidInput) as refused:
        configure_endpoint(Production().control, 1, PERSON, Endpoint(name="e", base_url=url))
    assert "secret" not in str(refused.value)


def test_a_person_compares_and_swaps() -> None:
    """Who decides on an old view is told of the newer one; who names no seq decides on what is there."""
    world = Production()
    release = world.start()
    held = pause_release(world.control, 1, PERSON, release.id, "", expected_seq=release.seq)
    with pytest.raises(Conflict, match=f"seq {held.seq}"):
        resume_release(world.control, 1, PERSON, release.id, "", expected_seq=release.seq)
    with pytest.raises(IllegalTransition, match="paused cannot pause"):
        pause_release(world.control, 1, PERSON, release.id, "")
    assert resume_release(world.control, 1, PERSON, release.id, "").state is State.RUNNING
    with pytest.raises(NotFound):
        pause_release(world.control, 1, PERSON, "rel_none", "")


def test_a_person_rolls_back_at_once() -> None:
    """The snapshot of the same transaction serves the baseline to all; the reason is on record."""
    world = Production()
    release = world.start()
    gone = roll_back_release(world.control, 1, PERSON, release.id, "rude answers")
    routed = world.routing().apps["shop"].release
    assert routed is not None
    assert not routed.serving
    assert gone.final_revision == world.routing().revision
    assert ("person:release:roll_back", f"{PERSON} rolled the release back: rude answers") in world.audit()


def test_L1_the_chain_of_all_deeds_is_whole() -> None:
    """Every deed is in the chain, and the exported lines are all of it."""
    world = Production()
    world.start()
    world.seconds(2)
    checked, faults = verify_audit(world.control)
    assert checked == len(world.audit()) == len(list(export_audit(world.control)))
    assert faults == []
