"""What comes and goes is told once, and when it stays as it is."""

from __future__ import annotations

from energyguard.alerts.flapping import MAX_TIMES, STEADY_MS
from energyguard.model.notify import Standing
from tests.notifier.made import GATHER_S, House, ends, fires
from tests.notify.servers import Hook
from tests.service.made import NOON


def comes_and_goes(house: House, number: int) -> None:
    """It begins, and a minute later it is over; each time it is another alert."""
    at_ms = NOON + 120_000 * number
    house.raise_(fires(f"a{number}", since_ms=at_ms, time_ms=at_ms))
    house.pass_time(GATHER_S)
    house.raise_(ends(f"a{number}", since_ms=at_ms, time_ms=at_ms + 60_000))
    house.pass_time(GATHER_S)


def test_what_comes_and_goes_is_told_once_and_when_it_stays(house: House, hook: Hook) -> None:
    house.route("desk", hook.url)
    for number in range(MAX_TIMES):
        comes_and_goes(house, number)
    assert len(hook.got) == 2 * MAX_TIMES  # nothing is unusual yet
    for number in range(MAX_TIMES, 12):
        comes_and_goes(house, number)
        house.again()  # whoever takes it on knows the same
    assert len(hook.got) == 2 * MAX_TIMES + 1
    assert hook.got[-1]["title"].startswith(
        "It comes and goes, 5 times within an hour: H017 passed"
    )
    house.raise_(fires("other", device="H018"))
    house.pass_time(GATHER_S)
    assert hook.got[-1]["title"].startswith("H018")  # nothing else waits for it
    house.pass_time(STEADY_MS / 1_000)
    assert len(hook.got) == 2 * MAX_TIMES + 3
    title = hook.got[-1]["title"]
    assert title.startswith("It came and went, 12 times within an hour; now: Over since")
    assert {one.standing for one in house.deliveries()} == {Standing.SENT}
    house.pass_time(STEADY_MS / 1_000)
    assert len(hook.got) == 2 * MAX_TIMES + 3


def test_what_begins_again_another_day_does_not_flap(house: House, hook: Hook) -> None:
    house.route("desk", hook.url)
    for number in range(0, 300, 30):
        comes_and_goes(house, number)
    assert len(hook.got) == 20
