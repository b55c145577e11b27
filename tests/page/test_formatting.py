"""How things read, what is usual, and that open pages share what they ask."""

from __future__ import annotations

import asyncio
import threading
from decimal import Decimal

import pytest

from energyguard.clock import ManualClock
from energyguard.errors import Unavailable
from energyguard.page.frame.page_cache import (
    DAY_MS,
    REST,
    SETTLE_S,
    SPANS,
    UNSETTLED_KEEP_S,
    PageCache,
)
from energyguard.page.words import formatting
from tests.application.service import MadeUpService


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0, "0"), (0.1234, "0.123"), (9.87, "9.87"), (48.44, "48.4"),
     (612.3, "612"), (12480, "12,480"), (-3.21, "−3.21")],
)  # fmt: skip
def test_numbers_have_about_three_figures(value: float | None, text: str) -> None:
    assert formatting.number(value) == text


@pytest.mark.parametrize(
    ("ms", "said"),
    [(0, ("<1", "s")), (999, ("<1", "s")), (1_000, ("1", "s")), (61_000, ("1", "min")),
     (7_200_000, ("2", "h")), (DAY_MS, ("1", "day")), (3 * DAY_MS, ("3", "days"))],
)  # fmt: skip
def test_ages(ms: int, said: tuple[str, str]) -> None:
    assert formatting.age(ms) == said


@pytest.mark.parametrize(
    ("value", "text"),
    [(2_000_000_000, "2 kWh, limit 2 kWh"), (2_041_000_000, "2.041 kWh, limit 2 kWh"),
     (2_000_400_000, "2.0004 kWh, limit 2 kWh"), (2_000_000_001, "2.000000001 kWh, limit 2 kWh"),
     (1_999_999_600, "1.9999996 kWh, limit 2 kWh")],
)  # fmt: skip
def test_a_value_beside_its_limit_does_not_look_like_it(value: int, text: str) -> None:
    said = formatting.value_and_limit(value, 2 * 10**9, "kWh").replace(formatting.SPACE, " ")
    assert said == text


@pytest.mark.parametrize(
    ("price", "text"),
    [("0.396666667", "€0.39667"), ("0.29531", "€0.29531"), ("0.070312512", "€0.070313"),
     ("12", "€12.00"), ("-123.456", "−€123.46"), ("0", "€0.00")],
)  # fmt: skip
def test_prices_have_the_digits_that_people_read(price: str, text: str) -> None:
    assert formatting.price_in(Decimal(price), "EUR") == text


def test_times_are_in_the_zone_of_the_page() -> None:
    assert formatting.moment(1_757_181_242_000, "UTC") == "17:54"
    assert formatting.moment(1_757_181_242_000, "Europe/Berlin") == "19:54"


async def test_open_pages_share_an_answer_until_it_is_old() -> None:
    clock = ManualClock(1_000)
    cache = PageCache(MadeUpService(clock))
    asked: list[int] = []

    async def ask() -> None:
        await cache.shared("answer", 5, lambda: asked.append(1))

    await asyncio.gather(*(ask() for _ in range(20)))
    assert len(asked) == 1
    clock.sleep(5)
    await ask()
    assert len(asked) == 2


async def test_answers_are_asked_for_again_when_readings_of_the_past_came() -> None:
    clock = ManualClock(1_000)
    service = MadeUpService(clock)
    cache = PageCache(service)
    asked: list[int] = []

    async def times_asked(keep_s: float) -> int:
        await cache.shared(("answer", keep_s), keep_s, lambda: asked.append(1))
        return len(asked)

    assert await times_asked(60) == 1
    clock.sleep(30)
    assert not await cache.is_unsettled()
    assert await times_asked(60) == 1
    service.live._live_readings.past_changes += 1
    assert await cache.is_unsettled()
    assert await times_asked(60) == 2
    clock.sleep(UNSETTLED_KEEP_S)
    assert await times_asked(60) == 3  # the history may not have had all of it
    clock.sleep(SETTLE_S)
    assert not await cache.is_unsettled()
    assert await times_asked(60) == 4
    clock.sleep(30)
    assert await times_asked(60) == 4


async def test_an_answer_that_takes_long_is_not_asked_for_all_the_time() -> None:
    """Readings of the past come for hours, and the history is slow: it must have time for them."""
    clock = ManualClock(1_000)
    service = MadeUpService(clock)
    cache = PageCache(service)
    asked: list[float] = []
    free = threading.Event()

    def make() -> None:
        asked.append(clock.monotonic())
        free.wait(10)

    service.live._live_readings.past_changes += 1
    assert await cache.is_unsettled()
    first = asyncio.ensure_future(cache.shared("answer", 60, make))
    await asyncio.sleep(0)
    clock.sleep(UNSETTLED_KEEP_S)
    second = asyncio.ensure_future(cache.shared("answer", 60, make))
    await asyncio.sleep(0)
    free.set()
    await asyncio.gather(first, second)
    assert len(asked) == 1  # who came while it was under way shares it
    service.live._live_readings.past_changes += 1
    clock.sleep(UNSETTLED_KEEP_S)
    await cache.shared("answer", 60, make)
    assert len(asked) == 1  # it took 2 s: the history has a rest
    clock.sleep(REST * UNSETTLED_KEEP_S)
    await cache.shared("answer", 60, make)
    assert len(asked) == 2


async def test_windows_end_where_the_history_is_not_behind() -> None:
    """Readings that it has not inserted yet would be missing in the sums: a dip that never was."""
    clock = ManualClock(1_000)
    service = MadeUpService(clock)
    cache = PageCache(service)
    service.past.behind_ms = 170_000  # some seconds, of a clock that runs fast
    await cache.now()
    start, end = cache.borders(SPANS["1h"])
    xs, _ = await cache.sums("H017", 900_000, 15_000, start, end, 5)
    known = service.t() - service.past.behind_ms
    assert known - 15_000 < xs[-1] <= known


async def test_where_a_device_fell_silent_no_window_is_drawn_as_zero() -> None:
    """Another clock goes on: to its end there are windows, and nothing came in them."""
    service = MadeUpService(ManualClock(1_000))
    cache = PageCache(service)
    service.past.behind_ms = 40 * 60_000
    for _ in range(3):  # somebody looks
        await cache.now()
        service.clock.sleep(60)
    start, end = cache.borders(SPANS["1h"])
    xs, _ = await cache.sums("H017", 900_000, 15_000, start, end, 5)
    assert xs[-1] <= service.t() - service.past.behind_ms < end - 30 * 60_000


async def test_a_failure_is_shared_too_and_forgotten() -> None:
    clock = ManualClock(1_000)
    service = MadeUpService(clock)
    cache = PageCache(service)
    start, end = cache.borders(SPANS["1h"])
    service.past.away = True
    with pytest.raises(Unavailable):
        await cache.power(start, end, 60_000, 5)
    service.past.away = False
    clock.sleep(5)
    xs, ys = await cache.power(start, end, 60_000, 5)
    assert len(xs) == len(ys) == 60
