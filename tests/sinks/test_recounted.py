"""The past is counted anew: of an older version's folder, and when a channel is described anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from energyguard.history.chdb import ChdbHistory
from energyguard.history.energy import energy_rollup
from energyguard.history.energy.energy_channels import by_name, described
from energyguard.history.energy.recounted import recounted
from energyguard.history.people import People
from energyguard.history.reading_buckets import QUARTERS
from energyguard.history.rollups import RollUps
from energyguard.ledger.channels import EnergyChannel
from energyguard.log import Log, Records
from energyguard.model.catalogue import ChannelFacts, Device
from energyguard.model.channels import Kind
from energyguard.model.topics import CATALOGUE
from energyguard.records.catalogue import CATALOGUE_ENTRY, CatalogueHistory, CatalogueVersion
from energyguard.settings.ledger import LedgerSettings
from energyguard.settings.tree import Settings
from energyguard.sinks.archive import Archive
from energyguard.sinks.energy_facts import EnergyFacts
from energyguard.sinks.recount import Recount, prepare
from tests.history.made import T0, readings

HOUR, KWH = 3_600_000, 10**9


def put(history: ChdbHistory, rows: list[tuple[str, int, int]], channel: str) -> None:
    table = readings(rows, channel)
    history.insert("readings", table)
    rollups = RollUps(history)
    rollups.mark("readings", table)
    rollups.settle()


def quarters(history: ChdbHistory) -> dict[int, int]:
    rows = history.answer(
        "SELECT toInt64(toUnixTimestamp(bucket)) * 1000 AS at, sum(kwh) AS nano"
        " FROM rollup_15m FINAL GROUP BY at HAVING nano != 0",
        {},
    ).to_pylist()
    return {row["at"] - T0: row["nano"] for row in rows}


def test_a_folder_of_an_older_version_is_counted_anew_and_goes_on_after_a_stop(
    history: ChdbHistory, log: Log, people: People, tmp_path: Path
) -> None:
    put(history, [("A", i * HOUR, i * KWH) for i in range(30 * 24)], "energy_register_kwh")
    right = quarters(history)
    assert len(right) == 4 * (30 * 24 - 1)
    history.execute("DROP TABLE rollup_15m")
    old = QUARTERS.ddl.replace("toStartOfHour(bucket)", "toStartOfDay(bucket)")
    history.execute(old.rstrip().rstrip(";"))
    history.execute("TRUNCATE TABLE long_entries")
    prepare(history, tmp_path)
    assert quarters(history) == {}
    left = recounted(tmp_path)
    assert left is not None and left.share == 0 and "0% is done" in str(left)
    archive = Archive(history, log, 0.0, people)
    Recount(tmp_path, archive).step()
    part = quarters(history)
    assert 0 < len(part) < len(right)
    assert max(part) == max(right)  # the newest first
    again = Recount(tmp_path, archive)  # another process goes on
    for _ in range(10):
        again.step()
    assert recounted(tmp_path) is None
    assert quarters(history) == right
    prepare(history, tmp_path)
    assert recounted(tmp_path) is None  # it is of this version now


def test_what_people_say_of_a_channel_counts_in_the_past_too(
    history: ChdbHistory, log: Log, people: People
) -> None:
    put(history, [("A", HOUR, 4 * KWH), ("B", HOUR, 4 * KWH)], "energy_kwh")
    assert quarters(history) == {HOUR: 8 * KWH}  # one reading tells no rhythm: a moment
    archive = Archive(history, log, 0.0, people)
    facts = EnergyFacts(log, history, archive, Settings())
    facts.step()
    assert described(history) == {}
    meter = Device(name="A", channels={"energy_kwh": ChannelFacts(length="1 hour", stamp="end")})
    version = CatalogueVersion(revision=1, entry=meter)
    value = CATALOGUE_ENTRY.encode(CatalogueHistory(versions=(version,)))
    log.append(CATALOGUE.name, Records([b"device/A"], [value]))
    facts.step()
    archive.settle()
    assert quarters(history) == {i * HOUR // 4: KWH for i in range(4)} | {HOUR: 4 * KWH}
    said = EnergyChannel(Kind.INTERVAL, length_ms=HOUR, stamp_is_end=True)
    assert described(history) == {("A", "energy_kwh"): said} | by_name()
    EnergyFacts(log, history, archive, Settings()).step()
    assert not archive._rollups._described  # nothing is new to who starts again


def test_what_the_settings_say_of_all_channels_counts_in_the_past_too(
    history: ChdbHistory, log: Log, people: People
) -> None:
    """Of two large meters one has a limit of its own."""
    rows = [(device, i * HOUR, 150 * i * KWH) for device in "AB" for i in range(3)]
    put(history, rows, "energy_register_kwh")
    small = Device(name="B", channels={"energy_register_kwh": ChannelFacts(max_power_kw=140)})
    version = CatalogueVersion(revision=1, entry=small)
    value = CATALOGUE_ENTRY.encode(CatalogueHistory(versions=(version,)))
    log.append(CATALOGUE.name, Records([b"device/B"], [value]))
    archive = Archive(history, log, 0.0, people)
    span = {"device": "A", "start_ms": T0, "end_ms": T0 + 2 * HOUR}
    for largest_kw, kwh in ((100.0, 0), (200.0, 150), (100.0, 0)):
        settings = Settings(ledger=LedgerSettings(largest_power_kw=largest_kw))
        EnergyFacts(log, history, archive, settings).step()  # who starts again
        archive.settle()
        assert quarters(history) == {i * HOUR // 4: kwh * KWH // 4 for i in range(8) if kwh}
        assert (history.query("entries", **span)["kwh"].to_numpy() > 0).sum() == (2 if kwh else 0)


def test_a_folder_of_before_counts_anew_what_is_fed_in_by_its_name(
    history: ChdbHistory, log: Log, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A register of ``home/export`` was use; of another somebody says that it is."""
    rows = [(name, i * HOUR, i * KWH) for name in HOMES for i in range(3)]
    with monkeypatch.context() as older:
        older.setattr(energy_rollup, "channel_of", lambda device, said: said)
        put(history, rows, "energy_register_kwh")
    assert of_devices(history) == dict.fromkeys(HOMES, 2.0)
    drawn = Device(name="Barn", channels={"energy_register_kwh": ChannelFacts(sign="import")})
    version = CatalogueVersion(revision=1, entry=drawn)
    value = CATALOGUE_ENTRY.encode(CatalogueHistory(versions=(version,)))
    log.append(CATALOGUE.name, Records([b"device/barn/export"], [value]))
    archive = Archive(history, log, 0.0, people)
    EnergyFacts(log, history, archive, Settings()).step()
    archive.settle()
    right = {"home": 2.0, "home/export": -2.0, "barn/export": 2.0}
    assert of_devices(history) == right
    EnergyFacts(log, history, archive, Settings()).step()
    assert not archive._rollups._described  # once
    version = CatalogueVersion(revision=2, entry=Device(name="Barn"))
    value = CATALOGUE_ENTRY.encode(CatalogueHistory(versions=(version,)))
    log.append(CATALOGUE.name, Records([b"device/barn/export"], [value]))
    EnergyFacts(log, history, archive, Settings()).step()
    archive.settle()
    assert of_devices(history) == right | {"barn/export": -2.0}


