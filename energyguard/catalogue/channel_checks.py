"""What a device may mean by a channel: every fault, in words for who entered it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isfinite
from typing import Final, get_args

from energyguard.model.catalogue import ChannelFacts, Resets, Sign, Stamp
from energyguard.model.channels import CHANNELS
from energyguard.model.quantities import parse_duration, to_nano

MAX_UNIT: Final = 20
MAX_DIGITS: Final = 12
_CHANNEL = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
_DECIMAL = re.compile(r"\d{1,9}(?:\.\d{1,9})?", re.ASCII)


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
    for field, choices in (
        ("sign", get_args(Sign)), ("stamp", get_args(Stamp)), ("resets", get_args(Resets))
    ):  # fmt: skip
        if getattr(meant, field) not in choices:
            yield f"{place}.{field}", f"write {' or '.join(filter(None, choices))}"
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
