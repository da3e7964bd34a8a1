"""Who may do what: roles, operations and the one table between them."""

from __future__ import annotations

import enum
from collections.abc import Collection

from serinus.core.errors import Forbidden, InvalidInput


class Role(enum.StrEnum):
    """What a person or a machine is in a project (product.md G1). A key may hold several."""

    VIEWER = "viewer"
    EDITOR = "editor"
    REVIEWER = "reviewer"
    QUALITY_LEAD = "quality_lead"
    ML_ENGINEER = "ml_engineer"
    DATA_STEWARD = "data_steward"
    ML_LEAD = "ml_lead"
    OPS_LEAD = "ops_lead"
    SAFETY_REVIEWER = "safety_reviewer"
    RED_TEAM = "red_team"
    RELEASE_MANAGER = "release_manager"
    ON_CALL = "on_call"
    LEGAL = "legal"
    COMPLIANCE = "compliance"
    EXECUTIVE = "executive"
    ADMIN = "admin"


class Operation(enum.StrEnum):
    """What can be asked of the control plane."""

    VIEW = "view"
    VIEW_AUDIT = "view_audit"
    VERIFY_AUDIT = "verify_audit"
    VIEW_CALLS = "view_calls"
    EXPORT_CALLS = "export_calls"
    VIEW_PAYLOADS = "view_payloads"
    ERASE_PAYLOADS = "erase_payloads"
    CONFIGURE_APP = "configure_app"
    CONFIGURE_ENDPOINT = "configure_endpoint"
    PUSH_VERSION = "push_version"
    STORE_SUITE = "store_suite"
    MAKE_LIVE = "make_live"
    START_RELEASE = "start_release"
    PAUSE_RELEASE = "pause_release"
    RESUME_RELEASE = "resume_release"
    ABORT_RELEASE = "abort_release"
    ROLL_BACK_RELEASE = "roll_back_release"
    APPROVE_RELEASE = "approve_release"
    REJECT_RELEASE = "reject_release"
    RERUN_STAGE = "rerun_stage"
    RAISE_SUSPICION = "raise_suspicion"
    CONFIRM_SUSPICION = "confirm_suspicion"
    DISMISS_SUSPICION = "dismiss_suspicion"
    REVIEW_PATTERN = "review_pattern"
    CONFIRM_INCIDENT = "confirm_incident"
    NOTE_INCIDENT = "note_incident"
    COUNT_INCIDENT = "count_incident"
    SIGN_INCIDENT = "sign_incident"
    CLOSE_INCIDENT = "close_incident"
    SET_OVERRIDE = "set_override"
    CLEAR_OVERRIDE = "clear_override"
    FREEZE_RELEASES = "freeze_releases"
    UNFREEZE_RELEASES = "unfreeze_releases"
    SIGN_VERSION = "sign_version"
    VIEW_ANSWERS = "view_answers"
    PROPOSE_ANSWER = "propose_answer"
    APPROVE_ANSWER = "approve_answer"
    REMOVE_ANSWER = "remove_answer"
    ACKNOWLEDGE_NOTICE = "acknowledge_notice"
    TEST_NOTIFICATIONS = "test_notifications"
    VIEW_KEYS = "view_keys"
    CREATE_KEY = "create_key"
    REVOKE_KEY = "revoke_key"


_EVERYBODY = frozenset(Role)
_BUILDERS = frozenset({Role.EDITOR, Role.ML_ENGINEER, Role.ML_LEAD})
_RELEASERS = frozenset({Role.RELEASE_MANAGER, Role.ML_LEAD, Role.OPS_LEAD})
# Taking a candidate away from users is the safe side: whoever watches production may do it.
_BRAKES = _RELEASERS | {Role.ON_CALL, Role.SAFETY_REVIEWER, Role.QUALITY_LEAD}
# So is saying that an answer broke the policy: whoever judges answers may stop a release for one.
_WITNESSES = _BRAKES | {Role.REVIEWER, Role.RED_TEAM, Role.COMPLIANCE, Role.LEGAL}

# Calls say what single users did and wrote, if only under a pseudonym: not for everybody who looks at a dashboard.
_INSIDERS = frozenset(Role) - {Role.VIEWER, Role.EXECUTIVE}
_EXPORTERS = _RELEASERS | {Role.ML_ENGINEER, Role.QUALITY_LEAD, Role.DATA_STEWARD, Role.COMPLIANCE}
# What users wrote and were told, read by those who judge answers or answer for them.
_READERS = _INSIDERS - {Role.EDITOR}
# What an app says by itself: proposed by those who read answers, approved by those who answer for what users are told.
_PROPOSERS = _RELEASERS | {Role.ML_ENGINEER, Role.REVIEWER, Role.QUALITY_LEAD, Role.SAFETY_REVIEWER}
_ANSWERABLE = _RELEASERS | {Role.QUALITY_LEAD, Role.SAFETY_REVIEWER}
# Which of them counts is the stage's to say; whoever answers for anything may be asked.
APPROVERS = _EVERYBODY - {Role.VIEWER}

