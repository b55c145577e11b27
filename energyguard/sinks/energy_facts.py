"""What people say of channels of energy counts in the history, too: now and for the past.

The history keeps what it has counted by. What the catalogue says otherwise is handed over, and kept
there when all readings of the channel have been folded anew: a crash in between begins again.
"""

from __future__ import annotations

from energyguard.catalogue import Catalogue
from energyguard.catalogue.energy import energy_channels
from energyguard.history import Tables
from energyguard.history.energy_channels import described
from energyguard.ledger.channels import EnergyChannel
from energyguard.log import Log
from energyguard.log.compacted import CompactedReader
from energyguard.model.topics import CATALOGUE
from energyguard.sinks.archive import Archive
from energyguard.telemetry import logger

_log = logger("history")


class EnergyFacts:
    """Follows the catalogue for the archive."""

    def __init__(self, log: Log, history: Tables, archive: Archive, zone: str) -> None:
        self._reader, self._catalogue = CompactedReader(log, CATALOGUE.name), Catalogue(zone)
        self._archive = archive
        self._known: dict[tuple[str, str], EnergyChannel] = dict(described(history))

    def step(self) -> None:
        """Look whether something else is said; to be called after each step of the archive."""
        moved = False
        for part in self._reader.unread():
            moved |= self._catalogue.take(part)
        if not moved:
            return
        wanted = {
            (name, channel): facts
            for name, device in self._catalogue.devices.items()
            if device.channels
            for channel, facts in energy_channels(device, self._zone(name)).items()
        }
        changes = {
            what: wanted.get(what)
            for what in wanted.keys() | self._known.keys()
            if wanted.get(what) != self._known.get(what)
        }
        if changes:
            _log.info("counting anew what is described otherwise now", channels=len(changes))
            self._archive.describe(changes)
            self._known = wanted

    def _zone(self, device: str) -> str:
        return self._catalogue.zone_of_device(device)
