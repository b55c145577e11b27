"""Records of system D's four results: sessions, violations, profits, and the total of cars.

Times are ``YYYY-MM-DD HH:MM:SS`` in UTC. Amounts are decimals that stay exact: who reads has them
as ``Decimal``, who writes gives their digits (``msgspec.Raw``). The key is the charger (of the
total the topic); the id, and what else is not system D's, stands in the headers.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Generic, TypeVar

import msgspec

Number = TypeVar("Number")


class FullSession(msgspec.Struct, Generic[Number], gc=False):
    """A car's stay, from its coming to its leaving. What did not happen is null."""

    charger_id: str
    start_parking: str
    plate: str | None
    start_session: str | None
    user_id: str | None
    price: Number | None  # € for a kWh
    start_recharging: str | None
    energy_delivered: int | None  # kW, as system D has it
    end_recharging: str | None
    end_session: str | None
    end_parking: str | None


class LimitBroken(msgspec.Struct, gc=False):
    """A car stood for too long; its stay as far as it is known by then."""

    charger_id: str
    user_id: str | None
    plate: str | None
    start_parking: str
    start_session: str | None
    end_session: str | None
    end_parking: str | None
    violation: str


class TransactionProfit(msgspec.Struct, Generic[Number], gc=False):
    """What a user pays for a charge."""

    charger_id: str
    user_id: str
    start_recharging: str
    end_recharging: str
    total_energy_delivered: Number  # kWh
    profit: Number  # €, to the cent


class TotalOccupied(msgspec.Struct, gc=False):
    """How many cars stand at all chargers of a topic, in a second."""

    timestamp: str
    occupied: int


FULL_SESSION_DECODER: Final = msgspec.json.Decoder(FullSession[Decimal])
LIMIT_BROKEN_DECODER: Final = msgspec.json.Decoder(LimitBroken)
PROFIT_DECODER: Final = msgspec.json.Decoder(TransactionProfit[Decimal])
TOTAL_DECODER: Final = msgspec.json.Decoder(TotalOccupied)
