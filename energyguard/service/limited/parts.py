"""The parts of the service for somebody who is limited to sites: each knows only what is seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from msgspec import UNSET

from energyguard.alerts.alert import Alert, TimelineEntry
from energyguard.errors import Forbidden, NotFound
from energyguard.model.access import AccessRole, Caller
from energyguard.model.alerts import State
from energyguard.model.catalogue import DEVICE
from energyguard.records.alerts import AlertEvent
from energyguard.records.rules import RuleEdit
from energyguard.rules.devices import DeviceRule, SelectedRule
from energyguard.rules.rule import Rule
from energyguard.rules.rule_history import ChangedRule
from energyguard.service.alerts.notifications import Notification, Wanted, everything
from energyguard.service.late_sums import LateSum
from energyguard.service.limited.site_scope import SiteScope
from energyguard.service.lookups import (
    AlertLookup,
    LateSumLookup,
    NotificationLookup,
    ProfileLookup,
    RuleLookup,
)
from energyguard.service.profiles import DeviceProfile


def check_role(caller: Caller, role: AccessRole) -> None:
    """See that a caller may do what a role may.

    Raises:
        Forbidden: it may not.
    """
    if not caller.may(role):
        raise Forbidden(f"this takes the role {role!s}, and yours is {caller.role!s}")


def refuse(what: str) -> NoReturn:
    """Say that something is about all sites.

    Raises:
        Forbidden: always.
    """
    raise Forbidden(f"{what}: this is of all sites, and you see some of them")


class LimitedAlerts:
    """The alerts of the devices that are seen."""

    def __init__(self, book: AlertLookup, scope: SiteScope) -> None:
        self._book, self._scope = book, scope

    def open(self) -> list[Alert]:
        """Those that are not resolved, the newest first."""
        return [alert for alert in self._book.open() if alert.device in self._scope]

    def get(self, alert_id: str) -> Alert:
        """One of them.

        Raises:
            NotFound: there is none, or none that is seen.
        """
        if not (alert := self.peek(alert_id)):
            raise NotFound(f"no alert {alert_id!r}")
        return alert

    def peek(self, alert_id: str) -> Alert | None:
        """One of them, or None where there is none that is seen."""
        alert = self._book.peek(alert_id)
        return alert if alert and alert.device in self._scope else None

    def story(self, alert_id: str) -> list[TimelineEntry]:
        """Everything that happened to one.

        Raises:
            NotFound: there is none, or none that is seen.
        """
        return self._book.story(self.get(alert_id).id)

    def find(
        self,
        state: State | None = None,
        device: str | None = None,
        rule: str | None = None,
        since_ms: int | None = None,
        limit: int = 100,
    ) -> list[Alert]:
        """Those that fit all that is given, newest first."""
        if device is not None:
            seen = device in self._scope
            return self._book.find(state, device, rule, since_ms, limit) if seen else []
        ids, every = self._scope.devices, 1 << 31
        found = self._book.find(state, None, rule, since_ms, every)
        return [alert for alert in found if alert.device in ids][:limit]


class LimitedRules:
    """The rules that may be about a device that is seen, with what differs for such devices."""

    def __init__(self, rules: RuleLookup, scope: SiteScope) -> None:
        self._rules, self._scope = rules, scope

    def all(self) -> list[Rule]:
        """Every rule of them."""
        return list(self._those(self._rules.all()))

    def active(self) -> list[Rule]:
        """Those of them that run."""
        return list(self._those(self._rules.active()))

    def get(self, rule_id: str) -> Rule:
        """One of them.

        Raises:
            NotFound: there is none, or none that is seen.
        """
        return self._one(self._rules.get, rule_id)

    def of_file(self, rule_id: str) -> Rule:
        """One of them as its file has it.

        Raises:
            NotFound: there is none, or none that is seen.
        """
        return self._one(self._rules.of_file, rule_id)

    def is_of_file(self, rule_id: str) -> bool:
        """Whether a file has one of them.

        Raises:
            NotFound: there is none, or none that is seen.
        """
        return self._rules.is_of_file(self.get(rule_id).id)

    def at_site(self, rule_id: str) -> Rule:
        """One of them as it is at the site.

        Raises:
            NotFound: there is none, or none that is seen.
        """
        return self._one(self._rules.at_site, rule_id)

    def edits(self, rule_id: str) -> Mapping[str, RuleEdit]:
        """Who changed the levels that are in force, by device; of all: no name."""
        found = self._rules.edits(rule_id)
        return {device: edit for device, edit in found.items() if not device or self._sees(device)}

    def history(self, rule_id: str) -> list[ChangedRule]:
        """The last changes of devices that are seen.

        Raises:
            NotFound: there is no such rule, or none that is seen.
        """
        rows = self._rules.history(self.get(rule_id).id)
        return [row for row in rows if self._sees(row.device)]

    def _sees(self, device: str) -> bool:
        return device in self._scope

    def _one(self, ask: Any, rule_id: str) -> Rule:
        try:
            found = next(self._those([ask(rule_id)]), None)
        except NotFound:
            found = None
        if found is None:
            raise NotFound(f"no rule {rule_id!r}")
        return found

    def _those(self, rules: list[Rule]) -> Iterator[Rule]:
        devices, facts = self._scope.devices, self._scope.entries.facts
        for rule in rules:
            chosen = rule if isinstance(rule, SelectedRule) and not rule.is_uniform else None
            if chosen and not any(chosen.selects(device, facts) for device in devices):
                continue
            if isinstance(rule, DeviceRule) and rule.overrides:
                own = {d: dict(f) for d, f in rule.overrides.items() if d in devices}
                yield rule.with_fields(devices=own or UNSET)
            else:
                yield rule


class LimitedNotifications:
    """The notifications of the devices that are seen."""

    def __init__(self, notifications: NotificationLookup, scope: SiteScope) -> None:
        self._all, self._scope = notifications, scope

    def newest(
        self, limit: int = 100, since_ms: int = 0, wanted: Wanted = everything
    ) -> list[Notification]:
        """The newest, newest first."""
        return self._all.newest(limit, since_ms, self._seen(wanted))

    def is_read(self, person: str, notification: Notification) -> bool:
        """Whether a person has read one."""
        return self._all.is_read(person, notification)

    def unread(self, person: str, wanted: Wanted = everything) -> int:
        """How many a person has not read."""
        return self._all.unread(person, self._seen(wanted))

    def mark_read(self, person: str, until: str = "") -> None:
        """Let a person have read them."""
        self._all.mark_read(person, until)

    def _seen(self, wanted: Wanted) -> Wanted:
        def both(event: AlertEvent) -> bool:
            return event.device in self._scope and wanted(event)

        return both


class LimitedProfiles:
    """What is usual for the devices that are seen."""

    def __init__(self, profiles: ProfileLookup, scope: SiteScope) -> None:
        self._profiles, self._scope = profiles, scope

    def get(self, device: str, channel: str = "", rule: str = "") -> DeviceProfile:
        """Of one device; by one rule.

        Raises:
            NotFound: nothing is known of it, or it is not seen.
        """
        if device not in self._scope:
            raise NotFound(f"nothing is known of what is usual for {device!r}")
        return self._profiles.get(device, channel, rule)


class LimitedLateSums:
    """What the sums that are seen wait for, where that is seen, too."""

    def __init__(self, late: LateSumLookup, scope: SiteScope) -> None:
        self._late, self._scope = late, scope

    def of(self, key: str = "") -> list[LateSum]:
        """Of a device, a site or a group; empty: of every one that is seen.

        Raises:
            Forbidden: it is not seen.
        """
        if key:
            self._scope.check_keys([key])
        return [
            late
            for late in self._late.of(key)
            if late.waits_for in self._scope
            and (key or late.of.removeprefix(f"{DEVICE}/") in self._scope)
        ]
