"""Green Button: ESPI XML, as North American utilities give it to download (NAESB REQ.21)."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.etree.ElementTree import Element, ParseError, iterparse
from xml.parsers import expat

from energyguard.codecs.assembly import PlausibilityLimits
from energyguard.errors import Malformed
from energyguard.files.collected import CollectedReadings, Series
from energyguard.files.formats import FileFormat
from energyguard.files.found import SECONDS, FileAnswers, FileFinding, FileReadings
from energyguard.files.named.espi_runs import RUN, PlainRuns, plain_runs
from energyguard.files.values.words import ENERGY, POWER, REGISTER

_REVERSE: Final = "19"  # flowDirection: from the customer to the grid
_WH, _W = "72", "38"  # uom
_REGISTERS: Final = ("1", "3")  # accumulationBehaviour: bulk quantity, cumulative
_NET: Final = "4"  # flowDirection: what was delivered less what was received
_SAME: Final = ("uom", "flowDirection", "kind", "commodity", "phase")
_MAX_POWER: Final = 12
_PROLOG_BYTES: Final = 4_096


@dataclass(slots=True)
class _Feed:
    """What a feed has, by the addresses of its entries."""

    types: dict[str, Mapping[str, str]] = field(default_factory=dict)
    related: dict[str, str] = field(default_factory=dict)  # of a meter reading: its type
    blocks: list[tuple[str, list[int], list[str]]] = field(default_factory=list)


def read_espi(
    data: bytes, name: str, answers: FileAnswers, limits: PlausibilityLimits
) -> FileReadings:
    """Read a feed.

    Raises:
        Malformed: it is cut short, declares entities, or a reading has no type or an odd one.
    """
    feed = _feed(data, name)
    lines: dict[int, bytes] = {}
    collected = CollectedReadings(limits, lambda row: lines.get(row, b""))
    points = sorted({_point(up) for up, _, _ in feed.blocks})
    findings = [FileFinding("zone", "UTC", SECONDS)]
    left = _summaries(feed)
    for row, (up, times, values) in enumerate(feed.blocks, 1):
        if up in left:
            continue
        lines[row] = f"IntervalBlock {row} of {up}".encode()
        series = _series(feed, up, answers.device, points, name)
        if series is not None:
            collected.add(series, row, times, values)
    if left:
        why = "intervals of other readings sum them up"
        findings.append(FileFinding("not read", f"{len(left)} readings", why))
    types = {kind.get("uom", "") for kind in feed.types.values()}
    if others := types - {_WH, _W, ""}:
        findings.append(
            FileFinding("not read", f"uom {', '.join(sorted(others))}", "no unit of ours")
        )
    head = tuple(data[:2_000].decode(errors="replace").split("\n")[:6])
    return FileReadings("espi", tuple(findings), (), collected.decoded(), False, head)


def _feed(data: bytes, name: str) -> _Feed:
    """What a feed has.

    Raises:
        Malformed: it cannot be read, or has no readings.
    """
    try:
        _without_doctype(data, name)
        feed = _with_runs(data) or _parsed(data, None)
    except (ParseError, expat.ExpatError) as error:
        raise Malformed(f"{name}: the XML cannot be read: {error}", "file") from error
    if not feed.blocks:
        raise Malformed(f"{name}: the feed has no IntervalBlock, so no readings", "file")
    return feed


def _with_runs(data: bytes) -> _Feed | None:
    """The same, plain readings at once; None: it has none, or an error that names its place."""
    runs = plain_runs(data)
    try:
        feed = None if runs is None else _parsed(runs.rest, runs)
    except ParseError:
        return None
    return feed if feed is not None and feed.blocks else None


def _parsed(data: bytes, runs: PlainRuns | None) -> _Feed:
    feed = _Feed()
    for _, element in iterparse(io.BytesIO(data)):
        if element.tag[-5:] == "entry":  # of Atom, with its address before it
            _entry(feed, element, runs)
            element.clear()
    return feed


def _without_doctype(data: bytes, name: str) -> None:
    """Entities that grow, or are read from elsewhere, are declared in a document type alone."""

    def declared(*_: object) -> None:
        raise Malformed(f"{name}: the XML declares a document type, as no feed does", "file")

    elements: list[str] = []
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = declared
    parser.StartElementHandler = lambda name, _: elements.append(name)
    for start in range(0, len(data), _PROLOG_BYTES):
        parser.Parse(data[start : start + _PROLOG_BYTES], False)
        if elements:  # a document type stands before the first
            return


def _entry(feed: _Feed, entry: Element, runs: PlainRuns | None) -> None:
    links: dict[str, list[str]] = {}
    content: Element | None = None
    for child in entry:
        tag = _local(child)
        if tag == "link":
            links.setdefault(child.get("rel", ""), []).append(child.get("href", ""))
        elif tag == "content":
            content = child
    self_ = (links.get("self") or [""])[0]
    for part in content if content is not None else ():
        tag = _local(part)
        if tag == "ReadingType":
            feed.types[self_] = {_local(child): (child.text or "").strip() for child in part}
        elif tag == "MeterReading":
            kinds = [href for href in links.get("related", []) if "ReadingType" in href]
            feed.related[self_] = kinds[0] if kinds else ""
        elif tag == "IntervalBlock":
            up = (links.get("up") or [self_])[0]
            feed.blocks.append((_meter_reading(up), *_intervals(part, runs)))


def _intervals(block: Element, runs: PlainRuns | None) -> tuple[list[int], list[str]]:
    """Starts in ms and values of a block."""
    space = block.tag.rpartition("}")[0] + "}" if "}" in block.tag else ""
    period, start, value = f"{space}timePeriod", f"{space}start", f"{space}value"
    times: list[int] = []
    values: list[str] = []
    for reading in block.iter(f"{space}IntervalReading"):
        if runs is not None and (run := reading.get(RUN)):
            starts, texts = runs.of(run)
            times += starts
            values += texts
            continue
        when = reading.find(period)
        text = when.findtext(start, "") if when is not None else ""
        times.append(int(text) * 1_000 if text.isdecimal() and len(text) < 12 else 0)
        values.append(reading.findtext(value, ""))
    return times, values


def _summaries(feed: _Feed) -> set[str]:
    """Meter readings that tell what another one of the same point tells in shorter intervals."""
    shortest: dict[tuple[str, ...], int] = {}
    lengths: dict[str, tuple[tuple[str, ...], int]] = {}
    for up in {up for up, _, _ in feed.blocks}:
        kind = feed.types.get(feed.related.get(up, ""), {})
        length = kind.get("intervalLength", "")
        if kind.get("accumulationBehaviour") in _REGISTERS or not length.isdecimal():
            continue
        key = (_point(up), *(kind.get(name, "") for name in _SAME))
        lengths[up] = key, int(length)
        shortest[key] = min(int(length), shortest.get(key, int(length)))
    return {up for up, (key, length) in lengths.items() if length > shortest[key]}


def _series(feed: _Feed, up: str, device: str, points: list[str], name: str) -> Series | None:
    """What a meter reading is; None: it is no energy and no power."""
    kind = feed.types.get(feed.related.get(up, ""))
    if kind is None and len(feed.types) == 1:
        kind = next(iter(feed.types.values()))
    if kind is None:
        raise Malformed(f"{name}: the reading {up!r} has no ReadingType", "file")
    unit = kind.get("uom", "")
    if unit not in (_WH, _W):
        return None
    is_register = unit == _WH and kind.get("accumulationBehaviour") in _REGISTERS
    channel = POWER if unit == _W else REGISTER if is_register else ENERGY
    is_fed_in = kind.get("flowDirection") == _REVERSE
    whose = device if len(points) < 2 else f"{device}/{_point(up)}".lstrip("/")
    whose = f"{whose}/export".lstrip("/") if is_fed_in else whose
    if kind.get("flowDirection") == _NET and _has_parts(feed, up):
        whose = f"{whose}/net".lstrip("/")
    sign = -1 if is_fed_in and channel != REGISTER else 1
    power = _power_of_ten(kind.get("powerOfTenMultiplier") or "0", name) - 3
    per, times = (10**-power, 1) if power < 0 else (1, 10**power)
    return Series(whose, channel, per, sign * times)


def _has_parts(feed: _Feed, net: str) -> bool:
    """Whether what was delivered, or received, at the same point is told as well."""
    others = {up for up, _, _ in feed.blocks if _point(up) == _point(net)} - {net}
    kinds = (feed.types.get(feed.related.get(up, ""), {}) for up in others)
    return any(kind.get("flowDirection") in ("1", _REVERSE) for kind in kinds)


def _power_of_ten(text: str, name: str) -> int:
    if re.fullmatch(r"-?[0-9]{1,2}", text) is None or abs(int(text)) > _MAX_POWER:
        raise Malformed(f"{name}: powerOfTenMultiplier {text[:20]!r} is none that can be", "file")
    return int(text)


def _meter_reading(href: str) -> str:
    """The address of the meter reading to which a block belongs."""
    return re.sub(r"/IntervalBlock(/[^/]*)?/?$", "", href)


def _point(href: str) -> str:
    found = re.search(r"UsagePoint/([^/]+)", href)
    return found[1] if found else ""


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _recognises(head: bytes) -> bool:
    return b"<" in head[:10] and b"naesb.org/espi" in head


_BLOCK: Final = (
    '<IntervalBlock xmlns="http://naesb.org/espi">'
    "<interval><duration>7200</duration><start>1772323200</start></interval>"
    "<IntervalReading><timePeriod><duration>3600</duration><start>1772323200</start></timePeriod>"
    "<value>412</value></IntervalReading>"
    "<IntervalReading><timePeriod><duration>3600</duration><start>1772326800</start></timePeriod>"
    "<value>388</value></IntervalReading></IntervalBlock>"
)
EXAMPLE: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
    '<entry><link rel="self" href="R/UsagePoint/1/MeterReading/1"/>'
    '<link rel="related" href="R/ReadingType/1"/>'
    '<content><MeterReading xmlns="http://naesb.org/espi"/></content></entry>\n'
    '<entry><link rel="self" href="R/ReadingType/1"/><content>'
    '<ReadingType xmlns="http://naesb.org/espi"><accumulationBehaviour>4</accumulationBehaviour>'
    "<flowDirection>1</flowDirection><intervalLength>3600</intervalLength>"
    "<powerOfTenMultiplier>0</powerOfTenMultiplier><uom>72</uom></ReadingType></content></entry>\n"
    '<entry><link rel="self" href="R/UsagePoint/1/MeterReading/1/IntervalBlock/1"/>'
    '<link rel="up" href="R/UsagePoint/1/MeterReading/1/IntervalBlock"/>'
    f"<content>{_BLOCK}</content></entry>\n</feed>\n"
).encode()
FORMAT: Final = FileFormat(
    name="espi",
    title="Green Button (ESPI XML) of North American utilities",
    source="NAESB REQ.21, Energy Services Provider Interface",
    becomes="`energy_kwh` per interval, `energy_register_kwh` (accumulation 1, 3) or `power_kw`, "
    "by uom and powerOfTenMultiplier, stamped at the start; flowDirection 19 is below 0, on "
    "`NAME/export`, and 4 beside others is `NAME/net`; of several usage points each is `NAME/id`",
    left_out="gas and water, costs, quality, other uom, sums of shorter intervals",
    example=EXAMPLE,
    recognises=_recognises,
    read=read_espi,
    answers=FileAnswers(device="home"),
)
