"""Prometheus' text format: ``power_watts{device="fridge"} 84.2 1764590400000``, a line each.

https://prometheus.io/docs/instrumenting/exposition_formats/. ``# TYPE`` says which are counters.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

from energyguard.codecs import Decoded
from energyguard.codecs.context import DecodeContext
from energyguard.codecs.dialect import Dialect
from energyguard.codecs.http import HttpDelivery, HttpDialect, HttpRoute, HttpSent
from energyguard.dialects.prometheus.remote_write import refusal
from energyguard.dialects.prometheus.series import named_by_labels
from energyguard.dialects.rows import NamedValue, number_of, numbered_lines, readings_of_rows
from energyguard.dialects.victoriametrics.dialect import extra_labels, taken
from energyguard.errors import Malformed

_LABEL: Final = re.compile(r'\s*([A-Za-z_]\w*)\s*=\s*"((?:\\.|[^"\\])*+)"\s*(?:,|$)', re.ASCII)
_LINE: Final = re.compile(
    r'\s*([A-Za-z_:][\w:]*)\s*(?:\{((?:"(?:\\.|[^"\\])*+"|[^"}])*+)\})?\s+(\S+)(?:\s+(-?\d{1,18}))?\s*',
    re.ASCII,
)
_TYPE: Final = re.compile(rb"\s*#\s*TYPE\s+(\S+)\s+counter\s*")
_ESCAPES: Final = {r"\\": "\\", r"\"": '"', r"\n": "\n"}


def decode_text(data: bytes, context: DecodeContext) -> Decoded:
    """The readings of lines; those without a time have the one at which they came."""
    counters = {found[1].decode("utf-8", "replace") for found in _TYPE.finditer(data)}
    now = context.now_ms

    def values(line: bytes) -> Iterator[NamedValue]:
        return _values(line, counters, now)

    lines = (row for row in numbered_lines(data, context) if not row[1].lstrip().startswith(b"#"))
    timed = ((row, _timed(line, now)) for row, line in lines)
    return readings_of_rows(timed, values, "prometheus", "prometheus-text", context)


def _timed(line: bytes, now_ms: int) -> bytes:
    """A line with its time, so that it has the same one when it comes again."""
    found = _LINE.fullmatch(line.decode("utf-8", "replace"))
    return line if found is None or found[4] else b"%b %d" % (line.rstrip(), now_ms)


def _values(line: bytes, counters: set[str], now_ms: int) -> Iterator[NamedValue]:
    found = _LINE.fullmatch(line.decode("utf-8", "replace"))
    if found is None:
        raise Malformed("it is no line of the format")
    metric, inside, value, time = found.groups()
    labels, at = [("__name__", metric)], 0
    while inside and at < len(inside):
        label = _LABEL.match(inside, at)
        if label is None:
            raise Malformed("its labels cannot be read", "labels")
        text = re.sub(r"\\.", lambda part: _ESCAPES.get(part[0], part[0]), label[2])
        labels.append((label[1], text))
        at = label.end()
    name = named_by_labels(tuple(sorted(labels)), "register" if metric in counters else "")
    yield NamedValue(name, int(time) if time else now_ms, number_of(value, metric))


def _sent(sent: HttpSent) -> HttpDelivery:
    """A body; ``timestamp`` of VictoriaMetrics' import is the time of lines without one, in ms."""
    given, body = sent.query.get("timestamp", ""), sent.body
    if given:
        if not re.fullmatch(r"-?[0-9]{1,18}", given):
            raise Malformed(f"timestamp is no number of ms: {given[:64]!r}", "timestamp")
        lines = (line.rstrip(b"\r") for line in body.split(b"\n"))
        body = b"\n".join(
            line if line.lstrip().startswith(b"#") else _timed(line, int(given)) for line in lines
        )
    if extra := extra_labels(sent):
        added = ",".join(f'{name}="{_escaped(text)}"' for name, text in extra.items())
        body = b"\n".join(_labelled(line, extra.keys(), added) for line in body.split(b"\n"))
    return HttpDelivery(body, "prometheus-text")


def _labelled(line: bytes, names: Collection[str], added: str) -> bytes:
    """A line with labels that go before its own of the same names."""
    found = _LINE.fullmatch(line.decode("utf-8", "replace").rstrip("\r"))
    if found is None or line.lstrip().startswith(b"#"):
        return line
    own = _LABEL.finditer(found[2] or "")
    kept = [f'{label[1]}="{label[2]}"' for label in own if label[1] not in names]
    labels = ",".join([*kept, added])
    return f"{found[1]}{{{labels}}} {found[3]} {found[4] or ''}".rstrip().encode()


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


HTTP = HttpDialect(
    title="Prometheus text",
    senders="scripts and exporters that push; VictoriaMetrics' import",
    routes=(HttpRoute(method="POST", path="/api/v1/import/prometheus", read=_sent, answer=taken),),
    refusal=refusal,
)
DIALECT = Dialect(
    name="prometheus-text",
    example=b'power_watts{device="fridge"} 84.2 1764590400000\n',
    decode=decode_text,
    http=HTTP,
)
