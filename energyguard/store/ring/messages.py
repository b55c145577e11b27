"""What nodes say to each other, and what they remember.

Every message may be lost, doubled, delayed or overtaken. A request carries an id, which its reply
repeats, and the epoch that its sender is in; a node in another epoch does nothing and says so. A
tag that is no class's name is the one by which nodes of older versions know it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from energyguard.store.ring.membership import ClusterMembership
from energyguard.store.row import Row

FOREVER = 2**63 - 1

Ballot = tuple[int, str]
"""A number, and who uses it."""


class Request(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """What every request has."""

    id: int
    epoch: int


class Put(Request, frozen=True, tag="Keep", array_like=True):
    """Make rows durable."""

    rows: Sequence[Row]


class Get(Request, frozen=True, tag="Find", array_like=True):
    """All rows of a series at a time."""

    series: str
    at: int


class GetLatest(Request, frozen=True, tag="FindLatest", array_like=True):
    """The rows that win, from the latest time back to the first that has a value."""

    series: str
    below: int = FOREVER


class Scan(Request, frozen=True, tag="FindBetween", array_like=True):
    """The rows at the first ``limit`` times in ``[begin, end)``: those that win, or all."""

    series: str
    begin: int
    end: int
    limit: int
    every: bool = False


class ListSeries(Request, frozen=True, tag="FindSeries", array_like=True):
    """The names of series above one, in order."""

    above: str
    limit: int


class ListExpired(Request, frozen=True, tag="FindOver", array_like=True):
    """Last rows of keys that have been over since some time: deletions, and what has expired."""

    before_ms: int
    limit: int


class Expire(Request, frozen=True, tag="Bury", array_like=True):
    """These are the last rows of their keys: have them, and nothing below them."""

    rows: Sequence[Row]


class Forget(Request, frozen=True, tag=True, array_like=True):
    """Take these rows away: all owners have them, and nobody has anything below them."""

    rows: Sequence[Row]


class Survey(Request, frozen=True, tag=True, array_like=True):
    """Repair: here is what each slot holds that both of us own, as (slot, sum, rows)."""

    slots: Sequence[tuple[int, int, int]]


class Compare(Request, frozen=True, tag=True, array_like=True):
    """Repair: here is what each bucket of a slot holds, as (bucket, sum, rows)."""

    slot: int
    buckets: Sequence[tuple[int, int, int]]


class Fetch(Request, frozen=True, tag="Want", array_like=True):
    """Repair: the rows of a slot's buckets with these fingerprints; without any: all."""

    slot: int
    buckets: Sequence[int]
    fingerprints: Sequence[int]


class AskProgress(Request, frozen=True, tag=True, array_like=True):
    """How much have you still to fetch in this epoch?"""


class AskDigests(Request, frozen=True, tag=True, array_like=True):
    """What do you hold, slot by slot?"""


class Prepare(Request, frozen=True, tag=True, array_like=True):
    """Paxos, phase 1: promise to take no lower ballot for the epoch after this one."""

    ballot: Ballot


class Accept(Request, frozen=True, tag=True, array_like=True):
    """Paxos, phase 2: take this as the next epoch."""

    ballot: Ballot
    membership: ClusterMembership


class Install(Request, frozen=True, tag="Adopt", array_like=True):
    """This epoch was decided."""

    membership: ClusterMembership


class AskMembership(Request, frozen=True, tag=True, array_like=True):
    """Which epoch are you in? So many batches of rows wait for nodes here, as (node, number)."""

    hints: Sequence[tuple[str, int]] = ()


class Pause(Request, frozen=True, tag=True, array_like=True):
    """Fault injection: take no traffic but this from now on, or take it again."""

    paused: bool


class Reply(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """What every reply has: the id of its request."""

    id: int


class RowsStored(Reply, frozen=True, tag="Kept", array_like=True):
    """All of the rows are on the disk."""


class Expired(Reply, frozen=True, tag="Buried", array_like=True):
    """It is so, on the disk; in so many places it was not before, or cannot be."""

    changed: int


class Failed(Reply, frozen=True, tag=True, array_like=True):
    """It could not be done; nothing was."""

    reason: str


class Found(Reply, frozen=True, tag=True, array_like=True):
    """The rows."""

    rows: Sequence[Row]


class Names(Reply, frozen=True, tag=True, array_like=True):
    """The names of series."""

    names: Sequence[str]


class Stale(Reply, frozen=True, tag=True, array_like=True):
    """The request was made in another epoch than the one here; nothing was done."""

    membership: ClusterMembership


class DifferingSlots(Reply, frozen=True, tag=True, array_like=True):
    """These slots hold something else here."""

    slots: Sequence[int]


class Differ(Reply, frozen=True, tag=True, array_like=True):
    """In these buckets there is something else, namely rows with these fingerprints.

    Whoever has nothing at all is told no fingerprints: it wants everything.
    """

    slot: int
    buckets: Sequence[int]
    fingerprints: Sequence[int]
    more: bool = False  # there are further buckets: ask again when these are alike


class Waiting(msgspec.Struct, frozen=True, array_like=True):
    """What waits at a coordinator, as it told a node some time ago."""

    coordinator: str
    age_ms: int
    hints: Sequence[tuple[str, int]]


class Progress(Reply, frozen=True, tag=True, array_like=True):
    """So many slots are still to be fetched; so many rows came until now; who told of hints."""

    slots: int
    rows: int
    waiting: Sequence[Waiting] = ()


class Digests(Reply, frozen=True, tag=True, array_like=True):
    """What each slot holds, as (slot, sum, rows)."""

    slots: Sequence[tuple[int, int, int]]


class Promised(Reply, frozen=True, tag=True, array_like=True):
    """The promise, and what was accepted already, if anything."""

    ballot: Ballot | None
    membership: ClusterMembership | None


class Accepted(Reply, frozen=True, tag=True, array_like=True):
    """It is accepted, on the disk."""


class Refused(Reply, frozen=True, tag=True, array_like=True):
    """A higher ballot was promised."""

    ballot: Ballot


Message: TypeAlias = (
    Put | Expire | Forget | Get | GetLatest | Scan | ListSeries | ListExpired | Survey
    | Compare | Fetch | AskProgress | AskDigests | Prepare | Accept | Install | AskMembership
    | Pause | RowsStored | Expired | Failed | Found | Names | Stale | DifferingSlots | Differ
    | Progress | Digests | Promised | Accepted | Refused
)  # fmt: skip


class Vote(msgspec.Struct, frozen=True, array_like=True):
    """What a node has promised and accepted about the epoch after its own."""

    promised: Ballot = (0, "")
    ballot: Ballot | None = None
    membership: ClusterMembership | None = None


class NodeState(msgspec.Struct, frozen=True, array_like=True):
    """What a node remembers beside its rows."""

    membership: ClusterMembership
    vote: Vote = Vote()
