"""What the newest readings of devices mean: which way their energy goes, and times which scale."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from energyguard.catalogue import Catalogue
from energyguard.catalogue.energy import described_by
from energyguard.ledger.channels import channel_of
from energyguard.ledger.scales import Scales
from energyguard.model.channels import CHANNELS, ENERGY_DEFAULTS


class MeantChannels:
    """What the catalogue says of a channel's sign and scale; of the sign else the device's name."""

    def __init__(self, catalogue: Catalogue | None = None) -> None:
        self._catalogue = catalogue or Catalogue()

    @property
    def revision(self) -> int:
        """Of the catalogue: with another one something else may be said."""
        return self._catalogue.revision

    def of(self, devices: pa.Array, channel: str) -> tuple[npt.NDArray[np.bool_], Sequence[Scales]]:
        """(devices,) of which the channel counts what is fed in, and the scales of each."""
        if channel not in CHANNELS or CHANNELS[channel].is_level:
            return np.zeros(len(devices), bool), [()] * len(devices)
        described = described_by(self._catalogue, ENERGY_DEFAULTS)
        channels = [channel_of(name, described(name, channel)) for name in devices.to_pylist()]
        fed_in = np.array([single.is_fed_in for single in channels], bool)
        return fed_in, [single.scales for single in channels]
