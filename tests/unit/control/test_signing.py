"""What people may do at an approval, and what they are told when they may not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from serinus.control.apply import ACTOR
from serinus.control.approve_release import approve_release
from serinus.control.reject_release import reject_release
from serinus.control.rerun_stage import rerun_stage
from serinus.control.start_release import start_release
from serinus.core.errors import Conflict, IllegalTransition, NotFound, SerinusError
from serinus.core.release.table import State
from serinus.core.routing.assignment import Arm
from tests.unit.control.production import PERSON, Production
from tests.unit.control.signers import BOB, CY, DAN, STAGED, approve, measure, shown_now
from tests.unit.control.test_stages import in_stage


@pytest.fixture
def world() -> Production:
    """A release that waits to be signed."""
    made = Production(STAGED)
    made.start()
    measure(made, "pass")
    in_stage(made, "sign-off")
    return made


def said(world: Production, actor: str, roles: tuple[str, ...], role: str = "", evidence: str = "") -> str:
    """The refusal of an approval."""
    with pytest.raises(SerinusError) as refused:
        approve_release(world.control, 1, actor, roles, world.release().id, evidence or shown_now(world).evidence, role)
    assert refused.value.mend
    return f"{type(refused.value).__name__}: {refused.value.what}"


def test_G1_the_author_and_the_starter_are_refused(world: Production) -> None:
    """In clear text, whatever roles and whichever key they hold."""
    other_key = f"{PERSON.upper()} (000000ff)"
    for actor in (PERSON, other_key):
        assert said(world, actor, ("ml_lead",)) == f"Forbidden: {PERSON} pushed this version, so they cannot approve it"


def test_G1_the_starter_is_refused_too() -> None:
    """Who begins it cannot sign it off."""
    world = Production(STAGED)
    start_release(world.control, 1, BOB, world.ids, "salt", "shop", world.candidate.name, "")
    measure(world, "pass")
    in_stage(world, "sign-off")
    assert said(world, BOB, ("ml_lead",)) == f"Forbidden: {BOB} started this release, so they cannot approve it"


@pytest.mark.parametrize(
    ("roles", "role", "words"),
    [
        ((), "", "Forbidden: sign-off is for ml_lead and ops_lead; this key holds no role"),
        (("admin",), "", "Forbidden: sign-off is for ml_lead and ops_lead; this key holds admin"),
        (("ops_lead",), "ml_lead", "Forbidden: sign-off is for ml_lead and ops_lead; this key holds ops_lead"),
        (("ml_lead", "ops_lead"), "", "InvalidInput: this key could sign as ml_lead and ops_lead"),
        (("legal",), "legal", "InvalidInput: sign-off asks for no legal"),
    ],
)
def test_G1_roles_are_checked_against_the_stage(
    world: Production, roles: tuple[str, ...], role: str, words: str
) -> None:
    """A role that the stage names must be held; which one is never guessed, and `admin` stands for none."""
    assert said(world, BOB, roles, role) == words


def test_G4_the_tick_cannot_sign(world: Production) -> None:
    """Not even if somebody gave it a role."""
    assert said(world, ACTOR, ("ml_lead",)) == "Forbidden: only people sign"


def test_a_double_click_is_one_approval(world: Production) -> None:
    """The second click is answered like the first and leaves no trace, also after the stage was left."""
    evidence = shown_now(world).evidence
    first = approve(world, BOB, "ml_lead", evidence)
    trail = world.audit()
    second = approve(world, BOB, "ml_lead", evidence)
    assert (second.approval, second.lacking, world.audit()) == (first.approval, ("ops_lead",), trail)
    approve(world, CY, "ops_lead", evidence)
    in_stage(world, "canary")
    late = approve(world, BOB, "ml_lead", evidence)
    assert (late.approval, late.lacking) == (first.approval, ())


def test_a_key_with_two_roles_fills_the_open_one(world: Production) -> None:
    """When one of its roles is signed for, the other is meant."""
    approve(world, BOB, "ml_lead")
    evidence = shown_now(world).evidence
    signed = approve_release(world.control, 1, CY, ("ml_lead", "ops_lead"), world.release().id, evidence)
    assert (signed.approval.role, signed.lacking) == ("ops_lead", ())


def test_an_approval_of_changed_evidence_is_refused_with_the_new_digest(world: Production) -> None:
    """The offline stage was run again while somebody read: what they read is not what stands."""
    before = shown_now(world).evidence
    approve(world, BOB, "ml_lead", before)
    release = rerun_stage(world.control, world.clock.now_us(), DAN, world.release().id, "new judge")
    assert (release.stage, release.attempts[0]) == (0, 2)
    assert said_conflict(lambda: approve(world, CY, "ops_lead", before)) == (
        "the release is in offline and waits for nobody's approval"
    )
    measure(world, "pass")
    in_stage(world, "sign-off")
    after = shown_now(world)
    assert after.evidence != before
    assert after.lacking == ("ml_lead", "ops_lead"), "the first approval has lapsed"
    assert said_conflict(lambda: approve(world, CY, "ops_lead", before)) == (
        f"the evidence has changed; it is {after.evidence} now"
    )
    approve(world, BOB, "ml_lead")
    approve(world, CY, "ops_lead")
    in_stage(world, "canary")


def said_conflict(work: Callable[[], object]) -> str:
    with pytest.raises(Conflict) as refused:
        work()
    return refused.value.what


def test_an_approval_of_the_release_as_it_was_is_refused(world: Production) -> None:
    """If-Match: somebody acted in between."""
    release = world.release()
    with pytest.raises(Conflict, match="seq"):
        approve_release(
            world.control, 1, BOB, ("ml_lead",), release.id, shown_now(world).evidence, expected_seq=release.seq - 1
        )


def test_a_no_before_exposure_rejects_at_once(world: Production) -> None:
    """One person's no is enough, on the spot, with their reason; the author may say it too."""
    release = world.release()
    ended = reject_release(world.control, 1, PERSON, ("ops_lead",), release.id, reason="tone is off")
    assert (ended.state, ended.reason) == (State.REJECTED, f"{PERSON} refused it as ops_lead: tone is off")
    assert world.routing().apps["shop"].release is None
    with world.control.tx() as tx:
        assert [one.verdict for one in tx.approvals(release.id)] == ["reject"]
    with pytest.raises(Conflict, match="is rejected and waits for nobody"):
        reject_release(world.control, 1, CY, ("ops_lead",), release.id)


