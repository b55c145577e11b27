"""What a device means by its channels, as fields of a form: units, signs, times, counters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from energyguard.model.catalogue import ChannelFacts, Device
from energyguard.model.channels import CHANNELS, Kind
from energyguard.page.devices.form import read_number
from energyguard.page.elements.components import Tag
from energyguard.page.elements.forms import Form, Values
from energyguard.page.words.language import _
from energyguard.page.words.readings import level_words

PREFIX: Final = "channels"
COUNTERS: Final = ("digits", "resolution")
ENERGIES: Final = ("length", "stamp")
"""Of what counts over a time: how long, and whether it is stamped at its start or its end."""
ALL: Final = ("unit", "scale", "sign", "max_power_kw", "cadence", "delay")


def fields_for(channel: str) -> tuple[str, ...]:
    """What can be said of a channel: a temperature has no sign or scale, only counters digits."""
    kind = CHANNELS[channel].kind if channel in CHANNELS else Kind.STATE
    if kind is Kind.STATE:
        return ("unit", "cadence", "delay")
    more = COUNTERS if kind is Kind.REGISTER else ENERGIES if kind is Kind.INTERVAL else ()
    return (*ALL, *more)


def draw_channels(form: Form, device: Device, channels: Sequence[str]) -> None:
    """The fields of every channel, folded away: most people never need them."""
    names = [*channels, *(name for name in device.channels if name not in channels)]
    if not names:
        return
    labels = {
        "unit": (_("Unit as sent"), ""),
        "scale": (_("Times this"), _("what is sent times this is in the channel's unit")),
        "max_power_kw": (_("Greatest plausible power, kW"), ""),
        "cadence": (_("How often it sends"), _("such as 15 minutes")),
        "delay": (_("How late it sends"), _("such as 1 day")),
        "digits": (_("Digits of the counter"), ""),
        "resolution": (_("Smallest step of the counter"), ""),
        "length": (_("Length of an interval"), _("such as 30 minutes")),
    }
    with Tag("details", "", "channel-facts"):
        Tag("summary", _("What it sends …"), "link")
        for channel in names:
            facts = device.channels.get(channel, ChannelFacts())
            with Tag("fieldset", "", "channel"):
                Tag("legend", level_words(channel))
                for field in fields_for(channel):
                    name, value = f"{PREFIX}.{channel}.{field}", _written(getattr(facts, field))
                    if field == "sign":
                        signs = [
                            ("", _("as usual")),
                            ("import", _("used")),
                            ("export", _("fed in")),
                            ("net", _("used less fed in")),
                        ]
                        form.choose(name, _("Which way"), signs, value)
                    elif field == "stamp":
                        stamps = [("", _("not said")), ("start", _("its start")),
                                  ("end", _("its end"))]  # fmt: skip
                        form.choose(name, _("A time is the interval's"), stamps, value)
                    else:
                        form.text(name, labels[field][0], value, labels[field][1])


def read_channels(values: Values, device: Device) -> dict[str, Any]:
    """What was typed, by channel; what is empty is as nobody said it.

    Raises:
        Wrong: a number is none.
    """
    found: dict[str, dict[str, Any]] = {}
    for name, text in values.items():
        prefix, _dot, rest = name.partition(".")
        channel, _dot, field = rest.rpartition(".")
        if prefix != PREFIX or not channel:
            continue
        value: Any = text or None
        if value is not None and field in ("max_power_kw", "digits"):
            value = read_number(name, text)
            value = int(value) if field == "digits" and value == int(value) else value
        found.setdefault(channel, {})[field] = value
    return {
        channel: fields
        for channel, fields in found.items()
        if channel in device.channels or any(value is not None for value in fields.values())
    }


def _written(value: object) -> str:
    if value is None or value == 0:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)
