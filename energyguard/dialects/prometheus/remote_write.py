"""Prometheus remote write 1.0 and 2.0: what a Prometheus, an agent or a collector forwards.

https://prometheus.io/docs/specs/prw/remote_write_spec/ and …/remote_write_spec_2_0/. A value is a
sample; its name is the metric's, its labels are the series'. Samples are read as columns
(``prometheus_wire.py``), and a series is placed once, however often it comes.
"""

from __future__ import annotations

import json
from typing import Final

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
)
from energyguard.codecs.refusals import Refusals, refused_whole
from energyguard.dialects.mapping import mapping_of
from energyguard.dialects.prometheus.series import SeriesNames
from energyguard.dialects.prometheus.wire import (
    MAX_FIELDS,
    STALE,
    WireSamples,
    samples_at,
    samples_in,
    wire_fields,
)
from energyguard.dialects.values import NamedValues, readings_of_names
from energyguard.errors import Malformed

_SERIES: Final = {"": 1, "2": 5}
"""The number of the field that has the series, by the version."""
_END: Final = b"\x12\x10\x09" + STALE.to_bytes(8, "little")
"""How a sample begins that only ends a series: heeded, so its sender counts it as written."""
_AGAIN: Final = "victoriametrics"
"""How a refused sample is decoded again: as a line of JSON, which people can read."""


def decode_remote_write(data: bytes, context: DecodeContext) -> Decoded:
    """The readings of a request; ``context.options`` is ``2`` where it is of version 2."""
    refusals = Refusals(context.single, _AGAIN)
    mapping = mapping_of(context.mappings)
    try:
        parts = wire_fields(data)
        names = SeriesNames(data, context.options, mapping, parts)
        samples = _samples(data, *parts.of(_SERIES.get(context.options, 1)), names)
    except (Malformed, IndexError) as error:
        reason = (
            error.reason
            if isinstance(error, Malformed)
            else "the message is cut, or names no symbol"
        )
        refusals.add(refused_whole(data, context.first_row, "body", reason, 1))
        samples = WireSamples(*(np.empty(0, np.int64),) * 2, np.empty(0))
        names = SeriesNames(b"", "", mapping, wire_fields(b""))

    def original(place: int) -> bytes:
        labels = dict(names.labels(int(samples.series[place])))
        found = {
            "metric": labels,
            "values": [float(samples.value[place])],
            "timestamps": [int(samples.time_ms[place])],
        }
        return json.dumps(found, ensure_ascii=False).encode()

    row = np.arange(len(samples.series), dtype=np.int64) + context.first_row
    values = NamedValues(
        names.places, samples.series, samples.time_ms, samples.value, row, original
    )
    return readings_of_names(values, _AGAIN, context, refusals)


def _samples(data: bytes, starts: Ints, ends: Ints, names: SeriesNames) -> WireSamples:
    """The samples of all series in their order, without those that only end one."""
    full, zero = names.sample_places(starts, ends)
    found, begins, lasts = samples_at(data, starts, ends, full, zero)
    is_read = names.read(starts, ends, found.series, begins, lasts)
    whole = found if is_read.all() and len(is_read) == len(starts) else found.take(is_read)
    if len(whole.series) < len(starts):
        whole = _with_walked(data, starts, ends, names, whole)
    is_one = whole.value.view(np.uint64) != STALE
    return whole if is_one.all() else whole.take(is_one)


def _with_walked(
    data: bytes, starts: Ints, ends: Ints, names: SeriesNames, found: WireSamples
) -> WireSamples:
    """Samples that were found, and those of all other series, in the order of the series."""
    is_single = np.zeros(len(starts), np.bool_)
    is_single[found.series] = True
    parts, limit = [found], MAX_FIELDS
    for place in np.flatnonzero(~is_single).tolist():
        start, end = int(starts[place]), int(ends[place])
        names.walk(place, start, end)
        walked = list(samples_in(data, start, end, limit))
        limit -= len(walked)
        times, numbers = zip(*walked, strict=True) if walked else ((), ())
        parts.append(
            WireSamples(
                np.full(len(walked), place, np.int64),
                np.array(times, np.int64),
                np.array(numbers, np.float64),
            )
        )
    whole = WireSamples(*map(np.concatenate, zip(*parts, strict=True)))
    return whole.take(np.argsort(whole.series, kind="stable"))


def _version(sent: HttpSent) -> str:
    """The version of a request, by its content type.

    Raises:
        Malformed: it is another message.
    """
    kind = sent.headers.get("content-type", "application/x-protobuf").lower().replace(" ", "")
    media, _, proto = kind.partition(";")
    if media == "application/x-protobuf":
        if proto in ("", "proto=prometheus.writerequest"):
            return ""
        if proto == "proto=io.prometheus.write.v2.request":
            return "2"
    raise Malformed(f"Content-Type {kind[:80]!r} is not known", "content-type")


def _sent(sent: HttpSent) -> HttpDelivery:
    version = _version(sent)
    return HttpDelivery(sent.body, f"prometheus:{version}" if version else "prometheus")


def _taken(sent: HttpSent, taken: HttpTaken) -> HttpAnswer:
    headers = {}
    if _version(sent):
        prefix = "X-Prometheus-Remote-Write"
        ends = 0 if taken.refused else sent.body.count(_END)
        headers = {f"{prefix}-Samples-Written": str(taken.accepted + ends)} | {
            f"{prefix}-{kind}-Written": "0" for kind in ("Histograms", "Exemplars")
        }
    if taken.refused:
        text = f"{taken.refused} samples were not taken: {'; '.join(taken.reasons)}\n"
        return HttpAnswer(400, text, headers=headers)
    return HttpAnswer(204, headers=headers)


def refusal(status: int, reason: str) -> HttpAnswer:
    """4xx is dropped, 5xx comes again; 429, which is dropped unless it is set, is 503."""
    if reason.startswith("Content-Type"):
        status = 415
    return HttpAnswer(503 if status == 429 else status, f"{reason}\n")


HTTP = HttpDialect(
    title="Prometheus remote write",
    senders="Prometheus, Grafana Alloy, vmagent, OpenTelemetry's collector",
    routes=(HttpRoute(method="POST", path="/api/v1/write", read=_sent, answer=_taken),),
    refusal=refusal,
    config="""\
remote_write:
  - url: {address}
    authorization: {credentials: "{token}"}
    write_relabel_configs:
      - source_labels: [__name__]
        regex: ".*_(watts|joules_total|watt_hours_total|volts|amperes)"
        action: keep
""",
)
_EXAMPLE: Final = (
    b"\x0a\x3d"  # a series of two labels and a sample
    b"\x0a\x17\x0a\x08__name__\x12\x0bpower_watts"
    b"\x0a\x10\x0a\x06device\x12\x06fridge"
    b"\x12\x10\x09\xcd\xcc\xcc\xcc\xcc\x0c\x55\x40\x10\x80\xe4\xa2\xce\xad\x33"
)
DIALECT = Dialect(name="prometheus", example=_EXAMPLE, decode=decode_remote_write, http=HTTP)
