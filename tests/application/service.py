"""The service over made-up homes and chargers, the same ones each time.

It is the real service over a log in memory: alerts, rules, dead letters and progress are what it
makes of that log. Made up are its newest readings, whose time goes on by itself, and its history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from energyguard.clock import SYSTEM, Clock
from energyguard.log import EARLIEST, Log, Records
from energyguard.model import topics
from energyguard.model.alerts import Severity, State
from energyguard.model.catalogue import ENTRIES, parts_of
from energyguard.records.alerts import AlertEvent, alert_id
from energyguard.records.catalogue import CatalogueHistory, CatalogueVersion
from energyguard.records.progress import PartitionProgress
from energyguard.service.alerts.silences import SilenceVerbs
from energyguard.service.bills.bills import EnergyBills
from energyguard.service.consumption.consumption import ConsumptionSums
from energyguard.service.contract import Service
from energyguard.service.devices import Devices
from energyguard.service.front import Front
from energyguard.service.intake.senders import Senders
from energyguard.service.live.live import LiveProjection
from energyguard.service.live.sums import LiveSums
from energyguard.service.service import EnergyService
from energyguard.service.views import NOTHING, DeviceView, Drawn, Freshness, ReadingView
from energyguard.settings.tree import Settings
from tests.application import building
from tests.application.catalogue import OwnedLog
from tests.application.charging import ChargingHistory, MadeUpStations
from tests.application.history import MadeUpHistory
from tests.application.regions import MadeUpRegions
from tests.application.world import HOMES, HOUR, SPEED, START, chance, kw

MINUTE = 60_000
REFUSED = b"""timestamp,household_id,energy_kwh
yesterday,H003,0.1
2025-09-06T17:54:02Z,H002,-400
2025-09-06T17:54:02Z,H001,n/a
never,H004,0.1\xff
"""


class MadeUpLive(LiveProjection):
    """Fifty homes, a reading of each every fifteen seconds; and a thermometer."""

    def __init__(self, service: MadeUpService) -> None:
        book, rules = service.book, service.rules
        super().__init__(service.log, book, rules.apply, service.settings, service.clock)
        self._service, self._homes = service, [] if service.empty else HOMES

    def wait_for_readings(self, wait: float = 10.0) -> None:
        """They are made up, and known."""

    def newest_ms(self, topic: str | None = None) -> int | None:
        return self._service.t() if self._homes else None

    def fresh(self, topic: str | None = None) -> Freshness:
        if not self._homes:
            return NOTHING
        service, t = self._service, self._service.t()
        now = service.clock.now_ms()
        heard = service.heard_ms or now - 400
        return Freshness(
            t, heard, heard, t, service.pace_ms, now - heard < 15_000, service.simulated
        )

    def readings(self, limit: int = 200, device: str = "") -> list[ReadingView]:
        t = self._service.t() // 1000 * 1000
        if device == "thermometer" and self._homes:
            return [
                ReadingView(device, "temperature_c", at, 15.0 + at // 1000 % 5, "°C", "topic-test")
                for at in range(t, t - limit * 1000, -1000)
            ]
        if device.startswith("p"):
            return building.rows(self._service.floors, t, device)[:limit]
        homes = [home for home in self._homes if device in home]
        times = range(t // 15_000 * 15_000, 0, -15_000)
        return [
            ReadingView(d, "energy_kwh", at, kw(d, at) / 240, "kWh", "energy_readings")
            for at in times[: -(-limit // len(homes))] if homes
            for d in homes
        ][:limit]  # fmt: skip

    def devices(self) -> list[DeviceView]:
        t = self._service.t()
        return [
            DeviceView(
                d, "energy_kwh", "energy_readings", t, kw(d, t) / 240, "kWh", kw(d, t), False
            )
            for d in self._homes
        ] + building.views(self._service.floors, t)

    def sums(self) -> LiveSums:
        rows = self.devices()
        return LiveSums({row.device: row.kw for row in rows if row.kw is not None}, {})

    def senders(self, after: Mapping[str, int]) -> Mapping[str, Sequence[str]]:
        found = dict[str, list[str]]()
        for row in self.devices():
            found.setdefault(row.topic, []).append(row.device)
        return {topic: devices[after.get(topic, 0) :] for topic, devices in found.items()}

    def device(self, device_id: str) -> list[DeviceView]:
        return [row for row in self.devices() if row.device == device_id]

    def drawn(self) -> Drawn:
        if not self._homes:
            return Drawn(None, None, 0, 0, False)
        t = self._service.t()
        return Drawn(sum(kw(d, t) for d in self._homes), t, 49, 1, self.fresh().live)

    def per_minute(self, minutes: int = 60) -> list[tuple[int, int]]:
        counts = [5_900 + int(200 * chance(minute)) for minute in range(minutes)]
        if minutes == 2:  # of the last minute: of the one before it nothing is left
            counts = [0, 6_012]
        return [(i * MINUTE, n if self._homes else 0) for i, n in enumerate(counts)]


class MadeUpService(EnergyService):
    """Not started: it has read its log once, and follows nothing."""

    def __init__(
        self,
        clock: Clock = SYSTEM,
        empty: bool = False,
        settings: Settings | None = None,
        chargers: int = 24,
        floors: int = 0,
    ) -> None:
        settings = settings or Settings()
        if settings.data_dir == Settings().data_dir:
            self.folder = TemporaryDirectory()  # gone with the service
            settings = settings.model_copy(update={"data_dir": Path(self.folder.name)})
        self.clock, self.empty, self.began = clock, empty, clock.now_ms()
        self.floors = floors
        self.heard_ms: int | None = None
        self.waits_ms = 0
        self.simulated, self.pace_ms = False, 15_000
        self.log: Log = OwnedLog()
        stations = MadeUpStations(self.t, 0 if empty else chargers)
        regions = MadeUpRegions(self.t, settings, empty)
        self.past = MadeUpHistory(self.t, ChargingHistory(stations), empty, floors)
        super().__init__(self.log, self.past, settings, clock)
        self.live, self.projections = MadeUpLive(self), {"chargers": stations, "regions": regions}
        self.edges, self.catalogue = self.live.edges, self.live.catalogue
        self.catalogue.senders = Senders(self.live.senders, self.query, clock)
        self.devices = Devices(self.live, self.book, self.query)
        self.prices, entries, clock_ms = self.live.prices, self.catalogue.entries, self.live.data_ms
        self.consumption = ConsumptionSums(
            self.query, entries, clock_ms, apart=lambda: self.live.apart()
        )
        self.book.silences.facts = entries.facts
        self.silences = SilenceVerbs(
            self.log, self.book, self.notifications, self.rules, entries, clock
        )
        self._front = Front(
            self.live, self.book, self.query, self.consumption, settings.serve.zone, clock
        )
        self.bills = EnergyBills(self.consumption, entries, self.prices.get)
        if floors:
            self.profiles = building.MadeUpProfiles(
                self.log, self.live.device, self.catalogue.rule_facts, clock
            )
        if not empty:
            self._happen()

    def backlog_ms(self) -> int:
        """What its history has not taken: made up, as the history is."""
        return self.waits_ms

    def enter(self, key: str, **fields: Any) -> None:
        """Say what an entry of the catalogue is, as its owner would."""
        kind, _ = parts_of(key)
        revision = self.catalogue.entries.revision + 1
        version = CatalogueVersion(
            revision=revision, entry=ENTRIES[kind](**fields), by="mara", at_ms=self.began
        )
        put(self.log, topics.CATALOGUE.name, key, CatalogueHistory(versions=(version,)), START)
        at = self.log.positions(topics.CATALOGUE.name, EARLIEST)
        for part in self.log.read(at, 1_000, 0.0):
            self.catalogue.entries.take(part)

    def t(self) -> int:
        """The event time."""
        return START + (self.clock.now_ms() - self.began) * SPEED

    def _happen(self) -> None:
        for event in alerts() + building.alerts(self.floors):
            put(self.log, topics.ALERTS.name, event.device, event, self.began - HOUR)
        for partition in range(8):
            progress = PartitionProgress(
                topic="energy_readings", partition=partition, position=102, newest_ms=START,
                watermark_ms=START - 10 * MINUTE, accepted=93_600 + partition, late=18, duplicate=2,
                devices=6, at_ms=self.began,
            )  # fmt: skip
            put(self.log, topics.PROGRESS.name, f"energy_readings/{partition}", progress, START)
        self.take_readings(REFUSED, "csv")
        for topic in (topics.ALERTS, topics.PROGRESS, topics.DEAD_LETTERS):
            self.live._take(self.log.read(self.log.positions(topic.name, EARLIEST), 1_000, 0.0))


def put(log: Log, topic: str, key: str, record: msgspec.Struct, at_ms: int) -> None:
    """Append a record."""
    log.append(topic, Records([key.encode()], [msgspec.json.encode(record)], (), [at_ms]))


def alerts() -> list[AlertEvent]:
    """What the worker said: two alerts fire, a meter is silent, three alerts are over."""
    return [
        *_alert("H017", 26, 2.018, State.FIRING, Severity.WARNING),
        *_alert("H003", 9, 2.04, State.FIRING, Severity.CRITICAL),
        *_alert("H042", 64, 2.52, State.UNKNOWN, Severity.WARNING),
        *_alert("H029", 190, 2.9, State.RESOLVED, Severity.WARNING),
        *_alert("H017", 260, 2.2, State.RESOLVED, Severity.WARNING),
        *_alert("H008", 300, 2.7, State.RESOLVED, Severity.INFO),
    ]


def _alert(
    device: str, minutes: int, kwh: float, state: State, severity: Severity
) -> list[AlertEvent]:
    since = START - minutes * MINUTE
    end = since + MINUTE
    event = AlertEvent(
        id=alert_id("energy_readings", "household-prod", device, "energy_kwh", end),
        rule="household-prod", device=device, channel="energy_kwh", severity=severity,
        state=State.FIRING, time_ms=since + 2 * MINUTE, since_ms=since,
        window_start_ms=end - 15 * MINUTE, window_end_ms=end, observed=round(kwh * 1e9),
        expected=2 * 10**9, peak=round(kwh * 1e9), unit="kWh", topic="energy_readings",
        about=f"{device} passed 2.0 kWh in 15 minutes",
    )  # fmt: skip
    if state is State.FIRING:
        return [event]
    return [
        event,
        msgspec.structs.replace(event, state=state, time_ms=since + 25 * MINUTE),
    ]


CONTRACT: type[Service] = MadeUpService
"""What the tests open pages over keeps the contract, says mypy: so does the service itself."""
