"""What domains say of the devices of edges: where each stands (``Domain.enrichment``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from energyguard.clock import SYSTEM, Clock
from energyguard.domain import installed, load
from energyguard.edge.cloud.arrivals import Outputs
from energyguard.edge.protocol.enrichment import EdgePlace, Enrichment
from energyguard.log import Log
from energyguard.settings.tree import Settings


class Placing:
    """The places of all devices, by edge, as far as they have been asked for."""

    def __init__(self, log: Log, settings: Settings, clock: Clock = SYSTEM) -> None:
        self._clock = clock
        self._sources: list[Enrichment] = [
            load(domain.enrichment)(log, settings) for domain in installed() if domain.enrichment
        ]
        self._places: dict[str, dict[str, EdgePlace]] = {}
        self._edges: dict[str, str] = {}  # of a device

    def answer(self, edge: str, devices: Sequence[str]) -> Outputs:
        """Learn where devices stand.

        Returns:
            What is to be appended with it; to be asked again where that is not committed.
        """
        outputs: Outputs = []
        self._edges.update(dict.fromkeys(devices, edge))
        known = self._places.setdefault(edge, {})
        for source in self._sources:
            found = source.answer(edge, devices, self._clock.now_ms())
            known.update((place.device, place) for place in found.places)
            if len(found.records):
                outputs.append((found.topic, found.records))
        return outputs

    def changed(self) -> dict[str, list[str]]:
        """Devices whose place has become another since, by edge."""
        found: dict[str, list[str]] = {}
        for source in self._sources:
            for device in source.changed(self._clock.now_ms()):
                if (edge := self._edges.get(device)) is not None:
                    found.setdefault(edge, []).append(device)
        return found

    def of(self, edge: str) -> Sequence[EdgePlace]:
        """The places of an edge's devices."""
        return [*self._places.get(edge, {}).values()]

    def forget(self, released: Mapping[str, Sequence[str]]) -> None:
        """Devices are no longer an edge's."""
        for edge, devices in released.items():
            self._places.pop(edge, None)
            for device in devices:
                self._edges.pop(device, None)
