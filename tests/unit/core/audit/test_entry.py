"""The audit chain: every edit, deletion, insertion and reordering is found."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.core.audit.entry import GENESIS, Action, Draft, Entry, chain, faults

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
DRAFTS = st.builds(
    Draft,
    at_us=st.integers(0, 2**53),
    actor=TEXT,
    action=st.sampled_from(Action),
    subject=TEXT,
    before=TEXT,
    after=TEXT,
    reason=TEXT,
    evidence=TEXT,
)


def chained(drafts: list[Draft]) -> list[Entry]:
    entries: list[Entry] = []
    for draft in drafts:
        entries.append(chain(draft, entries[-1] if entries else None))
    return entries


CHAINS = st.lists(DRAFTS, min_size=2, max_size=6).map(chained)


@given(CHAINS)
def test_L1_a_whole_chain_has_no_faults(entries: list[Entry]) -> None:
    """Entries count from 1, begin at the genesis hash, and follow each other."""
    assert not list(faults(entries))
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    assert entries[0].previous == GENESIS


@given(CHAINS, st.data())
def test_L1_any_edited_field_is_found_at_its_entry(entries: list[Entry], data: st.DataObject) -> None:
    """Time, actor, action, subject, digests, reason, evidence: no field can be changed unseen."""
    index = data.draw(st.integers(0, len(entries) - 1))
    field = data.draw(st.sampled_from(Entry.__struct_fields__))
    value: Any = getattr(entries[index], field)
    edited = value + 1 if isinstance(value, int) else value + "x"
    entries[index] = msgspec.structs.replace(entries[index], **{field: edited})
    assert entries[index].seq in {fault.seq for fault in faults(entries)}


@given(CHAINS, st.data())
def test_L1_an_edit_with_its_hash_made_anew_is_found_at_the_next_entry(
    entries: list[Entry], data: st.DataObject
) -> None:
    """Whoever rewrites an entry with a fitting hash breaks the chain behind it."""
    index = data.draw(st.integers(0, len(entries) - 2))
    draft = Draft(at_us=1, actor="mallory", action=Action.OVERRIDE_SET, subject="forged")
    entries[index] = chain(draft, entries[index - 1] if index else None)
    assert entries[index + 1].seq in {fault.seq for fault in faults(entries)}


@given(CHAINS, st.data())
def test_L1_a_deleted_entry_is_found(entries: list[Entry], data: st.DataObject) -> None:
    """Any but the last: what follows names another one before it. (The last is held by exported checkpoints.)"""
    del entries[data.draw(st.integers(0, len(entries) - 2))]
    assert list(faults(entries))


@given(CHAINS, st.data())
def test_L1_reordered_entries_are_found(entries: list[Entry], data: st.DataObject) -> None:
    """Two swapped entries do not follow each other."""
    index = data.draw(st.integers(0, len(entries) - 2))
    entries[index], entries[index + 1] = entries[index + 1], entries[index]
    assert list(faults(entries))


@given(CHAINS, st.data())
def test_L1_an_inserted_copy_is_found(entries: list[Entry], data: st.DataObject) -> None:
    """An entry cannot be told twice."""
    index = data.draw(st.integers(0, len(entries) - 1))
    entries.insert(index, entries[index])
    assert list(faults(entries))


@given(CHAINS)
def test_a_chain_is_checked_in_pieces(entries: list[Entry]) -> None:
    """A later run begins where the last one ended: whole pieces have no faults, a wrong joint has."""
    first, rest = entries[0], entries[1:]
    assert not list(faults(rest, first))
    assert list(faults(rest))


@pytest.mark.parametrize("action", Action)
def test_actions_name_subject_object_and_verb(action: Action) -> None:
    """One vocabulary: who, what, deed."""
    subject, thing, verb = action.value.split(":")
    assert subject in ("person", "tick")
    assert thing
    assert verb
