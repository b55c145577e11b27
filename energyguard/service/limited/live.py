"""The live projection for somebody who is limited to sites."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import aclosing
from dataclasses import replace

from energyguard.service.limited.site_scope import SiteScope
from energyguard.service.live.readings import is_of_energy
from energyguard.service.live.sums import LiveSums
from energyguard.service.parts import Live
from energyguard.service.views import (
    NOTHING,
    DeadLetter,
    DeviceView,
    Freshness,
    Kind,
    ReadingView,
    Update,
    WindowAlert,
)

MAX_ROWS = 2_000
"""As many as the live projection keeps, of all devices."""


FEW = 50
"""So many devices are looked up by their ids; of more, all are looked through."""


class LimitedLive:
    """The live projection of the devices that are seen.

    Args:
        live: of all.
        scope: what is seen.
        sees_letter: whether a dead letter is.
    """

    def __init__(
        self, live: Live, scope: SiteScope, sees_letter: Callable[[DeadLetter], bool]
    ) -> None:
        self._live, self._scope, self._sees_letter = live, scope, sees_letter

    @property
    def listeners(self) -> int:
        """How many subscriptions there are, of all."""
        return self._live.listeners

    def newest_ms(self, topic: str | None = None) -> int | None:
        """The newest event time of a topic, or of all that measure energy."""
        newest = self._live.newest_ms(topic)
        times = [row.time_ms for row in self._rows(topic)]
        return None if newest is None or not times else min(max(times), newest)

    def fresh(self, topic: str | None = None) -> Freshness:
        """Whether a topic, or anything that measures energy, is live, and since when not.

        What time it is there, and when the last message came, is of all who send there.
        """
        rows = self._rows(topic)
        apart = self.apart()
        names = {row.topic for row in rows if row.device not in apart} or {r.topic for r in rows}
        found = [self._fresh(name) for name in names]
        return max(found, key=lambda part: (part.live, part.newest_ms or 0), default=NOTHING)

    def _fresh(self, topic: str) -> Freshness:
        rows, whole = self._rows(topic), self._live.fresh(topic)
        live = whole.live and not all(row.silent for row in rows)
        return replace(whole, newest_ms=self.newest_ms(topic), live=live)

    def _rows(self, topic: str | None) -> list[DeviceView]:
        """The newest of each device of a topic, or of those that measure energy."""
        return [
            row
            for row in self.devices()
            if row.topic == topic or (topic is None and is_of_energy(row.topic))
        ]

    def apart(self, among: Collection[str] | None = None) -> frozenset[str]:
        """The devices that are seen, of simulations with a clock of their own."""
        seen = self._scope.devices
        return self._live.apart(seen if among is None else seen.intersection(among))

    @property
    def past_changes(self) -> int:
        """How often readings of the past came, or corrections: of all, seen or not."""
        return self._live.past_changes

    def wait_for_readings(self, wait: float = 10.0) -> None:
        """Return when the newest readings of the log are known, or after so many seconds."""
        self._live.wait_for_readings(wait)

    def clock_of(self, devices: Collection[str]) -> int | None:
        """What time it is where the readings of some devices come from."""
        return self._live.clock_of(self._scope.devices.intersection(devices))

    def readings(self, limit: int = 200, device: str = "") -> list[ReadingView]:
        """The newest readings, newest first, of devices whose id contains a text."""
        return self._of(self._live.readings(MAX_ROWS, device))[:limit]

    def devices(self) -> list[DeviceView]:
        """A row per device, topic and channel, by the device's id."""
        seen = self._scope.devices
        if len(seen) <= FEW:
            return [row for device in sorted(seen) for row in self._live.device(device)]
        return [row for row in self._live.devices() if row.device in seen]

    def sums(self) -> LiveSums:
        """What each device draws now, and who fell silent."""
        return self._live.sums().only(self._scope.devices)

    def device(self, device_id: str) -> list[DeviceView]:
        """One device: a row per topic and channel."""
        return self._live.device(device_id) if device_id in self._scope else []

    def windows(self, limit: int = 200, device: str = "") -> list[WindowAlert]:
        """The newest records of ``energy_alerts``, newest first."""
        seen, found = self._scope.devices, self._live.windows(MAX_ROWS, device)
        return [row for row in found if row.household_id in seen][:limit]

    def per_minute(self, minutes: int = 60) -> list[tuple[int, int]]:
        """Nothing: readings are counted for all together."""
        return []

    async def subscribe(
        self, kinds: Collection[Kind] = (), after: str = ""
    ) -> AsyncGenerator[Update, None]:
        """Updates as they come, of the devices that are seen; what is of all is left out."""
        async with aclosing(self._live.subscribe(kinds, after)) as updates:
            async for update in updates:
                if (seen := self._update(update)) is not None:
                    yield seen

    def _update(self, update: Update) -> Update | None:
        match update.kind:
            case "ready" | "missed":
                return update
            case "readings":
                rows = self._of(update.data["rows"])
                return replace(update, data={"rows": rows, "per_minute": []}) if rows else None
            case "alert" | "action":
                return update if update.data.device in self._scope else None
            case "anomaly":
                return update if update.data.alert.device in self._scope else None
            case "dead-letter":
                return update if self._sees_letter(update.data) else None
            case "window":
                return update if update.data.household_id in self._scope else None
        return None

    def _of(self, rows: list[ReadingView]) -> list[ReadingView]:
        seen = self._scope.devices
        return [row for row in rows if row.device in seen]
