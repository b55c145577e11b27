"""A past and names for a fresh `energyguard up`, so that pictures of it show what a user sees.

python -m docs.images.demonstration http://127.0.0.1:8400     # of `up --no-auth`, in a fresh folder

Nine weeks of quarter hours of the simulated homes, as their simulator would have had them, with a
meter that was away for a night, and one that sent a value too high, which is corrected; a building
in Berlin with two floors, names, and what energy costs. The same each time for the same day.
"""

from __future__ import annotations

import math
import random
import sys
import time
from collections.abc import Iterator
from datetime import datetime

import httpx

WEEKS = 9
QUARTER_S = 900
HOMES = 50
DAY_S = 86_400
ARCHIVED_WITHIN_S = 120
SITES: dict[str, object] = {
    "sites/lindenhof": {
        "name": "Lindenhof 12",
        "kind": "building",
        "zone": "Europe/Berlin",
        "tariff": "home",
    },
    "sites/floor-1": {"name": "Floor 1", "kind": "floor", "parent": "lindenhof"},
    "sites/floor-2": {"name": "Floor 2", "kind": "floor", "parent": "lindenhof"},
    "sites/bakehouse": {
        "name": "Bakehouse",
        "kind": "building",
        "zone": "Europe/Berlin",
        "tariff": "home",
    },
}
DEVICES = {
    "H001": ("Kitchen", "floor-2"), "H002": ("Bakery", "bakehouse"), "H003": ("Laundry", "floor-1"),
    "H004": ("Office west", "floor-2"), "H005": ("Office east", "floor-2"),
    "H006": ("Stairs and lift", "lindenhof"), "H007": ("Workshop", "bakehouse"),
    "H008": ("Heat pump", "lindenhof"), "H009": ("Flat 1 left", "floor-1"),
    "H010": ("Flat 1 right", "floor-1"), "H011": ("Flat 2 left", "floor-2"),
}  # fmt: skip
AWAY = ("H004", 9, 20, 33)
"""A device, so many days ago, and the hours of that day's clock in which nothing came of it."""
TOO_HIGH = ("H001", 1, 12, 3.4)
"""A device, so many days ago, the hour (UTC) of a reading, and the kWh that it sent."""
CORRECTION = {"value": "0.212", "why": "test of the oven; read off at the meter"}
TARIFFS: dict[str, object] = {
    "tariffs/home": {
        "name": "Home", "currency": "EUR", "prices": [
            {"name": "day", "price": "0.3120", "when": "mon-fri 06:00-22:00"},
            {"name": "night", "price": "0.2412"},
        ], "per_month": "11.90", "taxes": [{"name": "VAT", "percent": "19"}],
    },
}  # fmt: skip


def shape(hour: float) -> float:
    """How much of its size a home draws at an hour of the day."""
    morning = 0.5 * math.exp(-(((hour - 7.5) / 1.6) ** 2))
    return 0.25 + morning + 0.9 * math.exp(-(((hour - 19) / 2.8) ** 2))


def too_high_s(until_s: int) -> int:
    """When the reading was that is corrected, in seconds since 1970."""
    _device, days_ago, hour, _kwh = TOO_HIGH
    return until_s // DAY_S * DAY_S - days_ago * DAY_S + hour * 3_600


def past(until_s: int) -> Iterator[str]:
    """Lines of a CSV file: time, device, kWh of the quarter hour."""
    first = until_s - WEEKS * 7 * DAY_S
    for home in range(1, HOMES + 1):
        device, chance = f"H{home:03d}", random.Random(home)
        size = chance.uniform(0.3, 1.6)
        for at in range(first, until_s, QUARTER_S):
            days_ago, hour = (until_s - at) // DAY_S, at % DAY_S / 3_600
            if device == AWAY[0] and days_ago == AWAY[1] and AWAY[2] <= hour + 12 <= AWAY[3]:
                continue
            week_end = 1.2 if at // DAY_S % 7 in (2, 3) else 1.0  # 1970 began on a Thursday
            kwh = size * shape(hour) * week_end * chance.uniform(0.8, 1.2) / 4
            if (device, at) == (TOO_HIGH[0], too_high_s(until_s)):
                kwh = TOO_HIGH[3]
            yield f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(at))},{device},{kwh:.5f}"


def correct(api: httpx.Client, correction: dict[str, str]) -> None:
    """Correct a reading, as soon as the history has it."""
    for _look in range(ARCHIVED_WITHIN_S):
        answer = api.post("/corrections", json=correction)
        if answer.status_code != httpx.codes.NOT_FOUND:
            break
        time.sleep(1)
    answer.raise_for_status()


def newest(api: httpx.Client) -> dict[str, str]:
    """The newest reading of a home that is simulated, once the history has any."""
    for _look in range(ARCHIVED_WITHIN_S):
        if rows := api.get("/readings", params={"device": "H001", "limit": 1}).json():
            return dict(rows[0])
        time.sleep(1)
    raise SystemExit("H001 sends nothing: is this a fresh `energyguard up`?")


def main(address: str) -> None:
    """Send all of it."""
    with httpx.Client(base_url=f"{address}/api/v1", timeout=120, trust_env=False) as api:
        for key, fields in {**TARIFFS, **SITES}.items():
            api.put(f"/{key}", json=fields).raise_for_status()
        began = datetime.fromisoformat(newest(api)["time"]).timestamp()
        until_s = int(began) // QUARTER_S * QUARTER_S
        lines = list(past(until_s))
        taken = 0
        for start in range(0, len(lines), 20_000):
            body = "\n".join(["time,device,energy_kwh", *lines[start : start + 20_000]])
            answer = api.post("/readings", params={"backfill": 1}, content=body.encode())
            answer.raise_for_status()
            taken += answer.json()["accepted"]
        for device, (name, site) in DEVICES.items():
            entry = {"name": name, "site": site}
            api.put(f"/catalogue/devices/{device}", json=entry).raise_for_status()
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(too_high_s(until_s)))
        correct(api, {"device": TOO_HIGH[0], "time": at, **CORRECTION})
    print(f"{taken:,} readings of {HOMES} homes, {len(SITES)} sites, {len(DEVICES)} names")


if __name__ == "__main__":
    main(sys.argv[1])
