"""VictoriaMetrics' import: ``{"metric":{…},"values":[…],"timestamps":[…]}``, one in a line.

https://docs.victoriametrics.com/#json-line-format. Its exports say ``null`` or ``"NaN"`` where a
series has no value.
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
)
from energyguard.dialects.names import ValueName
from energyguard.dialects.prometheus.remote_write import refusal
from energyguard.dialects.prometheus.series import named_by_labels
from energyguard.dialects.rows import (
    NamedValue,
    json_of,
    number_of,
    numbered_lines,
    readings_of_rows,
)
from energyguard.dialects.victoriametrics.csv import csv_format, csv_lines
from energyguard.errors import Malformed

_NO_VALUES: Final = (None, "null", "NaN", "nan")


def decode_import(data: bytes, context: DecodeContext) -> Decoded:
    """The readings of lines of JSON."""
    lines = numbered_lines(data, context)
    return readings_of_rows(lines, _values, "prometheus", "victoriametrics", context)


def _values(line: bytes) -> Iterator[NamedValue]:
    found = json_of(line)
    if not isinstance(found, dict):
        raise Malformed("it is no object")
    if isinstance(reason := found.get("reason"), str) and "metric" not in found:
        raise Malformed(reason)  # of a row of CSV
    metric, values, times = (found.get(key) for key in ("metric", "values", "timestamps"))
    if not (isinstance(metric, dict) and isinstance(values, list) and isinstance(times, list)):
        raise Malformed("an object has metric, values and timestamps")
    if len(values) != len(times):
        raise Malformed(f"it has {len(values)} values and {len(times)} timestamps")
    name = _name(metric)
    for value, time in zip(values, times, strict=True):
        if not isinstance(time, int) or abs(time) >= 2**62:
            raise Malformed(f"a time is no number of ms: {str(time)[:64]!r}", "time")
        if value not in _NO_VALUES:
            yield NamedValue(name, time, number_of(value, name.name))


def _name(metric: dict[object, object]) -> ValueName:
    labels = tuple(sorted((str(label), str(text)) for label, text in metric.items()))
    return named_by_labels(labels)


def _sent(sent: HttpSent) -> HttpDelivery:
    body, extra = sent.body, extra_labels(sent)
    if extra:
        body = b"\n".join(_labelled(line, extra) for line in body.split(b"\n"))
    return HttpDelivery(body, "victoriametrics")


def _sent_csv(sent: HttpSent) -> HttpDelivery:
    columns, extra = csv_format(sent.query.get("format", "")), extra_labels(sent)
    lines = csv_lines(sent.body, columns, sent.now_ms)
    return HttpDelivery(b"\n".join(_labelled(line, extra) for line in lines), "victoriametrics")


def extra_labels(sent: HttpSent) -> dict[str, str]:
    """The labels that an address adds to all series: ``extra_label=site=attic``.

    Raises:
        Malformed: one has no name.
    """
    found = dict[str, str]()
    for key, text in sent.pairs:
        if key == "extra_label":
            name, equals, value = text.partition("=")
            if not (name and equals):
                raise Malformed(f"extra_label is no NAME=VALUE: {text[:64]!r}", "extra_label")
            found[name] = value
    return found


def _labelled(line: bytes, extra: dict[str, str]) -> bytes:
    """A line with labels that are added to its own; one that cannot be read stays as it is."""
    if not (extra and line.strip()):
        return line
    try:
        found = json_of(line)
    except Malformed:
        return line
    if isinstance(found, dict) and isinstance(found.get("metric"), dict):
        found["metric"] |= extra
        return json.dumps(found, ensure_ascii=False).encode()
    return line


def taken(_: HttpSent, taken: HttpTaken) -> HttpAnswer:
    """204, or what was refused."""
    if taken.refused:
        return HttpAnswer(400, f"{taken.sentence}\n")
    return HttpAnswer(204)


def _taken_csv(sent: HttpSent, found: HttpTaken) -> HttpAnswer:
    """As ``taken``; rows are those of the CSV."""
    each = csv_format(sent.query["format"]).lines_each
    rows = [((row - 1) // each + 1, reason) for row, reason in found.rows]
    return taken(sent, found._replace(rows=rows))


HTTP = HttpDialect(
    title="VictoriaMetrics import",
    senders="vmctl, exports of VictoriaMetrics",
    routes=(
        HttpRoute(method="POST", path="/api/v1/import", read=_sent, answer=taken),
        HttpRoute(method="POST", path="/api/v1/import/csv", read=_sent_csv, answer=_taken_csv),
    ),
    refusal=refusal,
)
DIALECT = Dialect(
    name="victoriametrics",
    example=(
        b'{"metric":{"__name__":"power_watts","device":"fridge"},'
        b'"values":[84.2,83],"timestamps":[1764590400000,1764590460000]}\n'
    ),
    decode=decode_import,
    http=HTTP,
)
