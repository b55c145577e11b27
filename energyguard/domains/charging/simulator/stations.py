"""Where the simulated chargers stand: stations of a made-up city, the same whoever asks."""

from __future__ import annotations

import math
from functools import lru_cache
from random import Random

from energyguard.domains.charging.records.stations import Charger

CENTRE = (45.4642, 9.19)  # degrees: the city lies around it
RADIUS_KM = 6.0
BAYS = (5, 10)  # at a station, both included
RATING_KW = 30.0
KM_PER_DEGREE = 111.2
_STREETS = (
    "Market Square", "Harbour Street", "Old Mill", "Station Road", "Linden Park", "University",
    "West Gate", "Canal Bridge", "Airport Road", "Castle Hill", "Opera", "Garden City",
    "North Field", "Foundry", "Lake Shore", "Museum", "South Ring", "Town Hall",
)  # fmt: skip


def charger_at(number: int, topic: str) -> Charger:
    """A simulated charger, by its number."""
    station, latitude, longitude = _station(number)
    return Charger(
        charger=f"charger-{number}",
        station=station,
        latitude=latitude,
        longitude=longitude,
        rating_kw=RATING_KW,
        topic=topic,
    )


def _station(number: int) -> tuple[str, float, float]:
    """The station of a charger: its name and place."""
    first, place = _block(number // 1_000)
    left = number % 1_000
    for many in place:
        if left < many:
            break
        left, first = left - many, first + 1
    random = Random(f"station/{first}")
    away = RADIUS_KM * math.sqrt(random.random())
    angle = random.random() * 2 * math.pi
    latitude = CENTRE[0] + away * math.cos(angle) / KM_PER_DEGREE
    east = KM_PER_DEGREE * math.cos(math.radians(CENTRE[0]))
    longitude = CENTRE[1] + away * math.sin(angle) / east
    name = _STREETS[first % len(_STREETS)]
    again = first // len(_STREETS)
    return f"{name} {again + 1}" if again else name, round(latitude, 5), round(longitude, 5)


@lru_cache(maxsize=256)
def _block(thousand: int) -> tuple[int, tuple[int, ...]]:
    """The stations of a thousand chargers: the first one's number, and the bays of each."""
    random, sizes = Random(f"block/{thousand}"), []
    left = 1_000
    while left:
        sizes.append(min(left, random.randint(*BAYS)))
        left -= sizes[-1]
    return thousand * 200, tuple(sizes)
