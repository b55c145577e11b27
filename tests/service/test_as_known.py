"""As known then: what was answered at a time is answered of that time ever after."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pytest

from energyguard.clock import ManualClock
from energyguard.errors import Forbidden, Malformed, NotFound, OutOfRange
from energyguard.history.chdb import ChdbHistory
from energyguard.history.people import People
from energyguard.intake.gateway import Gateway
from energyguard.log import Records, TopicPartition
from energyguard.log.sqlite.log import SqliteLog
from energyguard.model.access import AccessRole, Caller
from energyguard.model.catalogue import Device, Entry, Site
from energyguard.model.days import HOUR_MS, local
from energyguard.model.readings import batch_of
from energyguard.service.corrections.contract import WantedCorrection
from energyguard.service.explain import known
from energyguard.service.limited.callers import CallerServices
from energyguard.service.service import EnergyService
from energyguard.settings.tree import Settings
from energyguard.sinks.archive import Archive
from energyguard.testing import MemoryLog
from tests.history.made import T0

QUARTER = HOUR_MS // 4
END = T0 + 24 * HOUR_MS
LIFE = ("begin", "send", "import", "correct", "past", "wrong", "undo", "withdraw")
NIGHT = {"start_ms": T0, "end_ms": T0 + 8 * HOUR_MS}


class World:
    """A log on disk, an archive and a service whose wall clock moves by hand."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock(END)
        self.log = SqliteLog(folder / "log.db", self.clock)
        self.history, self.people = ChdbHistory(folder / "history"), People(folder)
        self.settings = Settings(data_dir=folder)
        self.service = EnergyService(self.log, self.history, self.settings, self.clock)
        self.archive = Archive(self.history, self.log, 0.0, self.people)

    def close(self) -> None:
        self.archive.close()
        self.log.close()
        self.people.close()
        self.history.close()

    def send(self, device: str, readings: dict[int, float], channel: str = "energy_kwh") -> None:
        """Readings by their quarter of an hour after midnight, in kWh."""
        times = [T0 + n * QUARTER for n in readings]
        values = [round(kwh * 10**9) for kwh in readings.values()]
        Gateway(self.log).submit(
            batch_of([device] * len(times), channel, times, values), "meter_readings"
        )

    def passes(self) -> int:
        """Let the history take everything and an hour pass; the time just before it did."""
        for _ in range(4):
            self.archive.step(0.0)
        self.archive.settle()
        now_ms = self.clock.now_ms()
        self.clock.sleep(3_600.0)
        return now_ms


class Times(NamedTuple):
    """Wall times, one after the other."""

    first: int
    late: int
    corrected: int
    undone: int


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Times]]:
    """An oven of 0.5 kWh each quarter: one is late, one is corrected, and that taken back."""
    world = World(tmp_path_factory.mktemp("known"))
    service, entries = world.service, world.service.catalogue.entries
    places: dict[str, Entry] = {
        "site/house": Site(name="House"),
        "site/flat": Site(name="Flat"),
        "device/oven": Device(name="Oven", site="house"),
        "device/main": Device(name="Main", site="house"),
        "device/other": Device(name="Other", site="flat"),
    }
    for key, entry in places.items():
        entries.see(key, entry, "tests")
    world.send("oven", {n: 0.5 for n in range(16) if n != 5})
    world.send("main", {n: 1_000.0 + n for n in range(16)}, "energy_register_kwh")
    world.send("other", dict.fromkeys(range(16), 1.0))
    first = world.passes()
    world.send("oven", {5: 0.5})
    late = world.passes()
    view = service.corrections.put(WantedCorrection("oven", T0 + 3 * QUARTER, value="2.5"), "mara")
    corrected = world.passes()
    service.corrections.undo(view.id, "joe")
    yield world, Times(first, late, corrected, world.passes())
    world.close()


def kwh(service: Any, key: str, ms: int | None) -> float:
    found = service.explanations.of(key, T0, NIGHT["end_ms"], "UTC", as_known_ms=ms)
    return float(found.total.kwh or 0.0)


def test_what_came_or_was_said_later_changes_nothing_of_then(made: tuple[World, Times]) -> None:
    service, times = made[0].service, made[1]
    assert [kwh(service, "device/oven", ms) for ms in times] == pytest.approx([7.5, 8, 10, 8])
    assert kwh(service, "device/oven", None) == pytest.approx(8.0)
    assert kwh(service, "device/oven", times.first - 1) == 0.0
    bounds = [
        service.explanations.known(ms)("bounds", device="oven", step_ms=8 * HOUR_MS, **NIGHT)
        for ms in times
    ]
    assert [rows["kwh"].to_pylist()[0] for rows in bounds] == pytest.approx([7.5, 8, 10, 8])


def test_it_says_what_is_known_now_and_what_had_been_corrected(made: tuple[World, Times]) -> None:
    service, times = made[0].service, made[1]
    found = service.explanations.of("device/oven", T0, NIGHT["end_ms"], as_known_ms=times.corrected)
    assert found.as_known_ms == times.corrected
    assert found.now_kwh == pytest.approx(8.0)
    [view] = found.corrections
    assert (view.value, view.holds, view.undone_by) == ("2.5", True, "")
    [entry] = [entry for entry in found.entries if entry.kind == "correction"]
    assert entry.why.startswith("set from 0.5 to 2.5 by mara")
    before = service.explanations.of("device/oven", T0, NIGHT["end_ms"], as_known_ms=times.late)
    assert (before.corrections, before.readings) == ((), 16)
    after = service.explanations.of("device/oven", T0, NIGHT["end_ms"], as_known_ms=times.undone)
    assert [view.holds for view in after.corrections] == [False]


