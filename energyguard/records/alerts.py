"""Records of ``energyguard.alerts`` and ``energyguard.alert-actions``: the life of an alert.

The projection of alerts (``alerts/book.py``) folds the two.
"""

from __future__ import annotations

import hashlib
from typing import Annotated

import msgspec

from energyguard.model import topics
from energyguard.model.alerts import Act, Severity, State
from energyguard.records.contract import TopicRecord, doc
from energyguard.records.tables import NAME, HistoryTable, RowMapping, TableColumn


def alert_id(topic: str, rule: str, device: str, channel: str, window_end_ms: int) -> str:
    """The deterministic id of an episode: 16 hex digits of what began it."""
    text = "\n".join((topic, rule, device, channel, str(window_end_ms)))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class AlertEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One change of one alert, as written by a worker.

    ``state`` is one of pending, firing, resolved, unknown: the worker knows no people. An event
    that is *restated* says all of an alert of the past anew, in place of what was said before.
    """

    id: str
    rule: str
    device: str
    channel: str
    severity: Severity
    state: State
    time_ms: Annotated[int, doc("Event time of this change.", "ms")]
    since_ms: Annotated[int, doc("Event time of the reading that began the episode.", "ms")]
    window_start_ms: Annotated[int, doc("The window that began it.", "ms")]
    window_end_ms: Annotated[int, doc("Its end.", "ms")]
    observed: Annotated[int, doc("In the window, at this change.", "1e-9 of `unit`")]
    expected: Annotated[int, doc("The level it is held against.", "1e-9 of `unit`")]
    peak: Annotated[int, doc("The highest window so far.", "1e-9 of `unit`")]
    unit: str
    topic: Annotated[str, doc("The topic that the readings came in.")]
    about: Annotated[str, doc("One sentence: `H017 passed 2.0 kWh in 15 minutes`.")]
    reason: Annotated[str, doc("Why it is resolved, where no window says so.")] = ""
    evidence: Annotated[
        tuple[tuple[str, int], ...],
        doc("What else says so: name (a channel, a deviation) and amount.", "1e-9"),
    ] = ()
    restated: Annotated[
        int,
        doc("How often late or corrected readings have made it another one; the highest counts."),
    ] = 0


class AlertAction(msgspec.Struct, frozen=True, kw_only=True):
    """What a person did."""

    id: Annotated[str, doc("The alert.")]
    act: Act
    by: str
    at_ms: Annotated[int, doc("Wall time.", "ms")]
    note: str = ""
    until_ms: Annotated[int | None, doc("Of a silence: its end, wall time.", "ms")] = None


ALERTS_TABLE = HistoryTable(
    "alerts",
    "Every change of every alert.",
    (
        TableColumn("id", "String"),
        *(TableColumn(name, NAME) for name in ("rule", "device", "channel", "severity", "state")),
        *(
            TableColumn(name, "Int64")
            for name in (
                "time_ms", "since_ms", "window_start_ms", "window_end_ms",
                "observed", "expected", "peak",
            )
        ),
        TableColumn("unit", NAME),
        TableColumn("topic", NAME),
        TableColumn("about", "String", "says the reason, too"),
        TableColumn("reason", NAME, "why it is resolved, where no window says so"),
        TableColumn("restated", "Int64", "0: as the worker said it; above: said anew"),
        TableColumn("offset", "Int64", "in its partition: the order of what is of one time"),
    ),
    order_by="(id, state, time_ms)",
)  # fmt: skip

ALERT_EVENT = TopicRecord(
    topics.ALERTS,
    AlertEvent,
    "device",
    tables=(RowMapping(ALERTS_TABLE, {"offset": "#offset"}),),
)
ALERT_ACTION = TopicRecord(topics.ALERT_ACTIONS, AlertAction, "alert")
