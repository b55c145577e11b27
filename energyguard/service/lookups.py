"""What the service's parts answer, whoever stands behind them: all there is, or a person's sites.

``Service`` (``contract.py``) has them as its attributes. What each verb does in full stands at the
class that does it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from energyguard.alerts.alert import Alert, TimelineEntry
from energyguard.model.alerts import State
from energyguard.records.rules import RuleEdit
from energyguard.rules.rule import Rule
from energyguard.rules.rule_history import ChangedRule
from energyguard.service.alerts.notifications import Notification, Wanted, everything
from energyguard.service.devices import DeviceDetail, DeviceSummary, MeasuredDevice
from energyguard.service.late_sums import LateSum
from energyguard.service.profiles import DeviceProfile


class AlertLookup(Protocol):
    """The alerts (``alerts/book.py``)."""

    def open(self) -> list[Alert]:
        """Those that are not resolved, the newest first."""

    def get(self, alert_id: str) -> Alert:
        """One of them."""

    def peek(self, alert_id: str) -> Alert | None:
        """One of them, or None where there is none."""

    def story(self, alert_id: str) -> list[TimelineEntry]:
        """Everything that happened to one."""

    def find(
        self,
        state: State | None = None,
        device: str | None = None,
        rule: str | None = None,
        since_ms: int | None = None,
        limit: int = 100,
    ) -> list[Alert]:
        """Those that fit all that is given, newest first."""


class RuleLookup(Protocol):
    """The rules, and which of them run (``rules/registry.py``)."""

    def all(self) -> list[Rule]:
        """Every rule."""

    def active(self) -> list[Rule]:
        """Those that run."""

    def get(self, rule_id: str) -> Rule:
        """One of them."""

    def of_file(self, rule_id: str) -> Rule:
        """One of them as its file has it."""

    def is_of_file(self, rule_id: str) -> bool:
        """Whether a file has it: such a rule may be stopped, and not removed."""

    def at_site(self, rule_id: str) -> Rule:
        """One of them as it is at the site."""

    def edits(self, rule_id: str) -> Mapping[str, RuleEdit]:
        """Who changed the levels that are in force, by device; of all: no name."""

    def history(self, rule_id: str) -> list[ChangedRule]:
        """The last changes of one of them, in words, the newest first."""


class NotificationLookup(Protocol):
    """Which alerts have fired, and who has read of them (``service/alerts/notifications.py``)."""

    def newest(
        self, limit: int = 100, since_ms: int = 0, wanted: Wanted = everything
    ) -> list[Notification]:
        """The newest, newest first."""

    def is_read(self, person: str, notification: Notification) -> bool:
        """Whether a person has read one."""

    def unread(self, person: str, wanted: Wanted = everything) -> int:
        """How many a person has not read."""

    def mark_read(self, person: str, until: str = "") -> None:
        """Let a person have read them."""


class DeviceLookup(Protocol):
    """Any device, live or of the past (``service/devices.py``)."""

    def summaries(self, start_ms: int, end_ms: int) -> Sequence[DeviceSummary]:
        """All of them, by name; energy and alerts of a range."""

    def measured(self, device: str) -> MeasuredDevice:
        """What one of them measures."""

    def live(self, device: str) -> MeasuredDevice | None:
        """What one of them is heard to measure, without a question; None: nothing was heard."""

    def detail(
        self, device: str, start_ms: int | None = None, end_ms: int | None = None
    ) -> DeviceDetail:
        """One of them, and how well."""


class LateSumLookup(Protocol):
    """Which sums wait for a part that is late (``service/late_sums.py``)."""

    def of(self, key: str = "") -> list[LateSum]:
        """What the sum of a device, a site or a group waits for; empty: of every one."""


class ProfileLookup(Protocol):
    """What is usual for a device, as it was learned (``service/profiles.py``)."""

    def get(self, device: str, channel: str = "", rule: str = "") -> DeviceProfile:
        """Of one device; by one rule."""
