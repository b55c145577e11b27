"""Owners of slots: even, on distinct nodes, never too few, and moved as little as can be."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energyguard.errors import Conflict
from energyguard.store.ring.ring import SLOTS, Owners, Ring, load, moved, shares, slot_of, table

names = st.lists(st.text("abcdef0123456789:/.", min_size=1, max_size=12), unique=True, max_size=12)


def is_sound(owners: Owners, nodes: list[str], copies: int) -> None:
    assert len(owners) == SLOTS
    for slot in owners:
        assert len(slot) == len(set(slot)) == copies
        assert set(slot) <= set(nodes)
    share = SLOTS * copies / len(nodes)
    assert all(abs(load(owners).get(node, 0) - share) < 1 for node in nodes)


def copied(before: Owners, after: Owners) -> int:
    return sum(len(nodes) for nodes in moved(before, after).values())


@settings(max_examples=40, deadline=None)
@given(names.filter(len), st.data())
def test_every_change_leaves_a_sound_table(nodes: list[str], data: st.DataObject) -> None:
    """Joins, leaves and other numbers of copies, one after the other."""
    copies = data.draw(st.integers(1, min(4, len(nodes))))
    owners = table(nodes, copies, virtual_nodes=20)
    is_sound(owners, nodes, copies)
    for _ in range(3):
        joining = data.draw(names)
        staying = data.draw(st.lists(st.sampled_from(nodes), unique=True))
        nodes = list(dict.fromkeys(staying + joining)) or nodes
        copies = data.draw(st.integers(1, min(4, len(nodes))))
        owners = table(nodes, copies, owners, virtual_nodes=20)
        is_sound(owners, nodes, copies)


@pytest.mark.parametrize("n", range(3, 9))
def test_a_join_moves_what_the_new_node_gets_and_nothing_else(n: int) -> None:
    nodes = [f"http://127.0.0.1:{8101 + i}" for i in range(n + 1)]
    before = table(nodes[:n], 3)
    after = table(nodes, 3, before)
    assert copied(before, after) == load(after)[nodes[n]] <= SLOTS * 3 / (n + 1)
    assert {node for new in moved(before, after).values() for node in new} == {nodes[n]}


@pytest.mark.parametrize("n", range(4, 9))
def test_a_leave_moves_what_the_node_had(n: int) -> None:
    nodes = [f"http://127.0.0.1:{8101 + i}" for i in range(n)]
    before = table(nodes, 3)
    after = table(nodes[1:], 3, before)
    assert copied(before, after) <= 1.2 * load(before)[nodes[0]]


def test_without_a_change_nothing_moves() -> None:
    before = table(["a", "b", "c", "d"], 2)
    assert table(["d", "c", "b", "a"], 2, before) == before


def test_most_owners_are_the_first_on_the_ring() -> None:
    nodes = [f"node-{i}" for i in range(5)]
    ring, owners = Ring(nodes), table(nodes, 3)
    same = sum(set(slot) == set(ring.order(i)[:3]) for i, slot in enumerate(owners))
    assert same > 0.85 * SLOTS


def test_the_same_table_on_every_machine() -> None:
    """A hash of Python's own would differ from process to process."""
    assert slot_of("energy:p1") == 224
    assert table(["a", "b", "c"], 2)[0] == ("b", "a")


def test_shares_add_up() -> None:
    assert sum(share for _, share in shares(table(["a", "b", "c"], 2))) == pytest.approx(1)


@pytest.mark.parametrize("copies", [0, -1, 4])
def test_more_copies_than_nodes_are_refused(copies: int) -> None:
    with pytest.raises(Conflict, match="copies"):
        table(["a", "b", "c"], copies)


def test_a_node_named_twice_is_one_node() -> None:
    with pytest.raises(Conflict):
        table(["a", "a"], 2)
