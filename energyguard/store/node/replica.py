"""One node's part: it keeps rows, finds them, says what it has, and votes on the next epoch.

A state machine without I/O. Its driver makes durable what a ``Save`` holds and calls ``saved``;
only then is anything promised. Reads see durable rows only: an answer about others would be a
promise that a crash breaks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from energyguard.store.node.writer import Digest
from energyguard.store.ring.effects import Effect, Save, Send
from energyguard.store.ring.membership import NOBODY, ClusterMembership
from energyguard.store.ring.messages import (
    Accept,
    Accepted,
    AskDigests,
    AskMembership,
    Compare,
    Differ,
    DifferingSlots,
    Digests,
    Expire,
    Expired,
    Failed,
    Fetch,
    Forget,
    Found,
    Get,
    GetLatest,
    Install,
    ListExpired,
    ListSeries,
    Message,
    Names,
    NodeState,
    Prepare,
    Promised,
    Put,
    Refused,
    Request,
    RowsStored,
    Scan,
    Stale,
    Survey,
    Vote,
)
from energyguard.store.row import Row

FINGERPRINTS_AT_ONCE = 20_000
MAX_HELD_ROWS = 5_000_000
"""A node that holds so many rows for others (hints) takes no more of them."""


class NodeRows(Protocol):
    """The durable rows of a node, as a ``NodeStorage`` has them."""

    def history(self, series: str, at: int) -> list[Row]:
        """All rows of a time."""
        ...

    def latest(self, series: str, below: int) -> list[Row]:
        """The rows that win, from the latest time back to the first that has a value."""
        ...

    def scan(
        self, series: str, begin: int, end: int, limit: int, *, every: bool = False
    ) -> list[Row]:
        """The rows at the first times in a range: those that win, or all."""
        ...

    def series(self, above: str, limit: int) -> list[str]:
        """The names of series above one, in order."""
        ...

    def over(self, before_ms: int, limit: int) -> list[Row]:
        """Last rows of keys that have been over since some time."""
        ...

    def slots(self) -> Mapping[int, Digest]:
        """What each slot holds."""
        ...

    def digests(self, slot: int) -> Mapping[int, Digest]:
        """What each bucket of a slot holds."""
        ...

    def fingerprints(self, slot: int, buckets: Collection[int]) -> list[int]:
        """Those of all rows of some buckets."""
        ...

    def rows_of(self, slot: int, buckets: Collection[int]) -> Iterable[Row]:
        """All rows of some buckets."""
        ...


class Replica:
    """Answers what other nodes ask of this one."""

    def __init__(self, name: str, rows: NodeRows, state: NodeState | None = None) -> None:
        """Go on where a node stopped; without a state it belongs to no cluster yet."""
        self.name, self.rows = name, rows
        self.state = state or NodeState(NOBODY)
        self._adopting = self.state.membership.epoch  # being made durable
        self.giving: Collection[int] = ()  # slots of which hints are on their way to their owners

    @property
    def membership(self) -> ClusterMembership:
        """The epoch that this node is in."""
        return self.state.membership

    def receive(self, sender: str, request: Request) -> list[Effect]:
        """Do what a node asks for."""
        if isinstance(request, Install):
            return self.adopt(request.membership, Send(sender, Accepted(request.id)))
        if isinstance(request, AskMembership) or not self.is_current(request.epoch):
            return [Send(sender, Stale(request.id, self.membership))]
        if isinstance(request, Put):
            return self._keep(sender, request)
        if isinstance(request, Expire):
            return self._expire(sender, request)
        if isinstance(request, Forget):
            then = Send(sender, RowsStored(request.id))
            return [Save(forget=request.rows, then=then, epoch=request.epoch)]
        if isinstance(request, Prepare | Accept):
            return self._vote(sender, request)
        return [Send(sender, self._found(request))]

    def _keep(self, sender: str, request: Put) -> list[Effect]:
        """Own rows and hints alike: kept is what is durable."""
        own = self._own_slots()
        hints = any(row.slot not in own for row in request.rows)
        if hints and sum(self.held().values()) >= MAX_HELD_ROWS:
            reason = f"{self.name}: it holds {MAX_HELD_ROWS:,} rows for others, and takes no more"
            return [Send(sender, Failed(request.id, reason))]
        return [Save(request.rows, then=Send(sender, RowsStored(request.id)), epoch=request.epoch)]

    def _expire(self, sender: str, request: Expire) -> list[Effect]:
        """A hint is to be at its owners before anything that may hide it is forgotten."""
        ours = [row for row in request.rows if row.slot in self._own_slots()]
        hints = {*self.held(), *self.giving} if len(ours) < len(request.rows) else ()
        waits = any(row.slot in hints for row in request.rows)
        done = Send(sender, Expired(request.id, int(waits)))
        return [Save(expire=ours, then=done, epoch=request.epoch)] if ours and not waits else [done]

    def _own_slots(self) -> frozenset[int]:
        """Those that this node owns, in force or to come."""
        return self.membership.slots_of.get(self.name, frozenset())

    def held(self) -> dict[int, int]:
        """How many rows are here of each slot that others own: hints."""
        own = self._own_slots()
        return {s: d.rows for s, d in self.rows.slots().items() if d.rows and s not in own}

    @property
    def is_leaving(self) -> bool:
        """Whether a later epoch is on its way to the disk."""
        return self._adopting != self.membership.epoch

    def is_current(self, epoch: int) -> bool:
        """Whether a request of an epoch may be served; of any other nothing is done."""
        return epoch == self.membership.epoch

    def saved(self, save: Save) -> list[Effect]:
        """Something is durable: say so, unless the epoch has ended in the meantime.

        Who fetches a slot in the next epoch may have read before these rows were there: they
        must not count in the one that is over.
        """
        if save.state is not None and save.state.membership.epoch > self.membership.epoch:
            self.state = save.state
        if save.then is None:
            return []
        to, message = save.then
        if isinstance(message, RowsStored | Expired) and not self.is_current(save.epoch):
            return [Send(to, Stale(message.id, self.membership))]
        return [Send(to, Expired(message.id, save.changed))] if save.expire else [save.then]

    def adopt(self, news: ClusterMembership, then: Send | None = None) -> list[Effect]:
        """Enter a later epoch, as soon as that is durable: whoever restarts must not fall back."""
        if self._lost_its_disk(news):
            reason = f"{self.name}: a member that remembers nothing: give it up, and let it join"
            return [Send(then.to, Failed(then.message.id, reason))] if then is not None else []
        if news.epoch <= self._adopting:
            known = news.epoch <= self.membership.epoch
            return [then] if then is not None and known else []
        self._adopting = news.epoch
        return [Save(state=NodeState(news), drop=self._not_ours(news), then=then)]

    def _lost_its_disk(self, news: ClusterMembership) -> bool:
        """Whether this node counts as an owner of what it does not have."""
        new_here = self._adopting == 0 and self.state.vote.membership != news
        return new_here and any(self.name in owners for owners in news.owners)

    def _not_ours(self, news: ClusterMembership) -> list[int]:
        """The slots here that are others' now; what is to come is fetched anew."""
        in_force = [keepers[0] for keepers in news.all_keepers]
        return [slot for slot in self.rows.slots() if self.name not in in_force[slot].places]

    def _vote(self, sender: str, request: Prepare | Accept) -> list[Effect]:
        """Paxos' acceptor (Lamport, 2001): one decision per epoch, on which next one follows."""
        vote = self.state.vote
        if self._adopting != self.membership.epoch:
            return []  # this epoch is as good as over
        if request.ballot < vote.promised:
            return [Send(sender, Refused(request.id, vote.promised))]
        if isinstance(request, Prepare):
            vote = Vote(request.ballot, vote.ballot, vote.membership)
            reply: Message = Promised(request.id, vote.ballot, vote.membership)
        else:
            vote = Vote(request.ballot, request.ballot, request.membership)
            reply = Accepted(request.id)
        self.state = NodeState(self.membership, vote)
        return [Save(state=self.state, then=Send(sender, reply))]

    def _found(self, request: Request) -> Message:
        match request:
            case Get(series=series, at=at):
                return Found(request.id, self.rows.history(series, at))
            case GetLatest(series=series, below=below):
                return Found(request.id, self.rows.latest(series, below))
            case Scan(series=series, begin=begin, end=end, limit=limit, every=every):
                found = self.rows.scan(series, begin, end, limit, every=every)
                return Found(request.id, found)
            case ListExpired(before_ms=before_ms, limit=limit):
                return Found(request.id, self.rows.over(before_ms, limit))
            case ListSeries(above=above, limit=limit):
                return Names(request.id, self.rows.series(above, limit))
            case Survey(slots=slots):
                return DifferingSlots(request.id, self._differing(slots))
            case AskDigests():
                return Digests(request.id, [(s, *d) for s, d in self.rows.slots().items()])
            case Compare():
                return self._compare(request)
            case Fetch(slot=slot, buckets=buckets, fingerprints=wanted):
                rows, chosen = self.rows.rows_of(slot, buckets), set(wanted)
                found = [r for r in rows if not chosen or r.fingerprint in chosen]
                return Found(request.id, found)
        raise AssertionError(request)

    def _differing(self, slots: Sequence[tuple[int, int, int]]) -> list[int]:
        ours, nothing = self.rows.slots(), Digest(0, 0)
        return [slot for slot, *theirs in slots if ours.get(slot, nothing) != tuple(theirs)]

    def _compare(self, request: Compare) -> Differ:
        theirs = {bucket: Digest(total, n) for bucket, total, n in request.buckets}
        ours = self.rows.digests(request.slot)
        differing = sorted(b for b in theirs.keys() | ours.keys() if theirs.get(b) != ours.get(b))
        chosen: list[int] = []
        n = 0
        for bucket in differing:
            n += ours[bucket].rows if bucket in ours else 0
            if chosen and n > FINGERPRINTS_AT_ONCE:
                break
            chosen.append(bucket)
        prints = [] if not theirs else self.rows.fingerprints(request.slot, chosen)
        return Differ(request.id, request.slot, chosen, prints, len(chosen) < len(differing))
