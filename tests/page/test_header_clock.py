"""The clock of a simulation is sent until its speed is known, and then only when it is off."""

from __future__ import annotations

from nicegui import ui
from nicegui.testing import user_simulation

from energyguard.page.frame.header_clock import HeaderClock

BEGIN_MS = 1_763_830_800_000
SPEED = 60_000  # ms a second


async def test_the_clock_is_sent_until_its_speed_is_known_and_when_it_is_off() -> None:
    second = 0.0
    clocks: list[HeaderClock] = []

    async with user_simulation() as user:

        @ui.page("/clock")
        def clock() -> None:
            clocks.append(HeaderClock("UTC", lambda: second))

        page = await user.open("/clock")
        (made,) = clocks
        (place,) = (e for e in page.elements.values() if "running" in e.classes)

        def sent(clock_ms: int) -> tuple[object, object]:
            made.show(clock_ms)
            return place.props.get("data-at"), place.props.get("data-speed")

        for _ in range(6):
            at, speed = sent(BEGIN_MS + int(second * SPEED))
            assert at == str(BEGIN_MS + int(second * SPEED))
            second += 1
        assert speed == str(SPEED)
        for _ in range(60):  # it runs as is known, a reading early or late
            assert sent(BEGIN_MS + int(second * SPEED) + 15_000) == (at, speed)
            second += 1
        stopped_ms = BEGIN_MS + int(second * SPEED)
        for _ in range(12):  # it stands: the browser is told, and shows what it is sent
            at, speed = sent(stopped_ms)
            second += 1
        assert (at, speed) == (str(stopped_ms), "0")
