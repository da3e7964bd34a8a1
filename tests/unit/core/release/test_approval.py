"""Who an approval counts for, and when enough are there."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from serinus.core.release.approval import Approval, identity_of, open_roles


def approval(actor: str, role: str, verdict: str = "approve") -> Approval:
    return Approval(
        release="rel_1",
        stage=0,
        role=role,
        actor=actor,
        verdict=verdict,  # type: ignore[arg-type]
        version="c",
        evidence="e",
        reason="",
        at_us=1,
    )


def test_G1_two_keys_of_one_name_are_one_identity() -> None:
    """The key's id at the end of an actor does not make another person of them."""
    assert identity_of("Ada (1f2e3d4c)") == identity_of("ada (ffffffff)") == identity_of("ada") == "ada"
    assert identity_of("Ada (ops) (1f2e3d4c)") == "ada (ops)"


def test_G1_one_identity_counts_for_one_role() -> None:
    """Who signs in two roles fills one of them."""
    both = (approval("ada", "ml_lead"), approval("ada", "ops_lead"))
    assert len(open_roles(("ml_lead", "ops_lead"), both, ())) == 1
    assert open_roles(("ml_lead", "ops_lead"), (*both, approval("bob", "ml_lead")), ()) == ()


def test_G1_the_barred_and_refusals_count_for_nothing() -> None:
    """The author's signature fills no role, nor does a no."""
    said = (approval("ada (00000001)", "ml_lead"), approval("bob", "ops_lead", "reject"))
    assert open_roles(("ml_lead", "ops_lead"), said, {"ada"}) == ("ml_lead", "ops_lead")


PEOPLE, ROLES = ("ada", "bob", "cy", "dan"), ("ml_lead", "ops_lead", "legal")


@given(st.sets(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(ROLES))), st.permutations(PEOPLE))
def test_as_many_roles_as_possible_are_filled(signed: set[tuple[str, str]], order: list[str]) -> None:
    """The matching is as large as any assignment of people to roles, tried one by one; the order of signing is moot."""
    given_order = sorted(signed, key=lambda one: (order.index(one[0]), one[1]))
    lacking = open_roles(ROLES, [approval(*one) for one in given_order], ())
    best = max(sum((who, what) in signed for who, what in zip(p, ROLES, strict=True)) for p in permutations(PEOPLE, 3))
    assert len(ROLES) - len(lacking) == best
