"""System A's alert documents: what its store and its stream say of an alert of a floor.

    {"alert_id":"…","piano":1,"timestamp":"2025-09-06T17:54:02+00:00",
     "eventi":[{"type":"kw_over","value":12.4,"threshold":11,"message":"…"}],
     "raw":{"piano":1,"sensore2_kw":12.4,"timestamp":"…"},"thresholds":{"kw_max":11}}

Its key in the store is ``alerts:1:1757181242``: the floor, and the second in which it began. What
began in the same second on the same floor is one document with several ``eventi``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from energyguard.model.quantities import NANO
from energyguard.records.alerts import AlertEvent
from energyguard.records.floors import CHANNELS, floor_of

MAX_EVENTS = 100


class FloorLimit(NamedTuple):
    """What system A calls a quantity of a floor."""

    name: str
    rule: str  # that holds its limit
    limit: str  # what its thresholds call it
    event: str  # what is told when it is passed


METRICS = (
    FloorLimit("dkwh", "floor-dkwh", "delta_kwh_max", "dkwh_over"),
    FloorLimit("kw", "floor-kw", "kw_max", "kw_over"),
    FloorLimit("amp", "floor-amp", "corrente_max", "amp_over"),
    FloorLimit("volt", "floor-volt", "tensione_max", "volt_over"),
)
_BY_EVENT = {metric.event: metric for metric in METRICS}
EVENTS: Mapping[str, str] = {
    **{metric.rule: metric.event for metric in METRICS},
    **{f"pattern-{metric.name}": f"pattern_outlier_{metric.name}" for metric in METRICS},
}
"""What system A calls the alerts of a rule; those of others are called by the rule's id."""
_FIELDS = {channel: field for field, channel in CHANNELS.items()}

_STATISTICS = {"usual": "mu"}
"""What system A calls what a pattern says; the rest has the same names."""

Document = dict[str, Any]


def event_name(rule: str) -> str:
    """What system A calls the alerts of a rule."""
    return EVENTS.get(rule, rule)


def alert_key(event: AlertEvent) -> str:
    """The key of an alert's document in the store."""
    return f"alerts:{floor_of(event.device)}:{event.since_ms // 1000}"


def alert_document(event: AlertEvent, raw: Mapping[str, Any] | None = None) -> Document:
    """The document of an alert of a floor, from the event with which it fired.

    Args:
        event: of a device that is a floor.
        raw: the reading that began it, as its sender wrote it; None: what the event has of it.
    """
    name, piano = event_name(event.rule), floor_of(event.device)
    timestamp = datetime.fromtimestamp(event.since_ms / 1000, UTC).isoformat()
    value, threshold = event.observed / NANO, event.expected / NANO
    known: Document = {"piano": piano, "timestamp": timestamp}
    if field := _FIELDS.get(event.channel):
        known[field] = value
    more: Document = {}
    for what, nano in event.evidence:  # values of other channels; or what is usual, and how far off
        if field := _FIELDS.get(what):
            known[field] = nano / NANO
        else:
            more[_STATISTICS.get(what, what)] = nano / NANO
    metric = _BY_EVENT.get(name)
    return {
        "alert_id": event.id,
        "piano": piano,
        "timestamp": timestamp,
        "eventi": [
            {"type": name, "value": value, "threshold": threshold, "message": event.about, **more}
        ],
        "raw": dict(raw or known),
        "thresholds": {metric.limit: threshold} if metric else {},
    }


def merged(kept: bytes | None, new: Document) -> bytes:
    """A document with the events of another of the same floor and second.

    Args:
        kept: what the store has under its key; none, or something else: the new one alone.
        new: the document.
    """
    try:
        before = msgspec.json.decode(kept or b"{}")
        events = [e for e in before["eventi"] if isinstance(e, dict)]
        thresholds, raw, first = dict(before["thresholds"]), dict(before["raw"]), before["alert_id"]
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        return msgspec.json.encode(new)
    types = {event.get("type") for event in events}
    events += [event for event in new["eventi"] if event["type"] not in types]
    return msgspec.json.encode(
        {
            **new,
            "alert_id": first,
            "eventi": events[:MAX_EVENTS],
            "raw": raw | new["raw"],
            "thresholds": thresholds | new["thresholds"],
        }
    )
