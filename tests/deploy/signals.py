"""Signals that are some, and that are none, as their fields."""

from __future__ import annotations

from typing import Any

from tests.sinks.test_charging_archive import PLATE, USER

GOOD = {
    "vehicle_detected": True, "plate": PLATE, "timestamp": "2024-05-06 00:00:10", "charger_id": "c",
}  # fmt: skip
PAID = {"timestamp": "2024-05-06 00:00:10", "charger_id": "c", "user_id": USER, "price": 0.55}
BEGUN = PAID | {"user_connection": True}
POWER = {"timestamp": "2024-05-06 00:00:10", "charger_id": "c", "recharging": True}

BAD: list[dict[str, Any]] = [
    {}, GOOD | {"timestamp": "2024-02-30 00:00:10"}, GOOD | {"timestamp": "00:00:10"},
    GOOD | {"timestamp": "1999-12-31 23:59:59"},
    GOOD | {"plate": "7" * 17}, GOOD | {"plate": "A\tB"},
    GOOD | {"charger_id": ""}, GOOD | {"vehicle_detected": 2},
    GOOD | {"recharging": True, "energy_delivered": 3}, GOOD | {"timestamp": 1_714},
    GOOD | {"timestamp": -1_714_953_600}, GOOD | {"timestamp": True},
    PAID | {"user_connection": None}, BEGUN | {"user_id": " "},
    BEGUN | {"user_id": "x" * 129}, BEGUN | {"price": 1_000_001},
    GOOD | {"timestamp": "2024-02-30T00:00:10Z"}, GOOD | {"timestamp": "1999-12-31T23:00:00Z"},
    BEGUN | {"price": -1_000_001}, BEGUN | {"price": "0.1234567891"}, BEGUN | {"price": "x"},
    POWER, POWER | {"energy_delivered": 0}, POWER | {"energy_delivered": -4},
    POWER | {"energy_delivered": 1_000_001}, POWER | {"energy_delivered": 3, "unit": "MW"},
    POWER | {"energy_delivered": 1_001, "unit": "kW"},
    POWER | {"energy_delivered": 22, "register_kwh": -1},
    {"timestamp": "2024-05-06 00:00:10", "charger_id": "c", "station_state": 1},
]  # fmt: skip
FINE: list[dict[str, Any]] = [
    GOOD, GOOD | {"plate": " M-ÜX 123 "}, GOOD | {"plate": " "}, GOOD | {"plate": None},
    GOOD | {"vehicle_detected": False, "more": [1, {"price": 3}]},
    BEGUN, PAID | {"user_connection": False, "price": 0.5700}, BEGUN | {"price": "0.99"},
    BEGUN | {"price": 10}, BEGUN | {"price": -0.12345}, BEGUN | {"user_id": "04:A1:B2"},
    BEGUN | {"user_id": 12345}, BEGUN | {"connector_id": 2}, BEGUN | {"connector_id": "B"},
    BEGUN | {"user_id": 'é"price":7é12345'},
    POWER | {"energy_delivered": 22}, POWER | {"energy_delivered": 7.4},
    POWER | {"energy_delivered": 7_400}, POWER | {"energy_delivered": 900, "unit": "W"},
    POWER | {"energy_delivered": 1_000, "register_kwh": 0},
    POWER | {"recharging": False, "energy_delivered": 0, "register_kwh": 12345678.123456789},
    GOOD | {"timestamp": "2024-02-29T23:59:59Z"}, GOOD | {"timestamp": "2024-03-01t01:59:59+02:00"},
    GOOD | {"timestamp": "2024-03-01T01:59:59.987654321-0230"},
    GOOD | {"timestamp": "2024-03-01 01:59"}, GOOD | {"timestamp": 1_714_953_600},
    GOOD | {"timestamp": 1_714_953_600_999}, GOOD | {"timestamp": 1_714_953_600.75},
    POWER | {"energy_delivered": 900, "unit": "w"},
    GOOD | {"timestamp": "2024-02-29 23:59:59"}, GOOD | {"timestamp": "2000-01-01 00:00:00"},
]  # fmt: skip
