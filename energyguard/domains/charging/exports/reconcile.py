"""What may have been meant by a row with a defect, and how sure that is (0 to 1).

Confidences are judgements, not frequencies: 0.9 where two columns of the row prove each other, 0.5
where one other row suggests it, 0.2 for a guess.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from energyguard.domains.charging.exports.checks import ROUNDED_S, USUAL_MAX_KW
from energyguard.domains.charging.exports.rows import Defect, ExportedSession, RowDefect
from energyguard.domains.charging.model import NANO
from energyguard.domains.charging.physics import energy_limit_nano
from energyguard.files.values.times import DAY_S, HOUR_S

WITHIN_S = DAY_S  # the next session tells something of an open end only so soon
MAX_S = 30 * DAY_S  # an end that is so far before the start tells nothing
USUAL_LOAD = 0.8  # of its rating a car takes, about


class Fix(NamedTuple):
    """What may have been meant by a row."""

    session: ExportedSession
    found: RowDefect
    proposal: str
    confidence: float
    changes: Mapping[str, int | None]  # fields of the session; empty: leave it as it is


def proposals(sessions: Iterable[ExportedSession]) -> Iterator[Fix]:
    """A fix for each defect that there is one for, in the order of the rows."""
    sessions = list(sessions)
    starts: dict[str, list[int]] = defaultdict(list)
    for session in sessions:
        if session.start is not None and session.charger:
            starts[session.charger].append(session.start)
    for each in starts.values():
        each.sort()
    for session in sessions:
        for found in session.defects:
            fix = _fix(session, found, starts.get(session.charger, ()))
            if fix is not None:
                yield fix


def _fix(session: ExportedSession, found: RowDefect, starts: Sequence[int]) -> Fix | None:
    match found.defect:
        case Defect.OPEN_END | Defect.NO_DATE:
            return _end(session, found, starts)
        case Defect.END_FIRST:
            return _turned(session, found, starts)
        case Defect.ZERO_ENERGY:
            return Fix(session, found, "keep it: a stay without a charge", 0.9, {})
        case Defect.TOO_MUCH:
            return _less(session, found)
        case Defect.LONG_CHARGE:
            length = (session.end or 0) - (session.start or 0)
            return Fix(session, found, "the charge took all of the stay", 0.8, {"charge_s": length})
        case Defect.NEGATIVE_CHARGE:
            return _charge(session, found)
        case Defect.OVERLAP:
            return Fix(session, found, "the session before ended when this one began", 0.5, {})
        case Defect.NEVER_WAS:
            return Fix(session, found, "the clock was not put forward: an hour later", 0.7, {})
    return None


def _end(session: ExportedSession, found: RowDefect, starts: Sequence[int]) -> Fix | None:
    if session.start is None:
        return None
    if session.connected_s is not None and session.connected_s > 0:
        end = session.start + session.connected_s
        return Fix(session, found, f"end {_text(end)}, by the connected time", 0.9, {"end": end})
    place = bisect_right(starts, session.start)
    following = starts[place] if place < len(starts) else None
    if session.energy and session.rating_kw:
        end = session.start + round(
            session.energy / NANO / (session.rating_kw * USUAL_LOAD) * HOUR_S
        )
        if following is None or end <= following:
            return Fix(session, found, f"end {_text(end)}, by energy and rating", 0.6, {"end": end})
    if following is not None and following - session.start <= WITHIN_S:
        suggestion = f"end at the latest {_text(following)}, when the next one begins"
        return Fix(session, found, suggestion, 0.3, {"end": following})
    return Fix(session, found, "leave it out: nothing tells when it ended", 0.5, {})


def _turned(session: ExportedSession, found: RowDefect, starts: Sequence[int]) -> Fix | None:
    assert session.start is not None and session.end is not None
    back = session.start - session.end
    if back > MAX_S:
        return _end(session, found, starts)
    if back < DAY_S and session.connected_s is None:
        end = session.end + DAY_S
        return Fix(session, found, f"end {_text(end)}: past midnight", 0.6, {"end": end})
    if session.connected_s is not None and session.connected_s > 0:
        end = session.start + session.connected_s
        return Fix(session, found, f"end {_text(end)}, by the connected time", 0.8, {"end": end})
    return Fix(
        session, found, "start and end in turn", 0.4, {"start": session.end, "end": session.start}
    )


def _less(session: ExportedSession, found: RowDefect) -> Fix:
    assert session.energy is not None
    length, rating = (
        (session.end or 0) - (session.start or 0) + ROUNDED_S,
        session.rating_kw or USUAL_MAX_KW,
    )
    possible = energy_limit_nano(rating, length) / NANO
    if session.energy / NANO / 1000 <= possible and session.energy >= 1000 * NANO:
        energy = session.energy // 1000
        suggestion = f"{energy / NANO:g} kWh: the number is in Wh"
        return Fix(session, found, suggestion, 0.7, {"energy": energy})
    if session.energy / NANO <= 2 * possible:
        return Fix(session, found, "keep it: two connectors may share a higher rating", 0.5, {})
    energy = round(rating * length / HOUR_S * NANO)
    suggestion = f"at most {energy / NANO:.3f} kWh can have been charged"
    return Fix(session, found, suggestion, 0.3, {"energy": energy})


def _charge(session: ExportedSession, found: RowDefect) -> Fix:
    length = (session.end or 0) - (session.start or 0)
    if session.energy and session.rating_kw:
        seconds = min(length, round(session.energy / NANO / session.rating_kw * HOUR_S))
        suggestion = f"{seconds / HOUR_S:.2f} h, by energy and power"
        return Fix(session, found, suggestion, 0.6, {"charge_s": seconds})
    return Fix(session, found, "the charge's length is not known", 0.9, {"charge_s": None})


def apply(fix: Fix) -> None:
    """Let a session be as proposed; its defect is said to be reconciled."""
    for name, value in fix.changes.items():
        setattr(fix.session, name, value)
    place = fix.session.defects.index(fix.found)
    fix.session.defects[place] = RowDefect(Defect.RECONCILED, f"{fix.found.defect}: {fix.proposal}")


def _text(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
