"""Chargers and stations in the catalogue: as ``energyguard.chargers`` lists them.

A charger is the device ``charger:NETWORK/NAME``, so that two networks may each have a charger of
the same name; a station is the site ``station:NAME``.
"""

from __future__ import annotations

from collections.abc import Iterator

from energyguard.catalogue.known import Known
from energyguard.domains.charging.records.stations import CHARGER, DEFAULT_NETWORK, Charger
from energyguard.log import Fetched
from energyguard.log.records import decoded
from energyguard.model.catalogue import DEVICE, SITE, Device, Entry, Site, key_of

CHARGER_KIND, STATION_KIND = "charger", "station"


def device_id(charger: Charger) -> str:
    """The device that a charger is in the catalogue."""
    network = charger.network or DEFAULT_NETWORK
    return f"charger:{_without_slash(network)}/{charger.charger}"


def charger_of(device: str) -> str | None:
    """The name of the charger that a device of the catalogue is; None: it is another one."""
    kind, _, rest = device.partition(":")
    return rest.partition("/")[2] or None if kind == CHARGER_KIND else None


def site_id(station: str) -> str:
    """The site that a station is in the catalogue."""
    return f"station:{_without_slash(station)}"


def station_of(site: str) -> str | None:
    """The station that a site of the catalogue is; None: it is another one."""
    kind, _, name = site.partition(":")
    return name.replace("%2F", "/").replace("%25", "%") if kind == STATION_KIND and name else None


class ChargerPlaces:
    """A ``catalogue.known.KnownPlaces``."""

    def __init__(self) -> None:
        self._chargers: dict[str, Charger] = {}
        self._at: dict[str, dict[str, Charger]] = {}  # by station, then by name

    def take(self, fetched: Fetched) -> Known:
        """What records of chargers change: themselves, and the stations at which they stand."""
        for _, charger in decoded(CHARGER.decoder, fetched):
            before = self._chargers.get(charger.charger)
            if charger == before:
                continue
            self._chargers[charger.charger] = charger
            if before is not None:
                self._at[before.station].pop(before.charger)
                if device_id(before) != device_id(charger):
                    yield key_of(DEVICE, device_id(before)), None
            self._at.setdefault(charger.station, {})[charger.charger] = charger
            yield key_of(DEVICE, device_id(charger)), _device(charger)
            stations = {charger.station} | ({before.station} if before else set())
            for station in sorted(stations):
                yield key_of(SITE, site_id(station)), self._site(station)

    def sender(self, device: str, topic: str) -> Iterator[tuple[str, Entry | None]]:
        """Chargers send signals, and no readings."""
        yield from ()

    def _site(self, station: str) -> Entry | None:
        chargers = self._at[station].values()
        if not chargers:
            return None
        place = next((c for c in chargers if c.latitude is not None), None)
        return Site(
            name=station,
            kind=STATION_KIND,
            latitude=place.latitude if place else None,
            longitude=place.longitude if place else None,
            currency=next((c.currency for c in chargers if c.currency), ""),
        )


def _device(charger: Charger) -> Device:
    return Device(
        name=charger.charger,
        site=site_id(charger.station),
        kind=CHARGER_KIND,
        labels={"network": charger.network} if charger.network else {},
        rating_kw=charger.rating_kw or None,
    )


def _without_slash(text: str) -> str:
    """A text that no slash is in, another one for each text."""
    return text.replace("%", "%25").replace("/", "%2F")
