"""One charger: the state of its bay, the session there, and its newest signals.

The journal of a bay has its signals of the newest sessions, packed one after another, so that one
that comes late can be put where it belongs and what followed it be folded anew. It begins at a cut
between two sessions, where nothing but a few numbers is known of what was before.
"""

from __future__ import annotations

from enum import StrEnum
from struct import Struct
from typing import NamedTuple

import msgspec

from energyguard.domains.charging.model import ParkingSession, Signal, SignalKind


class BayState(StrEnum):
    """What a charger's bay looks like."""

    FREE = "free"
    PARKED = "parked"
    CONNECTED = "connected"
    CHARGING = "charging"
    CHARGED = "charged"
    UNPLUGGED = "unplugged"


UNPLUGGED = BayState.UNPLUGGED


class Cut(NamedTuple):
    """A bay between two sessions: from here on its signals can be folded anew."""

    place: int = 0  # in the bay's journal, bytes
    signals: int = 0  # before it
    second: int = 0  # of what came before it; 0: nothing did
    ended: int = 0  # sessions before it
    has_sensor: bool = False
    is_blind: bool = False
    last_start: int = 0
    last_number: int = 0
    only_arrivals: bool = False

    @property
    def packed(self) -> bytes:
        """It as bytes: 28 of them."""
        sensor = self.has_sensor + 2 * self.only_arrivals
        return _CUT.pack(*self[:4], sensor, *self[5:8])

    @classmethod
    def of(cls, place: int, signals: int, second: int, ended: int, sensor: int, *rest: int) -> Cut:
        """It from the fields of ``packed``."""
        blind, start, number = rest
        return cls(place, signals, second, ended, bool(sensor & 1), bool(blind), start, number,
                   bool(sensor & 2))  # fmt: skip


class WrittenResults(msgspec.Struct):
    """Under which ids and revisions results of a charger were written, where it is not usual."""

    sessions: dict[str, str] = {}  # that were first written under another id, by their own one
    results: dict[str, str] = {}  # the same of their charges and violations
    revisions: dict[str, int] = {}  # of results that were restated
    held: list[str] = []  # violations that wait for more signals of a queue
    held_until: int = 0  # event time


class Bay(msgspec.Struct, rename={"session": "stay", "ended": "stays"}):
    """One charger. Snapshots have the names that they always had."""

    state: BayState = BayState.FREE
    since: int = 0  # in this state, s since 1970 UTC
    session: ParkingSession | None = None
    ended: int = 0  # sessions until now: a timer of an earlier one is over
    has_sensor: bool = False  # it has told of a car that came or went
    only_arrivals: bool = False  # no car was told of to leave, and some to come
    is_blind: bool = False  # users or cars followed each other, and none was told of to leave
    last_start: int = 0  # the second in which its newest session began
    last_number: int = 0  # and the number of that one among those of this second
    journal: bytearray = msgspec.field(default_factory=bytearray)  # its signals, packed
    signals: int = 0  # in the journal
    cuts: bytearray = msgspec.field(default_factory=bytearray)  # in the journal, packed
    is_kept: bool = True  # whether the journal has all signals since its base
    written: WrittenResults | None = None  # what late signals made of its results; None: nothing
    input_ended: bool = False  # its newest session is over because its input was


def has_left(bay: Bay, session: ParkingSession) -> bool:
    """Whether an unplugged car is taken to be gone: its charger never told of one that left."""
    is_unseen = not bay.has_sensor and session.plate is None
    return session.end_session is not None and (is_unseen or (bay.only_arrivals and bay.is_blind))


def is_left(bay: Bay) -> bool:
    """Whether there is such a car at a bay."""
    return bay.session is not None and bay.state is UNPLUGGED and has_left(bay, bay.session)


MAX_SIGNALS = 32
"""So many signals of a charger are kept, and those of the session that they begin in."""
MAX_OF_SESSION = 192
"""A session of more signals is not folded anew: what comes late to it is late."""
_CUT = Struct("<HHqIB?qH")
_ARRAY = b"\xdd"  # of a length in four bytes
_encode_into = msgspec.msgpack.Encoder().encode_into
_KEPT = msgspec.msgpack.Decoder(
    list[tuple[int, SignalKind, str, int, int | None, float | None, str]]
).decode


