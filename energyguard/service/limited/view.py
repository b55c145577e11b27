"""What somebody sees who may not see, or do, everything: the parts of a limited service."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pyarrow as pa

from energyguard.audit import Audit
from energyguard.clock import Clock
from energyguard.history.query import query_named
from energyguard.history.row_filter import only_rows
from energyguard.model.access import AccessRole, Caller
from energyguard.pipeline import PROJECTIONS
from energyguard.service.bills.contract import Bills, Prices
from energyguard.service.catalogue.contract import SiteCatalogue
from energyguard.service.consumption.contract import Consumption
from energyguard.service.contract import Service
from energyguard.service.corrections.contract import Corrections
from energyguard.service.devices import Devices
from energyguard.service.limited.bills import LimitedBills
from energyguard.service.limited.catalogue import LimitedCatalogue
from energyguard.service.limited.consumption import LimitedConsumption
from energyguard.service.limited.corrections import LimitedCorrections
from energyguard.service.limited.edges import LimitedEdges
from energyguard.service.limited.letters import LimitedLetters
from energyguard.service.limited.live import LimitedLive
from energyguard.service.limited.parts import (
    LimitedAlerts,
    LimitedLateSums,
    LimitedNotifications,
    LimitedProfiles,
    LimitedRules,
    check_role,
    refuse,
)
from energyguard.service.limited.routes import LimitedRoutes
from energyguard.service.limited.silences import LimitedSilences
from energyguard.service.limited.site_scope import SiteScope
from energyguard.service.lookups import (
    AlertLookup,
    DeviceLookup,
    LateSumLookup,
    NotificationLookup,
    ProfileLookup,
    RuleLookup,
)
from energyguard.service.notify.contract import NotifyRoutes
from energyguard.service.parts import (
    Backups,
    Cluster,
    DomainProjection,
    Edges,
    Live,
    PeoplePreferences,
    StandingSilences,
)
from energyguard.settings.tree import Settings

WRITE, READ, OPERATE, ADMIN = AccessRole


class LimitedView:
    """The parts of the service as far as somebody may see them.

    Args:
        service: the whole of it.
        caller: who asks.
    """

    def __init__(self, service: Service, caller: Caller) -> None:
        self._service, self._caller = service, caller
        self._scope = scope = SiteScope(service.catalogue, caller.sites) if caller.sites else None
        self._catalogue = LimitedCatalogue(service.catalogue, caller, scope)
        self._live: Live = service.live
        self._projections: Mapping[str, DomainProjection] = service.projections
        if scope:
            self._letters = LimitedLetters(service, scope, self._names)
            self._live = LimitedLive(service.live, scope, self._letters.sees)
            self._projections = {
                name: projection.of_some(scope) for name, projection in service.projections.items()
            }
        self._book: AlertLookup = LimitedAlerts(service.book, scope) if scope else service.book
        self._devices = Devices(self._live, self._book, self.query) if scope else service.devices

    def _for(self, role: AccessRole) -> Service:
        """The whole service, for what a role may do.

        Raises:
            Forbidden: the caller's may not.
        """
        check_role(self._caller, role)
        return self._service

    def _whole(self, role: AccessRole, what: str) -> Service:
        """The whole service, for what is about all sites."""
        service = self._for(role)
        if self._scope is not None:
            refuse(what)
        return service

    # What there is

    @property
    def settings(self) -> Settings:
        """The settings tree."""
        return self._service.settings

    @property
    def clock(self) -> Clock:
        """The wall clock."""
        return self._service.clock

    @property
    def live(self) -> Live:
        """The newest of what is seen."""
        self._for(READ)
        return self._live

    @property
    def book(self) -> AlertLookup:
        """The alerts that are seen."""
        self._for(READ)
        return self._book

    @property
    def rules(self) -> RuleLookup:
        """The rules, as far as they are about what is seen."""
        rules = self._for(READ).rules
        return LimitedRules(rules, self._scope) if self._scope else rules

    @property
    def notifications(self) -> NotificationLookup:
        """The notifications that are seen."""
        whole = self._for(READ).notifications
        return LimitedNotifications(whole, self._scope) if self._scope else whole

    @property
    def devices(self) -> DeviceLookup:
        """Any device that is seen."""
        self._for(READ)
        return self._devices

    @property
    def profiles(self) -> ProfileLookup:
        """What is usual for a device that is seen."""
        profiles = self._for(READ).profiles
        return LimitedProfiles(profiles, self._scope) if self._scope else profiles

    @property
    def late_sums(self) -> LateSumLookup:
        """What sums that are seen wait for."""
        late = self._for(READ).late_sums
        return LimitedLateSums(late, self._scope) if self._scope else late

    @property
    def projections(self) -> Mapping[str, DomainProjection]:
        """How devices of domains are now, as far as they are seen."""
        self._for(READ)
        return self._projections

    @property
    def cluster(self) -> Cluster | None:
        """The nodes of the store: an admin's."""
        admin = self._caller.may(ADMIN) and self._scope is None
        return self._service.cluster if admin else None

    @property
    def edges(self) -> Edges:
        """The edges whose devices are seen; to let one in no more is an admin's."""
        return LimitedEdges(self._for(READ).edges, self._scope)

    @property
    def catalogue(self) -> SiteCatalogue:
        """Sites, devices and groups that are seen."""
        self._for(READ)
        return self._catalogue

    @property
    def consumption(self) -> Consumption:
        """What was used by what is seen."""
        consumption = self._for(READ).consumption
        if self._scope is None:
            return consumption
        return LimitedConsumption(consumption, self._scope, self._live.apart)

    @property
    def corrections(self) -> Corrections:
        """Corrections of readings that are seen."""
        return LimitedCorrections(self._for(READ).corrections, self._caller, self._scope)

    @property
    def bills(self) -> Bills:
        """What the energy of what is seen cost."""
        bills = self._for(READ).bills
        return LimitedBills(bills, self._scope) if self._scope else bills

    @property
    def prices(self) -> Prices:
        """Lists of dynamic prices: an admin's."""
        return self._whole(ADMIN, "lists of prices").prices

    @property
    def routes(self) -> NotifyRoutes:
        """Who is told of what is seen; addresses and changes are an admin's."""
        return LimitedRoutes(self._for(READ).routes, self._caller, self._scope)

    @property
    def silences(self) -> StandingSilences:
        """Standing silences that are seen."""
        return LimitedSilences(self._for(READ).silences, self._caller, self._scope)

    @property
    def preferences(self) -> PeoplePreferences:
        """How each person reads the page."""
        return self._for(READ).preferences

    @property
    def audit(self) -> Audit:
        """Who did what: an admin's."""
        return self._whole(ADMIN, "the audit").audit

    @property
    def backups(self) -> Backups:
        """Copies of the data folder: an admin's."""
        return self._whole(ADMIN, "copies of the data folder").backups

    def query(self, name: str, **parameters: object) -> pa.Table:
        """Ask the history: as if there were no other devices than those that are seen.

        Raises:
            Forbidden: it is about a device that is not seen.
        """
        service = self._for(READ)
        if self._scope is None:
            return service.query(name, **parameters)
        if device := parameters.get("device"):
            self._scope.check(str(device))
        given = query_named(name).filled(self, parameters)
        return service.query(name, **given, only=only_rows(self._ids()))

    def _ids(self) -> Mapping[str, Collection[str]]:
        """What is seen, by the columns in which tables of the history name it."""
        scope = self._scope
        assert scope is not None
        found: dict[str, Collection[str]] = {"device": scope.devices}
        for name, projection in self._service.projections.items():
            if (declared := PROJECTIONS.get(name)) and declared.column:
                found[declared.column] = projection.names(scope)
        return found

    def _names(self) -> Collection[str]:
        """What domains call the devices that are seen."""
        return {name for names in self._ids().values() for name in names}
