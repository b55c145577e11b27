"""Snapshots of before prices and powers were exact: 1e-4 EUR, whole kW, and no journals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from energyguard.domains.charging.model import NANO, ParkingSession, Signal, SignalKind, Unbilled
from energyguard.domains.charging.sessions.bay import Bay, Cut, begin

_PRICE = NANO // 10_000
_PER = {SignalKind.CONNECT: _PRICE, SignalKind.DISCONNECT: _PRICE, SignalKind.START: NANO}


def signals_of(signals: Iterable[Signal]) -> list[Signal]:
    """Signals with their prices in 1e-9, and their powers in 1e-9 kW."""
    return [replace(signal, amount=signal.amount * _PER.get(signal.kind, 1)) for signal in signals]


def bays_of(bays: Mapping[str, Bay]) -> None:
    """Make bays what they are now. Of a session that is open no signal was kept."""
    for bay in bays.values():
        if bay.session is None:
            begin(bay, Cut(second=bay.since, ended=bay.ended))
        else:
            bay.is_kept = False
            _session(bay.session)


def _session(session: ParkingSession) -> None:
    if session.price is not None:
        session.price *= _PRICE
    if session.power is not None:
        session.power *= NANO
    session.unbilled = [
        Unbilled(charge.start, charge.end, charge.power * NANO, charge.metered)
        for charge in session.unbilled
    ]
