"""Readings that can be read and are refused: unknown channels, and what cannot be true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from energyguard.codecs.columns import Ints, TableReadings, sixty_fourth
from energyguard.codecs.limits import PlausibilityLimits, out_of_range, time_reason, value_reason
from energyguard.model.channels import CHANNELS
from energyguard.model.readings import Verdict

Bools = npt.NDArray[np.bool_]


class Fault(NamedTuple):
    """Why a reading is refused."""

    verdict: Verdict
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Checked:
    """Which readings of a part are refused: for their channel, their time or their value."""

    part: TableReadings
    channel: Bools
    time: Bools
    value: Bools
    bad: Bools  # any of these

    def verdict(self, place: int) -> Verdict:
        """How the refused reading at a place ends."""
        return Verdict.MALFORMED if self.channel[place] else Verdict.OUT_OF_RANGE

    def fault(self, place: int, time_field: str, limits: PlausibilityLimits) -> Fault:
        """Why the reading at a place is refused."""
        part = self.part
        channel = part.channel if isinstance(part.channel, str) else part.channel[place].as_py()
        if self.channel[place]:
            known = ", ".join(CHANNELS)
            why = f"channel {sixty_fourth(channel)} is not known; there are: {known}"
            return Fault(Verdict.MALFORMED, "channel", why)
        if self.time[place]:
            why = time_reason(time_field, int(part.time[place]))
            return Fault(Verdict.OUT_OF_RANGE, time_field, why)
        value = int(part.value[place])
        why = value_reason(part.field, channel, value, limits, part.lowest)
        return Fault(Verdict.OUT_OF_RANGE, part.field, why)


def check_part(part: TableReadings, limits: PlausibilityLimits) -> Checked:
    """Which readings of a part are refused."""
    unknown, wrong_time, wrong_value = (np.zeros(len(part.time), bool) for _ in range(3))
    for channel, places in _by_channel(part):
        if channel not in CHANNELS:
            unknown[places] = True
            continue
        time, value = part.time[places], part.value[places]
        wrong_value[places], wrong_time[places] = out_of_range(
            channel, time, value, limits, part.lowest
        )
    bad = unknown | wrong_time | wrong_value
    return Checked(part, unknown, wrong_time, wrong_value, bad)


def _by_channel(part: TableReadings) -> list[tuple[str, Ints | slice]]:
    """Each channel of a part and where its readings stand."""
    if isinstance(part.channel, str):
        return [(part.channel, slice(None))]
    encoded = part.channel.dictionary_encode()
    code = encoded.indices.to_numpy()
    names = encoded.dictionary.to_pylist()
    return [(name, np.flatnonzero(code == i)) for i, name in enumerate(names)]
