"""Since when devices are not there any more: at any revision of the catalogue, and event time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from energyguard.catalogue.fold import Catalogue
from energyguard.model.catalogue import Device, SumPeriod
from energyguard.records.catalogue import CatalogueVersion

SAYS_RETIRED: Final = b'"retired_ms":'


class _Fact(NamedTuple):
    """What a version says of a device; 0: it is there."""

    revision: int
    from_ms: int | None
    retired_ms: int


class Retirements:
    """The devices of which some version says that they are retired.

    Attributes:
        changed_at: the newest revision by which one is retired that was not, or the other way.
    """

    def __init__(self) -> None:
        self.changed_at = 0
        self._facts: dict[str, tuple[_Fact, ...]] = {}

    def note(self, device: str, versions: Sequence[CatalogueVersion]) -> None:
        """Take all versions of a device, of which one is retired."""
        facts = tuple(_Fact(v.revision, v.from_ms, _retired_ms(v)) for v in versions)
        before = 0
        for version in facts:
            if version.retired_ms != before:
                self.changed_at = max(self.changed_at, version.revision)
            before = version.retired_ms
        self._facts[device] = facts

    def retired(self, revision: int, time_ms: int) -> frozenset[str]:
        """The devices that are not there at an event time, as far as a revision knew."""
        return frozenset(
            device
            for device, facts in self._facts.items()
            if 0 < _holds(facts, revision, time_ms) <= time_ms
        )

    def times(self, revision: int) -> Iterator[tuple[int, str]]:
        """From when on which device is retired, by any version that a revision knew."""
        for device, facts in self._facts.items():
            for version in facts:
                if version.retired_ms and version.revision <= revision:
                    yield version.retired_ms, device


def retired_since(catalogue: Catalogue, devices: Iterable[str] | None = None) -> dict[str, int]:
    """Since when devices are not there any more, as a catalogue is now.

    Args:
        catalogue: has them.
        devices: which are looked at; None: all.

    Returns:
        times in ms, by id, of those that are retired alone.
    """
    known = catalogue.devices
    entries = ((name, known.get(name)) for name in ([*known] if devices is None else devices))
    return {name: e.retired_ms for name, e in entries if e and e.retired_ms is not None}


def is_retired(device: Device, time_ms: int) -> bool:
    """Whether a device is not there any more at an event time."""
    return device.retired_ms is not None and device.retired_ms <= time_ms


def retired_at(catalogue: Catalogue, time_ms: int) -> tuple[frozenset[str], int | None]:
    """The devices that are retired at an event time as a catalogue is now, and who is next.

    Returns:
        Their ids, and the next event time at which one is retired; None: none will be.
    """
    since = retired_since(catalogue)
    later = [at for at in since.values() if at > time_ms]
    return frozenset(d for d, at in since.items() if at <= time_ms), min(later, default=None)


def periods_of(weights: Mapping[str, int], catalogue: Catalogue) -> list[SumPeriod]:
    """A sum of devices, of which each counts until it is retired, oldest first."""
    since = retired_since(catalogue, weights)
    return [
        SumPeriod(at, {d: n for d, n in weights.items() if since.get(d, at + 1) > at})
        for at in sorted({0, *since.values()})
    ]


def _retired_ms(version: CatalogueVersion) -> int:
    return version.entry.retired_ms or 0 if isinstance(version.entry, Device) else 0


def _holds(facts: Sequence[_Fact], revision: int, time_ms: int) -> int:
    """What the newest version says whose event time has come."""
    for version in reversed(facts):
        if version.revision <= revision and (version.from_ms is None or version.from_ms <= time_ms):
            return version.retired_ms
    return 0
