"""What was used, for somebody who is limited to sites: everything is what is at these."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from energyguard.model.calendar import CalendarSpan, CalendarStep
from energyguard.model.catalogue import SITE, key_of
from energyguard.service.consumption.amounts import ConsumptionStep
from energyguard.service.consumption.consumption import ConsumptionSeries
from energyguard.service.consumption.contract import Consumption
from energyguard.service.limited.site_scope import SiteScope
from energyguard.tariffs.energy import MeteredEnergy


class LimitedConsumption:
    """What was used by devices, sites and groups that are seen."""

    def __init__(
        self, whole: Consumption, scope: SiteScope, apart: Callable[[], Collection[str]]
    ) -> None:
        self._all, self._scope, self._apart = whole, scope, apart

    def zone_of(self, keys: Sequence[str]) -> str:
        """The zone of the days of all of these."""
        return self._all.zone_of(self._seen(keys))

    def now_of(self, keys: Sequence[str]) -> int:
        """What time it is where the readings of all of these come from."""
        return self._all.now_of(self._seen(keys))

    def span(self, text: str, keys: Sequence[str] = (), zone: str = "") -> CalendarSpan:
        """Read a span such as ``2026-11``, ``today`` or ``last-30-days``."""
        return self._all.span(text, self._seen(keys), zone)

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

        Raises:
            Forbidden: one of them is not seen, or not all of it.
        """
        more = until_ms, step, compare
        found: dict[str, ConsumptionSeries] = {}
        if named := [key for key in keys if key]:
            series = self._all.of(self._seen(named), span, *more, without)
            found = {of_key.key: of_key for of_key in series}
        if "" in keys:
            left_out = {*without, *self._apart()}
            found[""] = _together(self._all.of(self._seen([""]), span, *more, left_out))
        return [found[key] for key in keys]

    def between(self, keys: Sequence[str], borders: Sequence[int]) -> dict[str, MeteredEnergy]:
        """What each of these used between any borders; everything is not one of them.

        Raises:
            Forbidden: one of them is not seen, or not all of it.
        """
        self._scope.check_keys(keys)
        return self._all.between(keys, borders)

    def _roots(self) -> list[str]:
        """The keys of the sites that are in none of the others."""
        return [key_of(SITE, site) for site in self._scope.entries.children()]

    def _seen(self, keys: Sequence[str]) -> list[str]:
        """The keys, with those of the sites for everything."""
        wanted = [key for key in keys if key] + (self._roots() if "" in keys else [])
        self._scope.check_keys(wanted or keys)
        return list(dict.fromkeys(wanted))


def _together(parts: Sequence[ConsumptionSeries]) -> ConsumptionSeries:
    """Everything: the sum of what is used at the sites."""
    steps = _added(part.steps for part in parts)
    known = [i for i, step in enumerate(steps) if step.kwh is not None]
    return parts[0]._replace(
        key="",
        steps=steps,
        total_kwh=_sum(part.total_kwh for part in parts),
        before=_added(part.before for part in parts),
        before_total_kwh=_sum(part.before_total_kwh for part in parts),
        highest=max(known, key=lambda i: steps[i].kwh or 0.0, default=None),
        missing=tuple(sorted(set.intersection(*(set(part.missing) for part in parts)))),
    )


def _added(series: Iterable[tuple[ConsumptionStep, ...]]) -> tuple[ConsumptionStep, ...]:
    return tuple(
        same[0]._replace(
            kwh=_sum(step.kwh for step in same), readings=sum(step.readings for step in same)
        )
        for same in zip(*series, strict=True)
    )


def _sum(amounts: Iterable[float | None]) -> float | None:
    known = [kwh for kwh in amounts if kwh is not None]
    return sum(known) if known else None
