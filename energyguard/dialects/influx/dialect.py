"""InfluxDB's line protocol: ``measurement,tag=value field=1.5,other=2i 1700000000000000000``.

A value is a field of a line. Its name is the field, or the measurement where the field only says
*value*; its labels are the tags; its unit is in the name, or the measurement is the unit, as Home
Assistant writes it. Lines are read as columns, a block at once (``influx_columns.py``); where one
has an escape, a text in quotes or no time, its block goes line by line (``influx_lines.py``).
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl

import numpy as np

from energyguard.codecs import Decoded
from energyguard.codecs.columns import Ints
from energyguard.codecs.context import DecodeContext
from energyguard.codecs.dialect import Dialect
from energyguard.codecs.http import (
    HttpAnswer,
    HttpDelivery,
    HttpDialect,
    HttpRoute,
    HttpSent,
    HttpTaken,
    json_answer,
)
from energyguard.codecs.refusals import Refusals
from energyguard.dialects.influx.columns import read_columns
from energyguard.dialects.influx.lines import LineNames, read_lines, with_tags
from energyguard.dialects.mapping import mapping_of
from energyguard.dialects.values import NamedValues, readings_of_names
from energyguard.dialects.victoriametrics.dialect import extra_labels
from energyguard.errors import Malformed

NANOS: Final = {"ns": 1, "us": 1_000, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3_600 * 10**9}
"""Precisions, and how many nanoseconds each is."""
AUTO: Final = "auto"
"""A precision that is told by the size of a time: from 5e9 on it is no time in seconds."""
_SPELLED: Final = {
    "": "ns", "n": "ns", "u": "us", "µ": "us", "nanosecond": "ns", "microsecond": "us",
    "millisecond": "ms", "second": "s",
}  # fmt: skip
_STEPS: Final = ((5 * 10**9, "s"), (5 * 10**12, "ms"), (5 * 10**15, "us"))
_MS: Final = 10**6
_BLOCK = 1 << 20


def decode_influx(data: bytes, context: DecodeContext) -> Decoded:
    """The readings of some lines; ``context.options`` is their precision."""
    precision = context.options or "ns"
    refusals = Refusals(context.single, f"influx:{precision}")
    names = LineNames(context.device, mapping_of(context.mappings))
    blocks, row = [], context.first_row
    for block in _blocks(data):
        found = read_columns(block, row, names)
        if found is None:
            now = context.now_ms * _MS // NANOS.get(precision, 1)
            found = read_lines(block, row, names, now, refusals)
        blocks.append(found)
        row += block.count(b"\n")
    values = _together(blocks, names, precision)
    return readings_of_names(values, f"influx:{precision}", context, refusals)


def _blocks(data: bytes) -> list[bytes]:
    """Whole lines, a megabyte or so of them each: one odd line costs its block alone.

    None ends within a text in quotes, which may have line ends.
    """
    blocks, at, end = [], 0, 0
    while at < len(data):
        is_within = True
        while is_within and end < len(data):
            start, end = end, data.find(b"\n", min(end + _BLOCK, len(data))) + 1 or len(data)
            quotes = data.count(b'"', start, end) - data.count(b'\\"', start, end)
            is_within = bool(quotes % 2) is (start == at)
        blocks.append(data[at:end])
        at = end
    return blocks


def _together(blocks: list[NamedValues], names: LineNames, precision: str) -> NamedValues:
    """The values of all blocks, their times in ms; finer ones are cut off."""
    ends = np.cumsum([len(block.row) for block in blocks])

    def original(place: int) -> bytes:
        at = int(np.searchsorted(ends, place, side="right"))
        return blocks[at].original(place - int(ends[at] - len(blocks[at].row)))

    nothing = np.empty(0, np.int64)
    time = np.concatenate([nothing, *(block.time_ms for block in blocks)])
    return NamedValues(
        names.all,
        np.concatenate([nothing, *(block.name for block in blocks)]),
        _milliseconds(time, precision),
        np.concatenate([np.empty(0), *(block.number for block in blocks)]),
        np.concatenate([nothing, *(block.row for block in blocks)]),
        original,
    )


def _milliseconds(time: Ints, precision: str) -> Ints:
    """Times of a precision in ms."""
    if precision == AUTO:
        sizes = [np.abs(time) < limit for limit, _ in _STEPS]
        return np.select(
            sizes, [_milliseconds(time, name) for _, name in _STEPS], _milliseconds(time, "ns")
        )
    nanos = NANOS[precision]
    if nanos < _MS:
        return time // (_MS // nanos)
    limit = np.iinfo(np.int64).max // (nanos // _MS)
    return np.clip(time, -limit, limit) * (nanos // _MS)


def _sent(sent: HttpSent, default: str = "ns") -> HttpDelivery:
    given = sent.query.get("precision", default)
    precision = _SPELLED.get(given, given)
    if precision not in (*NANOS, AUTO):
        raise Malformed(f"precision {given!r}: there are {', '.join((*NANOS, AUTO))}", "precision")
    return HttpDelivery(with_tags(sent.body, extra_labels(sent)), f"influx:{precision}")


def _sent_auto(sent: HttpSent) -> HttpDelivery:
    return _sent(sent, AUTO)


def _taken(_: HttpSent, taken: HttpTaken) -> HttpAnswer:
    if not taken.refused:
        return HttpAnswer(204)
    reasons = "; ".join(taken.reasons)
    return refusal(400, f"partial write: {reasons} dropped={taken.refused}")


def _taken_by_2(_: HttpSent, taken: HttpTaken) -> HttpAnswer:
    """As version 2 says it: with the first line that was not taken."""
    if not taken.refused:
        return HttpAnswer(204)
    reason = f"partial write: {'; '.join(taken.reasons)} dropped={taken.refused}"
    body = {"code": "invalid", "op": "write", "message": reason, "err": reason, "error": reason}
    return json_answer(400, body | ({"line": taken.rows[0][0]} if taken.rows else {}))


def _taken_by_3(sent: HttpSent, taken: HttpTaken) -> HttpAnswer:
    """As version 3 says it: each line that was not taken, and why."""
    if not taken.refused:
        return HttpAnswer(204)
    lines = sent.body.split(b"\n")
    data = [
        {
            "original_line": lines[row - 1].decode("utf-8", "replace") if row <= len(lines) else "",
            "line_number": row,
            "error_message": reason,
        }
        for row, reason in taken.rows
    ]
    return json_answer(400, {"error": "partial write of line protocol occurred", "data": data})


def refusal(status: int, reason: str) -> HttpAnswer:
    """As InfluxDB 1 and 2 say it."""
    code = _CODES.get(status, "invalid" if status < 500 else "unavailable")
    return json_answer(status, {"code": code, "message": reason, "error": reason})


def _pong(_: HttpSent, __: HttpTaken) -> HttpAnswer:
    return HttpAnswer(204, headers=_VERSION)


def _healthy(_: HttpSent, __: HttpTaken) -> HttpAnswer:
    found = {"name": "influxdb", "status": "pass", "message": "ready for writes", "checks": []}
    return json_answer(200, found, _VERSION)


def _ready(_: HttpSent, __: HttpTaken) -> HttpAnswer:
    return json_answer(200, {"status": "ready"}, _VERSION)


def _query(sent: HttpSent, _: HttpTaken) -> HttpAnswer:
    """What writers ask before they write: whether their database is there, or to make it."""
    text = sent.query.get("q", "") or dict(parse_qsl(sent.body.decode("utf-8", "replace"))).get(
        "q", ""
    )
    words = text.strip().rstrip(";").upper().split()[:2]
    result: dict[str, object] = {"statement_id": 0}
    if words == ["SHOW", "DATABASES"]:
        result["series"] = [{"name": "databases", "columns": ["name"], "values": [[_DATABASE]]}]
    elif words[:1] not in (["CREATE"], ["ALTER"]):
        return refusal(400, "nothing is queried here in InfluxQL: /api/v1 of EnergyGuard answers")
    return json_answer(200, {"results": [result]}, _VERSION)


def _routes(below: str) -> list[HttpRoute]:
    """Those that versions 1 and 2 share; VictoriaMetrics has them below ``/influx``, too."""
    return [
        HttpRoute(method="POST", path=f"{below}/write", read=_sent, answer=_taken),
        HttpRoute(method="POST", path=f"{below}/api/v2/write", read=_sent, answer=_taken_by_2),
        HttpRoute(method="GET", path=f"{below}/ping", answer=_pong),
        HttpRoute(method="GET", path=f"{below}/health", answer=_healthy),
        HttpRoute(method="GET", path=f"{below}/query", answer=_query),
        HttpRoute(method="POST", path=f"{below}/query", answer=_query),
    ]


_DATABASE: Final = "energyguard"
_VERSION: Final = {"X-Influxdb-Version": "1.8-energyguard", "X-Influxdb-Build": "OSS"}
_CODES: Final = {
    401: "unauthorized", 403: "forbidden", 413: "request too large", 429: "too many requests",
}  # fmt: skip
HTTP = HttpDialect(
    title="InfluxDB line protocol",
    senders="Telegraf, Home Assistant, ESPHome, Node-RED, InfluxDB's clients",
    routes=(
        *_routes(""),
        *_routes("/influx"),
        HttpRoute(method="GET", path="/ready", answer=_ready),
        HttpRoute(method="POST", path="/api/v3/write_lp", read=_sent_auto, answer=_taken_by_3),
    ),
    refusal=refusal,
    query_keys=("p",),
)
DIALECT = Dialect(
    name="influx",
    example=(
        b"plug,device=fridge power_w=84.2,energy_wh_total=118204i 1764590400000000000\n"
        b"plug,device=boiler power_w=1950 1764590400000000000\n"
    ),
    decode=decode_influx,
    http=HTTP,
)
