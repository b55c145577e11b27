"""What a snapshot has of the chargers of a partition."""

from __future__ import annotations

import msgspec

from energyguard.domains.charging.model import Signal
from energyguard.domains.charging.sessions.bay import Bay
from energyguard.domains.charging.sessions.effects import Timer
from energyguard.domains.charging.sessions.old_form import bays_of, signals_of
from energyguard.domains.charging.sessions.silences import ChargerRhythm
from energyguard.stream.time.witnesses import Witnesses

FORM = 2


class SavedSessions(msgspec.Struct):
    """A snapshot."""

    bays: dict[str, Bay]
    waiting: list[Signal]
    ahead: list[Signal]
    timers: list[Timer]
    occupied: int
    newest: int | None
    done: int | None
    changes: list[tuple[int, int]]
    witnesses: Witnesses = Witnesses.UNKNOWN
    reached: int | None = None
    in_row: int = 0
    rhythms: dict[str, ChargerRhythm] = {}
    form: int = 1  # before ``FORM``: prices in 1e-4 EUR, powers in kW, no journals


_decode = msgspec.msgpack.Decoder(SavedSessions).decode


def loaded(data: bytes) -> SavedSessions:
    """A snapshot from its bytes, also one of before."""
    kept = _decode(data)
    if kept.form < FORM:
        bays_of(kept.bays)
        kept.waiting, kept.ahead = signals_of(kept.waiting), signals_of(kept.ahead)
    return kept
