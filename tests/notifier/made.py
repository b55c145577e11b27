"""A notifier over a log in memory, with routes to real servers of loopback."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import msgspec

from energyguard.clock import ManualClock
from energyguard.log import Log, Records
from energyguard.model.alerts import Act, State
from energyguard.model.notify import Standing
from energyguard.notifier.notifier import Notifier
from energyguard.notifier.report_words import Services
from energyguard.records.alerts import ALERT_ACTION, AlertAction, AlertEvent
from energyguard.records.notify import AlertDelivery
from energyguard.rules.registry import book_of
from energyguard.service.contract import Service
from energyguard.service.notify.contract import RouteFields
from energyguard.service.notify.routes import RouteVerbs
from energyguard.settings.notify import NotifySettings
from energyguard.settings.tree import Settings
from tests.service.made import alert_event, raise_alerts
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


def fires(alert: str = "a1", **fields: object) -> AlertEvent:
    return msgspec.structs.replace(alert_event(alert), **fields)


def ends(alert: str = "a1", **fields: object) -> AlertEvent:
    return msgspec.structs.replace(alert_event(alert, State.RESOLVED, 600), **fields)
