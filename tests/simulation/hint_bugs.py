"""Bugs of hints that count (decision 0017): the simulation must find every one."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from energyguard.store.coordinator import operations
from energyguard.store.coordinator.coordinator import Coordinator, Plan, Replies, Round
from energyguard.store.node import repair
from energyguard.store.node.handover import HandOver
from energyguard.store.node.replica import Replica
from energyguard.store.ring import membership, ring
from energyguard.store.ring.effects import Effect, Save
from energyguard.store.ring.membership import ClusterMembership
from energyguard.store.ring.messages import Get, Put

Patch = pytest.MonkeyPatch


def acknowledged_before_it_is_durable(patch: Patch) -> None:
    """A stand-in promises what a crash may take away."""
    real = Replica._keep

    def keep(self: Replica, sender: str, request: Put) -> list[Effect]:
        effects = real(self, sender, request)
        if all(row.slot in self._own_slots() for row in request.rows):
            return effects
        promised: list[Effect] = []
        for effect in effects:
            if isinstance(effect, Save) and effect.then:
                promised += [effect.then, effect._replace(then=None)]
            else:
                promised.append(effect)
        return promised

    patch.setattr(Replica, "_keep", keep)


def deleted_before_the_owners_have_it(patch: Patch) -> None:
    """It is enough that it was sent."""
    real = HandOver._sends
    patch.setattr(HandOver, "_sends", lambda self, b: [*real(self, b), Save(forget=b.rows)])


def reads_do_not_ask_stand_ins(patch: Patch) -> None:
    """Of two owners one is enough, and the other is not missed."""

    def found(
        by: Coordinator, series: str, at: int, needed: int | None
    ) -> Generator[Plan, Replies, Replies]:
        def plan(membership: ClusterMembership, request: int) -> Round:
            groups = membership.groups(ring.slot_of(series))
            asked = Get(request, membership.epoch, series, at)
            requests = {name: asked for group in groups for name in group}
            return Round(requests, [(g, len(g) // 2 if at else len(g) // 2 + 1) for g in groups])

        return (yield plan)

    patch.setattr(operations, "_found", found)


def moves_overlook_hints(patch: Patch) -> None:
    """Who is to own a slot fetches it from owners only."""
    real = membership._keepers

    def sources(now: ClusterMembership, node: str) -> object:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(
                membership,
                "_keepers",
                lambda owners: [membership.Keepers(found.owners) for found in real(owners)],
            )
            return membership.sources(now, node)

    patch.setattr(repair, "sources", sources)