TABLE: dict[Operation, frozenset[Role]] = {
    Operation.VIEW: _EVERYBODY,
    Operation.VIEW_AUDIT: _EVERYBODY,
    Operation.VERIFY_AUDIT: _EVERYBODY,
    Operation.VIEW_CALLS: _INSIDERS,
    Operation.EXPORT_CALLS: _EXPORTERS,
    Operation.VIEW_PAYLOADS: _READERS,
    Operation.ERASE_PAYLOADS: frozenset({Role.DATA_STEWARD, Role.COMPLIANCE, Role.LEGAL}),
    Operation.CONFIGURE_APP: _BUILDERS | _RELEASERS,
    Operation.CONFIGURE_ENDPOINT: frozenset({Role.ML_ENGINEER, Role.ML_LEAD, Role.OPS_LEAD}),
    Operation.PUSH_VERSION: _BUILDERS,
    Operation.STORE_SUITE: _BUILDERS | _RELEASERS | {Role.QUALITY_LEAD, Role.DATA_STEWARD, Role.RED_TEAM},
    Operation.MAKE_LIVE: _RELEASERS,
    Operation.START_RELEASE: _RELEASERS | {Role.ML_ENGINEER},
    Operation.PAUSE_RELEASE: _BRAKES,
    Operation.RESUME_RELEASE: _RELEASERS | {Role.ON_CALL},
    Operation.ABORT_RELEASE: _BRAKES,
    Operation.ROLL_BACK_RELEASE: _BRAKES,
    Operation.APPROVE_RELEASE: APPROVERS,
    Operation.REJECT_RELEASE: APPROVERS,
    Operation.RERUN_STAGE: _RELEASERS | {Role.ML_ENGINEER, Role.QUALITY_LEAD},
    Operation.RAISE_SUSPICION: _WITNESSES,
    Operation.CONFIRM_SUSPICION: _WITNESSES,
    Operation.DISMISS_SUSPICION: _BRAKES | {Role.COMPLIANCE},
    Operation.REVIEW_PATTERN: frozenset({Role.RED_TEAM}),
    Operation.CONFIRM_INCIDENT: _BRAKES,
    # Whoever finds out something about what went wrong writes it down.
    Operation.NOTE_INCIDENT: _WITNESSES | _BUILDERS,
    Operation.COUNT_INCIDENT: _BRAKES | _EXPORTERS,
    # Which of them counts is the duty's to say.
    Operation.SIGN_INCIDENT: _RELEASERS | {Role.ML_ENGINEER, Role.QUALITY_LEAD},
    Operation.CLOSE_INCIDENT: _RELEASERS,
    Operation.SET_OVERRIDE: _RELEASERS | {Role.ON_CALL},
    Operation.CLEAR_OVERRIDE: _RELEASERS | {Role.ON_CALL},
    Operation.FREEZE_RELEASES: _BRAKES,
    Operation.UNFREEZE_RELEASES: _RELEASERS,
    Operation.SIGN_VERSION: _BUILDERS | _RELEASERS,
    Operation.VIEW_ANSWERS: _READERS,
    Operation.PROPOSE_ANSWER: _PROPOSERS,
    Operation.APPROVE_ANSWER: _ANSWERABLE,
    Operation.REMOVE_ANSWER: _WITNESSES,
    Operation.ACKNOWLEDGE_NOTICE: _BRAKES,
    Operation.TEST_NOTIFICATIONS: _BUILDERS | _RELEASERS | {Role.ON_CALL},
    Operation.VIEW_KEYS: frozenset({Role.COMPLIANCE}),
    Operation.CREATE_KEY: frozenset(),
    Operation.REVOKE_KEY: frozenset({Role.ON_CALL}),
}


def authorise(roles: Collection[str], operation: Operation) -> None:
    """Pass when one of `roles` may do `operation` (`admin` may do all); Forbidden names the roles that may."""
    allowed = TABLE[operation] | {Role.ADMIN}
    if not allowed.isdisjoint(roles):
        return
    raise Forbidden(
        f"this key may not {operation.value.replace('_', ' ')}",
        where="key",
        mend=f"use a key with one of the roles {', '.join(sorted(allowed))}",
    )


def role(name: str) -> Role:
    """The role of this name; InvalidInput with the known names when there is none."""
    try:
        return Role(name)
    except ValueError:
        raise InvalidInput(f"unknown role {name!r}", where="roles", mend=f"known: {', '.join(sorted(Role))}") from None
