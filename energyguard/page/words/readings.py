"""What channels, kinds of devices, and the endings of readings are called."""

from __future__ import annotations

from energyguard.model.channels import CHANNELS, Kind
from energyguard.page.words.language import _


def level_words(channel: str) -> str:
    """A channel for people: ``Temperature``."""
    words = {
        "temperature_c": _("Temperature"), "voltage_v": _("Voltage"), "current_a": _("Current"),
        "power_kw": _("Power"), "energy_kwh": _("Energy"), "energy_register_kwh": _("Counter"),
    }  # fmt: skip
    return words.get(channel) or channel.rpartition("_")[0].replace("_", " ") or channel


def kind_of_channel(channel: str) -> str:
    """What sort of values a channel has; empty: it is not known."""
    words = {
        Kind.INTERVAL: _("energy of an interval"),
        Kind.REGISTER: _("counter"),
        Kind.POWER: _("power"),
        Kind.STATE: _("level"),
    }
    return words[CHANNELS[channel].kind] if channel in CHANNELS else ""


def kind_of_device(kind: str) -> str:
    """What sort of device it is, where the kind is one of ours; else as somebody wrote it."""
    words = {
        "meter": _("meter"), "charger": _("charger"), "floor": _("floor"), "home": _("home"),
        "thermometer": _("thermometer"), "plug": _("plug"), "solar": _("solar"),
        "battery": _("battery"), "heat pump": _("heat pump"),
    }  # fmt: skip
    return words.get(kind, kind)


def ending_words() -> dict[str, str]:
    """What the endings of readings are called."""
    return {
        "accepted": _("accepted"),
        "kept": _("kept"),
        "late": _("late"),
        "duplicate": _("duplicate"),
        "conflicting": _("conflicting"),
        "ahead": _("ahead"),
        "malformed": _("malformed"),
        "out of range": _("out of range"),
    }
