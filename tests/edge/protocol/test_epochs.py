"""What an edge's disk and the cloud share, by the epochs that each knows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energyguard.edge.protocol.epochs import (
    MAX_EPOCHS,
    MAX_OUTBOX_EPOCHS,
    SharedPast,
    TooOld,
    appended,
    shared,
    shortened,
    spans_of,
)
from energyguard.log.records import TopicPartition
from energyguard.records.edges import EdgeEpoch

A, B = TopicPartition("a", 0), TopicPartition("b", 0)
Epochs = tuple[EdgeEpoch, ...]


def made(*openings: tuple[str, int]) -> Epochs:
    epochs: Epochs = ()
    for name, first in openings:
        epochs = appended(epochs, name, {A: first, B: first // 2})
    return epochs


def test_only_what_grew_is_said_again() -> None:
    epochs = made(("x", 0), ("y", 4), ("z", 4), ("w", 5))
    assert [[(s.topic, s.first) for s in epoch.starts] for epoch in epochs] == [
        [], [("a", 4), ("b", 2)], [], [("a", 5)]
    ]  # fmt: skip
    assert list(spans_of(epochs, B))[:3] == [("x", 0, 2), ("y", 2, 2), ("z", 2, 2)]


@pytest.mark.parametrize(
    ("cloud", "edge", "expected"),
    [
        (made(("x", 0)), made(("x", 0)), SharedPast(None)),
        (made(("x", 0)), made(("x", 0), ("y", 8)), SharedPast({A: 8, B: 4})),  # a restart
        (made(("x", 0), ("y", 8)), made(("x", 0)), SharedPast({A: 8, B: 4}, ("y",))),
        (  # the copy is from before y began; z began where the copy ends
            made(("x", 0), ("y", 8)), made(("x", 0), ("z", 6)), SharedPast({A: 6, B: 3}, ("y",))
        ),
        (made(("x", 0), ("y", 8)), made(("x", 0), ("z", 9)), SharedPast({A: 8, B: 4}, ("y",))),
        (made(("x", 0), ("y", 8)), made(("q", 0)), SharedPast({}, ("x", "y"))),
        ((), made(("x", 0)), SharedPast({})),
    ],
)  # fmt: skip
def test_they_share_what_lies_before_they_part(
    cloud: Epochs, edge: Epochs, expected: SharedPast
) -> None:
    found = shared(cloud, edge)
    assert found == expected


def test_an_edge_opened_hundreds_of_times_offline_is_still_known() -> None:
    names = [(f"e{i}", i) for i in range(900)]
    cloud = shortened(made(*names[:200]), MAX_EPOCHS)
    assert len(cloud) == MAX_EPOCHS
    assert shared(cloud, made(*names)) == SharedPast({A: 200, B: 100})


def test_what_is_too_old_to_know_is_not_guessed() -> None:
    names = [(f"e{i}", i) for i in range(100)]
    cloud = shortened(made(*names), MAX_EPOCHS)
    with pytest.raises(TooOld):
        shared(cloud, made(*names[:20], ("z", 20)))
    with pytest.raises(TooOld):
        shared(cloud, made(("q", 0)))
    many = made(*((f"e{i}", i) for i in range(MAX_OUTBOX_EPOCHS + 60)))
    assert len(many) == MAX_OUTBOX_EPOCHS
    with pytest.raises(TooOld):
        shared(made(*names[:50]), many)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=12), st.integers(2, 12))
def test_shorter_says_the_same_of_what_is_kept(steps: list[int], limit: int) -> None:
    offset, openings = 0, []
    for i, step in enumerate(steps):
        openings.append((f"e{i}", offset))
        offset += step
    epochs = made(*openings)
    short = shortened(epochs, limit)
    assert len(short) == min(len(epochs), limit)
    for at in (A, B):
        starts = {name: first for name, first, _ in spans_of(epochs, at)}
        assert {n: first for n, first, _ in spans_of(short, at)} == {
            epoch.id: starts[epoch.id] for epoch in short
        }
