"""Signals of a simulated day, in the orders in which a topic may hold them; and what comes of them.

Everything is drawn from a seed, so a case has a name and no file.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from energyguard.domains.charging.codec import message, total_occupied
from energyguard.domains.charging.model import Occupied, ParkingLimits, Signal
from energyguard.domains.charging.sessions.operator import SessionOperator
from energyguard.domains.charging.sessions.records import results
from energyguard.domains.charging.simulator.chargers import TIMINGS, signals
from energyguard.domains.charging.topics import TOTAL_OCCUPIED
from energyguard.log.records import Headers

TOPIC: Final = "charger-station-signals"
START: Final = 1_716_120_000
CHARGERS: Final = 12
SECONDS: Final = 400
OUT_OF_ORDER_S: Final = 4  # a signal may come so much later: less than the lateness

Found = Counter[tuple[str, bytes, bytes, frozenset[tuple[str, bytes]]]]
"""Records, as often as they are there: topic, key, value, headers."""


def day(chargers: int = CHARGERS, seconds: int = SECONDS, seed: int = 7) -> list[Signal]:
    """Chargers with the later timings, which break every limit."""
    return list(signals(chargers, seed, START, seconds, TIMINGS["later"]))


def out_of_order(told: Sequence[Signal]) -> list[Signal]:
    """Each one comes up to four seconds late."""
    draw = random.Random(1)
    return sorted(told, key=lambda one: one.second + draw.uniform(0, OUT_OF_ORDER_S))


def doubled(told: Sequence[Signal]) -> list[Signal]:
    """Every fifth one twice, the second time among those that come up to four seconds later."""
    draw = random.Random(2)
    again = [one for one in told if draw.random() < 0.2]
    return out_of_order([*told, *again])


def lost(told: Sequence[Signal]) -> list[Signal]:
    """One in ten is not there."""
    draw = random.Random(3)
    return [one for one in told if draw.random() >= 0.1]


def everything(told: Sequence[Signal]) -> list[Signal]:
    """All of it at once."""
    return doubled(lost(told))


CASES: Final[Mapping[str, Callable[[Sequence[Signal]], list[Signal]]]] = {
    "in order": list,
    "out of order": out_of_order,
    "doubled": doubled,
    "lost": lost,
    "everything": everything,
}


def expected(told: Iterable[Signal], topic: str = TOPIC, *, ends: bool = True) -> Found:
    """What the embedded operator makes of signals; ``ends``: there will be no more."""
    limits = ParkingLimits()
    sessions = SessionOperator(limits)
    outcomes = [*sessions.process(told), *(sessions.end() if ends else ())]
    found = Counter(
        record(name, key.encode(), value, headers)
        for name, key, value, headers in results(outcomes, limits, topic)
    )
    source = topic.encode()
    for one in outcomes:
        if isinstance(one, Occupied):
            for second in range(one.first, one.last + 1):
                headers = (("id", b"%b/%d" % (source, second)), ("topic", source))
                value = total_occupied(second, one.occupied)
                found[record(TOTAL_OCCUPIED.name, source, value, headers)] += 1
    return found


def record(
    topic: str, key: bytes, value: bytes, headers: Headers
) -> tuple[str, bytes, bytes, frozenset[tuple[str, bytes]]]:
    """A record as it is counted: the order of headers means nothing."""
    return topic, key, value, frozenset(headers)


def messages(told: Iterable[Signal]) -> list[tuple[bytes, bytes]]:
    """Charger and message of each signal."""
    return [(one.charger.encode(), message(one)) for one in told]
