"""Every control store keeps approvals alike."""

from __future__ import annotations

import msgspec
import pytest

from serinus.core.release.approval import Approval
from serinus.ports.control_store import ControlStore, ControlTx
from tests.contract.values import BrokenOffError, break_off

APPROVAL = Approval(
    release="rel_1",
    stage=2,
    role="ml_lead",
    actor="Zoë “ops” (0000000a)",
    verdict="approve",
    version="c" * 64,
    evidence="e" * 64,
    reason="looks\ngood – 後で",
    at_us=1_760_000_000_000_001,
)


def test_an_approval_comes_back_whole(control_store: ControlStore) -> None:
    """Every field is kept, and other releases show nothing."""
    with control_store.tx() as tx:
        assert tx.insert_approval(APPROVAL)
    with control_store.tx() as tx:
        assert tx.approvals("rel_1") == [APPROVAL]
        assert tx.approvals("rel_2") == []


def test_G1_one_identity_in_one_role_once(control_store: ControlStore) -> None:
    """The same person in the same role on the same evidence, also with another key or later: the first one stands."""
    again = msgspec.structs.replace(APPROVAL, actor="zoë “OPS” (0000000b)", at_us=9, reason="twice")
    with control_store.tx() as tx:
        assert tx.insert_approval(APPROVAL)
        assert not tx.insert_approval(APPROVAL)
        assert not tx.insert_approval(again)
        assert tx.approvals("rel_1") == [APPROVAL]


@pytest.mark.parametrize(
    "other",
    [{"actor": "bob"}, {"role": "ops_lead"}, {"stage": 3}, {"evidence": "f" * 64}, {"verdict": "reject"}],
)
def test_what_is_another_approval(control_store: ControlStore, other: dict[str, object]) -> None:
    """Another person, role, stage, evidence or verdict is kept beside it, oldest first."""
    earlier = msgspec.structs.replace(APPROVAL, at_us=1, **other)
    with control_store.tx() as tx:
        assert tx.insert_approval(APPROVAL)
        assert tx.insert_approval(earlier)
        assert tx.approvals("rel_1") == [earlier, APPROVAL]


def test_an_approval_of_a_broken_transaction_is_gone(control_store: ControlStore) -> None:
    """It is as if it never was, and can be given again."""

    def work(tx: ControlTx) -> None:
        tx.insert_approval(APPROVAL)

    with pytest.raises(BrokenOffError):
        break_off(control_store, work)
    with control_store.tx() as tx:
        assert tx.approvals("rel_1") == []
        assert tx.insert_approval(APPROVAL)
