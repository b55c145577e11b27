"""What page, API and CLI may rely on of what was used."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from energyguard.model.calendar import CalendarSpan, CalendarStep
from energyguard.service.consumption.consumption import ConsumptionSeries
from energyguard.tariffs.energy import MeteredEnergy


class Consumption(Protocol):
    """What devices, sites and groups use, as their zone has days."""

    def zone_of(self, keys: Sequence[str]) -> str:
        """The zone of the days of all of these."""

    def now_of(self, keys: Sequence[str]) -> int:
        """What time it is where the readings of all of these come from."""

    def span(self, text: str, keys: Sequence[str] = (), zone: str = "") -> CalendarSpan:
        """Read a span such as ``2026-11``, ``today`` or ``last-30-days``."""

    def of(
        self,
        keys: Sequence[str],
        span: CalendarSpan,
        until_ms: int | None = None,
        step: CalendarStep | None = None,
        compare: bool = True,
        without: Collection[str] = (),
    ) -> list[ConsumptionSeries]:
        """What each of these used in a span, step by step, and in the span before.

        Everything leaves out simulations that live in a time of their own.
        """

    def between(self, keys: Sequence[str], borders: Sequence[int]) -> dict[str, MeteredEnergy]:
        """What each of these used between any borders."""
