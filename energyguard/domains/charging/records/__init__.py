"""Records of chargers' topics, in the order of the topics."""

from __future__ import annotations

from typing import Any, Final

from energyguard.domains.charging.records.occupancy import OCCUPANCY_UPDATE
from energyguard.domains.charging.records.results import (
    FULL_SESSION,
    PROFIT,
    RESTATED_PROFIT,
    RESTATED_SESSION,
    RESTATED_VIOLATION,
    TOTAL,
    VIOLATION,
)
from energyguard.domains.charging.records.signals import REGION_SIGNAL, SIGNAL
from energyguard.domains.charging.records.stations import BAY, CHARGER, IMPORTED_SESSION
from energyguard.records.contract import TopicRecord

RECORDS: Final[tuple[TopicRecord[Any], ...]] = (
    SIGNAL,
    REGION_SIGNAL,
    FULL_SESSION,
    VIOLATION,
    TOTAL,
    PROFIT,
    BAY,
    OCCUPANCY_UPDATE,
    CHARGER,
    IMPORTED_SESSION,
    RESTATED_SESSION,
    RESTATED_VIOLATION,
    RESTATED_PROFIT,
)
