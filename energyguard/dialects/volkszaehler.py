"""volkszaehler's middleware: ``POST /middleware.php/data/UUID.json`` with ``[[ms, value], …]``.

https://wiki.volkszaehler.org/development/api/reference. A UUID says nothing of what it counts: a
mapping does, whose ``name`` it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

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
)
from energyguard.errors import Malformed

_VERSION = "0.3"


def decode_tuples(data: bytes, context: DecodeContext) -> Decoded:
    """The readings of lines: ``{"uuid":"…","data":[[1764590400000,84.2]]}``."""
    lines = numbered_lines(data, context)
    return readings_of_rows(lines, _values, "volkszaehler", "volkszaehler", context)


def _values(line: bytes) -> Iterator[NamedValue]:
    found = json_of(line)
    rows = found.get("data") if isinstance(found, dict) else None
    if not isinstance(rows, list) or not isinstance(found, dict):
        raise Malformed("a line has uuid and data")
    uuid = str(found.get("uuid", ""))
    for row in rows:
        if not isinstance(row, list) or len(row) < 2:
            raise Malformed("data has pairs of a time in ms and a value", "data")
        time = number_of(row[0], "the time")
        if not abs(time) < 2**62:
            raise Malformed(f"the time is no number of ms: {row[0]}", "data")
        yield NamedValue(ValueName(uuid, uuid), int(time), number_of(row[1], "the value"))


def _added(sent: HttpSent) -> HttpDelivery:
    """A value in an address, as small devices send it: ``?operation=add&value=12``."""
    if sent.query.get("operation") != "add":
        raise Malformed("only operation=add is taken here; what was kept is asked of our own API")
    return _sent(sent)


def _sent(sent: HttpSent) -> HttpDelivery:
    query = sent.query
    if "value" in query or not sent.body.strip():
        data: object = [[query.get("ts") or sent.now_ms, query.get("value", 1)]]
    else:
        data = json_of(sent.body)
        if isinstance(data, list) and data and not isinstance(data[0], list):
            data = [data]
    line = {"uuid": sent.path["uuid"].removesuffix(".json"), "data": data}
    return HttpDelivery(json.dumps(line).encode(), "volkszaehler")


def _taken(_: HttpSent, taken: HttpTaken) -> HttpAnswer:
    if taken.refused:
        return refusal(400, taken.sentence)
    return json_answer(200, {"version": _VERSION, "rows": taken.accepted})


def refusal(status: int, reason: str) -> HttpAnswer:
    """As the middleware says it."""
    exception = {"message": reason, "type": "Exception", "code": 0}
    return json_answer(status, {"version": _VERSION, "exception": exception})


HTTP = HttpDialect(
    title="volkszaehler middleware",
    senders="vzlogger",
    routes=(
        HttpRoute(method="POST", path="/middleware.php/data/{uuid}", read=_sent, answer=_taken),
        HttpRoute(method="GET", path="/middleware.php/data/{uuid}", read=_added, answer=_taken),
    ),
    refusal=refusal,
    needs_mapping=True,
)
DIALECT = Dialect(
    name="volkszaehler",
    example=(b'{"uuid":"550e8400-e29b-11d4-a716-446655440000","data":[[1764590400000,84.2]]}\n'),
    decode=decode_tuples,
    http=HTTP,
)
