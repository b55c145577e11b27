"""A log in memory in which changes of the catalogue are decided at once: it is its own owner."""

from __future__ import annotations

from energyguard.catalogue.owner import CatalogueOwner
from energyguard.log import Positions, Records
from energyguard.model.topics import CATALOGUE, CATALOGUE_CHANGES
from energyguard.pipeline import CATALOGUE as OWNER
from energyguard.testing import MemoryLog


class OwnedLog(MemoryLog):
    """What the role ``catalogue`` does, in the thread of who appends a request."""

    def __init__(self) -> None:
        super().__init__()
        self._owner = CatalogueOwner({})
        self._member = self.join(OWNER.group, OWNER.topics)
        self._member.poll()

    def append(self, topic: str, records: Records) -> Positions:
        """Append; a request is decided before this returns."""
        before = self.positions(topic, "catalogue") if topic == CATALOGUE_CHANGES.name else {}
        ends = super().append(topic, records)
        if topic == CATALOGUE_CHANGES.name:
            begin = {at: before.get(at, 0) for at in ends}
            values = self._owner.take(self.read(begin, len(records), 0))
            with self.transaction(self._member) as transaction:
                if values:
                    keys = [key.encode() for key in values]
                    transaction.append(CATALOGUE.name, Records(keys, list(values.values())))
                transaction.move(ends)
        return ends