def keep(bay: Bay, signal: Signal) -> None:
    """Add a signal to the journal, behind all that are there."""
    if bay.is_kept:
        _encode_into(
            (
                signal.second, signal.kind, signal.who, signal.amount, signal.register,
                signal.rating_kw, signal.connector,
            ),
            bay.journal,
            -1,
        )  # fmt: skip
        bay.signals += 1


def cut(bay: Bay, second: int) -> None:
    """Note that a session is over and none has begun."""
    last = bay.last_start, bay.last_number
    place = len(bay.journal), bay.signals, second
    sensor = bay.has_sensor, bay.is_blind
    cut_at(bay, Cut(*place, bay.ended, *sensor, *last, bay.only_arrivals))


def cut_at(bay: Bay, place: Cut) -> None:
    """Note a place between two sessions; a journal that had lost signals begins anew there."""
    if bay.is_kept:
        bay.cuts += place.packed
    elif bay.session is None:
        begin(bay, place)


def begin(bay: Bay, place: Cut) -> None:
    """Let the journal begin at a cut, with nothing in it."""
    bay.journal, bay.signals, bay.is_kept = bytearray(), 0, True
    bay.cuts = bytearray(place._replace(place=0, signals=0).packed)


def cuts(bay: Bay) -> list[Cut]:
    """The places between sessions in the journal, the oldest first."""
    return [Cut.of(*fields) for fields in _CUT.iter_unpack(bay.cuts)]


def base(bay: Bay) -> Cut:
    """Where the journal begins."""
    if bay.cuts and not (first := Cut.of(*_CUT.unpack_from(bay.cuts))).place:
        return first
    return Cut()


def newest_before(bay: Bay, second: int, gone_s: int) -> Cut:
    """The newest place in the journal before which a signal of a second changes nothing.

    Args:
        bay: its journal.
        second: of the signal.
        gone_s: how long it takes until an unplugged car that no sensor sees is gone.
    """
    every = cuts(bay)
    if bay.input_ended and every:
        every.pop()  # what comes later may say that the session went on
    for place in reversed(every):
        tells_leaves = place.has_sensor and not place.only_arrivals
        if second > place.second + 1 + (0 if tells_leaves else gone_s):
            return place
    return base(bay)


def kept(bay: Bay, charger: str, since: Cut | None = None) -> list[Signal]:
    """The signals of the journal, all or since a cut, in the order in which they happened."""
    place, before = (since.place, since.signals) if since is not None else (0, 0)
    count = (bay.signals - before).to_bytes(4, "big")
    return [Signal(charger, *row) for row in _KEPT(_ARRAY + count + bay.journal[place:])]


def joined(bay: Bay, since: Cut, newer: Bay) -> Bay:
    """A bay that was folded anew since a cut, with what its journal had before that."""
    if not newer.is_kept or not since.place or base(newer).second != since.second:
        return newer
    shifted = [
        later._replace(place=later.place + since.place, signals=later.signals + since.signals)
        for later in cuts(newer)[1:]
    ]
    older = [place for place in cuts(bay) if place.place <= since.place and place != since]
    newer.journal = bay.journal[: since.place] + newer.journal
    newer.signals += since.signals
    newer.cuts = bytearray().join(place.packed for place in (*older, since, *shifted))
    return newer


def forget(bay: Bay) -> None:
    """Let the oldest sessions go, up to the newest cut that leaves enough."""
    every = cuts(bay)
    for number in range(len(every) - 1, -1, -1):
        newest = every[number]
        if newest.place and bay.signals - newest.signals >= MAX_SIGNALS // 2:
            del bay.journal[: newest.place]
            bay.signals -= newest.signals
            bay.cuts = bytearray().join(
                later._replace(
                    place=later.place - newest.place, signals=later.signals - newest.signals
                ).packed
                for later in every[number:]
            )
            return
    if bay.signals > MAX_OF_SESSION:
        bay.journal, bay.signals, bay.cuts, bay.is_kept = bytearray(), 0, bytearray(), False
