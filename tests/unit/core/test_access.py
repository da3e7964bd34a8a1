"""Who may do what, over all operations and roles."""

from __future__ import annotations

import itertools

import pytest

from serinus.core.access import TABLE, Operation, Role, authorise, role
from serinus.core.errors import Forbidden, InvalidInput

READS = {Operation.VIEW, Operation.VIEW_AUDIT, Operation.VERIFY_AUDIT}
CALLS = {Operation.VIEW_CALLS}
EXPORTS = CALLS | {Operation.EXPORT_CALLS}
TEXTS = {Operation.VIEW_PAYLOADS, Operation.VIEW_ANSWERS}
PROPOSES = {Operation.PROPOSE_ANSWER}
APPROVES = PROPOSES | {Operation.APPROVE_ANSWER}
ERASES = {Operation.ERASE_PAYLOADS}
SUITES = {Operation.STORE_SUITE}
BRAKES = {
    Operation.PAUSE_RELEASE,
    Operation.ABORT_RELEASE,
    Operation.ROLL_BACK_RELEASE,
    Operation.ACKNOWLEDGE_NOTICE,
    Operation.FREEZE_RELEASES,
    Operation.CONFIRM_INCIDENT,
    Operation.COUNT_INCIDENT,
    Operation.NOTE_INCIDENT,
}
NOTES = {Operation.NOTE_INCIDENT}
COUNTS = {Operation.COUNT_INCIDENT}
DUTIES = {Operation.SIGN_INCIDENT}
SUSPECTS = {
    Operation.RAISE_SUSPICION,
    Operation.CONFIRM_SUSPICION,
    Operation.REMOVE_ANSWER,
    Operation.NOTE_INCIDENT,
}
DISMISSES = SUSPECTS | {Operation.DISMISS_SUSPICION}
REVIEWS = {Operation.REVIEW_PATTERN}
SIGNS = {Operation.APPROVE_RELEASE, Operation.REJECT_RELEASE}
EXPECTED = {
    Role.VIEWER: READS,
    Role.REVIEWER: READS | CALLS | TEXTS | SIGNS | SUSPECTS | PROPOSES,
    Role.DATA_STEWARD: READS | SUITES | EXPORTS | TEXTS | ERASES | SIGNS | COUNTS,
    Role.RED_TEAM: READS | SUITES | CALLS | TEXTS | SIGNS | SUSPECTS | REVIEWS,
    Role.LEGAL: READS | CALLS | TEXTS | ERASES | SIGNS | SUSPECTS,
    Role.EXECUTIVE: READS | SIGNS,
    Role.COMPLIANCE: READS | EXPORTS | TEXTS | ERASES | SIGNS | DISMISSES | COUNTS | {Operation.VIEW_KEYS},
    Role.EDITOR: READS
    | SUITES
    | SIGNS
    | CALLS
    | NOTES
    | {Operation.CONFIGURE_APP, Operation.PUSH_VERSION, Operation.SIGN_VERSION, Operation.TEST_NOTIFICATIONS},
    Role.ML_ENGINEER: READS
    | SUITES
    | SIGNS
    | EXPORTS
    | TEXTS
    | PROPOSES
    | NOTES
    | COUNTS
    | DUTIES
    | {
        Operation.CONFIGURE_APP,
        Operation.CONFIGURE_ENDPOINT,
        Operation.PUSH_VERSION,
        Operation.START_RELEASE,
        Operation.RERUN_STAGE,
        Operation.SIGN_VERSION,
        Operation.TEST_NOTIFICATIONS,
    },
    Role.QUALITY_LEAD: READS
    | SUITES
    | EXPORTS
    | TEXTS
    | BRAKES
    | SIGNS
    | DISMISSES
    | APPROVES
    | DUTIES
    | {Operation.RERUN_STAGE},
    Role.SAFETY_REVIEWER: READS | CALLS | TEXTS | BRAKES | SIGNS | DISMISSES | APPROVES,
    Role.ON_CALL: READS
    | SIGNS
    | DISMISSES
    | CALLS
    | TEXTS
    | BRAKES
    | {
        Operation.RESUME_RELEASE,
        Operation.TEST_NOTIFICATIONS,
        Operation.SET_OVERRIDE,
        Operation.CLEAR_OVERRIDE,
        Operation.REVOKE_KEY,
    },
    Role.RELEASE_MANAGER: set(Operation)
    - ERASES
    - REVIEWS
    - {
        Operation.CONFIGURE_ENDPOINT,
        Operation.PUSH_VERSION,
        Operation.VIEW_KEYS,
        Operation.CREATE_KEY,
        Operation.REVOKE_KEY,
    },
    Role.OPS_LEAD: set(Operation)
    - ERASES
    - REVIEWS
    - {Operation.PUSH_VERSION, Operation.VIEW_KEYS, Operation.CREATE_KEY, Operation.REVOKE_KEY},
    Role.ML_LEAD: set(Operation) - ERASES - REVIEWS - {Operation.VIEW_KEYS, Operation.CREATE_KEY, Operation.REVOKE_KEY},
    Role.ADMIN: set(Operation),
}


def _may(roles: tuple[str, ...], operation: Operation) -> bool:
    try:
        authorise(roles, operation)
    except Forbidden:
        return False
    return True


def test_the_table_names_every_operation() -> None:
    """No operation is left without a line in the table."""
    assert set(TABLE) == set(Operation)


def test_the_expectation_names_every_role() -> None:
    """The matrix below says something about each role of the product."""
    assert set(EXPECTED) == set(Role)


@pytest.mark.parametrize(("one", "operation"), list(itertools.product(Role, Operation)))
def test_G1_each_role_may_do_exactly_its_operations(one: Role, operation: Operation) -> None:
    """Every pair of role and operation is decided as the matrix above says."""
    assert _may((one,), operation) is (operation in EXPECTED[one])


@pytest.mark.parametrize("operation", list(Operation))
def test_several_roles_may_do_what_any_of_them_may(operation: Operation) -> None:
    """Roles add up; none takes anything away."""
    for first, second in itertools.combinations(Role, 2):
        assert _may((first, second), operation) is (_may((first,), operation) or _may((second,), operation))


@pytest.mark.parametrize("operation", list(Operation))
def test_no_role_and_unknown_roles_may_nothing(operation: Operation) -> None:
    """A key that only calls, or holds a word that is no role, is refused everything."""
    assert not _may((), operation)
    assert not _may(("root", "*", "ADMIN"), operation)


def test_refusal_names_the_roles_that_may() -> None:
    """The refusal tells which key to use instead."""
    with pytest.raises(Forbidden, match=r"may not push version.*admin, editor, ml_engineer, ml_lead"):
        authorise(("viewer",), Operation.PUSH_VERSION)


def test_unknown_role_name_is_refused_with_the_known_ones() -> None:
    """A role is spelled as in the product's vocabulary."""
    assert role("on_call") is Role.ON_CALL
    with pytest.raises(InvalidInput, match=r"unknown role 'oncall'.*on_call"):
        role("oncall")
