"""Signals of one partition, decoded; where chargers are listed, those of others are refused.

The list says how strong chargers are. It counts from the time of its own records, so a replay
refuses the same signals.

A signal that is far ahead of the others waits until it is known whether its charger's clock is
right.
"""

from __future__ import annotations

from bisect import bisect_right
from operator import attrgetter

from msgspec import structs

from energyguard.codecs import RefusedRow
from energyguard.domains.charging.codec import refused, signal
from energyguard.domains.charging.model import Signal, SignalKind
from energyguard.domains.charging.records.stations import CHARGER, Charger
from energyguard.domains.charging.spellings import user_key
from energyguard.domains.charging.topics import CHARGERS
from energyguard.errors import Rejected
from energyguard.log import EARLIEST, Fetched, Log
from energyguard.log.records import decoded
from energyguard.stream.runtime.decoded_batch import DecodedBatch
from energyguard.stream.time.witnesses import (
    FOLLOWING,
    MAX_UNDECIDED,
    PAUSE_MS,
    Waits,
    Witnesses,
    is_followed,
)


class Listed:
    """The records of ``energyguard.chargers``, by topic of signals."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._at = dict(log.positions(CHARGERS.name, EARLIEST))
        self._since: dict[tuple[str, str], int] = {}  # when a charger was first listed
        self._first: dict[str, int] = {}  # when the first of a topic was
        self._networks: dict[tuple[str, str], str] = {}
        self._ratings: dict[tuple[str, str], list[tuple[int, float]]] = {}  # kW, since when

    def refresh(self) -> None:
        """Take what was listed since."""
        while fetched := self._log.read(self._at, 10_000, 0):
            for part in fetched:
                for found, charger in decoded(CHARGER.decoder, part):
                    if charger.topic:
                        self._since.setdefault((charger.topic, charger.charger), found.at_ms)
                        self._first.setdefault(charger.topic, found.at_ms)
                        self._networks[charger.topic, charger.charger] = charger.network
                        self._rate(charger, found.at_ms)
                self._at[part.at] = part.next_offset

    def knows(self, topic: str, charger: str, at_ms: int) -> bool:
        """Whether a signal that the log took at a time may be believed."""
        first = self._first.get(topic)
        if first is None or at_ms < first:
            return True
        since = self._since.get((topic, charger))
        return since is not None and since <= at_ms

    def network(self, topic: str, charger: str) -> str:
        """Whose a charger is; empty: nobody has said."""
        return self._networks.get((topic, charger), "")

    def name(self, topic: str, sent: Signal, at_ms: int) -> str | None:
        """As what a signal's sender is listed: as its connector, or as its charger; None: not."""
        names = (sent.charger, sent.sender) if sent.connector else (sent.charger,)
        return next((name for name in names if self.knows(topic, name, at_ms)), None)

    def rating_kw(self, topic: str, charger: str, at_ms: int) -> float | None:
        """What a charger gives at the most, as it was listed at a time; None: nobody has said."""
        ratings = self._ratings.get((topic, charger))
        if ratings is None:
            return None
        place = bisect_right(ratings, at_ms, key=lambda rating: rating[0])
        return ratings[max(0, place - 1)][1] or None

    def _rate(self, charger: Charger, at_ms: int) -> None:
        ratings = self._ratings.setdefault((charger.topic, charger.charger), [])
        rating = charger.rating_kw or 0.0
        if not ratings or ratings[-1][1] != rating:
            ratings.append((at_ms, rating))


DecodedSignals = DecodedBatch[Signal]
"""Signals of one partition, and what was refused."""


def decoded_signals(fetched: Fetched, listed: Listed) -> DecodedSignals:
    """Decode records, whoever sent them; of a start its charger's rating is noted."""
    offsets: list[int] = []
    signals: list[Signal] = []
    bad: list[tuple[int, RefusedRow]] = []
    rows = zip(fetched.offsets, fetched.values, fetched.timestamps_ms, strict=True)
    for offset, value, at_ms in rows:
        try:
            sent = signal(value or b"")
            name = listed.name(fetched.topic, sent, at_ms)
            if name is None:
                raise Rejected(f"charger_id: {sent.charger!r} is not listed", "charger_id")
        except Rejected as error:
            bad.append((offset, refused(1, value or b"", error)))
        else:
            if sent.kind is _START:
                rating = listed.rating_kw(fetched.topic, name, at_ms)
                sent = sent if rating is None else structs.replace(sent, rating_kw=rating)
            offsets.append(offset)
            signals.append(sent)
    last_ms = fetched.timestamps_ms[-1] if len(fetched) else None
    return DecodedBatch(fetched.at, fetched.next_offset, offsets, signals, tuple(bad), last_ms)


