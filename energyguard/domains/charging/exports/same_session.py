"""Which session a row tells: the one of its id, also where its start was corrected since."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from energyguard.domains.charging.records.stations import event_of
from energyguard.domains.charging.spellings import user_key


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
        self._tellings: dict[str, dict[str, Telling]] = defaultdict(dict)

    def id_of(self, telling: Telling) -> str:
        """The id under which this session is known already; its own one where it is new."""
        known = self._tellings.get(event_of(telling.id), {})
        if telling.id in known:
            return telling.id
        shared = {id_: s for id_, other in known.items() if (s := _shared(telling, other))}
        return max(shared, key=shared.__getitem__, default=telling.id)

    def put(self, id_: str, telling: Telling) -> None:
        """Know how the session with this id is told now."""
        if event := event_of(id_):
            self._tellings[event][id_] = telling


def _shared(one: Telling, other: Telling) -> int:
    """How long both last at once, s; 0: they are two sessions."""
    if one.start is None or one.end is None or other.start is None or other.end is None:
        return 0
    if one.user and other.user and user_key(one.user) != user_key(other.user):
        return 0
    both = min(one.end, other.end) - max(one.start, other.start)
    shorter = min(one.end - one.start, other.end - other.start)
    return both if 2 * both > shorter else 0
