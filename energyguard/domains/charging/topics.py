"""Topics of chargers: their signals, what comes of them, who there is, what was imported."""

from __future__ import annotations

from energyguard.model.topics import Topic, TopicClock

SIGNALS = Topic(
    "charger-station-signals",
    "Signals of chargers, as system D's senders write them; partition: the charger's number.",
    clock=TopicClock.DATA,
    partitions=100,
)
REGION_SIGNALS = Topic(
    "charger-station-signals.*",
    "The same, a topic per city or region.",
    clock=TopicClock.DATA,
    partitions=100,
)
FULL_SESSIONS = Topic("full-sessions", "System D's record of a stay that is over; key: charger.")
VIOLATIONS = Topic("violations", "System D's record of a limit that a car broke; key: charger.")
TOTAL_OCCUPIED = Topic(
    "total-occupied", "System D's count of cars at the end of each second.", partitions=1
)
TRANSACTION_PROFIT = Topic(
    "transaction-profit", "System D's record of a charge that is paid; key: charger."
)
BAYS = Topic(
    "energyguard.bays",
    "What each charger's bay is now; key: charger.",
    compacted=True,
    retention_ms=None,
)
OCCUPANCY = Topic(
    "energyguard.occupancy",
    "How many cars stand at the chargers of a partition, second by second; key: topic/partition.",
    partitions=1,
)
CHARGERS = Topic(
    "energyguard.chargers",
    "Chargers that there are: station, place, rating; key: charger.",
    partitions=1,
    compacted=True,
    retention_ms=None,
)
IMPORTED = Topic(
    "energyguard.sessions",
    "Charging sessions imported from a network's export; key: charger.",
    retention_ms=None,
)

RESTATED_SESSIONS, RESTATED_VIOLATIONS, RESTATED_PROFIT = (
    Topic(
        f"{topic.name}.restated",
        f"Records of `{topic.name}` that late signals made other ones: the same id, and a header"
        " `revision`, of which the highest counts; with `withdrawn` there is no such record.",
    )
    for topic in (FULL_SESSIONS, VIOLATIONS, TRANSACTION_PROFIT)
)

SENT = (SIGNALS, REGION_SIGNALS)
"""What chargers send."""
RESULTS = (FULL_SESSIONS, VIOLATIONS, TRANSACTION_PROFIT)
"""What comes of it, a record for each parking session, violation and bill."""
RESTATED = (RESTATED_SESSIONS, RESTATED_VIOLATIONS, RESTATED_PROFIT)
"""The same, told again."""
TOPICS = (
    SIGNALS,
    REGION_SIGNALS,
    FULL_SESSIONS,
    VIOLATIONS,
    TOTAL_OCCUPIED,
    TRANSACTION_PROFIT,
    BAYS,
    OCCUPANCY,
    CHARGERS,
    IMPORTED,
    *RESTATED,
)


def restated_topic(name: str) -> str:
    """Where records of one of the results are told again."""
    return f"{name}.restated"


def signals_topic(region: str = "") -> str:
    """Where the signals of a region's chargers go; empty: of all."""
    return f"{SIGNALS.name}.{region}" if region else SIGNALS.name
