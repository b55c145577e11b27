"""A charger that fell silent is an alert like any device, under its name in the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from energyguard.domains.charging.model import ChargerSilence
from energyguard.domains.charging.places import device_id
from energyguard.domains.charging.records.stations import Charger
from energyguard.log.records import Records
from energyguard.rules.kinds.silence import OF_THE_PRODUCT
from energyguard.stream.windows.episodes.output import alert_events, silence_event
from energyguard.stream.windows.rhythm.silence_tracker import SilenceChange
from energyguard.stream.windows.rhythm.silences import SilenceTransition


def silence_records(
    silences: Iterable[ChargerSilence], topic: str, network: Callable[[str, str], str]
) -> Records:
    """Records for ``energyguard.alerts``.

    Args:
        silences: what changed.
        topic: of the chargers' signals.
        network: whose a charger of a topic is.
    """
    events = []
    for silence in silences:
        charger = Charger(
            charger=silence.charger, station="", network=network(topic, silence.charger)
        )
        times = silence.second * 1000, silence.since * 1000
        change = SilenceChange(0, 0, silence.is_silent, *times)
        transition = SilenceTransition(OF_THE_PRODUCT, change)
        events.append(silence_event(topic, device_id(charger), transition))
    return alert_events(events)
