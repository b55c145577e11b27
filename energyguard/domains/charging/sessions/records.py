"""What comes of signals, as records: system D's values, and in the headers their ids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from energyguard.domains.charging import codec as wire
from energyguard.domains.charging.model import (
    ChargingTransaction,
    Outcome,
    ParkingLimits,
    SessionEnded,
    ViolationRaised,
)
from energyguard.domains.charging.records.results import (
    ProfitHeaders,
    SessionHeaders,
    ViolationHeaders,
)
from energyguard.domains.charging.records.stations import BAY, BayNow
from energyguard.domains.charging.sessions.bays import Bay
from energyguard.domains.charging.topics import FULL_SESSIONS, TRANSACTION_PROFIT, VIOLATIONS
from energyguard.log.records import Headers, Records

Result = tuple[str, str, bytes, Headers]
"""A topic, a charger, a value, and headers."""


def results(outcomes: Iterable[Outcome], limits: ParkingLimits, topic: str) -> Iterable[Result]:
    """The records that outcomes become.

    Args:
        outcomes: what came of signals.
        limits: how long an hour of energy takes.
        topic: where the signals came.
    """
    for outcome in outcomes:
        if isinstance(outcome, SessionEnded):
            session = outcome.session
            headers = SessionHeaders(session.id, session.quality, topic).encode()
            yield FULL_SESSIONS.name, session.charger, wire.full_session(session), headers
        elif isinstance(outcome, ViolationRaised):
            session, second = outcome.session, str(outcome.second)
            headers = ViolationHeaders(outcome.id, session.id, topic, second).encode()
            yield VIOLATIONS.name, session.charger, wire.violation(session, outcome.what), headers
        elif isinstance(outcome, ChargingTransaction):
            headers = ProfitHeaders(outcome.id, outcome.session_id, topic).encode()
            value = wire.transaction_profit(outcome, limits)
            yield TRANSACTION_PROFIT.name, outcome.charger, value, headers


def result_records(found: Iterable[Result]) -> dict[str, Records]:
    """Records by topic, in order."""
    rows: dict[str, list[tuple[bytes, bytes, Headers]]] = defaultdict(list)
    for topic, charger, value, headers in found:
        rows[topic].append((charger.encode(), value, headers))
    return {
        topic: Records(*(list(column) for column in zip(*some, strict=True)))
        for topic, some in rows.items()
    }


def bay_records(bays: Mapping[str, Bay], chargers: Iterable[str], topic: str) -> Records:
    """What some bays are now: records for ``energyguard.bays``."""
    now = [_now(charger, bays[charger], topic) for charger in sorted(chargers)]
    return Records([bay.charger.encode() for bay in now], [BAY.encode(bay) for bay in now])


def _now(charger: str, bay: Bay, topic: str) -> BayNow:
    session = bay.session
    if session is None:
        return BayNow(charger=charger, topic=topic, state=bay.state.value, since=bay.since)
    return BayNow(
        charger=charger,
        topic=topic,
        state=bay.state.value,
        since=bay.since,
        stay=session.id,
        start_parking=session.start_parking,
        start_recharging=session.start_recharging,
        end_recharging=session.end_recharging,
        power_kw=session.power_kw,
        price=session.price,
        violation=session.violation,
    )
