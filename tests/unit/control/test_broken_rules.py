"""A rollback for zero tolerance says which rule, which call and which version it was (J1)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest
from structlog.testing import capture_logs

from serinus.control.configure_app import configure_app
from serinus.control.export_audit import export_audit
from serinus.core.audit.entry import Entry
from serinus.core.decision.replay import replayed
from serinus.core.errors import StoreUnavailable
from serinus.core.pipeline.app import AppConfig
from serinus.core.records.broken_rule import BrokenRule
from serinus.core.records.sums import Sum, SumKey
from serinus.core.release.release import Release
from serinus.core.release.table import State
from serinus.core.routing.assignment import Arm
from serinus.core.routing.snapshot import PolicyRule
from serinus.ports.page import Page
from serinus.ports.telemetry_store import TelemetryTx
from tests.unit.control.production import PERSON, PLAN, Production
from tests.unit.control.strict import hold_to_transactions

CALL = "call_" + "x" * 64
RULES = (
    PolicyRule(name="no_refunds", kind="regex", pattern="refunded", zero_tolerance=True),
    PolicyRule(name="no_names", kind="regex", pattern="Ada", zero_tolerance=True),
    PolicyRule(name="too_long", kind="max_length", max_chars=9),
)


def serving() -> tuple[Production, Release]:
    """A release that users see, of an app with both kinds of rules."""
    made = Production()
    configure_app(made.control, made.clock.now_us(), PERSON, AppConfig(name="shop", plan=PLAN, rules=RULES))
    made.start()
    return made, made.seconds(5)


def broke(made: Production, release: Release, *rules: str, at_us: int = 5, call: str = CALL) -> None:
    """What a host ships of a candidate's answer that broke these."""
    with made.telemetry.tx() as tx:
        tx.add_sums([(SumKey(release.id, 0, "call.zero_tolerance", Arm.CANDIDATE), Sum(total=1))])
        tx.note_broken(
            [
                BrokenRule(
                    release=release.id, arm=Arm.CANDIDATE, rule=rule, at_us=at_us, call=call, version=release.candidate
                )
                for rule in rules
            ]
        )


def test_J1_the_reason_names_rule_version_and_call() -> None:
    """And so do the trail and what people are told, which repeat it. A rule that only counts is not blamed."""
    made, release = serving()
    broke(made, release, "no_refunds", "too_long")
    reason = made.until(State.ROLLING_BACK).reason
    name = made.candidate.name
    assert f"Rule no_refunds, which tolerates nothing, was broken by an answer of {name} in {CALL}: " in reason
    assert "too_long" not in reason
    with made.control.tx() as tx:
        told = [one.body for one in tx.notices(Page())[0] if one.kind == "roll_back"]
    assert told == [reason]


def test_J1_the_releases_are_read_together_also_while_a_rule_is_broken() -> None:
    """And everything within its transaction: the rest of the fleet is judged as quickly as ever."""
    made, release = serving()
    broke(made, release, "no_refunds")
    hold_to_transactions(made.telemetry)
    with capture_logs() as lines:
        assert made.until(State.ROLLING_BACK).reason.startswith("Rule no_refunds, ")
    assert [one for one in lines if one["log_level"] in ("warning", "error")] == []


def test_J1_a_rollback_waits_for_no_words() -> None:
    """Where it cannot be read which rule it was, the candidate is taken back at once, without its name."""
    made, release = serving()
    broke(made, release, "no_refunds")

    def away(release: str) -> list[BrokenRule]:
        raise StoreUnavailable(f"{release} is locked", where="broken_rule", mend="try again")

    tx = made.telemetry.tx

    @contextmanager
    def without() -> Iterator[TelemetryTx]:
        with tx() as opened:
            opened.broken_rules = away  # type: ignore[method-assign]
            yield opened

    made.telemetry.tx = without  # type: ignore[method-assign]
    reason = made.seconds(3).reason
    assert reason.startswith("1 unit of the candidate got an answer that breaks a rule with zero tolerance, of ")


def test_J1_an_older_answer_is_not_blamed_again() -> None:
    """The newest one is what counted last: after a person has resumed, the one before is not news."""
    made, release = serving()
    broke(made, release, "no_refunds", at_us=9)
    broke(made, release, "no_names", at_us=3, call="call_" + "o" * 64)
    reason = made.until(State.ROLLING_BACK).reason
    assert CALL in reason
    assert "no_names" not in reason


def test_J1_a_rule_that_is_no_longer_declared_is_named_all_the_same() -> None:
    """It was broken while it stood."""
    made, release = serving()
    configure_app(made.control, made.clock.now_us(), PERSON, AppConfig(name="shop", plan=PLAN))
    broke(made, release, "no_refunds")
    assert made.until(State.ROLLING_BACK).reason.startswith("Rule no_refunds, ")


@pytest.mark.parametrize("known", [True, False])
def test_L1_the_decision_comes_out_identical_from_its_own_evidence(known: bool) -> None:
    """Names of rules are part of what was seen; an older agent tells none, and the reason says where to look."""
    made, release = serving()
    broke(made, release, *(["no_refunds"] if known else []))
    reason = made.until(State.ROLLING_BACK).reason
    assert ("which answers: the calls of this release" in reason) is not known
    trail = [msgspec.json.decode(line, type=Entry) for line in export_audit(made.control, subject=release.id)]
    assert [one.outcome for one in replayed(trail) if one.reason == reason] == ["identical"]
