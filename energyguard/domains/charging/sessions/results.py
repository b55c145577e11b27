"""A result of signals as it was written: its id, its time, and what it says."""

from __future__ import annotations

from typing import TypeAlias

from msgspec.structs import replace

from energyguard.domains.charging.codec import full_session, violation
from energyguard.domains.charging.model import (
    ChargingTransaction,
    SessionEnded,
    Violation,
    ViolationRaised,
)

SessionResult: TypeAlias = SessionEnded | ViolationRaised | ChargingTransaction


def id_of(result: SessionResult) -> str:
    """Under which it is written."""
    return result.session.id if isinstance(result, SessionEnded) else result.id


def own_id_of(result: SessionResult) -> str:
    """What its beginning makes of its id, whatever it was written under."""
    return result.session.own_id if isinstance(result, SessionEnded) else result.own_id


def group_of(result: SessionResult) -> tuple[str, ...]:
    """Those that may take each other's id: of one session, and of one kind."""
    if isinstance(result, ViolationRaised):
        return result.session.id, result.what.value
    if isinstance(result, ChargingTransaction):
        return (result.session_id,)
    return result.session.id, ""


def is_by_time(result: SessionResult) -> bool:
    """Whether it is a violation that time alone raises."""
    return isinstance(result, ViolationRaised) and result.what is not Violation.NO_CHARGE


def time_of(result: SessionResult) -> tuple[int | None, ...]:
    """When it is: sinks keep it, and count it, under that time."""
    if isinstance(result, SessionEnded):
        return result.session.start_parking, result.session.end_parking
    return (result.start if isinstance(result, ChargingTransaction) else result.second,)


def text_of(result: SessionResult) -> tuple[object, ...]:
    """What is written of a result."""
    if isinstance(result, SessionEnded):
        return full_session(result.session), result.session.quality
    if isinstance(result, ViolationRaised):
        return violation(result.session, result.what), result.second
    return (replace(result, known_as=""),)
