"""Who is compared with whom, and when: a slot is not read three times where once is enough."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import count

from energyguard.clock import ManualClock
from energyguard.store.coordinator.cluster import joined
from energyguard.store.node.repair import BUSY_AT_ONCE, SOON_MS, SURVEY_MS, Repair
from energyguard.store.ring.effects import Effect, Save, Send
from energyguard.store.ring.membership import ClusterMembership, first
from energyguard.store.ring.messages import (
    Compare,
    Differ,
    DifferingSlots,
    Fetch,
    Found,
    Stale,
    Survey,
)
from energyguard.store.ring.ring import slot_of
from energyguard.store.row import Row
from energyguard.store.version import Version
from tests.simulation.disk import MemoryRows

OLD, NEW = ("http://a:1", "http://b:1", "http://c:1"), "http://d:1"
NAMES = {slot_of(name): name for name in map(str, range(20_000))}  # a series of each slot


def fact(series: str, number: int) -> Row:
    return Row(series, number + 1, Version(1, number), b"1")


def asked(effects: Iterable[Effect], kind: type) -> list[Send]:
    return [e for e in effects if isinstance(e, Send) and isinstance(e.message, kind)]


def moving() -> ClusterMembership:
    return joined(first(OLD, 3), NEW)


def test_a_node_to_come_fetches_a_slot_from_one_owner_and_compares_it_with_the_next() -> None:
    rows = MemoryRows(ManualClock(0))
    repair = Repair(NEW, rows, count(1))
    repair.enter(moving())
    fetched: Counter[int] = Counter()

    def answered(sends: list[Send]) -> list[Send]:
        """Each neighbour has one row of each slot; gives what is asked next."""
        effects: list[Effect] = []
        for compare in (send.message for send in sends):
            assert isinstance(compare, Compare)
            if compare.buckets:  # it has come, so there is nothing to add
                effects += repair.receive(0, Differ(compare.id, compare.slot, (), ()))
                continue
            found = repair.receive(0, Differ(compare.id, compare.slot, (1,), (7,)))
            (want,) = asked(found, Fetch)
            fetched[compare.slot] += 1
            came = Found(want.message.id, [fact(NAMES[compare.slot], 0)])
            (save,) = [e for e in repair.receive(0, came) if isinstance(e, Save)]
            rows.put(save.rows)
            effects += [*found, *repair.saved(0, save)]
        return asked(effects, Compare)

    held, *open_ = asked(repair.tick(0), Compare)
    while open_:
        slots = {send.message.slot for send in [held, *open_] if isinstance(send.message, Compare)}
        assert len(slots) == 1 + len(open_), "a slot with two neighbours at a time"
        open_ = answered(open_)
    assert repair.left == 1
    open_ = [held]
    while open_:
        open_ = answered(open_)
    assert repair.left == 0
    assert set(fetched.values()) == {1}


def test_who_is_not_in_the_epoch_yet_is_asked_again_soon() -> None:
    repair = Repair(NEW, MemoryRows(ManualClock(0)), count(1))
    repair.enter(moving())
    before = asked(repair.tick(0), Compare)
    for send in before:
        repair.receive(5, Stale(send.message.id, first(OLD, 3)))
    assert asked(repair.tick(4), Compare) == []
    assert len(asked(repair.tick(5 + SOON_MS), Compare)) == len(before)


def test_slots_that_are_being_written_are_compared_in_turn() -> None:
    rows = MemoryRows(ManualClock(0))
    repair = Repair(OLD[0], rows, count(1))
    repair.enter(first(OLD, 3))
    quiet, busy = list(range(100)), list(range(100, 400))
    rows.put(fact(NAMES[slot], 0) for slot in quiet + busy)
    looked: Counter[int] = Counter()
    for turn in range(1, 20):
        rows.put(fact(NAMES[slot], turn) for slot in busy)
        (survey,) = asked(repair.tick(turn * SURVEY_MS), Survey)
        done = repair.receive(turn * SURVEY_MS, DifferingSlots(survey.message.id, quiet + busy))
        while open_ := asked(done, Compare):
            done = []
            for send in open_:
                assert isinstance(send.message, Compare)
                looked[send.message.slot] += turn > 1
                reply = Differ(send.message.id, send.message.slot, (), ())
                done += repair.receive(turn * SURVEY_MS, reply)
    assert {looked[slot] for slot in quiet} == {18}
    assert sum(looked[slot] for slot in busy) == 18 * BUSY_AT_ONCE
    assert {looked[slot] for slot in busy} == {0, 1}, "not all in turn"
