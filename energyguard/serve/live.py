"""What is so now: a fold of the log's newest records, and those who want to hear of it.

Every process that serves follows the log by itself, without a consumer group: every open page
sees everything and none takes a reading from another. Alerts have a thread of their own, so that
no alert waits behind readings.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection

from energyguard.serve.views import (
    DeviceView,
    Kind,
    PartitionView,
    ReadingView,
    Update,
    WindowAlert,
)


class Live:
    """The newest of everything, in memory. All methods are quick and thread-safe."""

    def readings(self, limit: int = 200, device: str = "") -> list[ReadingView]:
        """The newest readings in log order, newest first, at most 2,000.

        Args:
            limit: how many.
            device: only devices whose id contains this text.
        """

    def devices(self) -> list[DeviceView]:
        """Every device heard of since the start, by id, with its newest reading and its kW."""

    def device(self, alert_id: str) -> list[DeviceView]:
        """One device: a row per topic and channel."""

    def partitions(self) -> list[PartitionView]:
        """How far the worker is, by topic and partition."""

    def windows(self, limit: int = 200, device: str = "") -> list[WindowAlert]:
        """The newest records of ``energy_alerts``, newest first, at most 2,000."""

    def per_minute(self, minutes: int = 60) -> list[tuple[int, int]]:
        """Readings by wall-clock minute: (start of the minute in ms, readings), oldest first."""

    def newest_ms(self, topic: str | None = None) -> int | None:
        """The newest event time of a topic, or of all."""

    def subscribe(
        self, kinds: Collection[Kind] = (), after: str = ""
    ) -> AsyncIterator[Update]:
        """Updates as they come, for the running event loop; end it with ``aclose()``.

        Args:
            kinds: only these kinds; empty: all.
            after: an ``Update.id``: the facts that came after it are delivered first.
        """
