"""What people and settings say of channels of energy counts in the history too.

It counts for the past as well. The history keeps what it has counted by. What is said otherwise is
handed over, and kept there when all readings of the channel have been folded anew: a crash in
between begins again.
"""

from __future__ import annotations

from energyguard.catalogue import Catalogue
from energyguard.catalogue.energy import channels_of_device
from energyguard.history import Tables
from energyguard.history.energy.energy_channels import OF_ALL, by_name, described, plain
from energyguard.ledger.channels import EnergyChannel
from energyguard.log import Log
from energyguard.log.compacted import CompactedReader
from energyguard.model.channels import CHANNELS
from energyguard.model.topics import CATALOGUE
from energyguard.settings.tree import Settings
from energyguard.sinks.archive import Archive
from energyguard.telemetry import logger

_log = logger("history")


class EnergyFacts:
    """Follows the catalogue for the archive."""

    def __init__(self, log: Log, history: Tables, archive: Archive, settings: Settings) -> None:
        self._reader = CompactedReader(log, CATALOGUE.name)
        self._catalogue = Catalogue(settings.serve.zone)
        self._defaults, self._is_new = settings.ledger.defaults, True
        self._archive = archive
        self._known: dict[tuple[str, str], EnergyChannel] = dict(described(history))

    def step(self) -> None:
        """Look whether something else is said; to be called after each step of the archive."""
        moved, self._is_new = self._is_new, False
        for part in self._reader.unread():
            moved |= self._catalogue.take(part)
        if not moved:
            return
        wanted = {
            (OF_ALL, channel): facts
            for channel in CHANNELS
            if not CHANNELS[channel].is_level
            and (facts := plain(channel, self._defaults)) != plain(channel)
        }
        wanted |= by_name()
        for name, device in self._catalogue.devices.items():
            own = channels_of_device(self._catalogue, name, device, self._defaults)
            wanted |= {(name, channel): facts for channel, facts in own.items()}
        changes = {
            what: wanted.get(what)
            for what in wanted.keys() | self._known.keys()
            if wanted.get(what) != self._known.get(what)
        }
        if changes:
            if others := changes.keys() - by_name().keys():  # these a new history lacks, too
                _log.info("counting anew what is described otherwise now", channels=len(others))
            self._archive.describe(changes)
            self._known = wanted
