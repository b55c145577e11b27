"""What meters send in a life: every rhythm and kind, and what goes wrong on the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any, NamedTuple

from energyguard.codecs.records import pack, unpack
from energyguard.log import Records
from energyguard.log.records import Headers
from energyguard.model.readings import batch_of
from energyguard.model.topics import DAY_MS, ENERGY_READINGS, METER_READINGS

BEGIN_MS = 1_757_116_800_000 + 5 * 3_600_000  # 2025-09-06T05:00:00Z
HOUR_MS = 3_600_000
AHEAD_MS = 5 * 365 * DAY_MS
KWH = 10**9
WH = 10**6
RHYTHMS = {15_000: (16, 40), 60_000: (16, 36), 900_000: (10, 24), 3_600_000: (8, 16)}
"""Steps in ms, and how many readings."""
KINDS = ("energy_kwh", "energy_register_kwh", "power_kw")


class Sent(NamedTuple):
    """A reading on its way."""

    arrives_ms: int
    topic: str
    device: str
    channel: str
    time_ms: int
    value: int
    is_backfill: bool = False


class Weather(NamedTuple):
    """What happens to readings between meter and log.

    Attributes:
        delay_ms: of any reading, at most: within the lateness.
        again: how many come twice.
        other: how many come once more with another value.
        late: how many come hours later.
        ahead: whether a meter's clock is five years ahead.
        past: whether a meter's first half comes at the end, as a backfill.
    """

    delay_ms: int = 240_000
    again: float = 0.0
    other: float = 0.0
    late: float = 0.0
    ahead: bool = False
    past: bool = False

    @property
    def keeps_order(self) -> bool:
        """Whether everything comes within the lateness."""
        return not (self.late or self.ahead or self.past)


def unpacked(value: bytes) -> list[tuple[str, str, int, int]]:
    """Device, channel, time and value of the readings of a record."""
    batch = unpack([value])[0]
    ms = batch["time"].cast("int64").to_pylist()
    device, channel, nano = (batch[name].to_pylist() for name in ("device", "channel", "value"))
    return list(zip(device, channel, ms, nano, strict=True))


def packed(columns: Sequence[Sequence[Any]], headers: Headers, at_ms: int | None = None) -> Records:
    """Records of readings as the border makes them, one for each partition that has some.

    Args:
        columns: device, channel, time and value.
        headers: of each record.
        at_ms: when the log took them; None: when it does.
    """
    found = pack(batch_of(*columns), ENERGY_READINGS.partitions)
    n, values, partitions = len(found), [v for _, v in found], [p for p, _ in found]
    times = () if at_ms is None else [at_ms] * n
    return Records([None] * n, values, [headers] * n, times, partitions)


def readings(random: Random, weather: Weather) -> list[Sent]:
    """All that is sent, by arrival."""
    sent: list[Sent] = []
    for number in range(random.randint(2, 5)):
        sent += _of_meter(random, weather, number)
    return sorted(sent)


def _of_meter(random: Random, weather: Weather, number: int) -> Iterator[Sent]:
    step = random.choice([*RHYTHMS])
    channel, count = random.choice(KINDS), random.randint(*RHYTHMS[step])
    topic = random.choice((ENERGY_READINGS.name, ENERGY_READINGS.name, METER_READINGS.name))
    time = BEGIN_MS + random.randrange(6 * HOUR_MS if step < 900_000 else HOUR_MS)
    is_ahead = weather.ahead and number == 1
    is_past = weather.past and number == 2
    end_ms = time + count * step
    jitter = random.choice((1, step // 50))
    for at, value in enumerate(_values(random, channel, step, count)):
        time += step * random.choice((1,) * 30 + (2, 9)) + random.randrange(jitter)
        arrives = time + random.randrange(weather.delay_ms)
        if random.random() < weather.late:
            arrives += random.randrange(HOUR_MS, 5 * HOUR_MS)
        goes_back = is_past and at < count // 2
        if goes_back:
            arrives = max(arrives, end_ms)
        stamp = time + AHEAD_MS if is_ahead else time
        reading = Sent(arrives, topic, f"M{number}", channel, stamp, value, goes_back)
        yield reading
        if random.random() < weather.again:
            yield reading._replace(arrives_ms=arrives + random.randrange(weather.delay_ms))
        if random.random() < weather.other:
            other = reading._replace(arrives_ms=arrives + random.randrange(weather.delay_ms))
            yield other._replace(value=value + random.choice((-WH, WH, 100 * WH)))


def _values(random: Random, channel: str, step: int, count: int) -> Iterator[int]:
    """What a meter shows: intervals, a register with its faults, or powers."""
    kw = random.choice((0.2, 1.0, 4.0))
    register, high = random.randrange(10**4) * KWH, random.randrange(8, 30)
    for at in range(count):
        factor = 3.0 if at // high % 2 else 0.3
        used = int(kw * factor * random.uniform(0.8, 1.2) * step / HOUR_MS * 1000) * WH
        if channel == "power_kw":
            yield int(kw * factor * 1000) * WH
        elif channel == "energy_kwh":
            yield used
        else:
            fault = random.random()
            register += used
            if fault < 0.015:
                register = used  # begins again
            shown = 0 if 0.015 <= fault < 0.035 else register  # a zero that passes
            yield shown - 100 * WH if 0.035 <= fault < 0.05 and shown > KWH else shown
