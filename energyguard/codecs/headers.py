"""The names that columns may have, in a header of CSV, an object of JSON or a table of Arrow.

    time     timestamp, time, datetime; timestamp_utc, time_utc; timestamp_ms
    device   device, device_id, household_id, meter, meter_id
    value    channel and value; or a column for each channel, named by channel and unit

Order and case do not matter. A header with any other name is refused whole, with all its rows: what
a column counts is never guessed. So ``power_mw`` is not known: it may be mW or MW.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from functools import lru_cache

import pyarrow as pa

from energyguard.codecs.columns import (
    ANYTHING,
    DEVICE,
    EPOCH_MS,
    ISO_TIME,
    MAYBE_NUMBER,
    NAME,
    NUMBER,
    PLAIN_HEADER,
    PLAIN_TIME,
    SEQUENCE,
    SPACES,
    Column,
    ColumnLayout,
    TableReadings,
    all_named,
    milliseconds,
    nanos,
    readings_of,
    sixty_fourth,
    strings,
)
from energyguard.codecs.registry import known

BOM = b"\xef\xbb\xbf"
TIMES: Mapping[str, Column] = {
    "timestamp": ISO_TIME,
    "time": ISO_TIME,
    "datetime": ISO_TIME,
    "timestamp_utc": PLAIN_TIME,
    "time_utc": PLAIN_TIME,
    "timestamp_ms": EPOCH_MS,
}
DEVICES = ("device", "device_id", "household_id", "meter", "meter_id")
VALUES: Mapping[str, tuple[str, int]] = {
    "energy_kwh": ("energy_kwh", 1),
    "energy_wh": ("energy_kwh", 1_000),
    "energy_register_kwh": ("energy_register_kwh", 1),
    "energy_register_wh": ("energy_register_kwh", 1_000),
    "power_kw": ("power_kw", 1),
    "power_w": ("power_kw", 1_000),
    "current_a": ("current_a", 1),
    "current_ma": ("current_a", 1_000),
    "voltage_v": ("voltage_v", 1),
    "voltage_mv": ("voltage_v", 1_000),
    "temperature_c": ("temperature_c", 1),
    "delta_kwh": ("delta_kwh", 1),
    "delta_kwh_multiplier": ("delta_kwh_multiplier", 1),
}
"""Columns of values: the channel of each, and how many of its unit make one of the channel's."""
IGNORED = ("topic",)
"""What the export of readings has beside them."""
_WORD = re.compile(r"[^\d.+\-\x00-\x1f][^\x00-\x1f]{0,63}")
_OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs"}


@lru_cache(maxsize=256)
def layout_of(names: tuple[str, ...]) -> ColumnLayout | None:
    """The layout of columns of these names, in lower case; None: they are no known header."""
    return known().of_header(names) or named_columns(names)


def named_columns(names: tuple[str, ...]) -> ColumnLayout | None:
    """The same, by what each column is called."""
    times, devices = ([n for n in names if n in known] for known in (TIMES, DEVICES))
    values = [n for n in names if n in VALUES]
    tall = "channel" in names and "value" in names
    others = {"sequence", *IGNORED} | ({"channel", "value"} if tall else set())
    if len(times) != 1 or len(devices) > 1 or bool(values) == tall:
        return None
    if (
        len(set(names)) < len(names)
        or not_known(names) - others
        or len(_channels(values)) < len(values)
    ):
        return None
    number = NUMBER if tall or len(values) == 1 else MAYBE_NUMBER
    columns: dict[str, Column] = {times[0]: TIMES[times[0]], "sequence": SEQUENCE, "channel": NAME}
    columns |= dict.fromkeys(devices, DEVICE) | dict.fromkeys([*values, "value"], number)
    return ColumnLayout(
        "csv",
        {name: columns.get(name, ANYTHING) for name in names},
        _parts(times[0], devices, values),
        times[0],
        needs_device=not devices,
    )


