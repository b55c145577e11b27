"""What the list of alerts is filtered by: read from the address, kept in every link of the view."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Self

from energyguard.alerts.alert import Alert
from energyguard.page.frame.places import called
from energyguard.service.alerts.past import AlertSearch
from energyguard.service.catalogue.contract import SiteCatalogue

OPEN, RESOLVED = "", "resolved"


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts are listed; what is empty does not matter.

    Attributes:
        show: those that are ``OPEN`` or ``RESOLVED``.
        q: a text in the sentence, the device, its name, its place or the rule.
        site: of devices that stand there, or in a site of it.
        rule: of this rule.
        severity: as bad as this.
        device: of this device.
        group: of devices of this group.
    """

    show: str = OPEN
    q: str = ""
    site: str = ""
    rule: str = ""
    severity: str = ""
    device: str = ""
    group: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """What an address says."""
        return cls(**{field.name: query.get(field.name, "") for field in fields(cls)})

    @property
    def kept(self) -> dict[str, str]:
        """What an address must say."""
        return {field.name: value for field in fields(self) if (value := getattr(self, field.name))}

    @property
    def narrows(self) -> bool:
        """Whether anything but open or resolved was chosen."""
        return replace(self, show=OPEN) != AlertFilter()

    def search(self, catalogue: SiteCatalogue) -> AlertSearch:
        """The same with names and sites looked up."""
        return AlertSearch(
            text=self.q,
            devices=self._devices(catalogue),
            named=called(catalogue, self.q),
            rule=self.rule,
            severity=self.severity,
        )

    def _devices(self, catalogue: SiteCatalogue) -> frozenset[str] | None:
        chosen: list[Iterable[str]] = []
        if self.site:
            chosen.append(catalogue.entries.devices_at(self.site))
        if self.group:
            devices = catalogue.entries.devices.items()
            chosen.append(name for name, device in devices if self.group in device.groups)
        if self.device:
            chosen.append((self.device,))
        if not chosen:
            return None
        return frozenset.intersection(*map(frozenset, chosen))


def urgency(alert: Alert) -> tuple[bool, bool, int, int]:
    """What comes first in the list: what nobody has, the worse, the newer."""
    worst = ("critical", "warning", "info").index(str(alert.severity))
    return alert.held, not alert.measured, worst, -alert.since_ms
