"""What a device may mean by a channel: every fault, in words for who entered it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Final, get_args

import msgspec

from energyguard.errors import Faulty
from energyguard.model.catalogue import ChannelFacts, Resets, Sign, Stamp
from energyguard.model.channels import CHANNELS
from energyguard.model.quantities import parse_duration, to_nano

MAX_UNIT: Final = 20
MAX_DIGITS: Final = 12
_CHANNEL = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
_DECIMAL = re.compile(r"\d{1,9}(?:\.\d{1,9})?", re.ASCII)
_CHOICES = (("sign", Sign), ("stamp", Stamp), ("resets", Resets))
_PLACE = re.compile(r" - at `\$\.?(.*)`")


def check_channel_fields(channels: Mapping[str, object]) -> None:
    """Hold what somebody gives of a device's channels, as it is in JSON, to the fields there are.

    Args:
        channels: the fields by channel; None: the channel or the field is taken out.

    Raises:
        Faulty: a channel has no such field, or a value is of another type; with its place, such
            as ``channels.power_kw.scale``.
    """
    for channel, given in channels.items():
        if given is None:
            continue
        place, known = f"channels.{channel}", ", ".join(ChannelFacts.__struct_fields__)
        if not isinstance(given, Mapping):
            raise Faulty(f"{place}: say which of its fields: {known}", field=place)
        if unknown := [name for name in given if name not in ChannelFacts.__struct_fields__]:
            field = f"{place}.{unknown[0]}"
            raise Faulty(f"{field}: a channel has no such field; there are {known}", field=field)
        for name, value in given.items():
            try:
                msgspec.convert({} if value is None else {name: value}, ChannelFacts)
            except msgspec.ValidationError as error:
                field, choices = f"{place}.{name}", get_args(dict(_CHOICES).get(name))
                reason = _PLACE.sub("", str(error))
                if choices:
                    reason = f"{value!r} is none of {', '.join(filter(None, choices))}"
                raise Faulty(f"{field}: {reason}", field=field) from None


def channel_faults(channel: str, meant: ChannelFacts) -> Iterator[tuple[str, str]]:
    """The field at fault, and what is wrong with it."""
    place = f"channels.{channel}"
    if channel not in CHANNELS:
        known = ", ".join(CHANNELS) if _CHANNEL.fullmatch(channel) else "a few"
        yield "channels", f"there is no channel {channel!r}; there are {known}"
        return
    if len(meant.unit) > MAX_UNIT or not meant.unit.isprintable():
        yield f"{place}.unit", f"a unit has at most {MAX_UNIT} characters that can be seen"
    for field in ("scale", "resolution"):
        text = getattr(meant, field)
        if text and (not _DECIMAL.fullmatch(text) or to_nano(text) <= 0):
            yield f"{place}.{field}", f"{text!r} is no decimal above 0; write 0.001"
    if meant.scale and CHANNELS[channel].is_level:
        counts = ", ".join(name for name, known in CHANNELS.items() if not known.is_level)
        reason = f"a scale counts for {counts}; for {channel} say it where readings come in"
        yield f"{place}.scale", f"{reason} (scale of a mapping, docs/dialects/names.md)"
    for field, choice in _CHOICES:
        if getattr(meant, field) not in get_args(choice):
            yield f"{place}.{field}", f"write {' or '.join(filter(None, get_args(choice)))}"
    for field in ("length", "cadence", "delay"):
        if text := getattr(meant, field):
            try:
                if parse_duration(text) <= 0:
                    raise ValueError(f"{text!r} is no time")
            except ValueError as error:
                yield f"{place}.{field}", str(error)
    if not 0 <= meant.digits <= MAX_DIGITS:
        yield f"{place}.digits", f"a register has 1 to {MAX_DIGITS} digits; 0: not known"
    for field in ("max_power_kw", "max_export_kw"):
        power = getattr(meant, field)
        if power is not None and not (isfinite(power) and power > 0):
            yield f"{place}.{field}", f"{power} is no power above 0"
