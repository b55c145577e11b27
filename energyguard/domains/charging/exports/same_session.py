"""Which session a row tells: the one of its id, also where its start was corrected since."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from energyguard.domains.charging.records.stations import event_of
from energyguard.domains.charging.spellings import user_key
from energyguard.files.values.times import DAY_S


class Telling(NamedTuple):
    """What a row says of a session, as far as it tells which one it is.

    Attributes:
        id: network, charger, the network's id and start.
        start, end: s since 1970 UTC; None: not told, or they cannot be.
        user: empty: not told.
    """

    id: str
    start: int | None
    end: int | None
    user: str


class SameSessions:
    """Sessions by the network's ids of them.

    An id that comes again at the same charger is the same session where the start is the same, or
    where the two share more than half of the time of the shorter one and no other user is told: a
    connector has one car at a time, so one of them is a correction. An id at another time is
    another session: chargers count anew.
    """

    def __init__(self) -> None:
        self._tellings: dict[str, Telling] = {}
        self._of_day: dict[tuple[str, int], set[str]] = defaultdict(set)

    def id_of(self, telling: Telling) -> str:
        """The id under which this session is known already; its own one where it is new."""
        if telling.id in self._tellings:
            return telling.id
        days = _days(telling.id, telling)
        near = sorted({id_ for day in days for id_ in self._of_day.get(day, ())})
        if not near:
            return telling.id
        shared = {id_: _shared(telling, self._tellings[id_]) for id_ in near}
        best = max(shared, key=shared.__getitem__)
        return best if shared[best] else telling.id

    def put(self, id_: str, telling: Telling) -> None:
        """Know how the session with this id is told now."""
        self._tellings[id_] = telling
        for day in _days(id_, telling):
            self._of_day[day].add(id_)


def _days(id_: str, telling: Telling) -> list[tuple[str, int]]:
    """The network's id on each day of a session: an id that every session has is found by day."""
    event = event_of(id_)
    if not event or telling.start is None or telling.end is None:
        return []
    return [(event, day) for day in range(telling.start // DAY_S, telling.end // DAY_S + 1)]


def _shared(one: Telling, other: Telling) -> int:
    """How long both last at once, s; 0: they are two sessions."""
    if one.start is None or one.end is None or other.start is None or other.end is None:
        return 0
    if one.user and other.user and user_key(one.user) != user_key(other.user):
        return 0
    both = min(one.end, other.end) - max(one.start, other.start)
    shorter = min(one.end - one.start, other.end - other.start)
    return both if 2 * both > shorter else 0
