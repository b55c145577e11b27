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

from energyguard.intake.exports.checks import ROUNDED_S, USUAL_MAX_KW
from energyguard.intake.exports.rows import Defect, ExportedSession, RowDefect
from energyguard.intake.exports.times import DAY_S, HOUR_S
from energyguard.model.charging import NANO
from energyguard.model.physics import energy_limit_nano

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
    for one in sessions:
        for found in one.defects:
            fix = _fix(one, found, starts.get(one.charger, ()))
            if fix is not None:
                yield fix


def _fix(one: ExportedSession, found: RowDefect, starts: Sequence[int]) -> Fix | None:
    match found.defect:
        case Defect.OPEN_END | Defect.NO_DATE:
            return _end(one, found, starts)
        case Defect.END_FIRST:
            return _turned(one, found, starts)
        case Defect.ZERO_ENERGY:
            return Fix(one, found, "keep it: a stay without a charge", 0.9, {})
        case Defect.TOO_MUCH:
            return _less(one, found)
        case Defect.LONG_CHARGE:
            length = (one.end or 0) - (one.start or 0)
            return Fix(one, found, "the charge took all of the stay", 0.8, {"charge_s": length})
        case Defect.NEGATIVE_CHARGE:
            return _charge(one, found)
        case Defect.OVERLAP:
            return Fix(one, found, "the session before ended when this one began", 0.5, {})
        case Defect.NEVER_WAS:
            return Fix(one, found, "the clock was not put forward: an hour later", 0.7, {})
    return None


def _end(one: ExportedSession, found: RowDefect, starts: Sequence[int]) -> Fix | None:
    if one.start is None:
        return None
    if one.connected_s is not None and one.connected_s > 0:
        end = one.start + one.connected_s
        return Fix(one, found, f"end {_text(end)}, by the connected time", 0.9, {"end": end})
    place = bisect_right(starts, one.start)
    following = starts[place] if place < len(starts) else None
    if one.energy and one.rating_kw:
        end = one.start + round(one.energy / NANO / (one.rating_kw * USUAL_LOAD) * HOUR_S)
        if following is None or end <= following:
            return Fix(one, found, f"end {_text(end)}, by energy and rating", 0.6, {"end": end})
    if following is not None and following - one.start <= WITHIN_S:
        said = f"end at the latest {_text(following)}, when the next one begins"
        return Fix(one, found, said, 0.3, {"end": following})
    return Fix(one, found, "leave it out: nothing tells when it ended", 0.5, {})


def _turned(one: ExportedSession, found: RowDefect, starts: Sequence[int]) -> Fix | None:
    assert one.start is not None and one.end is not None
    back = one.start - one.end
    if back > MAX_S:
        return _end(one, found, starts)
    if back < DAY_S and one.connected_s is None:
        end = one.end + DAY_S
        return Fix(one, found, f"end {_text(end)}: past midnight", 0.6, {"end": end})
    if one.connected_s is not None and one.connected_s > 0:
        end = one.start + one.connected_s
        return Fix(one, found, f"end {_text(end)}, by the connected time", 0.8, {"end": end})
    return Fix(one, found, "start and end in turn", 0.4, {"start": one.end, "end": one.start})


def _less(one: ExportedSession, found: RowDefect) -> Fix:
    assert one.energy is not None
    length, rating = (one.end or 0) - (one.start or 0) + ROUNDED_S, one.rating_kw or USUAL_MAX_KW
    most = energy_limit_nano(rating, length) / NANO
    if one.energy / NANO / 1000 <= most and one.energy >= 1000 * NANO:
        energy = one.energy // 1000
        said = f"{energy / NANO:g} kWh: the number is in Wh"
        return Fix(one, found, said, 0.7, {"energy": energy})
    if one.energy / NANO <= 2 * most:
        return Fix(one, found, "keep it: two connectors may share a higher rating", 0.5, {})
    energy = round(rating * length / HOUR_S * NANO)
    said = f"at most {energy / NANO:.3f} kWh can have been charged"
    return Fix(one, found, said, 0.3, {"energy": energy})


def _charge(one: ExportedSession, found: RowDefect) -> Fix:
    length = (one.end or 0) - (one.start or 0)
    if one.energy and one.rating_kw:
        seconds = min(length, round(one.energy / NANO / one.rating_kw * HOUR_S))
        said = f"{seconds / HOUR_S:.2f} h, by energy and power"
        return Fix(one, found, said, 0.6, {"charge_s": seconds})
    return Fix(one, found, "the charge's length is not known", 0.9, {"charge_s": None})


def apply(fix: Fix) -> None:
    """Let a session be as proposed; its defect is said to be reconciled."""
    for name, value in fix.changes.items():
        setattr(fix.session, name, value)
    place = fix.session.defects.index(fix.found)
    fix.session.defects[place] = RowDefect(Defect.RECONCILED, f"{fix.found.defect}: {fix.proposal}")


def _text(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
