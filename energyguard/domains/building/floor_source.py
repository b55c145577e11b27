"""The floors for open pages: asked for once, however many are open."""

from __future__ import annotations

from collections.abc import Mapping

from energyguard.domains.building.floor_now import (
    FloorNow,
    FloorSample,
    floors_of,
    samples_of,
)
from energyguard.errors import Unavailable
from energyguard.model.days import day_ms, local
from energyguard.model.topics import BUILDING_READINGS
from energyguard.page.frame.context import PageContext
from energyguard.page.frame.page_cache import times_ms

KEEP_S = 10.0
MAX_FLOORS = 1_000
MAX_CHANNELS = 6  # in a floor's message
BEHIND_MS = 2 * 3_600_000
"""A history that is farther behind says nothing of today."""
SAMPLES_OF_MS = 3_600_000
ROWS = 500  # the newest readings, of which some are the floor's


class FloorSource:
    """What service and history know of the floors."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.cache = context, context.cache
        self._past: Mapping[str, int] = {}  # by device, how far the history is

    async def now(self) -> list[FloorNow]:
        """All of them, by floor; while the history is away, those that were heard."""
        try:
            devices = await self.cache.ask("devices", KEEP_S, device="")
        except Unavailable:
            past = {}
        else:
            columns = (devices["device"].to_pylist(), times_ms(devices["last"]))
            topics = devices["topic"].to_pylist()
            rows = zip(topics, *columns, strict=True)
            past = {device: ms for topic, device, ms in rows if topic == BUILDING_READINGS.name}
        self._past = past
        service = self.cache.service
        return await self.cache.shared(
            "floors",
            0.9,
            lambda: floors_of(service.live.devices(), service.book.open(), past),
        )

    async def kwh_today(self) -> dict[str, float]:
        """The energy of each since midnight by the data's clock, where the history is that far."""
        zone = self.context.zone
        day, end = day_ms(local(self.context.now_ms, zone).date(), zone)
        parameters = {"start_ms": day, "end_ms": end, "by": "kwh", "n": MAX_FLOORS, "without": ""}
        try:
            top = await self.cache.ask("top", KEEP_S, **parameters)
        except Unavailable:
            return {}
        known = zip(top["device"].to_pylist(), top["kwh"].to_pylist(), strict=True)
        floors = {floor.device: floor.last_ms - BEHIND_MS for floor in await self.now()}
        return {
            device: kwh
            for device, kwh in known
            if device in floors and self._past.get(device, 0) >= floors[device]
        }

    async def samples(self, floor: FloorNow, limit: int) -> list[FloorSample]:
        """The newest of what a floor said: of the history, and what it has not yet."""
        end = floor.last_ms + 1
        past: list[tuple[int, str, float]] = []
        try:
            seen = await self.cache.ask_as(
                ("samples", floor.device), KEEP_S / 2, "readings", device=floor.device, channel="",
                start_ms=end - SAMPLES_OF_MS, end_ms=end, limit=limit * MAX_CHANNELS,
            )  # fmt: skip
        except Unavailable:
            pass
        else:
            columns = (seen["channel"].to_pylist(), seen["value"].to_pylist())
            past = list(zip(times_ms(seen["time"]), *columns, strict=True))
        live = self.cache.service.live.readings(ROWS, floor.device)
        new = [(row.time_ms, row.channel, row.value) for row in live if row.device == floor.device]
        return samples_of(new + past, limit)