def test_a_site_is_the_sum_of_its_devices(made: tuple[World, Times]) -> None:
    service, times = made[0].service, made[1]
    assert [kwh(service, "site/house", ms) for ms in times] == pytest.approx([22.5, 23, 25, 23])
    found = service.explanations.of("site/house", T0, NIGHT["end_ms"], as_known_ms=times.first)
    assert {part.key: part.energy.kwh for part in found.parts} == {
        "device/main": pytest.approx(15.0), "device/oven": pytest.approx(7.5),
    }  # fmt: skip
    with pytest.raises(Malformed, match="a device, a site or a group"):
        kwh(service, "", times.first)


def test_who_is_limited_to_sites_learns_of_these_what_was_known(made: tuple[World, Times]) -> None:
    service, times = made[0].service, made[1]
    seen = CallerServices(service).of(Caller("guest", AccessRole.READ, ("house",)))
    assert kwh(seen, "site/house", times.corrected) == pytest.approx(25.0)
    with pytest.raises(Forbidden):
        kwh(seen, "device/other", times.corrected)
    answer = seen.explanations.known(times.corrected)
    assert answer("entries", device="oven", **NIGHT).num_rows == 16
    with pytest.raises(Forbidden):
        answer("entries", device="other", **NIGHT)


def test_more_readings_than_anybody_looks_at_are_refused(
    made: tuple[World, Times], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known, "MAX_READINGS", 15)
    with pytest.raises(OutOfRange, match="ask for less time"):
        kwh(made[0].service, "device/oven", made[1].first)


def test_what_the_log_no_longer_keeps_was_there_or_nobody_knows(
    made: tuple[World, Times],
) -> None:
    world, times = made
    clock = ManualClock(END)
    log = MemoryLog(clock)
    service = EnergyService(log, world.history, world.settings, clock)
    with pytest.raises(NotFound, match="the log keeps record 0 of meter_readings no longer"):
        kwh(service, "device/oven", times.late)
    [original] = world.service.explanations.originals("oven", T0)
    assert original.partition is not None
    at = TopicPartition("meter_readings", original.partition)
    for part in world.log.read({at: 0}, 1_000, 0.0):
        for n in range(len(part)):
            sent = part.cut(n, n + 1)
            records = Records(sent.keys, sent.values, sent.headers, sent.timestamps_ms, [at[1]])
            log.append(at.topic, records)
            clock.sleep(30 * 86_400.0)
    log.tidy()
    assert kwh(service, "device/oven", times.late) == pytest.approx(8.0)
    with pytest.raises(NotFound, match="nobody can tell whether it had come by 2025-09-07T00:00"):
        kwh(service, "device/oven", times.first)


def test_every_answer_of_a_life_is_given_again(made: tuple[World, Times]) -> None:
    life = Life(random.Random(3), made[0], "heater", "meter")
    lived = [life.goes_on(act) for act in LIFE]
    for ms, answers in lived:
        ask = made[0].service.explanations.known(ms)
        for (name, device), then in answers.items():
            assert ask(name, device=device, **_asked(name)).to_pylist() == then.to_pylist()


def _asked(name: str) -> dict[str, int]:
    start_ms = T0 + 300 * QUARTER
    step = {"step_ms": HOUR_MS} if name == "bounds" else {}
    return {"start_ms": start_ms, "end_ms": start_ms + 8 * HOUR_MS, **step}


Answers = dict[tuple[str, str], pa.Table]


class Life(NamedTuple):
    """What happens to the readings of two devices."""

    rng: random.Random
    world: World
    heater: str
    meter: str

    def goes_on(self, act: str) -> tuple[int, Answers]:
        """Something happens; when, and what is answered then."""
        self._happens(act)
        ms = self.world.passes()
        return ms, {
            (name, device): self.world.service.query(name, device=device, **_asked(name))
            for name, device in (
                ("entries", self.heater),
                ("entries", self.meter),
                ("bounds", self.meter),
            )
        }

    def _happens(self, act: str) -> None:
        rng, service = self.rng, self.world.service
        n = rng.randrange(290, 340)
        if act == "send":
            some = rng.sample(range(290, 345), 15)
            self.world.send(self.heater, {m: rng.randrange(1, 9) / 4 for m in some})
            self._read(some)
        elif act == "past":
            self._read(range(60, 290))  # more than are looked at before a range
        elif act == "begin":
            self._read(range(20))
            self.world.send(self.heater, {0: 1.0})
        elif act == "import":
            rows = b"".join(
                f"{local(T0 + m * QUARTER, 'UTC').isoformat()},{self.heater},0.75\n".encode()
                for m in range(n, n + 9)
            )
            data = b"timestamp,household_id,energy_kwh\n" + rows
            assert service.take_readings(data, "csv", import_id="file").accepted == 9
        elif act == "undo":
            service.corrections.undo(service.corrections.all(self.heater)[0].id, "joe")
        elif act == "withdraw":
            service.corrections.undo_import("file", "joe")
        else:
            rows = service.query("fold_rows", device=self.heater, **_asked(""))
            times = rows["ms"].to_pylist()
            at = next((ms for ms in times if ms >= T0 + n * QUARTER), times[0])
            wanted = WantedCorrection(self.heater, at, value="0.125" if act == "correct" else "")
            service.corrections.put(wanted, "mara", "looked")

    def _read(self, quarters: Iterable[int]) -> None:
        self.world.send(self.meter, {m: 1_000 + m / 4 for m in quarters}, "energy_register_kwh")
