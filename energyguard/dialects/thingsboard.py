"""ThingsBoard's device API: ``POST /api/v1/TOKEN/telemetry`` with ``{"power_w":84.2}``.

https://thingsboard.io/docs/reference/http-api/#telemetry-upload-api. The token is in the path, and
is the device: values are those of the device that is called as the token is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

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
    number_or_none,
    numbered_lines,
    readings_of_rows,
)
from energyguard.errors import Malformed


def decode_telemetry(data: bytes, context: DecodeContext) -> Decoded:
    """The readings of lines: ``{"ts":1764590400000,"values":{"power_w":84.2}}``."""
    lines, shape = numbered_lines(data, context), f"thingsboard@{context.device}"
    return readings_of_rows(lines, _values, "thingsboard", shape, context)


def _values(line: bytes) -> Iterator[NamedValue]:
    found = json_of(line)
    if not isinstance(found, dict) or not isinstance(found.get("values"), dict):
        raise Malformed("telemetry is an object, or has ts and values")
    time = found.get("ts")
    if not isinstance(time, int) or abs(time) >= 2**62:
        raise Malformed(f"ts is no number of ms: {str(time)[:64]!r}", "ts")
    for name, value in found["values"].items():
        number = number_or_none(value)
        unit = "" if number is not None else "a text"
        yield NamedValue(ValueName(str(name), unit=unit), time, number or 0.0)


def _sent(sent: HttpSent) -> HttpDelivery:
    found = json_of(sent.body)
    lines = []
    for row in found if isinstance(found, list) else [found]:
        if not isinstance(row, dict):
            raise Malformed("telemetry is an object, or a list of objects", "body")
        timed = row if "ts" in row and "values" in row else {"ts": sent.now_ms, "values": row}
        lines.append(json.dumps(timed, ensure_ascii=False))
    return HttpDelivery("\n".join(lines).encode(), "thingsboard", sent.sender)


def _taken(_: HttpSent, taken: HttpTaken) -> HttpAnswer:
    if taken.refused:
        return refusal(400, taken.sentence)
    return HttpAnswer(200)


def refusal(status: int, reason: str) -> HttpAnswer:
    """A status, and why."""
    return json_answer(status, {"status": status, "message": reason})


def _attributes(_: HttpSent) -> HttpDelivery:
    raise Malformed(
        "attributes say what a device is, and are not kept: what it measures goes to /telemetry",
        "attributes",
    )


_DEVICE: Final = "/api/v1/{token}"
HTTP = HttpDialect(
    title="ThingsBoard device API",
    senders="devices and gateways made for ThingsBoard",
    routes=(
        HttpRoute(method="POST", path="/api/v1/{token}/telemetry", read=_sent, answer=_taken),
        HttpRoute(
            method="POST", path="/api/v1/{token}/attributes", read=_attributes, answer=_taken
        ),
    ),
    refusal=refusal,
    path_key="token",
)
DIALECT = Dialect(
    name="thingsboard",
    example=b'{"ts":1764590400000,"values":{"power_w":84.2,"voltage_v":230.1}}\n',
    decode=decode_telemetry,
    http=HTTP,
)