def test_a_no_in_the_middle_of_the_rollout_rolls_back(world: Production) -> None:
    """Users have seen it: everybody is back on the baseline, and that is confirmed."""
    approve(world, BOB, "ml_lead")
    approve(world, CY, "ops_lead")
    in_stage(world, "go wide")
    assert world.served[world.baseline.digest, Arm.CANDIDATE] > 0
    release = reject_release(
        world.control, world.clock.now_us(), DAN, ("release_manager",), world.release().id, reason="complaints"
    )
    assert release.state is State.ROLLING_BACK
    ended = world.until(State.ROLLED_BACK, within_s=5)
    assert ended.reason == f"{DAN} refused it as release_manager: complaints"


def test_a_no_after_a_yes_counts(world: Production) -> None:
    """People may think again."""
    approve(world, BOB, "ml_lead")
    assert reject_release(world.control, 1, BOB, ("ml_lead",), world.release().id).state is State.REJECTED


def test_a_stage_is_run_again_by_its_name(world: Production) -> None:
    """Unknown names, stages that measure nothing and ended releases are refused with what is possible."""
    id = world.release().id
    with pytest.raises(NotFound, match=r"no stage 'offlin'.*offline"):
        rerun_stage(world.control, 1, DAN, id, "", stage="offlin")
    with pytest.raises(IllegalTransition, match="measured nothing"):
        rerun_stage(world.control, 1, DAN, id, "", stage="canary")
    assert rerun_stage(world.control, 1, DAN, id, "", stage="offline").stage == 0
    reason = world.release().reason
    assert reason == f"{DAN} runs offline again"
    measure(world, "fail")
    world.until(State.REJECTED, within_s=3)
    with pytest.raises(IllegalTransition, match="cannot rerun"):
        rerun_stage(world.control, 1, DAN, id, "")


def test_a_rerun_that_fails_takes_users_off_the_candidate(world: Production) -> None:
    """In the middle of the canary the offline stage is run again; its share is held, and its failure rolls back."""
    approve(world, BOB, "ml_lead")
    approve(world, CY, "ops_lead")
    in_stage(world, "canary")
    rerun_stage(world.control, world.clock.now_us(), DAN, world.release().id, "a new case")
    world.seconds(25)
    assert (world.release().stage, world.release().step) == (0, 0)
    measure(world, "fail")
    assert "offline failed" in world.until(State.ROLLED_BACK, within_s=5).reason


def test_without_a_measured_stage_nothing_is_run_again() -> None:
    """A plan of steps alone."""
    world = Production()
    with pytest.raises(Conflict, match="no stage that measures"):
        rerun_stage(world.control, 1, DAN, world.start().id, "")


def test_nobody_is_asked_for_evidence_that_does_not_exist() -> None:
    """A release on its steps waits for nobody."""
    world = Production()
    release = world.start()
    with pytest.raises(Conflict, match="waits for nobody's approval"):
        approve_release(world.control, 1, BOB, ("ml_lead",), release.id, "0" * 64)
