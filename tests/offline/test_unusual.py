"""What is unusual in tables and files: any cadence, units and kinds of channels."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from energyguard.catalogue import Catalogue
from energyguard.errors import ConfigError, Rejected
from energyguard.model.catalogue import ChannelFacts, Device, Site
from energyguard.model.selector import SiteClock
from energyguard.offline.unusual import ALERTS, unusual, unusual_in_files
from energyguard.rules.profile.calendar import Calendar
from energyguard.settings.ledger import LedgerSettings
from energyguard.settings.tree import Settings

MONDAY = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp() * 1000)
QUARTER_MS = 900_000
DAYS = 16


def power(seed: int, stuck: bool) -> npt.NDArray[np.float64]:
    """kW of each quarter of an hour; on one evening something stays on until the next."""
    chance = np.random.default_rng(seed)
    hour = np.arange(DAYS * 96) // 4 % 24
    kw = 0.1 + 0.02 * chance.random(DAYS * 96) + (chance.random(DAYS * 96) < 0.2) * (hour > 16)
    if stuck:
        kw[14 * 96 + 80 : 15 * 96 + 80] += 1.5
    return kw


def readings(kw: npt.NDArray[np.float64], device: str, step: int = 4) -> pa.Table:
    """Hourly, where the cadence does not matter: each slot costs a step of the detector."""
    energy = (kw / 4).reshape(-1, step).sum(axis=1)
    time = MONDAY + (np.arange(len(energy)) + 1) * QUARTER_MS * step
    return pa.table(
        {
            "device": pa.array([device] * len(energy)),
            "time": pa.array(time, pa.timestamp("ms", tz="UTC")),
            "value": energy,
        }
    )


def test_a_load_that_stays_on_is_found_and_said() -> None:
    found = unusual(
        pa.concat_tables([readings(power(1, True), "a", 1), readings(power(2, False), "b", 1)]),
        budget=0.2,
    )
    assert found.schema == ALERTS
    mine = [row for row in found.to_pylist() if row["device"] == "a"]
    assert mine
    late = mine[0]["opened"].timestamp() * 1000 - (MONDAY + (14 * 96 + 80) * QUARTER_MS)
    assert 0 <= late <= 12 * 3_600_000
    assert mine[0]["power_kw"] > 1.4
    assert "usual for" in mine[0]["text"]


def test_a_device_that_comes_later_is_watched_as_if_it_were_alone() -> None:
    late = readings(power(1, True), "late")
    time = pc.subtract(readings(power(2, False), "early")["time"], timedelta(days=40))
    early = readings(power(2, False), "early").set_column(1, "time", time)
    early = early.cast(late.schema)
    among = unusual(pa.concat_tables([early, late]), budget=5)
    alone = unusual(late, budget=5)
    assert among.filter(pc.equal(among["device"], "late")) == alone
    assert len(alone)


def test_a_register_is_watched_like_its_energies() -> None:
    energies = readings(np.round(power(1, True) / 4, 3) * 4, "a")
    value = pa.array(100 + np.cumsum(energies["value"].to_numpy()))
    register = energies.set_column(2, "value", value)
    of_energy = unusual(energies, budget=0.2)["opened"].to_pylist()
    of_register = unusual(register, budget=0.2, channel="energy_register_kwh")["opened"].to_pylist()
    apart = of_energy[0] - of_register[0]  # an energy's stamp is not a register's: see the ledger
    assert abs(apart.total_seconds()) <= 3_600


def test_what_a_register_feeds_in_is_no_use() -> None:
    """As of energies below 0: nothing is used, so nothing of it is unusual."""
    energies = readings(np.round(power(1, True) / 4, 3) * 4, "a/export")
    value = pa.array(100 + np.cumsum(energies["value"].to_numpy()))
    register = energies.set_column(2, "value", value)
    assert not len(unusual(register, budget=0.2, channel="energy_register_kwh"))


def test_files_are_read_as_ever(tmp_path: Path) -> None:
    table = readings(power(1, True), "a")
    lines = ["timestamp,household_id,energy_kwh"]
    for time, value in zip(table["time"].to_pylist(), table["value"].to_pylist(), strict=True):
        lines.append(f"{time:%Y-%m-%dT%H:%M:%SZ},a,{value:.6f}")
    path = tmp_path / "home.csv"
    path.write_text("\n".join(lines) + "\n")
    found = unusual_in_files([path], 0.2, SiteClock("Europe/Rome"))
    assert found.column("device").to_pylist() == unusual(table, budget=0.2)["device"].to_pylist()


def test_what_the_catalogue_says_of_channels_and_sites_counts(tmp_path: Path) -> None:
    lines = ["timestamp,household_id,energy_kwh"]
    for name in ("here", "delhi", "solar"):
        table = readings(power(1, True), name)
        for time, value in zip(table["time"].to_pylist(), table["value"].to_pylist(), strict=True):
            lines.append(f"{time:%Y-%m-%dT%H:%M:%SZ},{name},{value:.6f}")
    path = tmp_path / "homes.csv"
    path.write_text("\n".join(lines) + "\n")
    catalogue = Catalogue()
    catalogue.see("site/delhi", Site(name="Delhi", zone="Asia/Kolkata"), "test")
    catalogue.see("device/delhi", Device(name="Delhi", site="delhi"), "test")
    solar = Device(name="Solar", channels={"energy_kwh": ChannelFacts(sign="export")})
    catalogue.see("device/solar", solar, "test")
    found = unusual_in_files([path], 0.2, SiteClock("Europe/Rome"), catalogue=catalogue)
    since = {row["device"]: row["text"].split(" since ")[1][:9] for row in found.to_pylist()}
    assert since == {"here": "Mon 22:00", "delhi": "Tue 02:30"}  # what is fed in is no use


def test_rows_without_a_value_are_as_if_they_were_not_there() -> None:
    table = readings(power(1, True), "a")
    values = table["value"].to_pylist()
    for at, value in ((175, None), (225, np.nan), (325, np.inf), (350, 1e12)):
        values[at] = value
    kept = [n for n in range(len(values)) if n not in (175, 225, 325, 350)]
    time = table["time"].cast(pa.timestamp("ns", tz="UTC")).cast(pa.int64()).to_numpy() + 123
    odd = table.set_column(2, "value", pa.array(values, pa.float64()))
    odd = odd.set_column(1, "time", pa.array(time).cast(pa.timestamp("ns", tz="UTC")))
    assert unusual(odd, budget=0.2) == unusual(table.take(kept), budget=0.2)


def test_an_alert_names_the_day_that_it_is() -> None:
    """A holiday is usual as a Sunday is; it is none."""
    found = unusual(
        readings(power(1, True), "a"), budget=0.2, calendar=Calendar("Europe/Rome", ["01-19"])
    )
    assert [text.split(" since ")[1][:6] for text in found["text"].to_pylist()] == ["Mon 22"]


def test_what_is_plausible_is_a_setting_and_refused_rows_are_named(tmp_path: Path) -> None:
    lines = ["timestamp,household_id,energy_kwh", "never,a,0.1"]
    table = readings(power(1, True) * 100, "a", 1)  # up to 260 kW
    for time, value in zip(table["time"].to_pylist(), table["value"].to_pylist(), strict=True):
        lines.append(f"{time:%Y-%m-%dT%H:%M:%SZ},a,{value:.6f}")
    path = tmp_path / "plant.csv"
    path.write_text("\n".join(lines) + "\n")
    refused: list[tuple[str, int]] = []
    found = unusual_in_files(
        [path],
        0.2,
        SiteClock(),
        settings=Settings(ledger=LedgerSettings(largest_power_kw=500)),
        on_refused=lambda name, row: refused.append((name, row.row)),
    )
    assert refused == [(str(path), 2)]
    assert max(found["power_kw"].to_pylist()) > 150


def test_nothing_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.csv"
    path.write_text("timestamp,household_id,energy_kwh\n")
    with pytest.raises(Rejected, match="nothing to watch"):
        unusual_in_files([path], 0.2, SiteClock())
    with pytest.raises(Rejected, match="nothing to watch"):
        unusual(readings(power(1, False), "a").slice(0, 0))
    with pytest.raises(ConfigError, match="channel kwh: none of: energy_kwh, "):
        unusual(readings(power(1, False), "a"), channel="kwh")


def test_a_daily_meter_is_refused() -> None:
    with pytest.raises(Rejected, match="at least hourly"):
        unusual(readings(power(1, False), "a", step=96))
