"""Silences of one cause: devices of one site, or behind one gateway, that fell silent together.

A fold of alerts and the catalogue: it keeps nothing, and whoever has the same alerts (messages, the
page, REST, the command) finds the same incidents. What began within ``TOGETHER_MS`` is looked at
together. A gateway is the cause where it is silent itself, or half of what is behind it is. What is
left is of one site: of the outermost of which half is silent, else of the one where two of them
stand; as far in as holds them all. A device alone is no incident.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from energyguard.alerts.alert import Alert
from energyguard.catalogue import Catalogue
from energyguard.catalogue.edge_labels import LABEL
from energyguard.edge.cloud.line_alerts import CLOCK
from energyguard.model.selector import DeviceFacts
from energyguard.model.topics import EDGE_LINKS
from energyguard.records.alerts import AlertEvent

TOGETHER_MS: Final = 15 * 60_000
"""Silences that began within so long of the first may have one cause, event time."""


class Cause(StrEnum):
    """What is taken to be down."""

    SITE = "site"
    GATEWAY = "gateway"


FoldedAlert = Alert | AlertEvent


class Incident(NamedTuple):
    """Silences of one cause."""

    id: str  # of the alert that began it
    cause: Cause
    place: str  # the id of the site, or of the edge
    since_ms: int  # event time
    alerts: tuple[str, ...]  # their ids, in the order in which they began
    devices: tuple[str, ...]  # that are silent, without the gateway itself
    of_devices: int  # so many devices there are; 0: nobody entered them


def is_silence(alert: FoldedAlert) -> bool:
    """Whether it is of a device, or a gateway, that sends nothing."""
    whole = not alert.channel and alert.window_end_ms == alert.since_ms
    return whole and not (alert.topic == EDGE_LINKS.name and alert.rule == CLOCK)


def incidents(
    alerts: Iterable[FoldedAlert],
    catalogue: Catalogue,
    facts: Callable[[FoldedAlert], DeviceFacts] | None = None,
) -> list[Incident]:
    """The incidents that some alerts are parts of, in the order in which they began.

    Args:
        alerts: of any kind; what is no silence is in none.
        catalogue: where devices stand, and behind which edge.
        facts: the same of an alert's device, where more is known than the catalogue has.
    """
    facts_of = facts or (lambda alert: catalogue.facts(alert.device))
    silent = sorted(filter(is_silence, alerts), key=lambda alert: (alert.since_ms, alert.id))
    return [
        found for some in _together(silent) for found in _Fold(some, catalogue, facts_of).found()
    ]


def causes(alerts: Iterable[FoldedAlert], catalogue: Catalogue) -> dict[str, Incident]:
    """The incident of each alert that is a part of one, by the alert's id."""
    return {part: found for found in incidents(alerts, catalogue) for part in found.alerts}


def _together(silent: Iterable[FoldedAlert]) -> Iterator[list[FoldedAlert]]:
    some: list[FoldedAlert] = []
    for alert in silent:
        if some and alert.since_ms > some[0].since_ms + TOGETHER_MS:
            yield some
            some = []
        some.append(alert)
    if some:
        yield some


class _Fold:
    """Silences that began together, in their order, and where their devices stand."""

    def __init__(
        self,
        silent: Sequence[FoldedAlert],
        catalogue: Catalogue,
        facts: Callable[[FoldedAlert], DeviceFacts],
    ) -> None:
        self._silent, self._catalogue = silent, catalogue
        self._facts = {alert.device: facts(alert) for alert in silent}

    def found(self) -> Iterator[Incident]:
        left = list(self._silent) if len(self._silent) > 1 else []
        grouped: list[Incident] = []
        for place, behind in self._grouped(left, self._edge).items():
            gateway_is_silent = any(alert.topic == EDGE_LINKS.name for alert in behind)
            made = self._made(Cause.GATEWAY, place, behind, self._behind(place))
            if len(behind) > 1 and (gateway_is_silent or _is_half(made)):
                grouped.append(made)
                left = [alert for alert in left if alert not in behind]
        self._sites = self._down(left)
        for parts in self._grouped(left, self._site).values():
            place = self._holding(parts)
            made = self._made(Cause.SITE, place, parts, self._standing(place))
            if len(made.devices) > 1:
                grouped.append(made)
        return iter(sorted(grouped, key=lambda made: (made.since_ms, made.id)))

    def _grouped(
        self, alerts: Iterable[FoldedAlert], place_of: Callable[[FoldedAlert], str]
    ) -> dict[str, list[FoldedAlert]]:
        """Alerts by a place; those of none are left out."""
        groups: dict[str, list[FoldedAlert]] = {}
        for alert in alerts:
            if place := place_of(alert):
                groups.setdefault(place, []).append(alert)
        return groups

    def _edge(self, alert: FoldedAlert) -> str:
        if alert.topic == EDGE_LINKS.name:
            return alert.device
        return self._facts[alert.device].labels.get(LABEL, "")

    def _down(self, alerts: Iterable[FoldedAlert]) -> set[str]:
        """The sites of which half, and more than one device, is silent."""
        devices = {alert.device for alert in alerts}
        counts = Counter(site for device in devices for site in self._facts[device].sites)
        return {site for site, n in counts.items() if n > 1 and 2 * n >= self._standing(site)}

    def _site(self, alert: FoldedAlert) -> str:
        path = self._facts[alert.device].sites
        down = [site for site in path if site in self._sites]
        return down[-1] if down else next(iter(path), "")

    def _holding(self, alerts: Sequence[FoldedAlert]) -> str:
        """The innermost site that all of them stand in."""
        paths = [self._facts[alert.device].sites for alert in alerts]
        return next(site for site in paths[0] if all(site in path for path in paths))

    def _standing(self, site: str) -> int:
        return len(self._catalogue.devices_at(site))

    def _behind(self, edge: str) -> int:
        return sum(d.labels.get(LABEL) == edge for d in self._catalogue.devices.values())

    def _made(
        self, cause: Cause, place: str, alerts: Sequence[FoldedAlert], of_devices: int
    ) -> Incident:
        sending = (alert.device for alert in alerts if alert.topic != EDGE_LINKS.name)
        devices = tuple(dict.fromkeys(sending))
        ids = tuple(alert.id for alert in alerts)
        known = of_devices if of_devices >= len(devices) else 0
        return Incident(ids[0], cause, place, alerts[0].since_ms, ids, devices, known)


def _is_half(made: Incident) -> bool:
    return len(made.devices) > 1 and 2 * len(made.devices) >= made.of_devices