_START = SignalKind.START  # the class's own attribute is slow to look up


AHEAD_S = 3_600  # who is so far beyond all others needs a second charger to be believed
PAUSE_S = PAUSE_MS // 1000
MAX_AHEAD = 1_000
_NEVER = 1 << 62
_SECOND = attrgetter("second")


class FarSignals:
    """Signals that wait for a second charger.

    Args:
        witnesses: what is known of the topic's other chargers.
    """

    def __init__(self, witnesses: Witnesses) -> None:
        self.witnesses = witnesses
        self.reached: int | None = None  # by a charger of another partition
        self.held: list[Signal] = []
        self.in_row = 0  # of those held, how many came since a signal was accepted

    def __bool__(self) -> bool:
        return bool(self.held)

    def put(self, signal: Signal, trusted: int, has_others: bool) -> list[Signal]:
        """Take a signal; gives those that are believed now, in order of time.

        Args:
            signal: one that is far beyond all others.
            trusted: the newest second that is believed.
            has_others: whether there is another charger in the partition.
        """
        near = [held for held in self.held if abs(held.second - signal.second) <= AHEAD_S]
        self.held.append(signal)
        self.in_row += 1
        if any(held.charger != signal.charger for held in near):
            return self.up_to(max(held.second for held in (*near, signal)))
        row = self.held[-self.in_row :]
        times = [held.second for held in row[-FOLLOWING - 1 :]]
        is_alone = not has_others and self.witnesses is Witnesses.NONE
        if is_alone and is_followed(trusted, times, AHEAD_S, PAUSE_S):
            return self._release(row)
        return []

    def up_to(self, second: int) -> list[Signal]:
        """Those that are not far ahead of this second."""
        return self._release([held for held in self.held if held.second <= second + AHEAD_S])

    def _release(self, signals: list[Signal]) -> list[Signal]:
        if signals:
            gone = {id(signal) for signal in signals}
            self.held = [held for held in self.held if id(held) not in gone]
            self.in_row = 0
        return sorted(signals, key=_SECOND)

    def take_all(self) -> list[Signal]:
        """All that wait, in log order: they are judged again."""
        held, self.held, self.in_row = self.held, [], 0
        return held

    def excess(self, has_others: bool) -> list[Signal]:
        """The oldest, where more wait than there is room for."""
        is_open = not has_others and self.witnesses is Witnesses.UNKNOWN
        more = max(0, len(self.held) - (MAX_UNDECIDED if is_open else MAX_AHEAD))
        gone, self.held = self.held[:more], self.held[more:]
        return gone

    def waits(self, newest: int | None, trusted: int) -> Waits | None:
        """What the partition's owner has to know; None: it needs no decision."""
        is_alone = self.witnesses is Witnesses.NONE
        if not self.held and not is_alone:
            return None
        seconds = [held.second for held in self.held]
        return Waits(
            max(seconds, default=0) if newest is None else max([newest, *seconds]),
            min(seconds, default=_NEVER),
            trusted,
            AHEAD_S,
            is_alone,
            self.witnesses is not Witnesses.UNKNOWN,
            len(seconds) > MAX_AHEAD,
        )


_RANK = attrgetter("kind", "charger", "who", "amount", "register")
_DISCONNECT, _CONNECT = SignalKind.DISCONNECT, SignalKind.CONNECT


def in_order(signals: list[Signal]) -> list[Signal]:
    """Signals of one second, in an order that is total: that of their arrival never counts.

    It is that of their kinds. But a user who unplugs at a price that a signal of the same second
    tells was told it before, unless energy flows anew in this second.
    """
    ordered = _by_kind(signals)
    if len(ordered) == 1 or ordered[0].kind > _DISCONNECT or ordered[-1].kind < _CONNECT:
        return ordered
    unplugged = {_offer(signal) for signal in ordered if signal.kind is _DISCONNECT}
    started = {signal.charger for signal in ordered if signal.kind is SignalKind.START}

    def rank(signal: Signal) -> float:
        is_offer = signal.kind is _CONNECT and signal.charger not in started
        return _DISCONNECT - 0.5 if is_offer and _offer(signal) in unplugged else signal.kind

    return sorted(ordered, key=rank)


def _offer(signal: Signal) -> tuple[str, str, int]:
    """Where, to whom and for how much."""
    return signal.charger, user_key(signal.who), signal.amount


def _by_kind(signals: list[Signal]) -> list[Signal]:
    try:
        return sorted(signals, key=_RANK)
    except TypeError:  # one told a register, and the same one did not
        known = sorted(signals, key=lambda signal: signal.register or 0)
        known.sort(key=lambda signal: signal.register is None)
        return sorted(known, key=attrgetter("kind", "charger", "who", "amount"))
