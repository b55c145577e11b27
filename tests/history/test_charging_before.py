"""A history of before bills in yen and dinars: it is opened, and its cents count."""

from __future__ import annotations

from pathlib import Path

from energyguard.history.chdb import ChdbHistory
from energyguard.history.rollups import RollUps
from tests.history.charging import EUR, MINOR_UNITS, T0_S

HOUR = 3_600
MONEY = EUR | {"currencies": '{"Tokyo": "JPY"}', "minor_units": MINOR_UNITS}


def test_a_history_of_before_is_opened_and_its_cents_count(tmp_path: Path) -> None:
    folder = tmp_path / "history"
    before = ChdbHistory(folder)
    for table in ("charges", "charging_1h", "charging_1d", "charging_all_1h"):
        for column in ("to_whole", "to_thousandth"):
            before.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    before.execute("INSERT INTO chargers (charger, station) VALUES ('yen', 'Tokyo')")
    before.execute(
        "INSERT INTO charges (id, stay, source, charger, user, start, energy, cents, revision,"
        f" withdrawn) VALUES ('a', 's', 't', 'yen', 'u', {T0_S}, 1, 97150, 1, 0)"
    )
    before.execute(
        "INSERT INTO charging_1h (charger, bucket, charges, cents)"
        f" VALUES ('yen', {T0_S}, 1, 97150)"
    )
    before.close()
    history = ChdbHistory(folder)
    hour = {"start_ms": T0_S * 1000, "end_ms": (T0_S + HOUR) * 1000}
    listed = history.query("station_charge_list", **hour, **MONEY, station="", limit=9)
    (best, *_) = history.query("station_top", **hour, **MONEY, n=1, by="station").to_pylist()
    assert (listed["eur"].to_pylist(), best["eur"]) == ([971.5], 971.5)
    rollups = RollUps(history)  # positions of columns differ in such a history
    rollups.mark_range(T0_S * 1000, (T0_S + HOUR) * 1000)
    rollups.settle()
    (best, *_) = history.query("station_top", **hour, **MONEY, n=1, by="station").to_pylist()
    assert (best["charges"], best["eur"]) == (1, 971.5)
    history.close()
