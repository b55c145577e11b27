"""A made-up meter: what was truly used, and what it sends of that."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import NamedTuple

KWH = 10**9
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
MONDAY = 1_772_409_600_000  # 2026-03-02T00:00:00Z
CADENCES = (MINUTE_MS, 5 * MINUTE_MS, 10 * MINUTE_MS, 15 * MINUTE_MS, 30 * MINUTE_MS, HOUR_MS)
REGISTER, INTERVAL, POWER = "energy_register_kwh", "energy_kwh", "power_kw"


class Sent(NamedTuple):
    """A reading as it is sent; the value in 1e-9 of the unit."""

    time: int
    value: int


class MadeMeter(NamedTuple):
    """A meter.

    Attributes:
        device: its id.
        channel: what it sends.
        sent: its readings, in order of time.
        least: what was counted at least, if all is well; 1e-9 kWh.
        most: and at most.
        what: what is odd about it.
    """

    device: str
    channel: str
    sent: list[Sent]
    least: int
    most: int
    what: str


def _times(random: Random, cadence: int, many: int, jitter: int) -> list[int]:
    begin = MONDAY + random.randrange(0, 24) * HOUR_MS + random.randrange(0, 60) * 1_000
    return [begin + n * cadence + random.randint(-jitter, jitter) for n in range(many)]


def _gaps(random: Random, many: int, longest: int) -> set[int]:
    """Which readings are missing: none of the first five, and two stand before the end."""
    missing = set[int]()
    for _ in range(random.randrange(3)):
        first = random.randrange(5, many - 8)
        missing |= set(range(first, min(many - 2, first + random.randint(1, longest))))
    return missing


def _use(random: Random, step_ms: int, digit: int) -> int:
    """What a home used in a step, in its meter's last digits."""
    watts = random.choice((80, 300, 900, 2_500, 6_000)[: 4 if step_ms == DAY_MS else 5])
    return watts * step_ms * 1_000 // 3_600 // digit * digit


def register(random: Random, device: str) -> MadeMeter:
    """A counter: it lacks readings, shows zeros and small steps back, begins again at 0."""
    cadence, many = random.choice(CADENCES), random.randint(30, 60)
    digit = random.choice((KWH // 1_000, KWH // 100, KWH // 10))
    times = _times(random, cadence, many, random.choice((0, 2_000)))
    shown, value = list[int](), random.randrange(100, 90_000) * KWH
    rolls_at = 0
    if odd_one := random.choice(("", "", "zero", "zeros", "dip", "rollover", "repeats")):
        rolls_at = 10 ** random.choice((5, 6)) * KWH if odd_one == "rollover" else 0
    use = [0, *(_use(random, cadence, digit) for _ in range(many - 1))]
    if rolls_at:
        value = rolls_at - sum(use[: many // 2]) - digit
    for amount in use:
        value += amount
        shown.append(value % rolls_at if rolls_at else value)
    missing = set() if rolls_at else _gaps(random, many, 5)
    at = random.randrange(many // 3, many // 2)
    wrong = {"zero": range(at, at + 1), "zeros": range(at, at + 3), "dip": range(at, at + 1)}
    for place in wrong.get(odd_one, range(0)):
        shown[place] = 0 if "zero" in odd_one else shown[place - 1] - digit
        missing -= {*range(place - 3, place + 8)}
    sent = [Sent(times[n], shown[n]) for n in range(many) if n not in missing]
    if odd_one == "repeats":
        sent += random.sample(sent, 5)
    true = sum(use)
    what = f"register of {cadence // 1_000} s, {digit} {odd_one}, without {sorted(missing)}"
    return MadeMeter(device, REGISTER, sorted(sent), true, true, what)


def interval(random: Random, device: str) -> MadeMeter:
    """An amount for each step; what is missing nobody used."""
    cadence = random.choice((*CADENCES, 2 * HOUR_MS, DAY_MS))
    many = random.randint(20, 40) if cadence < DAY_MS else random.randint(16, 20)
    times = _times(random, cadence, many, 0)
    missing = _gaps(random, many, 6)
    sent = [Sent(times[n], _use(random, cadence, 10**6)) for n in range(many) if n not in missing]
    true = sum(reading.value for reading in sent)
    if random.random() < 0.3:
        sent += random.sample(sent, 4)  # sent twice, counted once
    what = f"intervals of {cadence // 1_000} s, without {sorted(missing)}"
    return MadeMeter(device, INTERVAL, sorted(sent), true, true, what)


def power(random: Random, device: str) -> MadeMeter:
    """A power holds until the next one, for two steps at most; the last one for one."""
    cadence, many = random.choice(CADENCES), random.randint(20, 40)
    times = _times(random, cadence, many, 0)
    first = random.randrange(6, many - 9)
    missing = set(range(first, first + random.randrange(4)))
    kept = [n for n in range(many) if n not in missing]
    sent = [Sent(times[n], random.choice((0, 400, 2_300, 9_050)) * 10**6) for n in kept]
    true = 0
    for reading, (n, after) in zip(sent, zip(kept, [*kept[1:], many], strict=True), strict=True):
        true += reading.value * min(after - n, 2) * cadence // HOUR_MS
    what = f"powers of {cadence // 1_000} s, without {sorted(missing)}"
    return MadeMeter(device, POWER, sent, true, true, what)


KINDS: tuple[Callable[[Random, str], MadeMeter], ...] = (register, interval, power)


def meters(seed: int) -> list[MadeMeter]:
    """Some meters of every kind."""
    random = Random(seed)
    return [KINDS[n % 3](random, f"M{n}") for n in range(6)]


def neighbours(made: list[MadeMeter], many: int) -> list[MadeMeter]:
    """Quick ones, as long as any of these, and never of more than a hundred readings."""
    first = min(meter.sent[0].time for meter in made)
    last = max(meter.sent[-1].time for meter in made)
    step = max(15_000, (last - first) // 100)
    return [_quick(f"Q{n}", range(first + n, last, step)) for n in range(many)]


def _quick(device: str, times: range) -> MadeMeter:
    return MadeMeter(device, INTERVAL, [Sent(ms, KWH // 100) for ms in times], 0, 0, "")
