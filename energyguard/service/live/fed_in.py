"""Which devices feed in what a channel of theirs counts, as the ledger has it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from energyguard.catalogue import Catalogue
from energyguard.ledger.channels import channel_of, plain_channel
from energyguard.model.channels import CHANNELS


class FedIn:
    """What the catalogue says of a channel's sign, else the device's name."""

    def __init__(self, catalogue: Catalogue | None = None) -> None:
        self._catalogue = catalogue or Catalogue()

    @property
    def revision(self) -> int:
        """Of the catalogue: with another one something else may be said."""
        return self._catalogue.revision

    def of(self, devices: pa.Array, channel: str) -> npt.NDArray[np.bool_]:
        """(devices,) of which the channel counts what is fed in."""
        if channel not in CHANNELS or CHANNELS[channel].is_level:
            return np.zeros(len(devices), bool)
        plain, entries = plain_channel(CHANNELS[channel].kind), self._catalogue.devices
        found = np.zeros(len(devices), bool)
        for number, name in enumerate(devices.to_pylist()):
            entry = entries.get(name)
            facts = entry.channels.get(channel) if entry is not None else None
            described = plain._replace(sign=facts.sign) if facts is not None else plain
            found[number] = channel_of(name, described).is_fed_in
        return found
