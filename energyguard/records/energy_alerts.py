"""Records of ``energy_alerts``: a window over its threshold, exactly as system C has it."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec


class EnergyAlert(msgspec.Struct, frozen=True):
    """A window over its threshold. Its key is the household, its id stands in the header ``id``."""

    household_id: str
    window_start: str  # YYYY-MM-DD HH:MM:SS, UTC
    window_end: str
    kwh: Decimal
    rule: str
    mode: str


ENERGY_ALERT_DECODER = msgspec.json.Decoder(EnergyAlert)
BEFORE: Final = tuple(
    f'{"{" if number == 0 else ","}"{name}":'
    for number, name in enumerate(EnergyAlert.__struct_fields__)
)
"""What is written before each value of a record, for writers of many at once."""


def identity(rule: str, household: str, end_ms: int) -> bytes:
    """The id of a window: who reads the same again finds the same record."""
    return f"{rule}/{household}/{end_ms}".encode()
