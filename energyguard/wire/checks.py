"""Readings that can be read and are refused: unknown channels, and what cannot be true."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from energyguard.model.channels import CHANNELS
from energyguard.model.readings import Verdict
from energyguard.wire.columns import Ints, Part, sixty_fourth
from energyguard.wire.limits import Plausible, out_of_range, time_reason, value_reason

Bools = npt.NDArray[np.bool_]


class Fault(NamedTuple):
    """Why a reading is refused: its place in the part, and what to say."""

    place: int
    verdict: Verdict
    field: str
    reason: str


def check_part(part: Part, time_field: str, limits: Plausible) -> tuple[Bools, list[Fault]]:
    """Which readings of a part are refused, and why."""
    bad = np.zeros(len(part.time), bool)
    faults: list[Fault] = []
    for channel, places in _by_channel(part):
        if channel not in CHANNELS:
            known = ", ".join(CHANNELS)
            why = f"channel {sixty_fourth(channel)} is not known; there are: {known}"
            faults += [Fault(int(i), Verdict.MALFORMED, "channel", why) for i in places]
            bad[places] = True
            continue
        time, value = part.time[places], part.value[places]
        wrong_value, wrong_time = out_of_range(channel, time, value, limits, part.least)
        bad[places] = wrong_value | wrong_time
        for i in np.flatnonzero(wrong_value | wrong_time).tolist():
            field, why = (
                (time_field, time_reason(time_field, int(time[i])))
                if wrong_time[i]
                else (
                    part.field,
                    value_reason(part.field, channel, int(value[i]), limits, part.least),
                )
            )
            faults.append(Fault(int(places[i]), Verdict.OUT_OF_RANGE, field, why))
    return bad, faults


def _by_channel(part: Part) -> list[tuple[str, Ints]]:
    """Each channel of a part and where its readings stand."""
    if isinstance(part.channel, str):
        return [(part.channel, np.arange(len(part.time)))]
    encoded = part.channel.dictionary_encode()
    code = encoded.indices.to_numpy()
    names = encoded.dictionary.to_pylist()
    return [(name, np.flatnonzero(code == i)) for i, name in enumerate(names)]
