"""Explains an energy as it was known by an earlier time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from energyguard.errors import Malformed, OutOfRange
from energyguard.model.catalogue import DEVICE, key_of
from energyguard.model.readings import Ints
from energyguard.service.contract import Service
from energyguard.service.explain.bounds import Query, added, bounds_of_device, spoken_until
from energyguard.service.explain.contract import (
    BoundedEnergy,
    EnergyExplanation,
    ExplainedPart,
)
from energyguard.service.explain.corrected import among, corrections_by
from energyguard.service.explain.entries import judged_of, split_entries

MAX_FOLDED = 12
"""Of a sum of more devices there are no bounds: of each its readings are read."""
MAX_JUDGED = 1_000


class EarlierExplanation:
    """What readings of devices said by a wall time, as far as that had come.

    Args:
        service: who is asked.
        query: answers questions of the ledger as they would have been answered then.
        ms: the time, ms since 1970 UTC.
    """

    def __init__(self, service: Service, query: Query, ms: int) -> None:
        self._service, self._query, self._ms = service, query, ms

    def of(
        self,
        key: str,
        weights: Mapping[str, int],
        borders: Sequence[int],
        zone: str,
        everything: bool,
    ) -> EnergyExplanation:
        """Why an energy was what it was.

        Args:
            key: ``device/ID``, ``site/ID``, ``group/ID``.
            weights: the devices that it is the sum of, each 1 or -1.
            borders: of the steps, ms since 1970 UTC; what had not come yet is left out.
            zone: of its days.
            everything: with all entries of a device, the ordinary ones too.

        Raises:
            Malformed: of everything.
            OutOfRange: of too many devices or readings.
            NotFound: nobody can tell any more what had come.
            Unavailable: history or log are not there now.
        """
        _check(key, weights)
        start_ms, until_ms = borders[0], borders[-1]
        times = {device: self._times(device, start_ms, until_ms) for device in weights}
        spoken_ms = [spoken_until(self._query, device, start_ms, until_ms) for device in weights]
        until_ms = max(start_ms + 1, min(until_ms, max([self._ms + 1, *spoken_ms])))
        borders = [ms for ms in borders if ms < until_ms] + [until_ms]
        silent = {device for device, ms in times.items() if not len(ms)}
        sums = {d: self._bounds(d, [start_ms, until_ms], d in silent)[0] for d in weights}
        each = {d: self._bounds(d, borders, d in silent) for d in weights}
        steps = tuple(
            added((weight, each[device][n]) for device, weight in weights.items())
            for n in range(len(borders) - 1 if weights else 0)
        )
        total = BoundedEnergy(start_ms, until_ms, None)
        if weights:
            total = added((weight, sums[device]) for device, weight in weights.items())
        readings = sum(int(((ms >= start_ms) & (ms < until_ms)).sum()) for ms in times.values())
        found = EnergyExplanation(key, zone, total, steps, readings, as_known_ms=self._ms)
        if weights == {key.removeprefix(f"{DEVICE}/"): 1}:
            [device] = weights
            return self._with_entries(found, device, everything)
        parts = [
            ExplainedPart(key_of(DEVICE, device), weight < 0, sums[device])
            for device, weight in weights.items()
        ]
        parts.sort(key=lambda part: -abs(part.energy.kwh or 0.0))
        return replace(found, parts=tuple(parts))

    def _times(self, device: str, start_ms: int, end_ms: int) -> Ints:
        """When the readings were that are folded; some of them are before and after the time."""
        rows = self._query("fold_rows", device=device, start_ms=start_ms, end_ms=end_ms)
        found: Ints = rows["ms"].to_numpy()
        return found

    def _bounds(self, device: str, borders: Sequence[int], is_silent: bool) -> list[BoundedEnergy]:
        if is_silent:
            return [BoundedEnergy(start, end, None) for start, end in pairwise(borders)]
        return bounds_of_device(self._query, device, borders)

    def _with_entries(
        self, found: EnergyExplanation, device: str, everything: bool
    ) -> EnergyExplanation:
        """The entries of a device, and what had been said of its readings."""
        start_ms, until_ms = found.total.start_ms, found.total.end_ms
        ends = {"device": device, "start_ms": start_ms, "end_ms": until_ms}
        rows = self._query("entries", **ends)
        there = set(self._times(device, start_ms, until_ms).tolist())
        late = judged_of(self._service.query("late", verdict="", limit=MAX_JUDGED, **ends))
        judged = tuple(reading for reading in late if reading.time_ms in there)
        entries, ordinary = split_entries(rows, judged, everything)
        views = corrections_by(self._service.corrections.all(device), self._ms)
        return replace(
            found,
            channel=rows["channel"][0].as_py() if rows.num_rows else "",
            entries=entries,
            ordinary=ordinary,
            judged=judged,
            corrections=among(views, start_ms, until_ms),
        )


def _check(key: str, weights: Mapping[str, int]) -> None:
    """Refuse what is too much to fold."""
    if not key:
        raise Malformed("as known then: of a device, a site or a group", "as_known")
    if len(weights) > MAX_FOLDED:
        raise OutOfRange(
            f"as known then: of {MAX_FOLDED} devices at most, and these are {len(weights)}: "
            "ask for a smaller site, or for one of them",
            "as_known",
        )
