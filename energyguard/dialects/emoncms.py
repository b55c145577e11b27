"""emonCMS' inputs: ``/input/post?node=…&fulljson={…}`` and ``/input/bulk?data=[[…]]``.

https://emoncms.org/site/api#input, or ``Modules/input/input_methods.php`` of emoncms/emoncms. A
request becomes lines of JSON, one for each node and time, which are what dead letters keep.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl

from energyguard.codecs import Decoded
from energyguard.codecs.columns import sixty_fourth
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
from energyguard.dialects.names import ValueName
from energyguard.dialects.rows import (
    NamedValue,
    json_of,
    number_of,
    numbered_lines,
    readings_of_rows,
    since_1970,
)
from energyguard.errors import Malformed

_BARE: Final = re.compile(r"[{}\s\"']")
_NUMBER: Final = re.compile(r"-?[0-9.]+")
_DEFAULT_NODE: Final = "0"
_ENDS: Final = ("", ".json")


def decode_inputs(data: bytes, context: DecodeContext) -> Decoded:
    """The readings of lines: ``{"node":"emontx","time":1764590400,"values":{"power_w":84.2}}``."""
    lines = numbered_lines(data, context)
    return readings_of_rows(lines, _values, "emoncms", "emoncms", context)


def _values(line: bytes) -> Iterator[NamedValue]:
    found = json_of(line)
    if not isinstance(found, dict) or not isinstance(found.get("values"), dict):
        raise Malformed("a line has node, time and values")
    node, time = str(found.get("node", _DEFAULT_NODE)), since_1970(found.get("time"))
    for name, value in found["values"].items():
        if value is not None:
            yield NamedValue(ValueName(str(name), node), time, number_of(value, str(name)))


def _given(sent: HttpSent) -> Mapping[str, str]:
    """The parameters of a request, wherever they stand."""
    return {**sent.query, **dict(parse_qsl(sent.body.decode("utf-8", "replace")))}


def _post(sent: HttpSent) -> HttpDelivery:
    given = _given(sent)
    values = _inputs(given)
    in_values = values.pop("time", None) if "fulljson" in given else None
    node = sent.path.get("node", "").removesuffix(".json") or given.get("node", _DEFAULT_NODE)
    return _lines([(node, _moment(given.get("time") or in_values, sent.now_ms), values)])


def _moment(time: object, now_ms: int) -> float:
    """A time since 1970 or written out, in s; none is given: now.

    Raises:
        Malformed: it is no time, or has no zone.
    """
    if not time:
        return now_ms / 1_000
    try:
        moment = datetime.fromisoformat(str(time)) if not _NUMBER.fullmatch(str(time)) else None
    except ValueError:
        moment = None
    if moment is None:
        return since_1970(time) / 1_000
    if moment.tzinfo is None:
        raise Malformed(f"the time has no offset: {sixty_fourth(str(time))}", "time")
    return moment.timestamp()


def _inputs(given: Mapping[str, str]) -> dict[str, object]:
    """The named values of a post.

    Raises:
        Malformed: there are none.
    """
    if text := given.get("fulljson"):
        found = json_of(text.encode())
        if not isinstance(found, dict):
            raise Malformed("Input must be a JSON object", "fulljson")
        return {str(name): value for name, value in found.items()}
    text = next((given[name] for name in ("json", "csv", "data") if given.get(name)), "")
    if not text:
        raise Malformed("Request contains no data via csv, json or data tag", "data")
    return _pairs(text)


def _pairs(text: str) -> dict[str, object]:
    """``{power1:100,"power2":200}`` of small devices, and ``100,200``, counted from 1."""
    values: dict[str, object] = {}
    counted = 0
    for part in filter(None, _BARE.sub("", text).split(",")):
        name, colon, value = part.partition(":")
        if not colon:
            counted += 1
            name, value = str(counted), part
        if not name:
            raise Malformed("Format error, json key missing or invalid character", "json")
        values[name] = None if value == "null" else number_of(value, name)
    return values


def _bulk(sent: HttpSent) -> HttpDelivery:
    given = _given(sent)
    rows = json_of(given.get("data", "").encode())
    if not isinstance(rows, list) or not all(isinstance(row, list) and row for row in rows):
        raise Malformed("Format error, json string supplied is not valid", "data")
    last = rows[-1][0] if rows else None
    rows = [row for row in rows if len(row) > 2]  # emonCMS leaves out what has no value
    if not rows:
        raise Malformed("Request contains no data", "data")
    offsets = [number_of(row[0], "an offset") for row in rows]
    sent_at = given.get("sentat", given.get("offset"))
    if sent_at is None and "time" in given:
        start = _moment(given["time"], sent.now_ms)
    else:
        start = sent.now_ms / 1_000 - number_of(last if sent_at is None else sent_at, "sentat")
    return _lines(
        (str(row[1]), start + offset, _bulk_values(row[2:]))
        for row, offset in zip(rows, offsets, strict=True)
    )


def _bulk_values(cells: list[object]) -> dict[str, object]:
    values: dict[str, object] = {}
    for at, cell in enumerate(cells, 1):
        if isinstance(cell, dict):
            values |= {str(name): value for name, value in cell.items()}
        else:
            values[str(at)] = cell
    return values


def _lines(rows: Iterable[tuple[str, float, Mapping[str, object]]]) -> HttpDelivery:
    lines = [
        json.dumps({"node": node, "time": round(time, 3), "values": values}, ensure_ascii=False)
        for node, time, values in rows
    ]
    return HttpDelivery("\n".join(lines).encode(), "emoncms")


def _taken(_: HttpSent, __: HttpTaken) -> HttpAnswer:
    """What its senders wait for: anything else they send again for ever.

    emonCMS takes inputs of any name; here those that lead nowhere are dead letters.
    """
    return HttpAnswer(200, "ok")


def refusal(status: int, reason: str) -> HttpAnswer:
    """As emonCMS says it, with a status that says so, too."""
    return json_answer(status, {"success": False, "message": reason})


HTTP = HttpDialect(
    title="emonCMS inputs",
    senders="emonHub, emonTx, EmonESP, OpenEVSE, IoTaWatt",
    routes=tuple(
        HttpRoute(method=method, path=f"/input/{path}{end}", read=read, answer=_taken)
        for path, read, ends in (("post", _post, ("", ".json", "/{node}")), ("bulk", _bulk, _ENDS))
        for method in ("GET", "POST")
        for end in ends
    ),
    refusal=refusal,
    query_keys=("apikey",),
)
DIALECT = Dialect(
    name="emoncms",
    example=b'{"node":"emontx","time":1764590400,"values":{"power_w":84.2,"voltage_v":230.1}}\n',
    decode=decode_inputs,
    http=HTTP,
)
