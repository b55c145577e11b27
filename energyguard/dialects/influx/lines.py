"""Lines of InfluxDB's protocol one by one, with escapes and texts in quotes; and their names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import numpy as np

from energyguard.codecs.refusals import Refusals
from energyguard.dialects.mapping import NameMapping
from energyguard.dialects.names import NotPlaced, Placed, ValueName, device_in_labels
from energyguard.dialects.values import NamedValues
from energyguard.errors import Malformed
from energyguard.files.values.words import unit_named
from energyguard.model.readings import Verdict

_KEY = rb"(?:\\.|[^\\,= \n])++"
_SERIES = rb"(?:\\.|[^\\, \n])++(?:,%b=%b)*+" % (_KEY, _KEY)
_VALUE = rb'(?:"(?:\\.|[^"\\])*+"|[^",= \n]++)'
_FIELD = rb"%b=%b" % (_KEY, _VALUE)
_LINE = re.compile(rb"(%b) +(%b(?:,%b)*+)(?: +(-?\d{1,19}))? *\r?" % (_SERIES, _FIELD, _FIELD))
_ONE_FIELD = re.compile(rb"(%b)=(%b)(?:,|$)" % (_KEY, _VALUE))
_BEFORE_FIELDS = re.compile(rb" *+((?:\\.|[^\\ \n])++)(?= )")
_SPECIAL = re.compile(rb"[,= \\]")
_COMMA = re.compile(rb"((?:\\.|[^\\,])++)(?:,|$)")
_TAG = re.compile(rb"((?:\\.|[^\\=])++)=(.++)", re.DOTALL)
_ESCAPE = re.compile(rb"\\([,= \\])")
_NUMBER = re.compile(rb"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?[iu]?")
_SWITCHES = frozenset({b"t", b"T", b"true", b"True", b"TRUE", b"f", b"F", b"false", b"False",
                       b"FALSE"})  # fmt: skip
_LATEST = 2**63 - 1
GENERIC = frozenset({"value", "gauge", "counter", "state", "reading", "val"})
"""Fields that say nothing: the measurement is the name."""


class LineNames:
    """The names of values of some lines: each series and field is looked at once.

    Args:
        device: whose they are, where neither tags nor the measurement say it.
        mapping: where they lead.
    """

    def __init__(self, device: str, mapping: NameMapping) -> None:
        self.all: list[Placed | NotPlaced] = []
        self._places: dict[tuple[bytes, bytes, bytes], int] = {}
        self._device, self._mapping = device, mapping

    def place(self, series: bytes, field: bytes, texts: bytes = b"") -> int:
        """The place of a name in ``all``.

        Args:
            series: measurement and tags, as they stand there.
            field: as it stands there.
            texts: the fields in quotes of its line, as they stand there: they are labels.
        """
        key = (series, field, texts)
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = len(self.all)
            self.all.append(self._placed(key))
        return place

    def _placed(self, key: tuple[bytes, bytes, bytes]) -> Placed | NotPlaced:
        """Where a value leads: known from an earlier request, or found now."""
        known = (*key, self._device)
        found = self._mapping.series_of("influx").get(known)
        if found is None:
            found = self._mapping.place(self._name(*key), "influx")
            self._mapping.remember("influx", known, found, sum(map(len, key)))
        return found

    def switch(self, field: bytes) -> int:
        """The place of the name of a value that is on or off."""
        key = (b"", field, b"")
        if key not in self._places:
            self._places[key] = len(self.all)
            name = ValueName(_plain(field), unit="on or off")
            self.all.append(self._mapping.place(name, "influx"))
        return self._places[key]

    def _name(self, series: bytes, field: bytes, texts: bytes) -> ValueName:
        measurement, *tags = [found[1] for found in _COMMA.finditer(series)]
        labels = {}
        for tag in tags:
            if (found := _TAG.fullmatch(tag)) is not None:
                labels[_plain(found[1])] = _plain(found[2])
        for found in _ONE_FIELD.finditer(texts):
            labels.setdefault(_plain(found[1]), _plain(found[2][1:-1]))
        name, stem, unit = _plain(field), _plain(measurement), ""
        device = device_in_labels(_without_texts(labels)) or self._device
        counts = "register" if name == "counter" else ""
        if name not in GENERIC:
            device = device or stem
        elif unit_named(stem) is not None and "entity_id" in labels:
            name, unit = labels["entity_id"], stem
        else:
            name = stem
        labels["measurement"] = stem
        return ValueName(name, device, unit, counts, tuple(sorted(labels.items())))


def _without_texts(labels: Mapping[str, str]) -> dict[str, str]:
    """Labels without those of fields, as Home Assistant calls them: they change."""
    return {name: text for name, text in labels.items() if not name.endswith("_str")}


def read_lines(
    data: bytes, first_row: int, names: LineNames, now: int, refusals: Refusals
) -> NamedValues:
    """Values of lines, each with its time as sent, or now; bad lines are refused.

    Args:
        data: whole lines.
        first_row: the number of the first.
        names: gets their names.
        now: the time of lines without one, in their precision.
        refusals: gets what cannot be read.
    """
    name: list[int] = []
    time: list[int] = []
    number: list[float] = []
    row: list[int] = []
    lines = dict(_numbered(data))
    for at, line in lines.items():
        bare = line.strip()
        if not bare or bare.startswith(b"#"):
            continue
        found = _LINE.fullmatch(bare)
        reason = "it is no line of the protocol" if found is None else _unfit(found[2])
        if found is None or reason:
            refusals.refuse(first_row + at, Verdict.MALFORMED, "line", reason, line)
            continue
        if found[3] is None:
            lines[at] = b"%b %d" % (bare, now)  # so that it has the same time when it comes again
        fields = _ONE_FIELD.findall(found[2])
        texts = b",".join(b"=".join(field) for field in fields if field[1][:1] == b'"')
        for field, value in fields:
            if value[:1] == b'"':
                continue
            is_switch = value in _SWITCHES
            name.append(names.switch(field) if is_switch else names.place(found[1], field, texts))
            number.append(0.0 if is_switch else float(value.rstrip(b"iu")))
            time.append(now if found[3] is None else min(int(found[3]), _LATEST))
            row.append(first_row + at)
    return NamedValues(
        names.all,
        np.array(name, np.int64),
        np.array(time, np.int64),
        np.array(number, np.float64),
        np.array(row, np.int64),
        lambda place: lines[row[place] - first_row],
    )


def with_tags(data: bytes, tags: Mapping[str, str]) -> bytes:
    """Lines with tags behind their own, so that they go before those of the same name.

    Raises:
        Malformed: a tag has a line end.
    """
    if any("\n" in part for tag in tags.items() for part in tag):
        raise Malformed("a tag that is added has a line end", "extra_label")
    added = b"".join(b",%b=%b" % (_escaped(name), _escaped(text)) for name, text in tags.items())
    return b"\n".join(_with(added, line) for _, line in _numbered(data)) if added else data


def _with(tags: bytes, line: bytes) -> bytes:
    """A line with tags; a comment, and what is no line, stays as it is."""
    found = _BEFORE_FIELDS.match(line)
    if found is None or found[1][:1] == b"#":
        return line
    return b"%b%b%b" % (found[1], tags, line[found.end() :])


def _escaped(text: str) -> bytes:
    return _SPECIAL.sub(rb"\\\g<0>", text.encode())


def _numbered(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Lines and their numbers, from 0 on; one whose texts go on in the next line is whole."""
    if b'"' not in data:
        yield from enumerate(data.split(b"\n"))
        return
    at = row = 0
    while at <= len(data):
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        if data.find(b'"', at, end) >= 0 and data[at : at + 1] != b"#":
            found = _LINE.match(data, at)
            if found is not None and data[found.end() : found.end() + 1] in (b"", b"\n"):
                end = found.end()
        yield row, data[at:end]
        row += 1 + data.count(b"\n", at, end)
        at = end + 1


def _unfit(fields: bytes) -> str:
    """Why fields cannot be read; empty: they can."""
    for field, value in _ONE_FIELD.findall(fields):
        if value[:1] != b'"' and value not in _SWITCHES and not _NUMBER.fullmatch(value):
            return f"the value of {_plain(field)!r} is no number: {_plain(value)[:64]!r}"
    return ""


def _plain(text: bytes) -> str:
    """A name or a value without escapes."""
    return _ESCAPE.sub(rb"\1", text).decode("utf-8", "replace")
