"""What energy cost, for somebody who is limited to sites: of what is seen, by its tariffs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from energyguard.errors import NotFound
from energyguard.model.calendar import CalendarSpan, CalendarStep
from energyguard.model.catalogue import SITE, key_of
from energyguard.service.bills.contract import (
    Bills,
    EnergyBill,
    EnergyCost,
    StepCosts,
    TariffCard,
)
from energyguard.service.bills.costs import added, added_steps
from energyguard.service.limited.site_scope import SiteScope


class LimitedBills:
    """Bills of devices, sites and groups that are seen; everything is what is at the sites."""

    def __init__(self, whole: Bills, scope: SiteScope) -> None:
        self._all, self._scope = whole, scope

    def of(
        self, key: str, span: CalendarSpan, tariff: str = "", until_ms: int | None = None
    ) -> EnergyBill:
        """The bill of a device, a site or a group.

        Raises:
            Forbidden: it is not seen, or not all of it.
            NotFound: no such tariff is seen.
        """
        self._scope.check_keys([key])
        if tariff:
            self.tariff(tariff)
        return self._all.of(key, span, tariff, until_ms)

    def costs(self, keys: Sequence[str], span: CalendarSpan) -> Mapping[str, EnergyCost]:
        """What the energy of each comes to, of those that have a tariff.

        Raises:
            Forbidden: one of them is not seen, or not all of it.
        """
        wanted, roots = self._seen_keys(keys)
        found = self._all.costs([*wanted, *roots], span)
        costs = {key: found[key] for key in wanted if key in found}
        if "" in keys and (cost := added([found.get(key) for key in roots])) is not None:
            costs[""] = cost
        return costs

    def step_costs(
        self, keys: Sequence[str], span: CalendarSpan, step: CalendarStep | None = None
    ) -> Mapping[str, StepCosts]:
        """The same for each step of a span.

        Raises:
            Forbidden: one of them is not seen, or not all of it.
        """
        wanted, roots = self._seen_keys(keys)
        found = self._all.step_costs([*wanted, *roots], span, step)
        costs = {key: found[key] for key in wanted if key in found}
        if "" in keys and (steps := [found[key] for key in roots if key in found]):
            costs[""] = added_steps(steps)
        return costs

    def _seen_keys(self, keys: Sequence[str]) -> tuple[list[str], list[str]]:
        """The keys, and for everything the outermost sites.

        Raises:
            Forbidden: one of them is not seen, or not all of it.
        """
        wanted = [key for key in keys if key]
        self._scope.check_keys(wanted)
        roots = [key_of(SITE, site) for site in self._scope.entries.children()]
        return wanted, roots if "" in keys else []

    def tariffs(self) -> list[TariffCard]:
        """The tariffs that hold at the sites, by name."""
        return [self._seen(card) for card in self._all.tariffs() if self._is_seen(card.id)]

    def tariff(self, tariff_id: str) -> TariffCard:
        """One of them.

        Raises:
            NotFound: there is none, or it holds elsewhere.
        """
        if not self._is_seen(tariff_id):
            raise NotFound(f"no tariff {tariff_id!r} at your sites")
        return self._seen(self._all.tariff(tariff_id))

    def _is_seen(self, tariff_id: str) -> bool:
        return tariff_id in self._scope.entries.tariffs

    def _seen(self, card: TariffCard) -> TariffCard:
        sites = tuple(site for site in card.sites if site in self._scope.entries.sites)
        return TariffCard(card.id, card.tariff, sites, card.revision, card.by, card.at_ms)
