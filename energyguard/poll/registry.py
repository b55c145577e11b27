"""The kinds of devices that are asked, by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from energyguard.poll.kinds import (
    evcc,
    goe,
    json,
    modbus,
    opendtu,
    shelly,
    sunspec,
    tasmota,
    telegram,
)
from energyguard.poll.source import PollKind

KINDS: Final[Mapping[str, PollKind]] = {
    kind.name: kind
    for kind in (
        shelly.KIND,
        tasmota.KIND,
        evcc.KIND,
        goe.KIND,
        opendtu.KIND,
        sunspec.KIND,
        modbus.KIND,
        telegram.KIND,
        json.KIND,
    )
}
