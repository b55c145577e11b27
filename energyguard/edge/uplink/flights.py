"""What an edge has in flight: how much may be, when it is sent again, when it has arrived."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from energyguard.edge.protocol.messages import BATCH_BYTES
from energyguard.log.records import TopicPartition

LIVE_SLOTS = 2
"""Batches in flight that the backlog leaves to what is live."""
MIN_WINDOW, FIRST_WINDOW = 32 * 2**10, 128 * 2**10
"""Bytes of backlog that may always be in flight, and that may be at first."""
MAX_WINDOW = 4 * 2**20
"""Bytes of backlog that may be in flight: an edge has little memory, and they are in it twice."""
SLOW_S, FAST_S = 1.0, 0.5
"""A batch that takes longer than the first waits behind others: half as much is to fly. As long as
they take less than the second there may be more. Where the quickest is slow, as with a cloud whose
transactions take long, somewhat more: a batch may have to wait for the one before its own.
"""
RESEND_S = 3.0
MAX_RESEND_S = 30.0


@dataclass(slots=True)
class Flight:
    """A frame that was sent and is not acknowledged."""

    at: TopicPartition
    first: int
    next: int
    frame: bytes
    is_backlog: bool
    sent_s: float
    first_s: float = 0.0
    resend_s: float = 0.0
    attempts: int = 1


class Flights:
    """All of them: bounded by the cloud's credit, and the backlog by how fast it is answered."""

    def __init__(self) -> None:
        self._flights: dict[tuple[TopicPartition, int], Flight] = {}
        self.credit = 0
        self._window = FIRST_WINDOW
        self._backlog_count = self._backlog_bytes = 0
        self._smooth_s = self._shortest_s = 0.0
        self._narrowed_s = float("-inf")

    def has_room(self, is_backlog: bool) -> bool:
        """Whether another batch may fly."""
        if len(self._flights) >= self.credit:
            return False
        if not is_backlog:
            return True
        slots = max(1, self.credit - LIVE_SLOTS)
        return self._backlog_count < slots and self._backlog_bytes < self._window

    @property
    def batch_bytes(self) -> int:
        """Bytes of records that a batch is to have at most: fewer where the line is slow."""
        return min(BATCH_BYTES, max(self._window // 4, MIN_WINDOW // 4))

    def add(self, flight: Flight) -> None:
        """It is sent."""
        self._flights[flight.at, flight.first] = flight
        flight.first_s = flight.sent_s
        flight.resend_s = flight.sent_s + self._patience_s(1)
        if flight.is_backlog:
            self._backlog_count += 1
            self._backlog_bytes += len(flight.frame)

    def land(self, is_held: Callable[[Flight], bool], now_s: float) -> None:
        """Let go of what the cloud holds."""
        for key, flight in list(self._flights.items()):
            if not is_held(flight):
                continue
            del self._flights[key]
            if flight.attempts == 1:
                self._measure(flight, now_s)
            else:  # nobody knows which of them was answered: be patient
                self._smooth_s = max(self._smooth_s, (now_s - flight.first_s) / 2)
            if flight.is_backlog:
                self._backlog_count -= 1
                self._backlog_bytes -= len(flight.frame)

    def overdue(self, now_s: float) -> Iterator[Flight]:
        """What is to be sent again now."""
        for flight in self._flights.values():
            if flight.resend_s <= now_s:
                flight.attempts += 1
                flight.sent_s = now_s
                flight.resend_s = now_s + self._patience_s(flight.attempts)
                self._narrow(now_s)
                yield flight

    @property
    def due_s(self) -> float:
        """When the next one is to be sent again."""
        return min((flight.resend_s for flight in self._flights.values()), default=float("inf"))

    def __len__(self) -> int:
        return len(self._flights)

    def __iter__(self) -> Iterator[Flight]:
        return iter(self._flights.values())

    def _patience_s(self, attempts: int) -> float:
        patience_s: float = max(RESEND_S, 3 * self._smooth_s) * 2 ** min(attempts - 1, 8)
        return min(patience_s, MAX_RESEND_S)

    def _measure(self, flight: Flight, now_s: float) -> None:
        took_s = now_s - flight.sent_s
        self._shortest_s = min(self._shortest_s or took_s, took_s)
        self._smooth_s += (took_s - self._smooth_s) / 8 if self._smooth_s else took_s
        if took_s > max(SLOW_S, min(3 * self._shortest_s, 1.25 * SLOW_S)):
            self._narrow(now_s)
        elif took_s < max(FAST_S, min(2.2 * self._shortest_s, SLOW_S + 0.2)) and flight.is_backlog:
            steps = 1 if took_s < self._shortest_s + FAST_S / 2 else 4  # slower where it queues
            self._window = min(self._window + len(flight.frame) // steps, MAX_WINDOW)

    def _narrow(self, now_s: float) -> None:
        """Half as much, once for what was in flight together."""
        if now_s - self._narrowed_s > max(self._smooth_s, FAST_S):
            self._window = max(MIN_WINDOW, self._window // 2)
            self._narrowed_s = now_s
