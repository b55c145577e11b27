"""What the catalogue says of a device's channels of energy, as the ledger goes by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from energyguard.catalogue.channel_scales import scales_of
from energyguard.catalogue.fold import Catalogue
from energyguard.ledger.channels import EnergyChannel, is_named_fed_in, plain_channel
from energyguard.ledger.scales import Scales
from energyguard.model.catalogue import DEVICE, ChannelFacts, Device, Entry, key_of
from energyguard.model.channels import CHANNELS, ENERGY_DEFAULTS, EnergyDefaults, Kind
from energyguard.model.quantities import NANO, parse_duration, to_nano
from energyguard.records.catalogue import CatalogueVersion

_NO_FACTS: Final = ChannelFacts()


def energy_channels(
    device: Device | None,
    zone: str,
    defaults: EnergyDefaults = ENERGY_DEFAULTS,
    versions: Sequence[CatalogueVersion] = (),
) -> dict[str, EnergyChannel]:
    """By name the channels of energy of which something is said.

    Args:
        device: an entry of the catalogue; None: there is none.
        zone: the IANA time zone of its days.
        defaults: what holds where it says nothing.
        versions: its versions, where some hold from an event time on: a scale does.
    """
    facts = device.channels if device is not None else {}
    scales = scales_of(device, versions)
    return {
        name: channel
        for name in (*facts, *(name for name in scales if name not in facts))
        if name in CHANNELS and not CHANNELS[name].is_level
        if (
            channel := energy_channel(
                name, facts.get(name, _NO_FACTS), zone, defaults, scales.get(name, ())
            )
        )
        != plain_channel(CHANNELS[name].kind, defaults)
    }


def channels_of(
    catalogue: Catalogue, defaults: EnergyDefaults
) -> dict[str, dict[str, EnergyChannel]]:
    """What is said of channels of energy, by device and channel; of the others nothing is."""
    return {
        name: found
        for name, device in catalogue.devices.items()
        if (found := channels_of_device(catalogue, name, device, defaults))
    }


def channels_of_device(
    catalogue: Catalogue, name: str, device: Device, defaults: EnergyDefaults
) -> dict[str, EnergyChannel]:
    """What is said of channels of energy of a device that is in a catalogue."""
    versions = catalogue.versions(key_of(DEVICE, name), timed=True)
    if not (device.channels or versions):
        return {}
    return energy_channels(device, catalogue.zone_of_device(name), defaults, versions)


def described_by(
    catalogue: Catalogue, defaults: EnergyDefaults
) -> Callable[[str, str], EnergyChannel]:
    """What is said of a device's channel of energy: by a catalogue, else what holds of all."""

    def described(device: str, channel: str) -> EnergyChannel:
        plain = plain_channel(CHANNELS[channel].kind, defaults)
        if (entry := catalogue.devices.get(device)) is None:
            return plain
        return channels_of_device(catalogue, device, entry, defaults).get(channel, plain)

    return described


def taken_twice(catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """Virtual devices that take away what is fed in, which is below 0 already, each with its term.

    One that takes away all that it is of shows what is fed in above 0: that is meant.
    """
    for name, device in list(catalogue.devices.items()):
        if all(term.minus for term in device.terms):
            continue
        for term in device.terms:
            if term.minus and _feeds_in(term.device, catalogue.devices.get(term.device)):
                yield name, term.device


def with_direction(device: Entry, new: str, old: str) -> Entry:
    """A device by a new name that counts what is fed in, where its old name alone says so."""
    if not isinstance(device, Device) or is_named_fed_in(new) or not is_named_fed_in(old):
        return device
    registers = (name for name, channel in CHANNELS.items() if channel.kind is Kind.REGISTER)
    facts = {name: device.channels.get(name, _NO_FACTS) for name in registers}
    signs = {
        name: msgspec.structs.replace(of, sign=of.sign or "export") for name, of in facts.items()
    }
    return msgspec.structs.replace(device, channels={**device.channels, **signs})


def _feeds_in(name: str, device: Device | None) -> bool:
    """Whether a channel of a device is said to be fed in, or its name says so."""
    signs = {facts.sign for facts in device.channels.values()} if device is not None else set()
    return "export" in signs or (is_named_fed_in(name) and "import" not in signs)


def energy_channel(
    name: str, facts: ChannelFacts, zone: str, defaults: EnergyDefaults, scales: Scales = ()
) -> EnergyChannel:
    """A channel of energy as it is described."""
    plain = plain_channel(CHANNELS[name].kind, defaults)
    resets_daily = facts.resets == "daily"
    return plain._replace(
        largest_power_w=_watts(facts.max_power_kw, plain.largest_power_w),
        largest_export_w=_watts(facts.max_export_kw, plain.largest_export_w),
        resolution=to_nano(facts.resolution) if facts.resolution else plain.resolution,
        rollover=10**facts.digits * NANO if facts.digits else 0,
        length_ms=parse_duration(facts.length) if facts.length else 0,
        stamp_is_end=facts.stamp == "end",
        cadence_ms=parse_duration(facts.cadence) if facts.cadence else 0,
        resets_daily=resets_daily,
        zone=zone if resets_daily else plain.zone,
        sign=facts.sign,
        scales=scales,
    )


def _watts(kw: float | None, otherwise: int) -> int:
    return otherwise if kw is None else max(1, round(kw * 1000))