def not_known(names: Iterable[str]) -> set[str]:
    """Those that are neither a time, a device nor a column of values of a known unit."""
    return set(names) - TIMES.keys() - set(DEVICES) - VALUES.keys()


def _channels(values: Sequence[str]) -> set[str]:
    return {VALUES[name][0] for name in values}


def _parts(
    time_field: str, devices: Sequence[str], values: Sequence[str]
) -> Callable[[pa.Table, str], list[TableReadings]]:
    """How a table of such columns becomes readings: a part for each column of values."""

    def parts(table: pa.Table, device: str) -> list[TableReadings]:
        time = milliseconds(table.column(time_field))
        named = strings(table.column(devices[0])) if devices else all_named(device, len(time))
        numbered = "sequence" in table.column_names
        sequence = table.column("sequence").combine_chunks() if numbered else None
        if not values:
            channel, value = strings(table.column("channel")), nanos(table.column("value"))
            return [TableReadings("value", named, channel, time, value, sequence)]
        return [
            readings_of(table, name, channel, named, time, per=per, sequence=sequence)
            for name, (channel, per) in ((name, VALUES[name]) for name in values)
        ]

    return parts


def _named(*names: str) -> ColumnLayout:
    found = named_columns(names)
    assert found is not None
    return found


HOUSEHOLD = _named(*PLAIN_HEADER)
NUMBERED = _named("timestamp", "device", "channel", "value", "sequence")


def layout_of_object(names: Set[str]) -> ColumnLayout:
    """What the fields of an object of JSON are; where they are not known, what they seem to be.

    An object with other fields than those of its layout is refused, so this guesses nothing.
    """
    if names == HOUSEHOLD.columns.keys():
        return HOUSEHOLD
    if (layout := known().of_object(names)) is not None:
        return layout
    if names <= NUMBERED.columns.keys() and {"device", "channel", "value"} & names:
        return NUMBERED
    layout = named_columns(tuple(sorted(names)))
    if layout is not None and not layout.needs_device:
        return layout
    return NUMBERED if "device" in names else HOUSEHOLD


def header_of(line: bytes) -> tuple[str, ...] | None:
    """The names in a line of delimited text, in lower case; None: it is no header.

    A header has two words or more, and no cell that begins as a number or a time does.
    """
    try:
        text = line.removeprefix(BOM).strip().decode()
    except UnicodeDecodeError:
        return None
    separator = max(",;\t", key=text.count)
    cells = [cell.strip(SPACES).strip('"').strip(SPACES).lower() for cell in text.split(separator)]
    words = [cell for cell in cells if cell]
    if len(words) < 2 or not all(_WORD.fullmatch(cell) for cell in words):
        return None
    return tuple(cells)


def is_title(line: bytes) -> bool:
    """Whether a line stands above a header and says only what the file is."""
    return line.removeprefix(BOM).strip().lower() in known().titles


def separated_otherwise(line: bytes) -> str:
    """What separates the columns of a line, where it is no comma; else nothing."""
    text = line.decode(errors="replace")
    for separator, name in _OTHER_SEPARATORS.items():
        if text.count(separator) >= 2 and text.count(separator) > text.count(","):
            return name
    return ""


def unknown(names: Sequence[str]) -> str:
    """The sentence that a header gets that is not known."""
    odd = [n for n in names if n in not_known(names) - {"channel", "value", "sequence", *IGNORED}]
    if odd:
        what = f"{sixty_fourth(', '.join(odd))} is not known"
    else:
        what = "a header has one time, at most one device, and either channel,value or its values"
    files = " and ".join(sixty_fourth(",".join(layout.columns)) for layout in known().headers)
    return (
        f"the header {sixty_fourth(','.join(names))} is not known, so no row was taken: {what}; "
        f"known are a time ({', '.join(TIMES)}), a device ({', '.join(DEVICES)}), and "
        f"channel,value or {', '.join(VALUES)}, perhaps with sequence; and {files}"
    )
