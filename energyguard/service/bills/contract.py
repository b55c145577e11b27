"""What page, API and CLI may rely on of what energy cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple, Protocol

from energyguard.model.calendar import CalendarSpan, CalendarStep
from energyguard.model.tariffs import Tariff
from energyguard.tariffs.bill import RatedSpan, major
from energyguard.tariffs.prices import PriceSlot


@dataclass(frozen=True, slots=True)
class EnergyBill:
    """The bill of a device, a site or a group.

    Attributes:
        key: whose: ``site/ID``, ``device/ID``, ``group/ID``.
        span: days of a zone.
        until_ms: up to when it counts: now, or the end of the span.
        currency: ISO 4217.
        digits: of its minor unit: 2 for cents.
        rated: lines and their sum.
        tariffs: the ids of the tariffs that held, in order.
        missing: time without readings, by whole hours: [from, to) in ms since 1970 UTC.
    """

    key: str
    span: CalendarSpan
    until_ms: int
    currency: str
    digits: int
    rated: RatedSpan
    tariffs: tuple[str, ...]
    missing: tuple[tuple[int, int], ...]

    @property
    def total(self) -> Decimal:
        """The sum of all lines, in units of the currency."""
        return major(self.rated.total, self.digits)


class EnergyCost(NamedTuple):
    """What the energy of a span comes to, with taxes and without standing and demand charges."""

    amount: Decimal  # in units of the currency
    currency: str
    nano: int  # the energy that has a price, 1e-9 kWh; net of what was fed in


StepCosts = Sequence[EnergyCost | None]
"""What the energy of each step of a span comes to; None: it has no price."""


@dataclass(frozen=True, slots=True)
class TariffCard:
    """A tariff, and where it holds now."""

    id: str
    tariff: Tariff
    sites: tuple[str, ...]  # ids of those that say so themselves
    revision: int  # what a change is based on
    by: str
    at_ms: int | None


class Bills(Protocol):
    """What energy cost, by the tariffs of the catalogue."""

    def of(
        self, key: str, span: CalendarSpan, tariff: str = "", until_ms: int | None = None
    ) -> EnergyBill:
        """The bill of a device, a site or a group; with another tariff, what if."""

    def costs(self, keys: Sequence[str], span: CalendarSpan) -> Mapping[str, EnergyCost]:
        """What the energy of each comes to, of those that have a tariff."""

    def step_costs(
        self, keys: Sequence[str], span: CalendarSpan, step: CalendarStep | None = None
    ) -> Mapping[str, StepCosts]:
        """The same for each step of a span, unrounded, of those that have a tariff."""

    def tariffs(self) -> list[TariffCard]:
        """Every tariff, by name."""

    def tariff(self, tariff_id: str) -> TariffCard:
        """One of them."""


class PriceSummary(NamedTuple):
    """A list of dynamic prices: how many, from when to when (ms since 1970 UTC)."""

    id: str
    prices: int
    start_ms: int
    end_ms: int


class Prices(Protocol):
    """Lists of dynamic prices."""

    def lists(self) -> list[PriceSummary]:
        """Every list, by its id."""

    def slots(self, list_id: str, start_ms: int, end_ms: int) -> list[PriceSlot]:
        """The prices of a list in a range, in order of time."""

    def put(self, list_id: str, data: bytes, name: str) -> int:
        """Take the prices of a CSV file; how many it has."""
