"""NEM12: intervals of Australian meters, as the market's MDFF has them (AEMO, version 2.x)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from energyguard.codecs.assembly import PlausibilityLimits
from energyguard.errors import Malformed
from energyguard.files.collected import CollectedReadings, Series
from energyguard.files.formats import FileFormat, begins_with
from energyguard.files.found import MARKET_TIME, FileAnswers, FileFinding, FileReadings

MARKET_HOURS: Final = 10  # market time is UTC+10 all the year
_DAY_MIN: Final = 1_440
UNITS: Final = {"KWH": (1, 1), "WH": (1_000, 1), "MWH": (1, 1_000)}
"""Units of energy: how many make a kWh, and how many kWh one is."""
_LENGTHS: Final = ("1", "5", "15", "30")
_NO_VALUE: Final = "N"


@dataclass(slots=True)
class _Day:
    """The values of a stream on one day."""

    series: Series
    row: int
    start_ms: int
    step_ms: int
    values: list[str]
    updated: str
    absent: set[int] = field(default_factory=set)  # intervals without a value


def read_nem12(
    data: bytes, name: str, answers: FileAnswers, limits: PlausibilityLimits
) -> FileReadings:
    """Read a file: of a day that stands there twice, the one that was updated last."""
    lines = data.split(b"\n")
    collected = CollectedReadings(limits, lambda row: lines[row - 1])
    days: dict[tuple[Series, int], _Day] = {}
    corrected = 0
    for day in _days(lines, collected):
        key = day.series, day.start_ms
        other = days.get(key)
        if other is None or day.updated >= other.updated:
            corrected += other is not None and other.values != day.values
            days[key] = day
    for day in days.values():
        taken = [i for i in range(len(day.values)) if i not in day.absent]
        times = [day.start_ms + i * day.step_ms for i in taken]
        collected.add(day.series, day.row, times, [day.values[i] for i in taken])
    findings = [FileFinding("zone", "UTC+10", MARKET_TIME)]
    if corrected:
        findings.append(FileFinding("corrected", f"{corrected} days", "the last update counts"))
    if absent := sum(len(day.absent) for day in days.values()):
        findings.append(FileFinding("without a value", f"{absent:,} intervals", "quality N"))
    head = tuple(line.decode()[:200] for line in lines[:6])
    return FileReadings("nem12", tuple(findings), (), collected.decoded(), True, head)


def _days(lines: Sequence[bytes], collected: CollectedReadings) -> Iterator[_Day]:
    """The 300 records, with what the 200 and 400 records beside them say."""
    stream: tuple[Series, int] | None = None
    day: _Day | None = None
    for row, line in enumerate(lines, 1):
        cells = line.decode().strip().split(",")
        kind = cells[0]
        if kind not in ("100", "200", "300", "400", "500", "900", ""):
            collected.refuse(row, "record", f"no record of NEM12 is {kind[:20]!r}")
            continue
        if kind == "400":
            if day is not None:
                _mark_absent(day, cells)
            continue
        if day is not None:
            yield day
            day = None
        if kind == "200":
            stream = _stream(cells, row, collected)
        elif kind == "300" and stream is not None:
            day = _day(cells, row, *stream, collected)
        elif kind == "300":
            collected.refuse(row, "record", "no 200 record of energy stands above it")
    if day is not None:
        yield day


def _stream(
    cells: Sequence[str], row: int, collected: CollectedReadings
) -> tuple[Series, int] | None:
    """What a 200 record begins, with the length of its intervals in minutes; None: no energy."""
    if len(cells) < 9 or cells[8] not in _LENGTHS:
        collected.refuse(row, "record", "a 200 record has an interval length of 1, 5, 15 or 30")
        return None
    nmi, suffix, unit = cells[1], cells[4].upper(), cells[7].upper()
    if unit not in UNITS or not nmi:
        return None
    per, times = UNITS[unit]
    sign = -1 if suffix.startswith("B") else 1
    return Series(f"{nmi}/{suffix}", "energy_kwh", per, sign * times), int(cells[8])


def _day(
    cells: Sequence[str], row: int, series: Series, minutes: int, collected: CollectedReadings
) -> _Day | None:
    count = _DAY_MIN // minutes
    try:
        start_ms = market_ms(cells[1])
    except Malformed as error:
        collected.refuse(row, "IntervalDate", error.reason)
        return None
    if len(cells) < count + 3:
        why = f"{max(0, len(cells) - 2)} cells instead of {count} values and their quality"
        collected.refuse(row, "record", why)
        return None
    values, rest = list(cells[2 : 2 + count]), cells[2 + count :]
    day = _Day(series, row, start_ms, minutes * 60_000, values, rest[3] if len(rest) > 3 else "")
    if rest[0][:1] == _NO_VALUE:
        day.absent = set(range(count))
    return day


def _mark_absent(day: _Day, cells: Sequence[str]) -> None:
    """What a 400 record says of some intervals of a day."""
    if len(cells) < 4 or cells[3][:1] != _NO_VALUE:
        return
    if cells[1].isdecimal() and cells[2].isdecimal():
        day.absent.update(range(int(cells[1]) - 1, min(int(cells[2]), len(day.values))))


def market_ms(text: str) -> int:
    """A date, or a date and a time, of market time: ``20260301``, ``20260301001500``.

    Raises:
        Malformed: it is none.
    """
    try:
        if not text.isdigit() or len(text) not in (8, 12, 14):
            raise ValueError(text)
        found = datetime.strptime(text, "%Y%m%d%H%M%S"[: {8: 6, 12: 10, 14: 12}[len(text)]])
    except ValueError as error:
        raise Malformed(f"{text[:20]!r} is no date", "time") from error
    utc = found.replace(tzinfo=UTC) - timedelta(hours=MARKET_HOURS)
    return round(utc.timestamp() * 1_000)


EXAMPLE: Final = (
    b"100,NEM12,202603020815,MDP1,Retailer1\n"
    b"200,6102000001,E1B1,1,E1,N1,METSER123,KWH,30,\n"
    b"300,20260301," + b"0.5," * 47 + b"0.75,A,,,20260302081500,\n"
    b"200,6102000001,E1B1,2,B1,N2,METSER123,KWH,30,\n"
    b"300,20260301," + b"0.1," * 47 + b"0.2,A,,,20260302081500,\n"
    b"900\n"
)
FORMAT: Final = FileFormat(
    name="nem12",
    title="NEM12, intervals of Australian meters",
    source="AEMO, Meter Data File Format Specification NEM12 & NEM13",
    becomes="`energy_kwh`, stamped at the start of the interval; the device is `NMI/suffix`, such "
    "as `6102000001/E1`; suffixes B, fed in, are below 0. Market time, UTC+10. Of a day that comes "
    "twice the last update counts",
    left_out="reactive streams; intervals of quality N; 500 records",
    example=EXAMPLE,
    recognises=begins_with(r"100,NEM12\b"),
    read=read_nem12,
)
