"""Why an energy is what it is: entries, bounds, parts; and readings as they lie in the log."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pyarrow as pa
import pytest

from energyguard.errors import Forbidden, Malformed, NotFound
from energyguard.history.chdb import ChdbHistory
from energyguard.history.people import People
from energyguard.history.rollups import RollUps
from energyguard.intake.gateway import Gateway
from energyguard.log import EARLIEST, Records
from energyguard.model.access import AccessRole, Caller
from energyguard.model.catalogue import Device, Entry, Site, Term
from energyguard.model.days import HOUR_MS
from energyguard.model.readings import batch_of
from energyguard.model.tariffs import Tariff
from energyguard.model.topics import CATALOGUE
from energyguard.records.catalogue import CATALOGUE_ENTRY, CatalogueHistory, CatalogueVersion
from energyguard.records.readings import LATE_TABLE
from energyguard.service.corrections.contract import WantedCorrection
from energyguard.service.explain.bounds import added
from energyguard.service.explain.contract import BoundedEnergy
from energyguard.service.explain.steps import steps_between
from energyguard.service.limited.callers import CallerServices
from energyguard.service.service import EnergyService
from energyguard.settings.tree import Settings
from energyguard.sinks.history_rows import rows_of
from energyguard.testing import MemoryLog

OTHER = "flat-5"
"""A device in the same partition as `main`."""
DAY = 1_757_116_800_000  # 2025-09-06 UTC
QUARTER = HOUR_MS // 4
END = DAY + 96 * QUARTER
REGISTER = [1_000 + n for n in range(96)]
REGISTER[40] = 0
"""A register that grows by 1 kWh each quarter of an hour; one reading is a zero."""
MESSAGE = b"2025-09-06T12:00:00Z,oven,0.25"
ENTRIES: dict[str, Entry] = {
    "tariff/home": Tariff(name="Home", currency="EUR", price=Decimal("0.30")),
    "site/house": Site(name="House", tariff="home"),
    "device/main": Device(name="Main meter", site="house"),
    "device/oven": Device(name="Oven", site="house"),
    "device/rest": Device(
        name="Rest", terms=(Term(device="main"), Term(device="oven", minus=True))
    ),
}


@pytest.fixture(scope="module")
def log() -> Iterator[MemoryLog]:
    made = MemoryLog()
    times = [DAY + n * QUARTER for n in range(96)]
    both = batch_of(
        ["main"] * 96 + [OTHER],
        "energy_register_kwh",
        [*times, DAY],
        [kwh * 10**9 for kwh in [*REGISTER, 5]],
    )
    Gateway(made).submit(both, "meter_readings")
    made.append("energy_readings", Records([b"oven"], [MESSAGE]))
    yield made
    made.close()


@pytest.fixture(scope="module")
def service(log: MemoryLog, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EnergyService]:
    folder = tmp_path_factory.mktemp("explain")
    history, people = ChdbHistory(folder / "history"), People(folder)
    rollups = RollUps(history)
    for topic in ("meter_readings", "energy_readings"):
        for fetched in log.read(log.positions(topic, EARLIEST), 1_000, 0.0):
            for name, table in rows_of(fetched, people).items():
                history.insert(name, table)
                rollups.mark(name, table)
    rollups.settle()
    row = {
        "topic": "energyguard.late", "partition": 0, "offset": 0, "place": 0, "verdict": "late",
        "device": "main", "channel": "energy_register_kwh", "time_ms": DAY + 8 * QUARTER,
        "value": REGISTER[8] * 10**9, "sequence": -(2**63),
    }  # fmt: skip
    history.insert("late", pa.Table.from_pylist([row], LATE_TABLE.schema))
    made = EnergyService(log, history, Settings(data_dir=folder))
    versions = [CatalogueVersion(revision=n, entry=e) for n, e in enumerate(ENTRIES.values(), 1)]
    values = [CATALOGUE_ENTRY.encode(CatalogueHistory(versions=(v,))) for v in versions]
    log.append(CATALOGUE.name, Records([key.encode() for key in ENTRIES], values))
    for fetched in log.read(log.positions(CATALOGUE.name, EARLIEST), 1_000, 0.0):
        made.catalogue.entries.take(fetched)
    made.live._readings.caught_up.set()  # nobody follows them here: nobody waits for them
    yield made
    history.close()
    people.close()


def test_a_day_is_its_entries_and_only_what_is_odd_is_there_one_by_one(
    service: EnergyService,
) -> None:
    found = service.explanations.of("device/main", DAY, END)
    assert found.total.kwh == pytest.approx(95.0)
    assert found.total.low is not None and found.total.high is not None
    assert found.total.low <= 95.0 <= found.total.high
    assert [entry.kind for entry in found.entries] == ["first", "difference", "dip"]
    _, late, dip = found.entries
    assert (late.time_ms, late.verdicts) == (DAY + 8 * QUARTER, ("late",))
    assert (dip.evidence, dip.number, dip.after_ms) == ("returned", 1_041 * 10**9, QUARTER)
    [ordinary] = found.ordinary
    assert (ordinary.kind, ordinary.entries) == ("difference", 93)
    inside = ordinary.kwh + sum(entry.inside for entry in found.entries)
    assert inside == pytest.approx(95.0)
    assert [reading.verdict for reading in found.judged] == ["late"]
    assert len(found.steps) == 24
    assert found.bill is not None and str(found.bill.total) == "28.50"
    everything = service.explanations.of("device/main", DAY, END, everything=True)
    assert (len(everything.entries), everything.ordinary) == (96, ())


def test_an_hour_is_its_quarters(service: EnergyService) -> None:
    start = DAY + 2 * HOUR_MS
    found = service.explanations.of("device/main", start, start + HOUR_MS)
    assert [step.kwh for step in found.steps] == pytest.approx([1.0] * 4)
    assert found.total.coverage == 1.0
    assert found.bill is None  # no whole day
    with pytest.raises(Malformed):
        service.explanations.of("device/main", start, start)


def test_what_has_not_come_is_missing_and_widens_the_bounds(service: EnergyService) -> None:
    night = service.explanations.of("device/main", END, END + 4 * HOUR_MS)
    assert night.total.kwh in (0.0, None)
    assert night.entries == ()
    silent = service.explanations.bounds("device/main", [DAY, END + 6 * HOUR_MS])
    assert silent is not None and silent[0].coverage is not None
    assert 0.75 < silent[0].coverage < 0.85
    assert silent[0].high is not None and silent[0].high > 600.0


def test_a_sum_is_its_parts_and_each_has_its_sign(service: EnergyService) -> None:
    house = service.explanations.of("site/house", DAY, END)
    assert [part.key for part in house.parts] == ["device/main", "device/oven"]
    assert house.total.kwh == pytest.approx(95.25)
    rest = service.explanations.of("device/rest", DAY, END)
    assert [(part.key, part.minus) for part in rest.parts] == [
        ("device/main", False), ("device/oven", True),
    ]  # fmt: skip
    assert rest.total.kwh == pytest.approx(94.75)
    whole = service.explanations.of("", DAY, END)
    assert [part.key for part in whole.parts] == ["site/house", f"device/{OTHER}"]
    [every] = service.explanations.bounds("", [DAY, END]) or []
    assert every.kwh == pytest.approx(95.25)


def test_bounds_of_a_difference_are_crossed() -> None:
    main = BoundedEnergy(0, 10, 5.0, low=4.0, high=7.0, covered_ms=10)
    oven = BoundedEnergy(0, 10, 2.0, low=1.0, high=3.0, covered_ms=8)
    rest = added([(1, main), (-1, oven)])
    assert (rest.kwh, rest.low, rest.high, rest.coverage) == (3.0, 1.0, 6.0, 0.9)
    unknown = added([(1, main), (1, BoundedEnergy(0, 10, None))])
    assert (unknown.kwh, unknown.low, unknown.coverage) == (5.0, None, None)


@pytest.mark.parametrize(
    ("hours", "steps"), [(1, 4), (24, 24), (72, 72), (24 * 31, 31), (24 * 365, 12)]
)
def test_a_time_is_divided_by_its_length(hours: int, steps: int) -> None:
    begin = 1_767_225_600_000  # 2026-01-01
    assert len(steps_between(begin, begin + hours * HOUR_MS, "UTC")) - 1 == steps


def test_a_reading_is_found_in_the_log_as_it_came(service: EnergyService) -> None:
    [packed] = service.explanations.originals("main", DAY + 3 * QUARTER)
    assert (packed.topic, packed.offset, packed.place) == ("meter_readings", 0, 4)
    assert (packed.value, packed.unit, packed.packed) == (1_003.0, "kWh", True)
    assert packed.text.startswith("01")
    [message] = service.explanations.originals("oven", DAY + 12 * HOUR_MS)
    assert (message.text, message.packed, message.readings) == (MESSAGE.decode(), False, 1)
    assert message.size == len(MESSAGE)
    with pytest.raises(NotFound):
        service.explanations.originals("oven", DAY)


def test_what_the_log_no_longer_keeps_is_said(service: EnergyService, log: MemoryLog) -> None:
    gone = EnergyService(MemoryLog(), service.history, service.settings)
    [found] = gone.explanations.originals("oven", DAY + 12 * HOUR_MS)
    assert (found.partition, found.text, found.topic) == (None, "", "energy_readings")


def test_who_corrected_what_is_part_of_the_explanation(service: EnergyService) -> None:
    at = DAY + 20 * QUARTER
    value = WantedCorrection("main", at, value="1020", channel="energy_register_kwh")
    view = service.corrections.put(value, "mara", "read from the display")
    wrong = service.corrections.put(WantedCorrection("main", at + QUARTER), "joe")
    found = service.explanations.of("device/main", DAY, END)
    assert [(row.by, row.value, row.why) for row in found.corrections] == [
        ("joe", "", ""), ("mara", "1020", "read from the display"),
    ]  # fmt: skip
    for correction in (view, wrong):
        service.corrections.undo(correction.id, "mara")
    found = service.explanations.of("device/main", DAY, END)
    assert [row.holds for row in found.corrections] == [False, False]
    assert service.explanations.of("device/main", DAY, DAY + HOUR_MS).corrections == ()


def test_who_is_limited_to_sites_sees_no_bytes_of_others(service: EnergyService) -> None:
    service.catalogue.entries.see("site/flat", Site(name="Flat"), "tests")
    service.catalogue.entries.see(f"device/{OTHER}", Device(name="Other", site="flat"), "tests")
    try:
        local = CallerServices(service).of(Caller("guest", AccessRole.READ, ("house",)))
        [found] = local.explanations.originals("main", DAY)
        assert (found.withheld, found.text, found.value) == (True, "", 1_000.0)
        assert local.explanations.of("device/main", DAY, END).total.kwh == pytest.approx(95.0)
        assert [part.key for part in local.explanations.of("", DAY, END).parts] == ["site/house"]
        for refused in (f"device/{OTHER}", "site/flat"):
            with pytest.raises(Forbidden):
                local.explanations.of(refused, DAY, END)
        with pytest.raises(Forbidden):
            local.explanations.originals(OTHER, DAY)
    finally:
        service.catalogue.entries.see(f"device/{OTHER}", None, "tests")


def test_a_device_that_does_not_exist_has_no_explanation(service: EnergyService) -> None:
    """One that is there, or was entered, and has nothing in a time is another matter."""
    for as_known_ms in (None, DAY):
        with pytest.raises(NotFound, match="'none'"):
            service.explanations.of("device/none", DAY, END, as_known_ms=as_known_ms)
    for there in ("main", "rest"):
        found = service.explanations.of(f"device/{there}", END + 48 * HOUR_MS, END + 72 * HOUR_MS)
        assert not found.total.kwh
