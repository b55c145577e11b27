"""A notifier over a log in memory, with routes to real servers of loopback."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import msgspec

from energyguard.alerts.silences import FOREVER_MS
from energyguard.clock import ManualClock
from energyguard.log import Log, Records
from energyguard.model.alerts import Act, State
from energyguard.model.catalogue import Entry, key_of
from energyguard.model.notify import Standing
from energyguard.model.topics import CATALOGUE, SILENCES
from energyguard.notifier.notifier import Notifier
from energyguard.notifier.report_words import Services
from energyguard.records.alerts import ALERT_ACTION, AlertAction, AlertEvent
from energyguard.records.catalogue import CATALOGUE_ENTRY, CatalogueHistory, CatalogueVersion
from energyguard.records.notify import AlertDelivery
from energyguard.records.silences import STANDING_SILENCE, StandingSilence
from energyguard.rules.registry import book_of
from energyguard.service.contract import Service
from energyguard.service.notify.contract import RouteFields
from energyguard.service.notify.routes import RouteVerbs
from energyguard.settings.notify import NotifySettings
from energyguard.settings.tree import Settings
from tests.service.made import NOON, alert_event, raise_alerts
from tests.waiting import until

GATHER_S = 15.0


class House:
    """A log with a notifier, which is another one after ``again``."""

    def __init__(self, log: Log, folder: Path, clock: ManualClock, **notify: object) -> None:
        settings = {"inside": True, "address": "https://energy.example.org", **notify}
        self.log, self.clock = log, clock
        self.settings = Settings(data_dir=folder, notify=NotifySettings.model_validate(settings))
        self.routes = RouteVerbs(log, self.settings, book_of(self.settings), clock)
        self.services: Services = lambda: nullcontext(self._unasked())
        self.notifier = self._made()

    def _unasked(self) -> Service:
        raise AssertionError("alerts need no service")

    def _made(self) -> Notifier:
        rules = book_of(self.settings)
        return Notifier(self.log, self.settings, rules, self.services, self.clock)

    def again(self) -> None:
        """Another notifier takes over, in good order."""
        self.notifier.close()
        self.notifier = self._made()

    def route(self, name: str, address: str, **fields: object) -> None:
        self.routes.put(name, RouteFields(address=address)._replace(**fields), "mara")  # type: ignore[arg-type]

    def step(self) -> None:
        """Plan what came, send what is due, and wait for how it goes."""
        self.notifier.step(0)
        until(lambda: all(f.outcome.done() for f in self.notifier._flights.values()))
        self.notifier.step(0)

    def pass_time(self, seconds: float = GATHER_S) -> None:
        """Let time pass, and the notifier work before and after."""
        self.step()
        self.clock.sleep(seconds)
        self.step()

    def raise_(self, *events: AlertEvent) -> None:
        raise_alerts(self.log, *events)

    def act(self, alert: str, act: Act, until_ms: int | None = None) -> None:
        """What a person does with an alert."""
        action = AlertAction(
            id=alert, act=act, by="jan", at_ms=self.clock.now_ms(), until_ms=until_ms
        )
        record = Records([alert.encode()], [ALERT_ACTION.encode(action)])
        self.log.append("energyguard.alert-actions", record)

    def deliveries(self, route: str = "desk") -> list[AlertDelivery]:
        self.notifier.book.refresh()
        return sorted(self.notifier.book.newest(100, route), key=lambda one: one.at_ms)

    def standings(self, route: str = "desk") -> list[tuple[str, str, Standing]]:
        """Alert, news and standing of each delivery, in the order of their keys."""
        return sorted((one.alert, str(one.news), one.standing) for one in self.deliveries(route))


def enter(log: Log, **entries: Entry) -> None:
    """Have entries of the catalogue, by keys with an underscore for the slash."""
    for n, (name, entry) in enumerate(entries.items(), 1):
        version = CatalogueVersion(revision=n, entry=entry)
        value = CATALOGUE_ENTRY.encode(CatalogueHistory(versions=(version,)))
        key = key_of(*name.split("_", 1))
        log.append(CATALOGUE.name, Records([key.encode()], [value]))


def quiet(log: Log, at_ms: int, silence_id: str = "s1", **fields: object) -> None:
    """Have a standing silence, made at a wall time."""
    known: dict[str, object] = {"until_ms": FOREVER_MS, "by": "timo", "at_ms": at_ms}
    silence = StandingSilence(**known | fields)  # type: ignore[arg-type]
    record = Records([silence_id.encode()], [STANDING_SILENCE.encode(silence)])
    log.append(SILENCES.name, record)


def fires(alert: str = "a1", **fields: object) -> AlertEvent:
    return msgspec.structs.replace(alert_event(alert), **fields)


def ends(alert: str = "a1", **fields: object) -> AlertEvent:
    return msgspec.structs.replace(alert_event(alert, State.RESOLVED, 600), **fields)


def silent(device: str, after_s: int = 0, **fields: object) -> AlertEvent:
    """A device of which nothing came since so long after noon; its alert has its id."""
    since_ms = NOON + 1_000 * after_s
    whole = {
        "id": device, "rule": "quiet", "device": device, "channel": "", "since_ms": since_ms,
        "window_start_ms": since_ms, "window_end_ms": since_ms, "unit": "s",
        "about": f"{device} has sent nothing for 5 minutes",
    }  # fmt: skip
    return msgspec.structs.replace(alert_event(), **whole | fields)
