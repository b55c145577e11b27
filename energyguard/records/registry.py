"""All declarations, by the name of the topic; a topic has exactly one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from energyguard.domain import installed, load
from energyguard.errors import NotFound
from energyguard.records import readings
from energyguard.records.alerts import ALERT_ACTION, ALERT_EVENT
from energyguard.records.audit import AUDIT_ENTRY
from energyguard.records.catalogue import CATALOGUE_ENTRY, CATALOGUE_REQUEST
from energyguard.records.contract import TopicRecord
from energyguard.records.corrections import CORRECTION
from energyguard.records.dead_letters import DEAD_LETTER
from energyguard.records.decisions import DECISION
from energyguard.records.edges import EDGE_DEVICE, EDGE_ENTRY, EDGE_LINK
from energyguard.records.energy_alerts import ENERGY_ALERT
from energyguard.records.notify import DELIVERY, ROUTE
from energyguard.records.preferences import PREFERENCES
from energyguard.records.prices import PRICE_DAY
from energyguard.records.progress import PARTITION_PROGRESS
from energyguard.records.read_marks import READ_MARK
from energyguard.records.rules import RULE_CHANGE
from energyguard.records.senders import SENDER
from energyguard.records.silences import STANDING_SILENCE
from energyguard.records.state import SNAPSHOT
from energyguard.records.tables import HistoryTable
from energyguard.records.window_terms import WINDOW_TERM
from energyguard.topics import topic_named

_ALL: Final[tuple[TopicRecord[Any], ...]] = (
    *readings.READINGS,
    ENERGY_ALERT,
    ALERT_EVENT,
    ALERT_ACTION,
    READ_MARK,
    readings.LATE_READINGS,
    DEAD_LETTER,
    DECISION,
    RULE_CHANGE,
    PARTITION_PROGRESS,
    EDGE_ENTRY,
    EDGE_LINK,
    EDGE_DEVICE,
    SENDER,
    CATALOGUE_REQUEST,
    CATALOGUE_ENTRY,
    AUDIT_ENTRY,
    PREFERENCES,
    STANDING_SILENCE,
    ROUTE,
    DELIVERY,
    PRICE_DAY,
    CORRECTION,
    WINDOW_TERM,
    SNAPSHOT,
    *(record for domain in installed() if domain.records for record in load(domain.records)),
)
RECORDS: Final[Mapping[str, TopicRecord[Any]]] = {record.name: record for record in _ALL}
TABLES: Final[Mapping[str, HistoryTable]] = {
    rows.table.name: rows.table for record in RECORDS.values() for rows in record.tables
}
"""The raw tables of the history, by name."""


def record_of(topic: str) -> TopicRecord[Any]:
    """The declaration of a topic's records; that of a family serves its members.

    Raises:
        NotFound: there is no such topic.
    """
    known = topic_named(topic)
    if known is None or known.name not in RECORDS:
        raise NotFound(f"no topic {topic!r}; there are: {', '.join(RECORDS)}")
    return RECORDS[known.name]
