"""How the nodes of a cluster compare, from what each says that it holds."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from energyguard.store.admin import ClusterStatus, NodeStatus
from energyguard.store.ring.membership import ClusterMembership
from energyguard.store.ring.messages import Digests, Progress, Waiting
from energyguard.store.ring.ring import SLOTS, load

Answers = Mapping[str, tuple[Digests | None, Progress | None]]
"""By node: what it holds, and what it has still to fetch; None: it is silent."""

_BySlot = dict[int, tuple[int, int]]


def summary(now: ClusterMembership, answers: Answers, own: Waiting) -> ClusterStatus:
    """The cluster as its operator sees it; ``own``: the hints of whoever asks for it."""
    hints = _hints(answers, own)
    digests = {node: _by_slot(found) if found else None for node, (found, _) in answers.items()}
    lacking, alike = _compared(now, digests)
    shares = load(now.owners)
    copies = sum(shares.values()) or 1
    nodes = []
    for node, (_, progress) in answers.items():
        mine = digests[node] or {}
        rows = sum(n for s, (_, n) in mine.items() if s in now.slots_of.get(node, ()))
        nodes.append(
            NodeStatus(
                node=node,
                up=digests[node] is not None,
                share=shares.get(node, 0) / copies,
                slots=len(now.slots_of.get(node, ())),
                rows=None if digests[node] is None else rows,
                lacking=lacking.get(node, 0),
                to_fetch=progress.slots if progress else 0,
                hints=hints.get(node, 0),
                for_others=sum(n for _, n in mine.values()) - rows,
            )
        )
    return ClusterStatus(
        epoch=now.epoch,
        strategy=now.strategy,
        copies=now.copies,
        virtual_nodes=now.virtual_nodes,
        moving=bool(now.coming),
        nodes=tuple(nodes),
        slots_alike=alike,
        slots=SLOTS,
    )


def _hints(answers: Answers, own: Waiting) -> dict[str, int]:
    """Batches that wait for each node, at all coordinators: what each of them said last."""
    newest = {own.coordinator: own}
    reported = [progress.waiting for _, progress in answers.values() if progress]
    for waiting in chain.from_iterable(reported):
        known = newest.setdefault(waiting.coordinator, waiting)
        if waiting.age_ms < known.age_ms:
            newest[waiting.coordinator] = waiting
    found: dict[str, int] = {}
    for node, batches in (pair for waiting in newest.values() for pair in waiting.hints):
        found[node] = found.get(node, 0) + batches
    return found


def _by_slot(digests: Digests) -> _BySlot:
    return {slot: (total, n) for slot, total, n in digests.slots if n}


def _compared(
    now: ClusterMembership, digests: dict[str, _BySlot | None]
) -> tuple[dict[str, int], int]:
    """In how many slots each node differs from another owner, and how many slots are alike."""
    lacking: dict[str, int] = {}
    alike = 0
    for slot, owners in enumerate(now.owners):
        found = {node: d.get(slot) for node in owners if (d := digests.get(node)) is not None}
        if len(set(found.values())) > 1:
            for node in found:
                lacking[node] = lacking.get(node, 0) + 1
        elif len(found) == len(owners):
            alike += 1
    return lacking, alike
