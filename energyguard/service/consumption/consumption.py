"""What devices, sites and groups use, day by day as their zone has days, beside the span before.

    span = consumption.span("today", ["site/lindenhof"])
    [lindenhof] = consumption.of(["site/lindenhof"], span)
    lindenhof.total_kwh, lindenhof.before_total_kwh    # today so far, yesterday up to the same time

A *key* is ``device/ID``, ``site/ID`` (all devices in it), ``group/ID``, or empty: everything. A
virtual device is the signed sum of its terms. Sums are whole 1e-9 kWh until the end. Everything is
what goes by one clock: a simulation of another time is in no sum of everything, whoever asks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from energyguard.catalogue import Catalogue
from energyguard.errors import Malformed
from energyguard.model.calendar import CalendarSpan, CalendarStep
from energyguard.model.days import local
from energyguard.model.readings import Ints
from energyguard.service.consumption.amounts import BorderAmounts, ConsumptionStep, summed
from energyguard.service.consumption.cut import SpanCut
from energyguard.service.consumption.keys import weights_of, written_ids, zone_of_key
from energyguard.settings.section import known_zone
from energyguard.tariffs.energy import MeteredEnergy

MAX_NAMED = 500
"""So many devices are asked for by name; of more, everything is asked for and theirs is taken."""
MAX_BORDERS = 3_000
"""Of more, the history is asked several times: a month of quarter hours is one question."""
MAX_APART = 100_000
"""More devices times borders are added up where they are kept, for one key."""
MAX_TOGETHER = 10_000
"""So many devices are added up at once."""


class ConsumptionSeries(NamedTuple):
    """What a device, a site, a group or everything uses in a span, beside the span before."""

    key: str
    span: CalendarSpan
    steps: tuple[ConsumptionStep, ...]
    total_kwh: float | None  # of the span up to now; None: nothing came in it
    before: tuple[ConsumptionStep, ...]  # of the span before, all of it
    before_total_kwh: float | None  # of the span before, up to the same time
    until_ms: int  # up to when this span counts: now, or its end
    before_until_ms: int  # and the one before
    highest: int | None  # the step with the most; None: nothing came
    missing: tuple[int, ...]  # the steps so far in which nothing came, of what has sent
    open: int | None  # the step that is not over yet; None: the span is, or has not begun


class ConsumptionSums:
    """Answers what was used, from roll-ups of the history.

    Args:
        query: asks the history.
        catalogue: sites, groups, virtual devices, and the zones of days.
        clock: what time it is where the readings come from (ms since 1970 UTC).
        clock_of: the same of some devices: a simulation has a clock of its own; None: not known.
        apart: the devices that are in no sum of everything.
    """

    def __init__(
        self,
        query: Callable[..., pa.Table],
        catalogue: Catalogue,
        clock: Callable[[], int],
        clock_of: Callable[[Collection[str]], int | None] = lambda devices: None,
        apart: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self._query, self._catalogue, self._clock = query, catalogue, clock
        self._clock_of, self._apart = clock_of, apart

    def now_of(self, keys: Sequence[str]) -> int:
        """What time it is where the readings of all of these come from, ms since 1970 UTC."""
        if not keys or "" in keys:
            return self._clock()
        names = {name for key in keys for name in weights_of(key, self._catalogue)}
        return self._clock_of(names) or self._clock()

    def zone_of(self, keys: Sequence[str]) -> str:
        """The zone of the days of all of these: their sites' if it is one, else `serve.zone`."""
        zones = {zone_of_key(key, self._catalogue) for key in keys}
        return zones.pop() if len(zones) == 1 else self._catalogue.zone

    def span(self, text: str, keys: Sequence[str] = (), zone: str = "") -> CalendarSpan:
        """Read a span such as ``2026-11``, ``today`` or ``last-30-days``.

        Args:
            text: how it is written (``model/calendar.py``).
            keys: whose days they are, where no zone is given.
            zone: an IANA time zone.

        Raises:
            Malformed: it is no span, or no zone; the message says what can be written.
        """
        try:
            zone = known_zone(zone) if zone else self.zone_of(keys)
        except ValueError as error:
            raise Malformed(f"{zone}: {error}", "zone") from None
        try:
            return CalendarSpan.parse(text, zone, local(self.now_of(keys), zone).date())
        except ValueError as error:
            raise Malformed(str(error), "span") from None

    def of(
        self,
        keys: Sequence[str],
        span: CalendarSpan,
        until_ms: int | None = None,
        step: CalendarStep | None = None,
        compare: bool = True,
        without: Collection[str] = (),
    ) -> list[ConsumptionSeries]:
        """What each of these used in a span, step by step, and in the span before. One question.

        Args:
            keys: ``device/ID``, ``site/ID``, ``group/ID``, or empty for everything.
            span: days of a zone.
            until_ms: before when; None: all that came, and the span before up to now, by the
                readings' own clock: what the newest of them tell may be of a time after their own.
            step: what it is divided into; None: by its length.
            compare: ask of the span before, too; else nothing is known of it.
            without: devices that are left out of each of these.

        Raises:
            Malformed: a key is none, or there are too many steps.
            NotFound: there is no such site or group.
            Unavailable: the history is not there now.
        """
        now_ms = self.now_of(keys) + 1 if until_ms is None else until_ms
        cut = SpanCut.of(span, now_ms, step, compare)
        amounts = self._amounts(keys, cut.borders, without)
        end_ms = cut.steps[-1] if until_ms is None else cut.until_ms
        return [self._series(key, cut, of_key, end_ms) for key, of_key in amounts]

    def between(self, keys: Sequence[str], borders: Sequence[int]) -> dict[str, MeteredEnergy]:
        """What each of these used between any borders, for who makes sums of their own.

        Args:
            keys: as of ``of``.
            borders: whole minutes in ms since 1970 UTC, increasing, at least two.

        Raises:
            Malformed: a key is none.
            NotFound: there is no such site or group.
            Unavailable: the history is not there now.
        """
        parts = [
            dict(self._amounts(keys, borders[begin : begin + MAX_BORDERS + 1]))
            for begin in range(0, len(borders) - 1, MAX_BORDERS)
        ]
        at = np.array(borders, np.int64)

        def joined(key: str, column: str) -> Ints:
            of_parts = [getattr(part[key], column)[:-1] for part in parts]
            return np.concatenate([*of_parts, np.zeros(1, np.int64)])

        return {
            key: MeteredEnergy(at, joined(key, "nano"), joined(key, "readings")) for key in keys
        }

    def _amounts(
        self, keys: Sequence[str], borders: Sequence[int], without: Collection[str] = ()
    ) -> list[tuple[str, BorderAmounts]]:
        """Of each key its energy and readings between all borders."""
        weights = {key: weights_of(key, self._catalogue) for key in keys if key}
        for of_key in weights.values():
            for name in of_key.keys() & set(without):
                del of_key[name]
        names = sorted({name for of_key in weights.values() for name in of_key})
        if len(keys) == 1 and len(names) * len(borders) > MAX_APART:
            return [(keys[0], self._together(weights[keys[0]], borders))]
        table = self._ask(names, borders) if names else None
        found: list[tuple[str, BorderAmounts]] = []
        for key in keys:
            if not key:
                found.append((key, self._everything(borders, {*without, *self._apart()})))
            elif table is not None:
                found.append((key, summed(table, weights[key], borders)))
            else:
                found.append((key, summed(None, {}, borders)))
        return found

    def _together(self, weights: Mapping[str, int], borders: Sequence[int]) -> BorderAmounts:
        """The signed sum of many devices, added up where they are kept: a row a border."""
        nano, readings = (np.zeros(len(borders), np.int64) for _ in range(2))
        for weight in sorted(set(weights.values()) - {0}):
            names = sorted(name for name, of_it in weights.items() if of_it == weight)
            for begin in range(0, len(names), MAX_TOGETHER):
                table = self._query(
                    "consumption_together",
                    borders=",".join(map(str, borders)),
                    ends=f"{borders[0]},{borders[-1]}",
                    devices=json.dumps(names[begin : begin + MAX_TOGETHER]),
                )
                at = np.searchsorted(borders, table["start_ms"].to_numpy())
                nano[at] += weight * table["nano"].to_numpy()
                readings[at] += table["readings"].to_numpy()
        return BorderAmounts(np.array(borders, np.int64), nano, readings)

    def _everything(self, borders: Sequence[int], without: Collection[str]) -> BorderAmounts:
        """One question: of a sum and what is left out of it, the two would be of two moments."""
        if len(without) <= MAX_NAMED:
            return summed(self._ask([], borders, without), {"": 1}, borders)
        table = self._ask(list(without), borders)
        others = set(table["device"].to_pylist()) - set(without)
        return summed(table, dict.fromkeys(others, 1), borders)

    def _ask(
        self, names: Sequence[str], borders: Sequence[int], without: Collection[str] = ()
    ) -> pa.Table:
        """The rows of devices by name; of none: of everything together, but for some."""
        wanted = json.dumps(names) if 0 < len(names) <= MAX_NAMED else ""
        return self._query(
            "consumption",
            borders=",".join(map(str, borders)),
            devices=wanted,
            without=written_ids(without),
            apart="yes" if names else "no",
        )

    @staticmethod
    def _series(key: str, cut: SpanCut, amounts: BorderAmounts, end_ms: int) -> ConsumptionSeries:
        steps = amounts.steps(cut.steps, end_ms)
        before = amounts.steps(cut.before)
        known = [i for i, step in enumerate(steps) if step.kwh is not None]
        sent = bool(amounts.readings.any())
        return ConsumptionSeries(
            key=key,
            span=cut.span,
            steps=steps,
            total_kwh=amounts.total(cut.steps[0], end_ms),
            before=before,
            before_total_kwh=amounts.total(cut.before[0], cut.before_until_ms)
            if cut.before
            else None,
            until_ms=cut.until_ms,
            before_until_ms=cut.before_until_ms,
            highest=max(known, key=lambda i: steps[i].kwh or 0.0, default=None),
            missing=tuple(
                i
                for i, step in enumerate(steps)
                if sent and step.end_ms <= cut.until_ms and step.kwh is None
            ),
            open=cut.open,
        )
