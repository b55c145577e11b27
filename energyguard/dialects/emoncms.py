"""emonCMS' inputs: ``/input/post?node=…&fulljson={…}`` and ``/input/bulk?data=[[…]]``.

https://emoncms.org/site/api#input, or ``input_controller.php``. A request becomes lines of JSON,
one for each node and time, which are what dead letters keep.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import parse_qsl

from energyguard.codecs import Decoded
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
_DEFAULT_NODE: Final = "0"


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
    time = given.get("time") or sent.now_ms / 1_000
    values = _inputs(given)
    node = given.get("node", _DEFAULT_NODE)
    return _lines([(node, since_1970(time) / 1_000, values)])


def _inputs(given: Mapping[str, str]) -> dict[str, object]:
    """The named values of a post.

    Raises:
        Malformed: there are none.
    """
    text = given.get("fulljson") or given.get("data") or given.get("json")
    if text:
        try:
            found = json_of(text.encode())
        except Malformed:  # {power1:100,power2:200} of small devices
            found = _unquoted(text)
        if isinstance(found, dict):
            return {str(name): value for name, value in found.items()}
    elif given.get("csv"):
        return {str(at): value for at, value in enumerate(given["csv"].split(","), 1)}
    raise Malformed("Request contains no data via csv, json or data tag", "data")


def _unquoted(text: str) -> dict[str, object]:
    pairs = [pair.split(":", 1) for pair in _BARE.sub("", text).split(",") if pair]
    if any(len(pair) != 2 for pair in pairs):
        raise Malformed("Format error, json string supplied is not valid", "json")
    return {pair[0]: pair[1] for pair in pairs}


def _bulk(sent: HttpSent) -> HttpDelivery:
    given = _given(sent)
    rows = json_of(given.get("data", "").encode())
    if not isinstance(rows, list) or not all(isinstance(r, list) and len(r) > 2 for r in rows):
        raise Malformed("Format error, json string supplied is not valid", "data")
    if not rows:
        raise Malformed("Request contains no data", "data")
    offsets = [number_of(row[0], "an offset") for row in rows]
    now = sent.now_ms / 1_000
    if "time" in given:
        start = number_of(given["time"], "time")
    else:
        sent_at = given.get("sentat", given.get("offset", offsets[-1]))
        start = now - number_of(sent_at, "sentat")
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
        for path, read in (("post", _post), ("bulk", _bulk))
        for method in ("GET", "POST")
        for end in ("", ".json")
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
