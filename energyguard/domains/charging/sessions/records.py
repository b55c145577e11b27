"""What comes of signals, as records: system D's values, and in the headers their ids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from energyguard.domains.charging import codec as wire
from energyguard.domains.charging.model import (
    NANO,
    ChargingTransaction,
    Outcome,
    ParkingLimits,
    Restated,
    RoundedAmount,
    SessionEnded,
    ViolationRaised,
    exact_profit,
)
from energyguard.domains.charging.records.results import (
    ProfitHeaders,
    SessionHeaders,
    ViolationHeaders,
)
from energyguard.domains.charging.records.stations import BAY, BayNow
from energyguard.domains.charging.sessions.bay import Bay
from energyguard.domains.charging.topics import (
    FULL_SESSIONS,
    TRANSACTION_PROFIT,
    VIOLATIONS,
    restated_topic,
)
from energyguard.log.records import Headers, Records

Result = tuple[str, str, bytes, Headers]
"""A topic, a charger, a value, and headers."""


def results(
    outcomes: Iterable[Outcome], limits: ParkingLimits, topic: str, *, appends: bool = False
) -> Iterable[Result]:
    """The records that outcomes become.

    Args:
        outcomes: what came of signals.
        limits: how long an hour of energy takes.
        topic: where the signals came.
        appends: whether what is restated goes where it was first written, for readers who know
            nothing of revisions; what is withdrawn never does.
    """
    for outcome in outcomes:
        if isinstance(outcome, Restated):
            how = str(outcome.revision), "1" if outcome.withdrawn else ""
            for written, charger, value, headers in _records(outcome.result, limits, topic, *how):
                same = appends and not outcome.withdrawn
                yield written if same else restated_topic(written), charger, value, headers
        else:
            yield from _records(outcome, limits, topic)


def _records(
    outcome: Outcome, limits: ParkingLimits, topic: str, revision: str = "", withdrawn: str = ""
) -> Iterable[Result]:
    how = revision, withdrawn
    if isinstance(outcome, SessionEnded):
        session = outcome.session
        headers = SessionHeaders(session.id, session.quality, topic, *how).encode()
        yield FULL_SESSIONS.name, session.charger, wire.full_session(session), headers
    elif isinstance(outcome, ViolationRaised):
        session, second = outcome.session, str(outcome.second)
        headers = ViolationHeaders(outcome.id, session.id, topic, second, *how).encode()
        yield VIOLATIONS.name, session.charger, wire.violation(session, outcome.what), headers
    elif isinstance(outcome, ChargingTransaction):
        headers = ProfitHeaders(
            outcome.id, outcome.session_id, topic, *how, *_to_minor_units(outcome, limits)
        ).encode()
        value = wire.transaction_profit(outcome, limits)
        yield TRANSACTION_PROFIT.name, outcome.charger, value, headers


def _to_minor_units(paid: ChargingTransaction, limits: ParkingLimits) -> tuple[str, str]:
    bill = RoundedAmount.of(exact_profit(paid, limits.seconds_per_hour))
    return _unless_zero(bill.to_whole), _unless_zero(bill.to_thousandth)


def _unless_zero(number: int) -> str:
    return str(number) if number else ""


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
        power_kw=None if session.power is None else _plain(session.power, NANO),
        price=None if session.price is None else _plain(session.price, NANO // 10_000),
        violation=session.violation,
    )


def _plain(nano: int, unit: int) -> int | float:
    """A number of units: whole where it is."""
    return nano / unit if nano % unit else nano // unit
