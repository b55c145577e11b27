"""Which layout columns have: by the names in a header of CSV, an object of JSON, a table of Arrow.

    time     timestamp, time, datetime; timestamp_utc, time_utc; timestamp_ms
    device   device, device_id, household_id, meter, meter_id
    value    channel and value; or a column for each channel, named by channel and unit

Order and case do not matter; a last column without a name is taken, and has to be empty. A header
with any other name is refused whole, with all its rows: what a column counts is never guessed. So
``power_mw`` is not known: it may be mW or MW. Dialects, those that belong to no domain and those of
the domains, bring headers and objects of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence, Set
from functools import lru_cache

import pyarrow as pa

from energyguard.codecs.columns import (
    ANYTHING,
    DEVICE,
    EMPTY_FIELD,
    EPOCH_MS,
    ISO_TIME,
    MAYBE_NUMBER,
    NAME,
    NUMBER,
    PLAIN_HEADER,
    PLAIN_TIME,
    SEQUENCE,
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
from energyguard.codecs.dialect import Dialect
from energyguard.domain import installed, load
from energyguard.errors import ConfigError

_TEXT = ("energyguard.codecs.text.csv:DIALECT", "energyguard.codecs.text.json:DIALECT")
_NAMED = tuple(
    f"energyguard.dialects.{name}:DIALECT"
    for name in (
        *("influx.dialect", "prometheus.remote_write", "prometheus.text"),
        *("victoriametrics.dialect", "emoncms", "thingsboard", "volkszaehler"),
        *("homeassistant", "mapped"),
    )
)
"""Dialects whose values have names of their senders': by text, since they know this folder."""
_TELEGRAMS = tuple(f"energyguard.telegrams.{name}:DIALECT" for name in ("p1", "sml", "tic"))
_BINARY = ("energyguard.codecs.arrow.batches:DIALECT", "energyguard.codecs.arrow.parquet:DIALECT")


class Dialects:
    """Some dialects, found by what they are recognised by.

    Args:
        dialects: in the order in which people are told of them.

    Raises:
        ConfigError: two of them are recognised by the same, so one would be taken for the other.
    """

    def __init__(self, dialects: Sequence[Dialect]) -> None:
        self.all = tuple(dialects)
        self._claimed: dict[tuple[str, Hashable], Dialect] = {}
        for dialect in self.all:
            self._claim("name", dialect.name, dialect)
            for beginning in dialect.begins:
                self._claim("first bytes", beginning, dialect)
            for field in dialect.fields:
                self._claim("field", field, dialect)
            if dialect.layout is not None and dialect.header:
                self._claim("header", tuple(dialect.layout.columns), dialect)
            if dialect.layout is not None and dialect.bare:
                self._claim("number of columns", len(dialect.layout.columns), dialect)
        self.begins: Mapping[bytes, Dialect] = {b: d for d in self.all for b in d.begins}
        self.titles = tuple(dialect.title for dialect in self.all if dialect.title)
        self.headers = tuple(d.layout for d in self.all if d.layout is not None and d.header)
        self.names = tuple(d.name for d in self.all if not d.fields or d.header)
        """What people may say: a dialect that is only JSON objects is found in any JSON."""
        self.needs_device = any(d.layout.needs_device for d in self.all if d.layout and d.fields)
        """Whether objects of one of them do not name their device."""
        self._fields = {f: d.layout for d in self.all if d.layout for f in d.fields}
        self._paths = tuple(re.compile(f"(?:.*/)?({d.path})") for d in self.all if d.path)

    def _claim(self, kind: str, what: Hashable, dialect: Dialect) -> None:
        other = self._claimed.setdefault((kind, what), dialect)
        if other is not dialect:
            both = f"{other.name!r} and {dialect.name!r}"
            raise ConfigError(f"the dialects {both} are both recognised by the {kind} {what!r}")

    def named(self, name: str) -> Dialect | None:
        """The dialect of a name."""
        return self._claimed.get(("name", name))

    def of_bytes(self, head: bytes) -> Dialect | None:
        """The dialect of bytes that are no text; None: they are, or nobody knows them."""
        return next((d for beginning, d in self.begins.items() if head.startswith(beginning)), None)

    def of_header(self, names: tuple[str, ...]) -> ColumnLayout | None:
        """The layout of exactly these columns."""
        found = self._claimed.get(("header", names))
        return None if found is None else found.layout

    def of_columns(self, count: int) -> ColumnLayout | None:
        """The layout of lines without a header that have so many columns."""
        found = self._claimed.get(("number of columns", count))
        return None if found is None else found.layout

    def of_path(self, path: str) -> tuple[str, str]:
        """The device that a topic or a path names, and the part of it that does so.

        Both are empty where none is named: by no dialect, by no name that a device can have, or by
        two dialects that do not agree.
        """
        found = {m["device"]: m[1] for known in self._paths if (m := known.fullmatch(path))}
        named = [place for place in found.items() if re.fullmatch(DEVICE.pattern, place[0])]
        return named[0] if len(found) == len(named) == 1 else ("", "")

    def of_object(self, names: Collection[str]) -> ColumnLayout | None:
        """The layout of a JSON object with such fields."""
        return next((layout for field, layout in self._fields.items() if field in names), None)


@lru_cache(maxsize=1)
def known() -> Dialects:
    """All dialects that are installed.

    Raises:
        ConfigError: one cannot be loaded, or two are recognised by the same.
    """
    brought = [reference for domain in installed() for reference in domain.dialects]
    return Dialects(
        [load(reference) for reference in (*_TEXT, *brought, *_BINARY, *_NAMED, *_TELEGRAMS)]
    )


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


@lru_cache(maxsize=256)
def layout_of(names: tuple[str, ...]) -> ColumnLayout | None:
    """The layout of columns of these names, in lower case; None: they are no known header."""
    return known().of_header(names) or named_columns(names)


def named_columns(names: tuple[str, ...]) -> ColumnLayout | None:
    """The same, by what each column is called."""
    named = names[:-1] if names[-1:] == ("",) else names  # each line ends with a comma
    times, devices = ([n for n in names if n in known] for known in (TIMES, DEVICES))
    values = [n for n in names if n in VALUES]
    tall = "channel" in names and "value" in names
    others = {"sequence", *IGNORED} | ({"channel", "value"} if tall else set())
    if len(times) != 1 or len(devices) > 1 or bool(values) == tall:
        return None
    if (
        len(set(names)) < len(names)
        or not_known(named) - others
        or len(_channels(values)) < len(values)
    ):
        return None
    number = NUMBER if tall or len(values) == 1 else MAYBE_NUMBER
    columns: dict[str, Column] = {times[0]: TIMES[times[0]], "sequence": SEQUENCE, "channel": NAME}
    columns |= dict.fromkeys(names[len(named) :], EMPTY_FIELD)
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
