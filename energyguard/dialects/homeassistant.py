"""Home Assistant's states over REST: ``POST /api/states/sensor.oven_power``.

https://developers.home-assistant.io/docs/api/rest/. An entity is a device; its unit and its state
class stand in its attributes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
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
    number_of,
    numbered_lines,
    readings_of_rows,
)
from energyguard.errors import Malformed
from energyguard.model.days import ms_of

_NO_STATE: Final = ("unavailable", "unknown", "", "none")
_TIMES: Final = ("last_updated", "last_changed")


def decode_states(data: bytes, context: DecodeContext) -> Decoded:
    """The readings of lines, a state as Home Assistant writes it each."""
    lines = numbered_lines(data, context)
    return readings_of_rows(lines, _values, "homeassistant", "homeassistant", context)


def _values(line: bytes) -> Iterator[NamedValue]:
    found = json_of(line)
    if not isinstance(found, dict) or "state" not in found or not found.get("entity_id"):
        raise Malformed("a state has entity_id and state")
    if str(found["state"]).strip().lower() in _NO_STATE:
        return
    attributes = found.get("attributes") or {}
    if not isinstance(attributes, dict):
        raise Malformed("attributes are an object", "attributes")
    labels = {name: str(value) for name, value in attributes.items() if isinstance(value, str)}
    entity = str(found["entity_id"]).rpartition(".")[2]
    unit = labels.get("unit_of_measurement", "none")
    name = ValueName(entity, entity, unit, labels=tuple(sorted(labels.items())))
    yield NamedValue(name, _time_of(found), number_of(found["state"], "state"))


def _time_of(found: dict[str, object]) -> int:
    text = next((str(found[name]) for name in _TIMES if found.get(name)), "")
    try:
        when = datetime.fromisoformat(text)
        if when.tzinfo is not None:
            return ms_of(when)
    except (ValueError, OverflowError):
        pass
    raise Malformed(f"last_updated is no time with an offset: {text[:64]!r}", "last_updated")


def _sent(sent: HttpSent) -> HttpDelivery:
    found = json_of(sent.body)
    if not isinstance(found, dict):
        raise Malformed("a state is an object", "body")
    found = {**found, "entity_id": sent.path["entity_id"]}
    if not any(found.get(name) for name in _TIMES):
        found["last_updated"] = datetime.fromtimestamp(sent.now_ms / 1_000, UTC).isoformat()
    return HttpDelivery(json.dumps(found, ensure_ascii=False).encode(), "homeassistant")


def _taken(sent: HttpSent, taken: HttpTaken) -> HttpAnswer:
    if taken.refused:
        return refusal(400, f"not taken: {'; '.join(taken.reasons)}")
    return HttpAnswer(200, _sent(sent).data.decode(), "application/json")


def refusal(status: int, reason: str) -> HttpAnswer:
    """As Home Assistant says it."""
    return json_answer(status, {"message": reason})


HTTP = HttpDialect(
    title="Home Assistant states",
    senders="`rest_command` of Home Assistant, scripts made for it",
    routes=(HttpRoute(method="POST", path="/api/states/{entity_id}", read=_sent, answer=_taken),),
    refusal=refusal,
)
DIALECT = Dialect(
    name="homeassistant",
    example=(
        b'{"entity_id":"sensor.oven_power","state":"84.2","attributes":'
        b'{"unit_of_measurement":"W"},"last_updated":"2025-12-01T12:00:00+00:00"}\n'
    ),
    decode=decode_states,
    http=HTTP,
)
