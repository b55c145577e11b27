"""What people did about an alert, and what each of their actions does to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from energyguard.model.alerts import Act
from energyguard.records.alerts import AlertAction


@dataclass(frozen=True, slots=True)
class Attention:
    """What people did about an alert."""

    acknowledged: AlertAction | None = None
    silenced: AlertAction | None = None
    note: str = ""
    unsilenced_ms: int = 0  # when somebody ended its silence last, wall time


ATTENTION: Mapping[Act, Callable[[Attention, AlertAction], Attention]] = {
    Act.ACKNOWLEDGE: lambda seen, action: replace(seen, acknowledged=action),
    Act.SILENCE: lambda seen, action: replace(seen, silenced=action),
    Act.UNSILENCE: lambda seen, action: replace(seen, silenced=None, unsilenced_ms=action.at_ms),
}
