"""JSON of any shape, of which a mapping says what counts: ``POST /mapped``.

Every number in it has a name, the fields on the way to it (``data.meters.power``; lists add
nothing), and as labels the texts and numbers beside it and around it, so that a mapping can make
devices of them. Only what a mapping names is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
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
from energyguard.dialects.mapping import mapping_of
from energyguard.dialects.names import ValueName
from energyguard.dialects.rows import (
    NamedValue,
    json_of,
    number_or_none,
    numbered_lines,
    readings_of_rows,
    since_1970,
)
from energyguard.errors import Malformed
from energyguard.model.days import ms_of

_TIMES: Final = ("timestamp", "time", "datetime", "ts", "created_at", "date")
_DEEP: Final = 20
_NO_LABELS: Final[Mapping[str, str]] = MappingProxyType({})


def decode_mapped(data: bytes, context: DecodeContext) -> Decoded:
    """The readings of lines, a text of JSON each; of one without a time, now."""
    mapping = mapping_of(context.mappings)

    def values(body: bytes) -> Iterator[NamedValue]:
        found = False
        for name, labels, number in numbers_in(json_of(body)):
            value = ValueName(name, labels=tuple(sorted(labels.items())))
            if mapping.rule_of(value, "mapped") is not None:
                found = True
                yield NamedValue(value, _time_of(labels, context.now_ms), number)
        if not found:
            raise Malformed("no mapping takes anything of it")

    lines = numbered_lines(data, context)
    return readings_of_rows(lines, values, "mapped", "mapped", context)


def numbers_in(
    found: object, path: str = "", around: Mapping[str, str] = _NO_LABELS, depth: int = 0
) -> Iterator[tuple[str, Mapping[str, str], float]]:
    """Every number with its name, the fields on the way to it, and its labels.

    Raises:
        Malformed: it is too deep.
    """
    if depth > _DEEP:
        raise Malformed(f"it is more than {_DEEP} deep")
    if isinstance(found, list):
        for item in found:
            yield from numbers_in(item, path, around, depth + 1)
    elif isinstance(found, dict):
        beside = {str(k): str(v) for k, v in found.items() if isinstance(v, str | int | float)}
        labels = {**around, **beside}
        for name, item in found.items():
            yield from numbers_in(item, f"{path}.{name}" if path else str(name), labels, depth + 1)
    elif (number := number_or_none(found)) is not None:
        yield path, around, number


def _time_of(labels: Mapping[str, str], now_ms: int) -> int:
    text = next((labels[name] for name in _TIMES if labels.get(name)), "")
    if not text:
        return now_ms
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return since_1970(text)
    if when.tzinfo is None:
        raise Malformed(f"the time has no offset: {text[:64]!r}", "time")
    return ms_of(when)


def _sent(sent: HttpSent) -> HttpDelivery:
    line = json.dumps(json_of(sent.body), ensure_ascii=False)
    return HttpDelivery(line.encode(), "mapped")


def _taken(_: HttpSent, taken: HttpTaken) -> HttpAnswer:
    if taken.refused:
        return refusal(400, f"{taken.refused} were not taken: {'; '.join(taken.reasons)}")
    return json_answer(200, {"accepted": taken.accepted})


def refusal(status: int, reason: str) -> HttpAnswer:
    """A status, and why."""
    return json_answer(status, {"error": reason})


HTTP = HttpDialect(
    title="JSON of any shape",
    senders="whatever posts JSON: webhooks, scripts, gateways",
    routes=(HttpRoute(method="POST", path="/mapped", read=_sent, answer=_taken),),
    refusal=refusal,
    needs_mapping=True,
)
DIALECT = Dialect(
    name="mapped",
    example=b'{"time":"2025-12-01T12:00:00Z","meters":[{"id":"a","power":84.2}]}\n',
    decode=decode_mapped,
    http=HTTP,
)
