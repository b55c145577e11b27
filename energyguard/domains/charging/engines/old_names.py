"""State that Flink keeps from older versions names their modules: these are where it is now."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Final

from energyguard.domains.charging.engines.keys import Occupancy, restored
from energyguard.domains.charging.model import ParkingLimits
from energyguard.domains.charging.sessions.total import Partition, TopicTotal

OLD_NAMES: Final[Mapping[str, Mapping[str, object]]] = {
    "energyguard.stream.engines.charging_keys": {"restored": restored, "Occupancy": Occupancy},
    "energyguard.stream.sessions.total": {"TopicTotal": TopicTotal, "Partition": Partition},
    "energyguard.model.charging": {"StayLimits": ParkingLimits},
}
"""By module, what savepoints refer to in it."""


def know_old_names() -> None:
    """Let state of older versions be read in this process."""
    for name, found in OLD_NAMES.items():
        module = ModuleType(name)
        vars(module).update(found)
        sys.modules.setdefault(name, module)
