"""Our own export of what was used, by hour, day or month, taken in again."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Final

from energyguard.codecs.assembly import PlausibilityLimits
from energyguard.errors import Malformed
from energyguard.files.formats import FileFormat, headed_by
from energyguard.files.found import FileAnswers, FileFinding, FileReadings
from energyguard.files.json_table import is_json, json_as_csv
from energyguard.files.tables.delimited import read_delimited
from energyguard.files.tables.reading import KnownLayout

LAYOUT: Final = KnownLayout(
    {
        "of": "device", "start": "time", "end": "end", "kwh": "energy_kwh",
        **dict.fromkeys(("name", "utc_offset_h", "readings", "before_start", "before_kwh",
                         "cost", "currency"), "ignore"),
    }
)  # fmt: skip
_SUM: Final = re.compile(rb'^"?(?:site|group)/[^\n]*\n?', re.MULTILINE)
_DEVICE: Final = re.compile(rb'^("?)device/', re.MULTILINE)


_HEADED: Final = headed_by("of,name,start,end,utc_offset_h,kwh")
_JSON: Final = re.compile(
    rb'\s*(?:\{"span":[^[\]]{1,1000}"series":\s*\[\s*|\[?\s*)'
    rb'\{\s*"of":\s*"[^"]{0,400}",\s*"name":\s*"[^{}]{0,900}?"(?:steps|utc_offset_h)":'
)


def _recognises(head: bytes) -> bool:
    return _HEADED(head) or _JSON.match(head) is not None


def read_consumption(
    data: bytes, name: str, answers: FileAnswers, limits: PlausibilityLimits
) -> FileReadings:
    """Read a file.

    Raises:
        Malformed: it has sums of sites and groups alone.
    """
    if is_json(data):
        data = json_as_csv(_steps(data), name)
    of_devices, sums = _SUM.subn(b"", data)
    if sums and not _DEVICE.search(of_devices):
        raise Malformed(
            f"{name}: it has sums of sites or groups alone, which are no devices: export what "
            "they are of",
            "file",
        )
    found = read_delimited(
        _DEVICE.sub(rb"\1", of_devices), name, answers, limits, LAYOUT, "consumption"
    )
    if not sums:
        return found
    more = FileFinding("not read", "site/…, group/…", f"sums of devices: {sums:,} lines")
    return replace(found, findings=(*found.findings, more))


def _steps(data: bytes) -> bytes:
    """What `GET /api/v1/consumption` answers as rows, without the span before; rows as they are."""
    try:
        answer = json.loads(data, parse_float=str, parse_int=str)
        rows = [
            {"of": series["of"], **step} for series in answer["series"] for step in series["steps"]
        ]
    except (ValueError, RecursionError, KeyError, TypeError):
        return data  # rows, or what the table says is wrong
    return json.dumps(rows).encode()


FORMAT: Final = FileFormat(
    name="consumption",
    title="EnergyGuard, what was used by hour, day or month",
    source="`energyguard consumption --format csv`, `xlsx`, `parquet`, or `--json`, the page, "
    "and `GET /api/v1/consumption`",
    becomes="`energy_kwh` of each device at the start of each step",
    left_out="sums of sites and groups, costs, the span before, steps without a value",
    example=(
        b"of,name,start,end,utc_offset_h,kwh,readings,before_start,before_kwh,cost,currency\n"
        b"device/H001,Oven,2026-03-01T00:00:00+01:00,2026-03-01T01:00:00+01:00,1.0,0.25,4,"
        b"2026-02-28T00:00:00+01:00,9,0.08,EUR\n"
        b"device/H001,Oven,2026-03-01T01:00:00+01:00,2026-03-01T02:00:00+01:00,1.0,0.5,4,"
        b"2026-02-28T01:00:00+01:00,9,0.16,EUR\n"
        b"site/home,Home,2026-03-01T01:00:00+01:00,2026-03-01T02:00:00+01:00,1.0,0.5,4,"
        b"2026-02-28T01:00:00+01:00,9,0.16,EUR\n"
    ),
    recognises=_recognises,
    read=read_consumption,
)
