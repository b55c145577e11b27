"""Explains energies: of a device by its entries, of a site, a group or everything by its parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

from energyguard.errors import Faulty, Forbidden, Malformed, NotFound
from energyguard.model.catalogue import DEVICE, SITE, key_of, parts_of
from energyguard.model.days import HOUR_MS
from energyguard.service.bills.contract import EnergyBill
from energyguard.service.consumption.consumption import ConsumptionSeries
from energyguard.service.consumption.keys import weights_of
from energyguard.service.consumption.missing_hours import gaps_of
from energyguard.service.contract import Service
from energyguard.service.explain.bounds import Query, bounds_of, bounds_of_device, spoken_until
from energyguard.service.explain.contract import (
    BoundedEnergy,
    EnergyExplanation,
    ExplainedPart,
    OriginalReading,
)
from energyguard.service.explain.corrected import corrections_between
from energyguard.service.explain.entries import judged_of, split_entries
from energyguard.service.explain.known import MAX_READINGS
from energyguard.service.explain.steps import span_around, step_of, steps_between
from energyguard.service.explain.then import MAX_FOLDED, MAX_JUDGED, EarlierExplanation

MAX_PARTS = 100
MINUTE_MS = 60_000


class EnergyExplanations:
    """Explains energies.

    Args:
        service: who is asked: the whole, or what somebody may see of it.
        originals: finds readings of a device at a time (ms) in the log.
        known: by a wall time (ms), who answers what had come by then.
    """

    def __init__(
        self,
        service: Service,
        originals: Callable[[str, int], list[OriginalReading]],
        known: Callable[[int], Query],
    ) -> None:
        self._service, self._originals, self._known = service, originals, known

    def of(
        self,
        key: str,
        start_ms: int,
        end_ms: int,
        zone: str = "",
        everything: bool = False,
        as_known_ms: int | None = None,
    ) -> EnergyExplanation:
        """Why an energy is what it is, or was.

        Args:
            key: ``device/ID``, ``site/ID``, ``group/ID``; empty: everything.
            start_ms: from when on, ms since 1970 UTC.
            end_ms: before when; what has not come yet is left out.
            zone: of its days; empty: as its site has them.
            everything: with all entries, the ordinary ones too.
            as_known_ms: as it was known by this wall time; None: now.

        Raises:
            Malformed: it is no key, or the time ends before it begins.
            NotFound: there is no such device, site or group; the log no longer knows what had come.
            OutOfRange: as known then, of too many devices or readings.
            Unavailable: the history is not there now.
        """
        if start_ms >= end_ms:
            raise Malformed("it ends before it begins", "end")
        zone = zone or self._service.consumption.zone_of([key])
        until_ms = max(start_ms + 1, min(end_ms, self._known_until(key, start_ms, end_ms)))
        steps = steps_between(start_ms, end_ms, zone)
        borders = [ms for ms in steps if ms < until_ms] + [until_ms]
        if as_known_ms is not None:
            return self._there(self._earlier(key, borders, zone, everything, as_known_ms))
        bill = self._bill(key, start_ms, end_ms, zone)
        name = parts_of(key)[1] if key.startswith(f"{DEVICE}/") else ""
        if name and self._weights(key) == {name: 1}:
            return self._there(self._of_device(name, borders, zone, bill, everything))
        return self._of_sum(key, borders, zone, bill)

    def bounds(self, key: str, borders: Sequence[int]) -> list[BoundedEnergy] | None:
        """What was used between borders, at least and at most.

        Args:
            key: ``device/ID``, ``site/ID``, ``group/ID``; empty: everything.
            borders: ms since 1970 UTC, increasing, at least two.

        Returns:
            From each to the next; None: of too many devices or readings.

        Raises:
            Malformed, NotFound: it is no key, or there is no such site or group.
            Unavailable: the history is not there now.
        """
        weights = self._to_fold(key, borders[0], borders[-1])
        if not weights:
            return None
        ends = [borders[0] // MINUTE_MS * MINUTE_MS, -(-borders[-1] // MINUTE_MS) * MINUTE_MS]
        energies = self._service.consumption.between([key_of(DEVICE, d) for d in weights], ends)
        readings = sum(int(energy.readings.sum()) for energy in energies.values())
        if not 0 < readings <= MAX_READINGS:
            return None
        return bounds_of(self._service.query, weights, borders)

    def originals(self, device: str, time_ms: int) -> list[OriginalReading]:
        """The readings of a device at a time, as they lie in the log.

        Raises:
            NotFound: the history has none at this time.
            Unavailable: history or log are not there now.
        """
        return self._originals(device, time_ms)

    def _known_until(self, key: str, start_ms: int, end_ms: int) -> int:
        """Up to when readings speak: the newest interval goes on after its stamp."""
        now_ms = self._service.consumption.now_of([key]) + 1
        if now_ms >= end_ms:
            return end_ms
        weights = self._to_fold(key, start_ms, end_ms)
        if not weights:
            return -(-now_ms // HOUR_MS) * HOUR_MS
        spoken = (spoken_until(self._service.query, d, now_ms - 1, end_ms) for d in weights)
        return max(now_ms, *spoken)

    def known(self, ms: int) -> Query:
        """Who answers what folds a device's readings as they were known by a wall time, in ms."""
        return self._known(ms)

    def _earlier(
        self, key: str, borders: Sequence[int], zone: str, everything: bool, ms: int
    ) -> EnergyExplanation:
        """What was known by a wall time, and what of that is known now."""
        weights = self._weights(key) if key else {}
        earlier = EarlierExplanation(self._service, self.known(ms), ms)
        found = earlier.of(key, weights, borders, zone, everything)
        if bounds := self.bounds(key, [borders[0], borders[-1]]):
            return replace(found, now_kwh=bounds[0].kwh)
        return replace(found, now_kwh=_cut(self._series([key], borders, zone)[0], borders)[0].kwh)

    def _there(self, found: EnergyExplanation) -> EnergyExplanation:
        """What was found, unless that is nothing because there is no such device."""
        if found.key.startswith(f"{DEVICE}/") and not found.readings:
            with suppress(NotFound):
                self._service.catalogue.detail(parts_of(found.key)[1])
                return found
            self._service.devices.measured(parts_of(found.key)[1])
        return found

    def _weights(self, key: str) -> dict[str, int]:
        return weights_of(key, self._service.catalogue.entries)

    def _to_fold(self, key: str, start_ms: int, end_ms: int) -> dict[str, int]:
        """The devices, each with its sign, whose readings are folded; none where they are many."""
        weights = self._weights(key) if key else self._everything(start_ms, end_ms)
        return weights if len(weights) <= MAX_FOLDED else {}

    def _everything(self, start_ms: int, end_ms: int) -> dict[str, int]:
        """All devices that used anything and go by one clock, or too many of them."""
        ends = {"start_ms": start_ms, "end_ms": end_ms}
        rows = self._service.query("top", by="kwh", n=MAX_PARTS, **ends)
        return dict.fromkeys(sorted(rows["device"].to_pylist()), 1)

    def _of_device(
        self,
        device: str,
        borders: Sequence[int],
        zone: str,
        bill: EnergyBill | None,
        everything: bool,
    ) -> EnergyExplanation:
        key, start_ms, until_ms = key_of(DEVICE, device), borders[0], borders[-1]
        service, ends = self._service, {"start_ms": start_ms, "end_ms": until_ms}
        with ThreadPoolExecutor() as together:
            late = together.submit(
                service.query, "late", device=device, verdict="", limit=MAX_JUDGED, **ends
            )
            gaps = together.submit(gaps_of, service, device, start_ms, until_ms)
            bounds = self.bounds(key, [start_ms, until_ms])
        judged, missing = judged_of(late.result()), tuple(gaps.result())
        corrections = corrections_between(service.corrections, device, start_ms, until_ms)
        if bounds is None:
            series = self._series([key], borders, zone)[0]
            total, steps, readings = _cut(series, borders)
            return EnergyExplanation(
                key, zone, total, steps, readings, judged=judged, missing=missing, bill=bill,
                is_detailed=readings == 0, corrections=corrections,
            )  # fmt: skip
        with ThreadPoolExecutor() as together:
            counted = together.submit(service.query, "entries", device=device, **ends)
            steps = tuple(bounds_of_device(service.query, device, borders))
        rows = counted.result()
        entries, ordinary = split_entries(rows, judged, everything)
        channel = rows["channel"][0].as_py() if rows.num_rows else ""
        return EnergyExplanation(
            key, zone, bounds[0], steps, rows.num_rows, channel, entries, ordinary, True, judged,
            missing, bill, corrections=corrections,
        )  # fmt: skip

    def _of_sum(
        self, key: str, borders: Sequence[int], zone: str, bill: EnergyBill | None
    ) -> EnergyExplanation:
        keys, more = self._parts(key, borders[0], borders[-1])
        signs = self._weights(key) if key.startswith(f"{DEVICE}/") else {}
        whole, *series = self._series([key, *keys], borders, zone)
        total, steps, readings = _cut(whole, borders)
        bounds = self.bounds(key, [borders[0], borders[-1]])
        parts = [
            ExplainedPart(part.key, signs.get(parts_of(part.key)[1], 1) < 0, _cut(part, borders)[0])
            for part in series
        ]
        parts.sort(key=lambda part: -abs(part.energy.kwh or 0.0))
        missing = _missing(steps) if readings else ()
        return EnergyExplanation(
            key, zone, bounds[0] if bounds else total, steps, readings,
            is_detailed=bounds is not None, missing=missing, bill=bill,
            parts=tuple(parts), parts_more=more,
        )  # fmt: skip

    def _parts(self, key: str, start_ms: int, end_ms: int) -> tuple[list[str], int]:
        """What a sum is made of: sites and devices; and how many are left out."""
        entries = self._service.catalogue.entries
        kind, name = parts_of(key) if key else ("", "")
        if not key:
            found = [key_of(SITE, site) for site in entries.children()]
            found += [key_of(DEVICE, d) for d in self._standing_nowhere(start_ms, end_ms)]
        elif kind == SITE:
            found = [key_of(SITE, site) for site in entries.children(name)]
            here = entries.devices_at(name, deep=False)
            found += [key_of(DEVICE, d) for d in here if not entries.devices[d].is_virtual]
        else:
            found = [key_of(DEVICE, device) for device in self._weights(key)]
        return found[:MAX_PARTS], max(0, len(found) - MAX_PARTS)

    def _standing_nowhere(self, start_ms: int, end_ms: int) -> list[str]:
        """The devices at no site that used the largest amounts."""
        entries = self._service.catalogue.entries
        rows = self._service.query("top", start_ms=start_ms, end_ms=end_ms, by="kwh", n=MAX_PARTS)
        found = [str(device) for device in rows["device"].to_pylist()]
        placed = {d for d in found if (known := entries.devices.get(d)) and known.site}
        return [device for device in found if device not in placed]

    def _series(
        self, keys: Sequence[str], borders: Sequence[int], zone: str
    ) -> list[ConsumptionSeries]:
        """What each used, in steps that end at all borders."""
        span, step = span_around(borders[0], borders[-1], zone), step_of(borders[0], borders[-1])
        consumption = self._service.consumption
        found = consumption.of(list(dict.fromkeys(keys)), span, borders[-1], step, compare=False)
        by_key = {series.key: series for series in found}
        return [by_key[key] for key in keys]

    def _bill(self, key: str, start_ms: int, end_ms: int, zone: str) -> EnergyBill | None:
        """What it cost, line by line, of whole days; None: no tariff holds."""
        span = span_around(start_ms, end_ms, zone)
        if not key or (span.start_ms, span.end_ms) != (start_ms, end_ms):
            return None
        if self._service.catalogue.entries.tariffs:
            with suppress(Malformed, NotFound, Faulty, Forbidden):
                return self._service.bills.of(key, span)
        return None


def _cut(
    series: ConsumptionSeries, borders: Sequence[int]
) -> tuple[BoundedEnergy, tuple[BoundedEnergy, ...], int]:
    """All of it between the borders, step by step, and how many readings that are."""
    start_ms, until_ms = borders[0], borders[-1]
    inside = [s for s in series.steps if start_ms <= s.start_ms < until_ms]
    by_start = {step.start_ms: step for step in inside}
    known = [step.kwh for step in inside if step.kwh is not None]
    total = BoundedEnergy(start_ms, until_ms, sum(known) if known else None)
    steps = tuple(
        BoundedEnergy(a, b, by_start[a].kwh if a in by_start else None)
        for a, b in pairwise(borders)
    )
    return total, steps, sum(step.readings for step in inside)


def _missing(steps: Sequence[BoundedEnergy]) -> tuple[tuple[int, int], ...]:
    """Steps in which nothing came, those that follow one another together."""
    found: list[tuple[int, int]] = []
    for step in steps:
        if step.kwh is not None:
            continue
        if found and found[-1][1] == step.start_ms:
            found[-1] = found[-1][0], step.end_ms
        else:
            found.append((step.start_ms, step.end_ms))
    return tuple(found)
