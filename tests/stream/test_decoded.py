"""Decoded records are cut where a decision stands, and nothing of them is lost."""

from __future__ import annotations

import pytest

from energyguard.codecs import RefusedRow
from energyguard.log import TopicPartition
from energyguard.model.readings import Verdict
from energyguard.stream.sessions.signals import DecodedBatch

AT = TopicPartition("charger-station-signals", 3)
REFUSED = RefusedRow(1, Verdict.MALFORMED, "", "no number", b"x")


@pytest.mark.parametrize(
    ("offset", "below", "rest"),
    [(0, "", "abc"), (11, "a", "bc"), (12, "a", "bc"), (13, "ab", "c"), (15, "abc", "")],
)
def test_a_cut_parts_values_and_what_was_refused(offset: int, below: str, rest: str) -> None:
    batch = DecodedBatch(AT, 20, [10, 12, 14], ["a", "b", "c"], ((11, REFUSED), (13, REFUSED)), 5)
    first, second = batch.split(offset)
    assert ("".join(first.values), "".join(second.values)) == (below, rest)
    assert first.next_offset == offset
    assert second.next_offset == 20
    assert [at for at, _ in first.bad] == [at for at in (11, 13) if at < offset]
    assert first.bad + second.bad == batch.bad
    assert first.offsets + second.offsets == batch.offsets
    assert len(first) + len(second) == len(batch) == 5
    assert second.appended_ms == batch.appended_ms


def test_a_cut_behind_the_end_leaves_nothing() -> None:
    batch = DecodedBatch(AT, 20, [10], ["a"])
    first, second = batch.split(30)
    assert (first.next_offset, len(first)) == (20, 1)
    assert (second.next_offset, len(second)) == (20, 0)
