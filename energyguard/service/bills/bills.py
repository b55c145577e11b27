"""What energy cost: consumption rated by the tariffs of the catalogue, made anew at each question.

span = consumption.span("2026-10", ["site/lindenhof"])
bill = bills.of("site/lindenhof", span)
bill.total, bill.rated.lines
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from energyguard.catalogue import Catalogue
from energyguard.errors import Faulty, Malformed, NotFound
from energyguard.model.calendar import CalendarSpan, CalendarStep
from energyguard.model.catalogue import SITE, key_of
from energyguard.model.days import local
from energyguard.model.tariffs import TARIFF
from energyguard.service.bills.applies import (
    currency_of,
    digits_of,
    facts_of,
    parts_of_sites,
    parts_of_tariff,
    sites_of,
)
from energyguard.service.bills.contract import EnergyBill, EnergyCost, StepCosts, TariffCard
from energyguard.service.bills.costs import added, added_steps
from energyguard.service.consumption.contract import Consumption
from energyguard.service.consumption.keys import weights_of
from energyguard.tariffs.bill import PlannedPiece, RatedSpan, borders_of, major, plan, rate
from energyguard.tariffs.energy import MeteredEnergy
from energyguard.tariffs.holidays import holiday_dates
from energyguard.tariffs.prices import PriceList
from energyguard.tariffs.steps import rate_steps

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
EXACT_DIGITS = 9
"""Of what a step comes to: cents would be too coarse for an hour."""


class _Planned(NamedTuple):
    """A bill before its energy is known."""

    pieces: tuple[PlannedPiece, ...]
    currency: str
    digits: int
    tariffs: tuple[str, ...]


class EnergyBills:
    """Makes bills.

    Args:
        consumption: what was used.
        catalogue: sites and tariffs.
        prices: a list of dynamic prices by its id; of one that there is not, none.
        apart: the devices that are in no sum of everything.
    """

    def __init__(
        self,
        consumption: Consumption,
        catalogue: Catalogue,
        prices: Callable[[str], PriceList],
        apart: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self._consumption, self._catalogue, self._prices = consumption, catalogue, prices
        self._apart = apart

    def of(
        self, key: str, span: CalendarSpan, tariff: str = "", until_ms: int | None = None
    ) -> EnergyBill:
        """The bill of a device, a site or a group.

        Args:
            key: ``site/ID``, ``device/ID`` or ``group/ID``.
            span: days of a zone; the bill's months are that zone's, too.
            tariff: what it would be with this one; empty: the ones that held.
            until_ms: before when; None: up to now, by the readings' own clock: the hour's end.

        Raises:
            Malformed: it is no key of what uses energy.
            NotFound: there is no such site or group, or no tariff.
            Faulty: several currencies or tariffs that cannot be on one bill, or no currency.
            Unavailable: the history is not there now.
        """
        end_ms = self._until(key, span, until_ms)
        planned = self._plan(key, span, end_ms, tariff)
        hours = [ms for ms in span.borders("hour") if ms < end_ms] + [end_ms]
        borders = sorted({*borders_of(planned.pieces), *hours})
        energy = self._energy([key], borders)[key]
        return EnergyBill(
            key=key,
            span=span,
            until_ms=end_ms,
            currency=planned.currency,
            digits=planned.digits,
            rated=self._rate(planned, energy),
            tariffs=planned.tariffs,
            missing=_missing(hours, energy),
        )

    def costs(self, keys: Sequence[str], span: CalendarSpan) -> Mapping[str, EnergyCost]:
        """What the energy of each comes to, of those that have a tariff. One question for all.

        Args:
            keys: as of ``of``; empty for everything. A site without a tariff has what the sites in
                it come to; of several currencies there is no sum. Everything leaves out sites of
                which all lives in a time of its own.
            span: days of a zone.

        Raises:
            Unavailable: the history is not there now.
        """
        parts, planned = self._planned(keys, span)
        energy = self._energy_of(planned)
        costs = {k: _cost(found, self._rate(found, energy[k])) for k, found in planned.items()}
        sums = {key: added([costs[part] for part in parts[key] if part in costs]) for key in keys}
        return {key: cost for key, cost in sums.items() if cost is not None}

    def step_costs(
        self, keys: Sequence[str], span: CalendarSpan, step: CalendarStep | None = None
    ) -> Mapping[str, StepCosts]:
        """The same for each step of a span, to 1e-9 of the currency: their sum is that of ``costs``
        but for the rounding of its lines.

        Args:
            keys: as of ``costs``.
            span: days of a zone.
            step: None: by the span's length.

        Raises:
            Unavailable: the history is not there now.
        """
        borders = span.borders(step or span.step)
        parts, planned = self._planned(keys, span)
        energy = self._energy_of(planned, borders)
        costs = {key: self._steps(found, energy[key], borders) for key, found in planned.items()}
        sums = {key: [costs[part] for part in parts[key] if part in costs] for key in keys}
        return {key: added_steps(found) for key, found in sums.items() if found}

    def _planned(
        self, keys: Sequence[str], span: CalendarSpan
    ) -> tuple[Mapping[str, Sequence[str]], Mapping[str, _Planned]]:
        """What is billed for each key, and the bill of each of these that has a tariff."""
        parts = {key: self._billed(key) for key in keys}
        planned: dict[str, _Planned] = {}
        for key in dict.fromkeys(part for found in parts.values() for part in found):
            try:
                planned[key] = self._plan(key, span, self._until(key, span, None))
            except (Malformed, NotFound, Faulty):
                continue  # it has no tariff, or is not there any more: nothing is said of it
        return parts, planned

    def _steps(
        self, planned: _Planned, energy: MeteredEnergy, borders: Sequence[int]
    ) -> list[EnergyCost | None]:
        """What each step comes to; None: no tariff holds, or none of what was used has a price."""
        found = rate_steps(planned.pieces, energy, self._lists(planned), borders)
        priced = found.nano - found.unpriced
        is_known = found.has_tariff & ((found.nano == 0) | (priced != 0))
        steps = zip(found.amount, priced.tolist(), is_known, strict=True)
        return [
            EnergyCost(major(amount, EXACT_DIGITS), planned.currency, nano) if known else None
            for amount, nano, known in steps
        ]

    def _billed(self, key: str) -> list[str]:
        """What is billed for a key: of a site without a tariff, and of everything, the sites in it
        that have one.
        """
        kind, _, name = key.partition("/")
        entries = self._catalogue
        if key and kind != SITE:
            return [key]
        if key and any(entries.sites[site].tariff for site in entries.path(name)):
            return [key]
        parts = [part for s in entries.children(name) for part in self._billed(key_of(SITE, s))]
        if key or not (apart := set(self._apart())):
            return parts
        return [
            part for part in parts if not (there := set(weights_of(part, entries))) or there - apart
        ]

    def _energy_of(
        self, planned: Mapping[str, _Planned], steps: Sequence[int] = ()
    ) -> dict[str, MeteredEnergy]:
        """What was used, where the pieces of each have to know it, and the steps within them."""
        borders = {ms for found in planned.values() for ms in borders_of(found.pieces)}
        if borders:
            first, last = min(borders), max(borders)
            borders |= {ms for ms in steps if first < ms < last}
        return self._energy(list(planned), sorted(borders))

    def _energy(self, keys: Sequence[str], borders: Sequence[int]) -> dict[str, MeteredEnergy]:
        """What was used; of a span that has not begun, nothing."""
        if keys and len(borders) > 1:
            return self._consumption.between(keys, borders)
        none = np.zeros(len(borders), np.int64)
        return {key: MeteredEnergy(np.array(borders, np.int64), none, none) for key in keys}

    def _until(self, key: str, span: CalendarSpan, until_ms: int | None) -> int:
        """Up to when a bill of a span counts: a whole minute.

        Up to now is to the end of the hour: the newest reading may speak of that.
        """
        if until_ms is None:
            whole = -(-(self._consumption.now_of([key]) + 1) // HOUR_MS) * HOUR_MS
        else:
            whole = -(-until_ms // MINUTE_MS) * MINUTE_MS
        return min(max(whole, span.start_ms), span.end_ms)

    def _plan(self, key: str, span: CalendarSpan, end_ms: int, tariff: str = "") -> _Planned:
        catalogue, start_ms = self._catalogue, span.start_ms
        sites = sites_of(key, catalogue)
        if tariff:
            parts = parts_of_tariff(tariff, catalogue, start_ms, end_ms)
        else:
            parts = parts_of_sites(key, sites, catalogue, start_ms, end_ms)
        held = [part for part in parts if part.tariff is not None]
        if not held and start_ms < end_ms:
            raise NotFound(
                f"{key} has no tariff in {span}: give its site one, or ask with tariff=ID"
            )
        facts = facts_of(sites, catalogue, parts)
        currency = currency_of(key, held, facts.currency)
        years = range(local(start_ms, span.zone).year, local(end_ms, span.zone).year + 1)
        pieces = plan(parts, span.zone, holiday_dates(facts.holidays, years))
        tariffs = tuple(dict.fromkeys(part.tariff_id for part in held))
        return _Planned(pieces, currency, digits_of(currency), tariffs)

    def _rate(self, planned: _Planned, energy: MeteredEnergy) -> RatedSpan:
        lists = self._lists(planned)
        return rate(planned.pieces, energy, lists, planned.currency, planned.digits)

    def _lists(self, planned: _Planned) -> dict[str, PriceList]:
        """The dynamic prices that its tariffs name."""
        sources = {p.piece.tariff.source for p in planned.pieces if p.piece.tariff}
        return {source: self._prices(source) for source in sources if source}

    # Tariffs

    def tariffs(self) -> list[TariffCard]:
        """Every tariff, by name."""
        cards = [self.tariff(tariff_id) for tariff_id in list(self._catalogue.tariffs)]
        return sorted(cards, key=lambda card: (card.tariff.name.casefold(), card.id))

    def tariff(self, tariff_id: str) -> TariffCard:
        """One of them.

        Raises:
            NotFound: there is none.
        """
        tariff = self._catalogue.tariffs.get(tariff_id)
        if tariff is None:
            known = ", ".join(sorted(self._catalogue.tariffs)) or "none"
            raise NotFound(f"no tariff {tariff_id!r}; there are: {known}")
        version = self._catalogue.version(key_of(TARIFF, tariff_id))
        sites = [s for s, site in list(self._catalogue.sites.items()) if site.tariff == tariff_id]
        return TariffCard(
            tariff_id,
            tariff,
            tuple(sorted(sites)),
            version.revision if version else 0,
            version.by if version else "",
            version.at_ms if version else None,
        )


def _cost(planned: _Planned, rated: RatedSpan) -> EnergyCost:
    amount = major(rated.energy_amount, planned.digits)
    return EnergyCost(amount, planned.currency, rated.nano - rated.unpriced_nano)


def _missing(hours: Sequence[int], energy: MeteredEnergy) -> tuple[tuple[int, int], ...]:
    """Hours without readings, those that follow one another together; of who never sent, none."""
    readings = energy.readings_of(hours)
    if not readings.any():
        return ()
    found: list[tuple[int, int]] = []
    for n in np.flatnonzero(readings == 0).tolist():
        start, end = hours[n], hours[n + 1]
        if found and found[-1][1] == start:
            found[-1] = found[-1][0], end
        else:
            found.append((start, end))
    return tuple(found)
