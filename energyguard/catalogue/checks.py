"""What an entry may be: every fault of it, in words for who entered it.

Changes that come together are looked at together: a file may have a site and what stands there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Final, NamedTuple

import msgspec
from babel.numbers import is_currency

from energyguard.catalogue.channel_checks import channel_faults
from energyguard.catalogue.fold import MAX_DEPTH, Catalogue
from energyguard.catalogue.terms import MAX_DEPTH as MAX_NESTED
from energyguard.catalogue.terms import nested_way
from energyguard.errors import Malformed
from energyguard.model.catalogue import (
    DEVICE,
    GROUP,
    SITE,
    Device,
    DeviceGroup,
    Entry,
    Site,
    key_of,
    parts_of,
)
from energyguard.model.readings import EARLIEST_MS
from energyguard.model.tariffs import TARIFF
from energyguard.settings.section import known_zone
from energyguard.tariffs.checks import tariff_faults
from energyguard.tariffs.holidays import is_holiday_entry

MAX_ID: Final = 200
MAX_TEXT: Final = 500
MAX_BYTES: Final = 50_000
MAX_MANY: Final = 100
"""Groups, labels, channels, terms of a device; holidays of a site."""
MAX_RATING_KW: Final = 10_000_000
"""Ten gigawatts: about half of the largest power station of the world."""
LATEST_MS: Final = 253_402_300_799_999
"""The end of the year 9999."""
_LABEL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}", re.ASCII)
Faults = Iterator[tuple[str, str]]
"""The field at fault, and what is wrong with it."""
_USED: Mapping[str, tuple[str, str]] = {
    SITE: ("in it are", "move them first"),
    GROUP: ("in it are", "take it out of them first"),
    DEVICE: ("parts of it are", "take it out of them first"),
    TARIFF: ("it is the tariff of", "give them another one first"),
}
"""What an entry is to those that refer to it, and what to do before it is taken out."""


class EntryFault(NamedTuple):
    """Something that cannot be so."""

    key: str
    field: str
    reason: str

    def __str__(self) -> str:
        return ": ".join(part for part in self if part)


def known_key(key: str) -> str:
    """A key of the catalogue.

    Raises:
        Malformed: it is none.
    """
    try:
        parts_of(key)
    except ValueError as error:
        raise Malformed(str(error)) from None
    return key


class PlannedCatalogue:
    """A catalogue as it would be with some changes.

    Args:
        catalogue: as it is.
        changes: entries by key; None: taken out.
    """

    def __init__(self, catalogue: Catalogue, changes: Mapping[str, Entry | None]) -> None:
        self._catalogue, self._changes = catalogue, changes

    def faults(self) -> list[EntryFault]:
        """All that is wrong with the changes, in their order."""
        return [
            EntryFault(key, field, reason)
            for key, entry in self._changes.items()
            for field, reason in self._faults(key, entry)
        ]

    def get(self, kind: str, entry_id: str) -> Entry | None:
        """An entry as it would be."""
        key = key_of(kind, entry_id)
        return self._changes[key] if key in self._changes else self._catalogue.entry(key)

    def _faults(self, key: str, entry: Entry | None) -> Faults:
        kind, _, entry_id = key.partition("/")
        if entry is None:
            yield from self._left_alone(kind, entry_id)
            return
        yield from id_faults(kind, entry_id)
        yield from text_faults("name", entry.name)
        if len(msgspec.json.encode(entry)) > MAX_BYTES:
            yield "", f"is longer than {MAX_BYTES} bytes altogether"
        if isinstance(entry, Site):
            yield from site_faults(entry)
            yield from self._site_places(entry_id, entry)
        elif isinstance(entry, Device):
            yield from device_faults(entry)
            yield from self._device_places(entry_id, entry)
        elif isinstance(entry, DeviceGroup):
            yield from text_faults("about", entry.about)
        else:
            yield from currency_faults(entry.currency)
            yield from tariff_faults(entry)

    def _site_places(self, site_id: str, site: Site) -> Faults:
        if site.tariff and self.get(TARIFF, site.tariff) is None:
            yield "tariff", f"there is no tariff {site.tariff!r}: enter it first"
        if site.parent and self.get(SITE, site.parent) is None:
            yield "parent", f"there is no site {site.parent!r}: enter it first"
            return
        above, outer = [site_id], site.parent
        while outer and len(above) <= MAX_DEPTH:
            above.append(outer)
            if outer == site_id:
                yield "parent", f"a site cannot be in itself: {' in '.join(above)}"
                return
            found = self.get(SITE, outer)
            outer = found.parent if isinstance(found, Site) else ""
        if len(above) > MAX_DEPTH:
            yield "parent", f"sites within sites are at most {MAX_DEPTH} deep"

    def _device_places(self, device_id: str, device: Device) -> Faults:
        if device.site and self.get(SITE, device.site) is None:
            yield "site", f"there is no site {device.site!r}: enter it first"
        for group in device.groups:
            if self.get(GROUP, group) is None:
                yield "groups", f"there is no group {group!r}: enter it first"
        if device.replaced_by == device_id:
            yield "replaced_by", "a device cannot take its own place"
        if device.terms and (way := self._round(device_id, device)):
            yield "terms", f"a virtual device cannot be part of itself: {' of '.join(way)}"
        elif len(way := self._nested(device_id, device)) > MAX_NESTED:
            what = f"sums of sums count at most {MAX_NESTED} deep"
            yield "terms", f"{what}: {' of '.join(way)}"

    def _round(self, device_id: str, device: Device) -> list[str]:
        """The way on which a virtual device is part of itself; empty: it is not."""
        waiting = [(device_id, term.device) for term in device.terms]
        seen: dict[str, str] = {}
        while waiting:
            whole, part = waiting.pop()
            if part == device_id:
                way = [part]
                while whole != device_id:
                    way.append(whole)
                    whole = seen[whole]
                return [*way, device_id]
            if part in seen:
                continue
            seen[part] = whole
            found = self.get(DEVICE, part)
            if isinstance(found, Device):
                waiting += [(part, term.device) for term in found.terms]
        return []

    def _nested(self, device_id: str, device: Device) -> list[str]:
        """The way over virtual devices on which one would be; empty: its terms are as before."""
        before = self._catalogue.entry(key_of(DEVICE, device_id))
        if not device.terms or getattr(before, "terms", ()) == device.terms:
            return []
        ids = {**self._catalogue.devices, **self._ids(DEVICE)}
        found = ((name, self.get(DEVICE, name)) for name in ids)
        return nested_way(device_id, {n: d.terms for n, d in found if isinstance(d, Device)})

    def _left_alone(self, kind: str, entry_id: str) -> Faults:
        """What keeps an entry from being taken out: others that stand in it, or are made of it."""
        users = list(self._users(kind, entry_id))
        if users:
            shown = ", ".join(users[:5]) + (f" and {len(users) - 5} more" if users[5:] else "")
            what, todo = _USED[kind]
            yield "", f"{what} {shown}: {todo}"

    def _users(self, kind: str, entry_id: str) -> Iterator[str]:
        catalogue = self._catalogue
        for site_id in {**catalogue.sites, **self._ids(SITE)}:
            site = self.get(SITE, site_id)
            uses_it = {SITE: "parent", TARIFF: "tariff"}.get(kind)
            if uses_it and getattr(site, uses_it, "") == entry_id:
                yield key_of(SITE, site_id)
        for device_id in {**catalogue.devices, **self._ids(DEVICE)}:
            device = self.get(DEVICE, device_id)
            if not isinstance(device, Device):
                continue
            uses = {
                SITE: device.site == entry_id,
                GROUP: entry_id in device.groups,
                DEVICE: any(term.device == entry_id for term in device.terms),
            }
            if uses.get(kind):
                yield key_of(DEVICE, device_id)

    def _ids(self, kind: str) -> dict[str, None]:
        start = key_of(kind, "")
        return {key.removeprefix(start): None for key in self._changes if key.startswith(start)}


def id_faults(kind: str, entry_id: str) -> Faults:
    """What is wrong with an id: it stands in addresses, so no slash in that of a site or group."""
    if not 0 < len(entry_id) <= MAX_ID:
        yield "id", f"an id has 1 to {MAX_ID} characters"
    elif not entry_id.isprintable() or entry_id != entry_id.strip():
        yield "id", f"{entry_id!r} has a character that cannot be seen, or a space at an end"
    elif kind != DEVICE and ("/" in entry_id or entry_id in (".", "..")):
        yield "id", f"{entry_id!r}: the id of a {kind} has no / and is not . or .."


def text_faults(field: str, text: str) -> Faults:
    """What is wrong with a text for people."""
    if len(text) > MAX_TEXT:
        yield field, f"at most {MAX_TEXT} characters"
    if text != text.strip():
        yield field, "begins or ends with a space"
    elif not text.isprintable():
        yield field, "has a character that cannot be seen, such as a line break"


def site_faults(site: Site) -> Faults:
    """What is wrong with a site by itself."""
    for field in ("kind", "postal_code", "tariff"):
        yield from text_faults(field, getattr(site, field))
    if site.zone:
        try:
            known_zone(site.zone)
        except ValueError as error:
            yield "zone", f"{site.zone!r}: {error}"
    yield from currency_faults(site.currency)
    if len(site.holidays) > MAX_MANY:
        yield "holidays", f"at most {MAX_MANY}"
    for day in site.holidays[:MAX_MANY]:
        if not is_holiday_entry(day):
            yield "holidays", f"{day!r} is no country (DE, DE-BY) and no day (2026-12-24)"
    for field, bound in (("latitude", 90), ("longitude", 180)):
        value = getattr(site, field)
        if value is not None and not -bound <= value <= bound:  # also what is no number
            yield field, f"{value} is not within -{bound} to {bound}"


def currency_faults(currency: str) -> Faults:
    """What is wrong with a currency; empty: nobody said it."""
    if currency and not is_currency(currency):
        yield "currency", f"{currency!r} is no ISO 4217 currency; write EUR"


def device_faults(device: Device) -> Faults:
    """What is wrong with a device by itself."""
    yield from text_faults("kind", device.kind)
    for field in ("groups", "labels", "channels", "terms"):
        if len(getattr(device, field)) > MAX_MANY:
            yield field, f"at most {MAX_MANY}"
    if len(set(device.groups)) < len(device.groups):
        yield "groups", "a group stands there twice"
    for label, value in device.labels.items():
        if not _LABEL.fullmatch(label):
            yield "labels", f"{label!r} is no name of a label: letters, digits, _ . -, at most 63"
        elif not value:
            yield "labels", f"{label} is empty: leave it out"
        else:
            yield from text_faults("labels", value)
    for channel, meant in device.channels.items():
        yield from channel_faults(channel, meant)
    if device.rating_kw is not None and not (isfinite(device.rating_kw) and device.rating_kw > 0):
        yield "rating_kw", f"{device.rating_kw} is no power above 0"
    elif device.rating_kw is not None and device.rating_kw > MAX_RATING_KW:
        yield "rating_kw", f"{device.rating_kw} is more than {MAX_RATING_KW:,} kW: too much"
    parts = [term.device for term in device.terms]
    if len(set(parts)) < len(parts):
        yield "terms", "a device stands there twice"
    for part in parts:
        for _, reason in id_faults(DEVICE, part):
            yield "terms", reason
    if device.retired_ms is not None and not EARLIEST_MS <= device.retired_ms <= LATEST_MS:
        yield "retired_ms", f"{device.retired_ms} is no time since 2000 in ms"
    if device.replaced_by:
        for _, reason in id_faults(DEVICE, device.replaced_by):
            yield "replaced_by", reason
