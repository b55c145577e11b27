"""What a message says of an incident: how many devices are silent, since when, who is back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from energyguard.alerts.incidents import Incident
from energyguard.catalogue import Catalogue
from energyguard.model.topics import EDGE_LINKS
from energyguard.page.words.incidents import place_words, silence_words
from energyguard.page.words.language import _, ngettext
from energyguard.records.alerts import AlertEvent

MAX_NAMES: Final = 10
"""So many devices are named; of more it says how many."""


class IncidentNews(NamedTuple):
    """An incident as a message tells of it. Devices are ids, in the order in which they began."""

    incident: Incident
    silent: Sequence[str]
    back: Sequence[str]  # that this message tells of

    @classmethod
    def of(
        cls,
        incident: Incident,
        events: Iterable[AlertEvent],
        firing: Collection[str],
        over: Collection[str],
    ) -> IncidentNews:
        """Make it.

        Args:
            incident: which.
            events: of its alerts.
            firing: the alerts that the route was told of, or is now, and that go on.
            over: the alerts of which the message says that they are over.
        """
        known = {event.id: event for event in events if event.topic != EDGE_LINKS.name}
        parts = [known[alert] for alert in incident.alerts if alert in known]
        silent = list(dict.fromkeys(part.device for part in parts if part.id in firing))
        ended = dict.fromkeys(part.device for part in parts if part.id in over)
        return cls(incident, silent, [device for device in ended if device not in silent])

    def content(self, catalogue: Catalogue) -> Mapping[str, Any]:
        """What a webhook gets."""
        incident = self.incident
        return {
            "id": incident.id, "cause": incident.cause, "place": incident.place,
            "text": self.headline(catalogue), "since_ms": incident.since_ms,
            "silent": len(self.silent), "devices": incident.of_devices,
            "alerts": list(incident.alerts),
        }  # fmt: skip

    def headline(self, catalogue: Catalogue) -> str:
        """One sentence."""
        incident, silent, back = self.incident, len(self.silent), len(self.back)
        place = place_words(incident, catalogue)
        if back and silent:
            words = ngettext(
                "{place}: {n} device sends again, {left} still silent",
                "{place}: {n} devices send again, {left} still silent",
                back,
            )
            return words.format(place=place, n=back, left=silent)
        if back:
            words = ngettext(
                "{place}: {n} device sends again, none is silent any more",
                "{place}: {n} devices send again, none is silent any more",
                back,
            )
            return words.format(place=place, n=back)
        return silence_words(incident, silent, catalogue)

    def lines(self, catalogue: Catalogue) -> Iterable[str]:
        """Which devices it is about."""
        for words, devices in (
            (_("Silent: {names}"), self.silent),
            (_("Sends again: {names}"), self.back),
        ):
            if devices:
                names = [catalogue.name(device) for device in devices[:MAX_NAMES]]
                rest = len(devices) - MAX_NAMES
                if rest > 0:
                    names.append(ngettext("and {n} more", "and {n} more", rest).format(n=rest))
                yield words.format(names=", ".join(names))
