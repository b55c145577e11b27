"""What is wrong with sessions, each by itself and beside the others of its connector."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime

from energyguard.domains.charging.exports.rows import Defect, ExportedSession
from energyguard.domains.charging.model import NANO
from energyguard.domains.charging.physics import MAX_KW, energy_limit_nano
from energyguard.files.values.times import DAY_S, HOUR_S

ROUNDED_S = 60  # times may be told to the minute
USUAL_MAX_KW = 400.0
"""What a charger may give of which nobody says how strong it is; more is a defect."""
MAX_S = 366 * DAY_S
IDLE_S = HOUR_S
"""A car that stands for longer after its charge is idle."""
CLOCKS_S = 1  # how exactly the times of one row agree


def check(session: ExportedSession) -> None:
    """Note what is wrong with a session by itself."""
    start, end, energy = session.start, session.end, session.energy
    if start is None or end is None:
        return
    if end < start:
        session.says(Defect.END_FIRST, f"by {start - end} s")
        return
    if end - start > MAX_S:
        session.says(Defect.TOO_LONG, f"{(end - start) / DAY_S:.0f} days")
        return
    charged = session.charge_s
    if charged is not None and charged < 0:
        session.says(Defect.NEGATIVE_CHARGE, f"{charged / HOUR_S:.4f} h")
        charged = None
    stood = end - start if session.connected_s is None else session.connected_s
    spare = CLOCKS_S if session.connected_s is not None else ROUNDED_S
    if charged is not None and charged > stood + spare:
        session.says(Defect.LONG_CHARGE, f"{charged} s of charge in {stood} s")
    if any(found.defect in (Defect.NEGATIVE, Defect.UNREADABLE) for found in session.defects):
        pass  # that says it
    elif not energy:
        session.says(Defect.ZERO_ENERGY, "nothing was charged" if energy == 0 else "none is told")
    else:
        _check_energy(session, energy, min(charged or end - start, end - start) + ROUNDED_S)
    if charged is not None and stood - charged > IDLE_S:
        session.says(Defect.IDLE, f"{(stood - charged) / HOUR_S:.2f} h after the charge")


def _check_energy(session: ExportedSession, energy: int, seconds: int) -> None:
    """Hold an energy against what a charger can have given; what cannot be is not counted."""
    hours, kwh = seconds / HOUR_S, energy / NANO
    if energy > energy_limit_nano(MAX_KW, seconds):
        session.says(Defect.IMPOSSIBLE, f"{kwh:,.3f} kWh in {hours:.2f} h: not counted")
        session.energy = session.paid = None
        return
    rating = session.rating_kw or USUAL_MAX_KW
    limit = energy_limit_nano(rating, seconds)
    if energy > limit:
        explanation = f"{kwh:.3f} kWh; {rating:g} kW for {hours:.2f} h is {limit / NANO:.3f}"
        session.says(Defect.TOO_MUCH, explanation)


def check_currencies(sessions: Iterable[ExportedSession]) -> None:
    """Let a station have one currency, that of its first session; others are not counted."""
    currencies: dict[tuple[str, str], str] = {}
    for session in sessions:
        if session.paid is None or not session.currency:
            continue
        place = session.station or session.charger
        own = currencies.setdefault((session.network, place), session.currency)
        if own != session.currency:
            session.leave_paid_out(own)


def check_overlaps(sessions: Iterable[ExportedSession]) -> None:
    """Note who stands where another one stands; exports without connectors tell nothing of it."""
    by_charger: dict[str, list[ExportedSession]] = defaultdict(list)
    for session in sessions:
        if session.start is not None and session.charger:
            by_charger[session.charger].append(session)
    for mine in by_charger.values():
        mine.sort(key=lambda session: (session.start or 0, session.end or 0, session.row))
        last: ExportedSession | None = None
        for session in mine:
            if last is not None and last.end is not None and (session.start or 0) < last.end:
                session.says(
                    Defect.OVERLAP,
                    f"{session.charger} is taken by {last.file} row {last.row}"
                    f" until {_text(last.end)}",
                )
            if not session.is_refused and (last is None or (session.end or 0) > (last.end or 0)):
                last = session


def _text(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
