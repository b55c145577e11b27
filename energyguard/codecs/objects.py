"""Sound objects of JSON as lines, a block at once: those that have their fields and no others."""

from __future__ import annotations

from typing import Annotated

import msgspec

from energyguard.codecs import Decoded, building, thermometer
from energyguard.codecs.alike import lines_alike
from energyguard.codecs.columns import ColumnLayout
from energyguard.codecs.csv import HOUSEHOLD, NUMBERED
from energyguard.codecs.delimited import decode_sound
from energyguard.codecs.limits import PlausibilityLimits

_NOTHING = msgspec.Raw(b"")


class _Household(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A sound object of system C."""

    timestamp: str
    household_id: str
    energy_kwh: msgspec.Raw


class _Numbered(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A sound object of any device and channel."""

    timestamp: str
    device: str
    channel: str
    value: msgspec.Raw
    sequence: Annotated[int, msgspec.Meta(ge=0)] | None = None


class _Floor(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A sound object of system A."""

    timestamp: str
    piano: int
    sensore1_kwh: msgspec.Raw
    sensore2_kw: msgspec.Raw
    sensore3_corrente: msgspec.Raw
    sensore3_tensione: msgspec.Raw
    delta_kwh: msgspec.Raw = _NOTHING
    delta_kwh_multiplier: msgspec.Raw = _NOTHING

    def line(self) -> str:
        """A line of the layout."""
        numbers = (
            self.sensore1_kwh,
            self.sensore2_kw,
            self.sensore3_corrente,
            self.sensore3_tensione,
            self.delta_kwh,
            self.delta_kwh_multiplier,
        )
        return f"{self.timestamp},{self.piano},{','.join(str(n, 'ascii') for n in numbers)}"


class _Degrees(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A sound object of system D's thermometer."""

    timestamp: str
    celsius: msgspec.Raw


_DEGREES = msgspec.json.Decoder(list[_Degrees])
_FLOORS = msgspec.json.Decoder(list[_Floor])
_HOUSEHOLDS = msgspec.json.Decoder(list[_Household])
_NUMBEREDS = msgspec.json.Decoder(list[_Numbered])


def decode_sound_json(
    data: bytes, limits: PlausibilityLimits, first_row: int = 1
) -> Decoded | None:
    """Read lines or an array at once; None where some object may not be sound."""
    lines = _lines_at_once(data)
    if lines is None:
        return None
    layout, text = lines
    decoded = decode_sound(text, layout, limits, first_row=first_row)
    return None if decoded is None or decoded.refused else decoded


def _lines_at_once(data: bytes) -> tuple[ColumnLayout, bytes] | None:
    """Sound objects as lines of a layout; None: look at each of them."""
    text = data.removesuffix(b"\n")
    if text[:1] == b"[":
        return _lines_of(text)
    if (alike := lines_alike(text)) is not None:
        return HOUSEHOLD, alike
    alone = text.count(b"}\n{") == text.count(b"\n") and text[:1] == b"{" and text[-1:] == b"}"
    return _lines_of(b"[" + text.replace(b"\n", b",") + b"]") if alone else None


def _lines_of(array: bytes) -> tuple[ColumnLayout, bytes] | None:
    """An array of sound objects as lines."""
    try:
        if b'"piano"' in array:
            layout = building.LAYOUT
            lines = [row.line() for row in _FLOORS.decode(array)]
        elif b'"celsius"' in array:
            layout = thermometer.LAYOUT
            lines = [
                f"{row.timestamp},{str(row.celsius, 'ascii')}" for row in _DEGREES.decode(array)
            ]
        elif b'"device"' not in array:
            layout = HOUSEHOLD
            lines = [
                f"{row.timestamp},{row.household_id},{str(row.energy_kwh, 'ascii')}"
                for row in _HOUSEHOLDS.decode(array)
            ]
        else:
            layout = NUMBERED
            lines = [
                f"{row.timestamp},{row.device},{row.channel},{str(row.value, 'ascii')},"
                f"{'' if row.sequence is None else row.sequence}"
                for row in _NUMBEREDS.decode(array)
            ]
    except (ValueError, RecursionError):  # msgspec's own are among them
        return None
    text = "\n".join(lines)
    commas = (len(layout.columns) - 1) * len(lines)
    sound = text.count(",") == commas and text.count("\n") == len(lines) - 1 and '"' not in text
    return (layout, text.encode()) if sound else None
