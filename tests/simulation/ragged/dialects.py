"""The same readings as bytes, in the ways in which people's files have them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq

from energyguard.model.quantities import from_nano
from tests.simulation.ragged.meters import MadeMeter

Row = tuple[str, str, int, int]  # device, channel, ms, 1e-9 of the unit
_UNITS = {
    "energy_register_kwh": "energy_register_wh",
    "energy_kwh": "energy_wh",
    "power_kw": "power_w",
}
_BERLIN = timezone(timedelta(hours=1))


def _utc(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat().replace("+00:00", "Z")


def _local(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, _BERLIN).isoformat()


def _channel_rows(rows: list[Row], time: Callable[[int], str], end: str) -> str:
    lines = [f"{time(ms)},{d},{c},{from_nano(v)}" for d, c, ms, v in rows]
    return end.join(["timestamp,device,channel,value", *lines, ""])


def _plain(rows: list[Row]) -> bytes:
    return _channel_rows(rows, _utc, "\n").encode()


def _excel(rows: list[Row]) -> bytes:
    return b"\xef\xbb\xbf" + _channel_rows(rows, _local, "\r\n").encode()


def _nanoseconds(rows: list[Row]) -> bytes:
    def time(ms: int) -> str:
        when = datetime.fromtimestamp(ms // 1000, UTC)
        return f"{when:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}000000Z"

    return _channel_rows(rows, time, "\n").encode()


def _concatenated(rows: list[Row]) -> bytes:
    """A header for each channel, in a thousandth of its unit."""
    text = ""
    for channel, field in _UNITS.items():
        mine = [row for row in rows if row[1] == channel]
        lines = [f"{_utc(ms)},{d},{from_nano(v * 1_000)}\n" for d, _, ms, v in mine]
        text += f"time,device,{field}\n" + "".join(lines) if lines else ""
    return text.encode()


def _lines(rows: list[Row]) -> bytes:
    made = (
        {"timestamp": _utc(ms), "device": d, "channel": c, "value": float(from_nano(v))}
        for d, c, ms, v in rows
    )
    return b"".join(json.dumps(row).encode() + b"\n" for row in made)


def _table(rows: list[Row]) -> pa.Table:
    device, channel, time, value = map(list, zip(*rows, strict=True))
    stamp = pa.array(time, pa.int64()).cast(pa.timestamp("ms", "UTC"))
    values = pa.array([float(from_nano(v)) for v in value])
    return pa.table({"timestamp": stamp, "device": device, "channel": channel, "value": values})


def _arrow(rows: list[Row]) -> bytes:
    sink, table = pa.BufferOutputStream(), _table(rows)
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table, max_chunksize=500)
    return bytes(sink.getvalue())


def _parquet(rows: list[Row]) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(_table(rows), sink)
    return bytes(sink.getvalue())


WRITERS: dict[str, Callable[[list[Row]], bytes]] = {
    "plain.csv": _plain,
    "excel.csv": _excel,
    "nanoseconds.csv": _nanoseconds,
    "concatenated.csv": _concatenated,
    "lines.jsonl": _lines,
    "stream.arrow": _arrow,
    "table.parquet": _parquet,
}


def rows_of(made: list[MadeMeter]) -> list[Row]:
    """All readings, in order of time."""
    rows = [(m.device, m.channel, ms, value) for m in made for ms, value in m.sent]
    return sorted(rows, key=lambda row: row[2])


def write_files(folder: Path, made: list[MadeMeter], random: Random) -> list[Path]:
    """The readings as one to three files of any dialects, each in some order."""
    folder.mkdir(parents=True)
    found = []
    parts: list[list[MadeMeter]] = [[] for _ in range(random.randint(1, 3))]
    for meter in made:
        random.choice(parts).append(meter)
    for number, part in enumerate(part for part in parts if part):
        name = random.choice(list(WRITERS))
        rows = rows_of(part)
        how = random.choice(("in order", "reversed", "meter by meter", "shuffled"))
        if how == "reversed":
            rows.reverse()
        elif how == "meter by meter":
            rows.sort(key=lambda row: row[0])
        elif how == "shuffled":
            random.shuffle(rows)
        found.append(folder / f"{number}-{name}")
        found[-1].write_bytes(WRITERS[name](rows))
    return found
