"""Hundreds of lives of a cluster, and proof that the checks see what they are for."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from energyguard.store import row
from energyguard.store.coordinator import clearing, cluster, coordinator, hints, operations
from energyguard.store.coordinator.coordinator import Plan, Replies, Round
from energyguard.store.coordinator.hints import Hints
from energyguard.store.node import repair
from energyguard.store.node.repair import Repair
from energyguard.store.node.replica import Replica
from energyguard.store.ring import membership, ring
from energyguard.store.ring.effects import Save, Send
from energyguard.store.ring.membership import ClusterMembership
from energyguard.store.ring.messages import Accept, NodeState, Prepare, Put, Request
from tests.simulation import hint_bugs
from tests.simulation.checks import faults
from tests.simulation.disk import Disk
from tests.simulation.life import SLOTS, Life

SEEDS = int(os.environ.get("SEEDS", "25"))
SLOW_SEEDS = 500
AT_ONCE = 25

Patch = pytest.MonkeyPatch
Plant = Callable[[Patch], None]


@pytest.fixture(autouse=True)
def few_slots(monkeypatch: Patch) -> None:
    """Sixteen slots instead of 1,024: the same code, and a run takes some 40 ms."""
    monkeypatch.setattr(ring, "SLOTS", SLOTS)
    monkeypatch.setattr(repair, "PATIENCE_MS", 1_000)
    monkeypatch.setattr(membership, "SLOTS", SLOTS)
    monkeypatch.setattr(hints, "OLDEST_MS", 1_000)
    monkeypatch.setattr(clearing, "GRACE_MS", 3_600)  # hints, deadlines, delays and wrong clocks
    monkeypatch.setattr(clearing, "WAIT_MS", 2_400)
    monkeypatch.setattr(cluster, "EVERY_MS", 100)
    ring.slot_of.cache_clear()


def lived(seed: int) -> list[str]:
    """What is wrong after the life of a seed."""
    life = Life(seed)
    clearing.WAIT_MS = life.wait_ms
    life.run()
    return faults(life)


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_nothing_is_lost_whatever_happens(first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        found = lived(seed)
        assert not found, f"seed {seed} (Life({seed}).run() replays it): {found[:3]}"


@pytest.mark.slow  # more of the same lives; `make simulate` has ten thousand
@pytest.mark.parametrize("first", range(SEEDS, max(SEEDS, SLOW_SEEDS), AT_ONCE))
def test_and_so_it_is_in_more_lives(first: int) -> None:
    test_nothing_is_lost_whatever_happens(first)


def test_a_seed_replays() -> None:
    one, other = Life(7), Life(7)
    one.run()
    other.run()
    assert [vars(fact) for fact in one.facts] == [vars(fact) for fact in other.facts]
    assert len(one.facts) > 10


# Bugs, each planted in turn: the simulation must find every one.


def hint_counts(patch: Patch) -> None:
    """A node that does not reply has been told by a hint: count it."""
    real = coordinator.enough

    def enough(asked: Round, replies: Replies) -> bool:
        keeps = any(isinstance(request, Put) for request in asked.requests.values())
        return (keeps and len(replies) >= 1) or real(asked, replies)

    patch.setattr(coordinator, "enough", enough)


def acknowledged_before_it_is_durable(patch: Patch) -> None:
    real = Replica.receive

    def receive(self: Replica, sender: str, request: Request) -> object:
        effects = real(self, sender, request)
        return [
            one
            for effect in effects
            for one in (
                [effect.then, effect._replace(then=None)]
                if isinstance(effect, Save) and effect.then and isinstance(request, Put)
                else [effect]
            )
        ]

    patch.setattr(Replica, "receive", receive)


def any_epoch_will_do(patch: Patch) -> None:
    def is_current(self: Replica, epoch: int) -> bool:
        return epoch == self.membership.epoch or self.membership.epoch > 0

    patch.setattr(Replica, "is_current", is_current)


def epoch_is_forgotten(patch: Patch) -> None:
    """A new epoch is entered before it is durable."""
    real = Replica.adopt

    def adopt(self: Replica, news: ClusterMembership, then: Send | None = None) -> object:
        effects = real(self, news, then)
        self.state = NodeState(news) if effects else self.state
        return [
            effect._replace(state=None) if isinstance(effect, Save) else effect
            for effect in effects
        ]

    patch.setattr(Replica, "adopt", adopt)


def no_read_repair(patch: Patch) -> None:
    patch.setattr(operations, "_lacking", lambda _replies, _told: [])


def lowest_wins(patch: Patch) -> None:
    patch.setattr(operations, "newest", lambda rows: min(rows, key=lambda r: r.rank, default=None))


def tombstones_are_overlooked(patch: Patch) -> None:
    """Who knows of a deletion is not listened to."""
    real = row.newest_versions
    patch.setattr(
        operations, "newest_versions", lambda rows: real(r for r in rows if r.value is not None)
    )


def tombstones_are_dropped(patch: Patch) -> None:
    """A deletion only takes rows away: nothing tells those who missed it."""
    real = Disk._apply

    def apply(self: Disk, save: Save) -> None:
        real(self, save)
        for key, kept in list(self.rows.keys.items()):
            if max(kept, key=lambda one: one.rank).value is None:
                del self.rows.keys[key]

    patch.setattr(Disk, "_apply", apply)


def tombstones_are_dropped_early(patch: Patch) -> None:
    """Not all owners need to have expired it."""
    real = clearing._at_all_owners

    def at_some(now: ClusterMembership, rows: list[row.Row], asking: clearing.Asking) -> Plan:
        plan = real(now, rows, asking)

        def fewer(membership: ClusterMembership, request: int) -> Round:
            asked = plan(membership, request)
            return asked._replace(groups=[(nodes, 1) for nodes, _ in asked.groups])

        return fewer

    patch.setattr(clearing, "_at_all_owners", at_some)
    patch.setattr(clearing, "GRACE_MS", -1_000)


def tombstones_are_dropped_at_once(patch: Patch) -> None:
    """All owners have expired it, and what was sent before is still on its way."""
    patch.setattr(clearing, "GRACE_MS", -1_000)
    patch.setattr(Life, "wait_ms", property(lambda self: 0))


def version_of_the_clock_alone(patch: Patch) -> None:
    """A write does not go above what it has found."""
    patch.setattr("energyguard.store.version.HybridClock.see", lambda self, version: None)


def reads_ask_one(patch: Patch) -> None:
    patch.setattr(
        operations, "replies_needed", lambda keepers, needed: 1 if needed is None else needed
    )


def moves_are_not_awaited(patch: Patch) -> None:
    """A moving epoch ends at once."""
    patch.setattr(Repair, "left", property(lambda self: 0))


def writes_go_to_old_owners_only(patch: Patch) -> None:
    patch.setattr(ClusterMembership, "tables", lambda self: (self.owners,) if self.owners else ())


def votes_are_not_remembered(patch: Patch) -> None:
    """A node accepts whatever it is asked to, whatever it promised."""
    real = Replica._vote

    def vote(self: Replica, sender: str, request: Prepare | Accept) -> object:
        self.state = NodeState(self.membership)
        return real(self, sender, request)

    patch.setattr(Replica, "_vote", vote)


def no_repair(patch: Patch) -> None:
    patch.setattr(Repair, "_survey", lambda self: [])
    patch.setattr(Hints, "tick", lambda self, now_ms, epoch: iter(()))


def wiped_disks_count(patch: Patch) -> None:
    patch.setattr(Replica, "_lost_its_disk", lambda self, news: False)


BUGS: dict[Plant, int] = {
    hint_counts: 0,
    acknowledged_before_it_is_durable: 0,
    any_epoch_will_do: 0,
    epoch_is_forgotten: 0,
    no_read_repair: 870,
    lowest_wins: 0,
    tombstones_are_overlooked: 0,
    tombstones_are_dropped: 0,
    tombstones_are_dropped_early: 200,
    tombstones_are_dropped_at_once: 430,
    version_of_the_clock_alone: 0,
    reads_ask_one: 0,
    moves_are_not_awaited: 0,
    writes_go_to_old_owners_only: 0,
    votes_are_not_remembered: 0,
    no_repair: 0,
    wiped_disks_count: 1_380,
    hint_bugs.acknowledged_before_it_is_durable: 200,
    hint_bugs.deleted_before_the_owners_have_it: 0,
    hint_bugs.reads_do_not_ask_stand_ins: 0,
    hint_bugs.moves_overlook_hints: 0,
}
"""Each with the seed from which on it is looked for: not long before the one that finds it."""


@pytest.mark.parametrize("plant", BUGS, ids=lambda bug: bug.__name__)
def test_planted_bug_is_found(plant: Plant, monkeypatch: Patch) -> None:
    plant(monkeypatch)
    for seed in range(BUGS[plant], BUGS[plant] + SLOW_SEEDS):
        try:
            found = lived(seed)
        except Exception as error:
            found = [repr(error)]
        if found:
            return
    pytest.fail(f"{SLOW_SEEDS} seeds, and nobody noticed")