def test_a_scale_that_is_said_later_counts_in_the_past_from_its_time_on(
    history: ChdbHistory, log: Log, people: People
) -> None:
    """In March × 40 turns out to have been × 60 since an hour in the past; rows stay as they came.

    Who gives the meter another name afterwards changes nothing of that.
    """
    put(history, [("A", i * HOUR, i * KWH) for i in range(5)], "energy_register_kwh")
    raw = history.answer("SELECT * FROM readings ORDER BY time", {})
    archive, versions = Archive(history, log, 0.0, people), list[CatalogueVersion]()
    for name, scale, from_ms, hours in (
        ("Main", "", None, [1, 1, 1, 1]),
        ("Main", "40", None, [40, 40, 40, 40]),
        ("Main", "60", T0 + 2 * HOUR, [40, 60, 60, 60]),
        ("Mains", "60", None, [40, 60, 60, 60]),
        ("Mains", "60", T0 + 3 * HOUR + 1, [40, 60, 60, 60]),
        ("Mains", "20", T0 + 3 * HOUR + 1, [40, 60, 60, 20]),
        ("Mains", "", None, [1, 1, 1, 1]),
    ):
        facts = ChannelFacts(scale=scale, max_power_kw=1_000)
        entry = Device(name=name, channels={"energy_register_kwh": facts})
        versions.append(CatalogueVersion(revision=len(versions) + 1, entry=entry, from_ms=from_ms))
        value = CATALOGUE_ENTRY.encode(CatalogueHistory(versions=tuple(versions)))
        log.append(CATALOGUE.name, Records([b"device/A"], [value]))
        EnergyFacts(log, history, archive, Settings()).step()  # who starts again
        archive.settle()
        found = quarters(history)
        assert [sum(found[h * HOUR + q * HOUR // 4] for q in range(4)) for h in range(4)] == [
            kwh * KWH for kwh in hours
        ], (scale, from_ms)
    assert history.answer("SELECT * FROM readings ORDER BY time", {}) == raw


HOMES = ("home", "home/export", "barn/export")


def of_devices(history: ChdbHistory) -> dict[str, float]:
    """By device its kWh, from the roll-ups."""
    rows = history.query("top", by="kwh", n=9, without="[]", start_ms=T0, end_ms=T0 + 24 * HOUR)
    return dict(zip(rows["device"].to_pylist(), rows["kwh"].to_pylist(), strict=True))
