"""Labelled faults of signals: lost, doubled, delayed, out of order, spoilt.

Which signal gets which fault depends on the seed, the charger, the second and the kind only, so a
simulator that starts again spoils the same signals. The labels go to a ground-truth file, one JSON
object a line: `fault`, `device`, `time`, `detail`; it is written before the signals are.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from itertools import count
from typing import NamedTuple

from energyguard.codecs.seconds import text_of
from energyguard.domains.charging.codec import message
from energyguard.domains.charging.model import Signal
from energyguard.domains.household.faults import Label

FAULTS = ("lost", "doubled", "delayed", "reordered", "malformed")
DELAY_S = 30  # beyond what a signal may be late
REORDER_S = 4  # within it
_BROKEN = (b"", b"{", b'{"timestamp":"2024-05-19"}', b"[]", b"null")


class Sent(NamedTuple):
    """A message on its way."""

    second: int  # when it is sent
    charger: str
    message: bytes
    label: Label | None = None  # what is wrong with it
    is_lost: bool = False  # it is only a label


def clean(signals: Iterable[Signal]) -> Iterator[Sent]:
    """Signals as they happen."""
    for signal in signals:
        yield Sent(signal.second, signal.charger, message(signal))


class Spoiler:
    """Spoils signals, at most one fault each.

    Args:
        rates: share of the signals by fault, as ``parse_rates`` gives it.
        seed: decides which.
    """

    def __init__(self, rates: Mapping[str, float], seed: int) -> None:
        self._seed, total = seed, 0.0
        self._limits: list[tuple[float, str]] = []
        for fault in FAULTS:
            total += rates.get(fault, 0.0)
            self._limits.append((total, fault))

    def spoilt(self, signals: Iterable[Signal]) -> Iterator[Sent]:
        """The messages in the order in which they are sent."""
        waiting: list[tuple[int, int, Sent]] = []
        number = count()
        for signal in signals:
            while waiting and waiting[0][0] <= signal.second:
                yield heapq.heappop(waiting)[2]
            for sent in self._spoil(signal):
                heapq.heappush(waiting, (sent.second, next(number), sent))
        while waiting:
            yield heapq.heappop(waiting)[2]

    def _spoil(self, signal: Signal) -> Iterator[Sent]:
        draw = self._draw(signal)
        fault = next((fault for limit, fault in self._limits if draw < limit), "")
        text, second, charger = message(signal), signal.second, signal.charger

        def label(detail: str) -> Label:
            return Label(fault, charger, text_of(second), f"{signal.kind.name.lower()} {detail}")

        match fault:
            case "lost":
                yield Sent(second, charger, text, label("never sent"), is_lost=True)
            case "doubled":
                yield Sent(second, charger, text, label("sent twice"))
                yield Sent(second, charger, text)
            case "delayed":
                yield Sent(second + DELAY_S, charger, text, label(f"sent {DELAY_S} s later"))
            case "reordered":
                by = 1 + int(draw * 1e9) % REORDER_S
                yield Sent(second + by, charger, text, label(f"sent {by} s later"))
            case "malformed":
                broken = _BROKEN[int(draw * 1e9) % len(_BROKEN)]
                yield Sent(second, charger, broken, label(f"sent as {broken.decode()!r}"))
            case _:
                yield Sent(second, charger, text)

    def _draw(self, signal: Signal) -> float:
        what = f"{self._seed}/{signal.charger}/{signal.second}/{signal.kind}/{signal.who}"
        return int.from_bytes(blake2b(what.encode(), digest_size=6).digest()) / 2**48
