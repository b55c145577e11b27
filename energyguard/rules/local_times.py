"""Local hours: whose clock and holidays each device goes by, as the pinned catalogue has it.

A rule that says a zone goes by it wherever its devices stand. One that says none goes by the zone
and the holidays of each device's site, and where no site says any by those of the settings.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Self
from zoneinfo import ZoneInfoNotFoundError

import numpy as np

from energyguard.model.readings import Ints
from energyguard.model.selector import SiteClock
from energyguard.rules.profile.calendar import Calendar, WeekTimes, calendar_of
from energyguard.rules.rule import Rule, SiteCalendar

UNSAID = SiteClock()


class DeviceClocks:
    """The clock of each device's site, at a revision and a time. Keys are device numbers.

    Args:
        devices: the name of each key; grows.
        clock_of: what is said of the site of a device.
    """

    def __init__(self, devices: Sequence[str], clock_of: Callable[[str], SiteClock]) -> None:
        self._devices, self._clock_of = devices, clock_of
        self._places: dict[SiteClock, int] = {}
        self._of: Ints = np.empty(0, np.int64)

    @property
    def known(self) -> Sequence[SiteClock]:
        """Each clock that a device goes by, or went by, once."""
        return [*self._places]

    def at(self, key: Ints) -> Ints:
        """(n,) at which place of ``known`` the clock of each key is."""
        if new := self._devices[len(self._of) :]:
            self._of = np.append(self._of, [self._place(name) for name in new])
        return self._of[key]

    def look_again(self, devices: Collection[str]) -> None:
        """Some devices may stand elsewhere from now on."""
        for key, name in enumerate(self._devices[: len(self._of)]):
            if name in devices:
                self._of[key] = self._place(name)

    def _place(self, device: str) -> int:
        return self._places.setdefault(self._clock_of(device), len(self._places))


class RuleCalendars:
    """The calendar that a rule holds each device against.

    Args:
        own: what the rule says of zone and holidays.
        default: what holds where neither the rule nor a site says any.
    """

    def __init__(self, own: SiteClock, default: SiteClock = UNSAID) -> None:
        self._own, self._default = own, default

    def of(self, site: SiteClock) -> Calendar:
        """That of the devices of a site."""
        return calendar_of(*self.clock(site))

    def clock(self, site: SiteClock) -> SiteClock:
        """By which days the devices of a site are judged."""
        own, default = self._own, self._default
        if own.zone:
            return SiteClock(own.zone, own.holidays or default.holidays)
        return SiteClock(
            site.zone or default.zone, own.holidays or site.holidays or default.holidays
        )

    def moments(self, clocks: DeviceClocks, key: Ints, time_ms: Ints) -> WeekTimes:
        """The half-hour of the week of each time.

        Args:
            clocks: of the devices' sites.
            key: whose each time is, (n,).
            time_ms: since 1970, (n,).
        """
        place, known = clocks.at(key), clocks.known
        if len(known) == 1:
            return self.of(known[0]).moments(time_ms)
        slot, start = np.empty((2, len(time_ms)), np.int64)
        for n in np.unique(place).tolist():
            mine = place == n
            slot[mine], start[mine] = self.of(known[n]).moments(time_ms[mine])
        return WeekTimes(slot, start)


class LocalRule(Rule):
    """A rule that looks at local hours."""

    __slots__ = ()

    zone: str
    """Its own; empty: those of sites."""
    holidays: tuple[str, ...] = ()
    clock: SiteClock
    """What holds where neither it nor a site says any."""

    @property
    def calendars(self) -> RuleCalendars:
        """Whose hours its devices are judged by."""
        return RuleCalendars(SiteClock(self.zone, self.holidays), self.clock)

    @property
    def goes_by_sites(self) -> bool:
        """Unless it says a zone itself."""
        return not self.zone

    def at_site(self, site: SiteCalendar) -> Self:
        """By this clock, where neither it nor a site says any."""
        return self.with_fields(clock=site.clock)

    def clock_faults(self) -> Iterator[str]:
        """What makes its zone or its holidays unusable, in a sentence."""
        try:
            calendar_of(self.zone, self.holidays)
        except (ZoneInfoNotFoundError, ValueError) as error:
            own = [name for name in ("zone", "holidays") if name in self.fields()]
            yield f"{', '.join(own)}: {error}"
