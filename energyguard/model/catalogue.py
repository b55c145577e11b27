"""What people say of what there is: sites, devices, groups and tariffs, in the catalogue.

An id is what readings carry, or what a site's link has; a name is for people. Empty means that
nobody has said it, and what that comes to stands at each field. Times are ms since 1970 UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal, NamedTuple

import msgspec

from energyguard.model.tariffs import TARIFF, Tariff

SITE, DEVICE, GROUP = "site", "device", "group"
"""The first part of a key of the catalogue: ``site/lindenhof``."""

Sign = Literal["", "import", "export", "net"]
Resets = Literal["", "daily"]
Stamp = Literal["", "start", "end"]


class Site(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=SITE, tag_field="is"):
    """A place with a day of its own: a campus, a building, a floor, a station."""

    name: str
    parent: Annotated[str, msgspec.Meta(description="The site that it is part of.")] = ""
    kind: Annotated[str, msgspec.Meta(description="campus, building, floor, station, …")] = ""
    zone: Annotated[
        str, msgspec.Meta(description="IANA time zone; empty: its parent's, else `serve.zone`.")
    ] = ""
    currency: Annotated[str, msgspec.Meta(description="ISO 4217; empty: its parent's.")] = ""
    holidays: Annotated[
        tuple[str, ...],
        msgspec.Meta(description="Countries (`DE-BY`) and days; empty: its parent's."),
    ] = ()
    postal_code: str = ""
    latitude: float | None = None
    longitude: float | None = None
    tariff: Annotated[
        str, msgspec.Meta(description="The id of its tariff; empty: its parent's.")
    ] = ""


class ChannelFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a device means by a channel, where that is not as ``model/channels.py`` says."""

    unit: Annotated[str, msgspec.Meta(description="As sent.")] = ""
    scale: Annotated[
        str,
        msgspec.Meta(description="What is sent times this decimal is in the channel's unit."),
    ] = ""
    sign: Annotated[Sign, msgspec.Meta(description="Which way energy goes.")] = ""
    stamp: Annotated[
        Stamp, msgspec.Meta(description="Whether a time is the interval's start or end.")
    ] = ""
    length: Annotated[str, msgspec.Meta(description="Of an interval: `30 minutes`.")] = ""
    digits: Annotated[int, msgspec.Meta(description="Of a register, before it begins at 0.")] = 0
    resolution: Annotated[str, msgspec.Meta(description="A register's smallest step.")] = ""
    resets: Annotated[
        Resets, msgspec.Meta(description="`daily`: a counter of today, from 0 at midnight.")
    ] = ""
    max_power_kw: Annotated[
        float | None, msgspec.Meta(description="The largest plausible power.")
    ] = None
    max_export_kw: Annotated[
        float | None,
        msgspec.Meta(description="The same the other way: a register may run backwards."),
    ] = None
    cadence: Annotated[str, msgspec.Meta(description="How often it sends: `15 minutes`.")] = ""
    delay: Annotated[str, msgspec.Meta(description="How late it sends: `1 day`.")] = ""


class Term(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of a virtual device: added, or taken away."""

    device: str
    minus: bool = False


class Device(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    tag=DEVICE,
    tag_field="is",
    gc=False,  # no cycle can be of it, and there may be 100,000
):
    """What sends readings, or a signed sum of such."""

    name: str
    site: Annotated[str, msgspec.Meta(description="Where it stands.")] = ""
    groups: tuple[str, ...] = ()
    kind: Annotated[str, msgspec.Meta(description="meter, charger, floor, thermometer, …")] = ""
    labels: dict[str, str] = {}
    channels: dict[str, ChannelFacts] = {}
    rating_kw: float | None = None
    terms: Annotated[
        tuple[Term, ...], msgspec.Meta(description="Of a virtual device: what it is the sum of.")
    ] = ()
    retired_ms: Annotated[
        int | None, msgspec.Meta(description="Since when it is not there any more.")
    ] = None
    replaced_by: Annotated[
        str, msgspec.Meta(description="The device that took its place: a meter was swapped.")
    ] = ""

    @property
    def is_virtual(self) -> bool:
        """Whether it sends nothing itself."""
        return bool(self.terms)


class SumPeriod(NamedTuple):
    """How often each device counts in a sum from an event time on; below 0: it is taken away."""

    from_ms: int
    weights: Mapping[str, int]


class DeviceGroup(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=GROUP, tag_field="is"
):
    """Devices that belong together wherever they stand: heat pumps, tenants, freezers."""

    name: str
    about: str = ""


Entry = Site | Device | DeviceGroup | Tariff
ENTRIES: Final[Mapping[str, type[Entry]]] = {
    SITE: Site,
    DEVICE: Device,
    GROUP: DeviceGroup,
    TARIFF: Tariff,
}
"""What there is a catalogue of, by the first part of a key."""


def key_of(kind: str, entry_id: str) -> str:
    """The catalogue's key of an id: ``site/lindenhof``."""
    return f"{kind}/{entry_id}"


def parts_of(key: str) -> tuple[str, str]:
    """A key's kind and id.

    Raises:
        ValueError: it is no key of the catalogue.
    """
    kind, slash, entry_id = key.partition("/")
    if kind not in ENTRIES or not slash or not entry_id:
        kinds = ", ".join(f"{kind}/ID" for kind in ENTRIES)
        raise ValueError(f"{key!r} is no key of the catalogue; write {kinds}")
    return kind, entry_id


def key_meant(text: str) -> str:
    """The key that a person means who writes a key, a device's id or nothing.

    ``home/export`` is a device: no kind is called ``home``.
    """
    kind, slash, _ = text.partition("/")
    return text if not text or (slash and kind in ENTRIES) else key_of(DEVICE, text)
