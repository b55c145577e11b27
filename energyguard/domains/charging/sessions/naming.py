"""Under which ids results are written that late signals moved: each keeps the one it had."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import count

from msgspec.structs import replace

from energyguard.domains.charging.model import ParkingSession, SessionEnded
from energyguard.domains.charging.sessions.bay import WrittenResults
from energyguard.domains.charging.sessions.refold import Folded
from energyguard.domains.charging.sessions.results import SessionResult, group_of, id_of, own_id_of


def names_of(
    was: Mapping[str, ParkingSession],
    now: Mapping[str, ParkingSession],
    done: int,
    others: Collection[str],
) -> dict[str, str]:
    """Ids of sessions: one that begins at another time keeps that under which it was written.

    Returns:
        By what their beginnings make of their ids; empty: it is that.
    """
    found = {own: was[own].known_as for own in now if own in was}
    gone = {own: session for own, session in was.items() if own not in now}
    used = {name or own for own, name in found.items()} | set(others)
    for own, session in now.items():
        if own in was:
            continue
        shared = {old: _overlap(session, before, done) for old, before in gone.items()}
        nearest = max(shared, key=lambda old: shared[old], default="")
        is_known = bool(nearest) and shared[nearest] >= 0
        name = gone.pop(nearest).id if is_known else _free(own, used)
        used.add(name)
        found[own] = "" if name == own else name
    return found


def _free(own: str, used: Collection[str]) -> str:
    """An id that nothing else has: its own, as a rule."""
    return own if own not in used else next(n for i in count(1) if (n := f"{own}.{i}") not in used)


def _overlap(one: ParkingSession, other: ParkingSession, done: int) -> int:
    """For how long two sessions were there at once, in s; negative: they were not."""
    ends = [each.end_parking or done for each in (one, other)]
    return min(ends) - max(one.start_parking, other.start_parking)


def paired(
    was: Mapping[str, SessionResult], now: Sequence[SessionResult], others: Collection[str]
) -> dict[str, SessionResult]:
    """The results, a charge or violation that only has another time under its old id."""
    ids = {own_id_of(result): key for key, result in was.items()}
    own = {own_id_of(result) for result in now}
    gone: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for key, result in was.items():
        if own_id_of(result) not in own:
            gone[group_of(result)].append(key)
    used = {ids[name] for name in own if name in ids} | set(others)
    found: dict[str, SessionResult] = {}
    for result in now:
        if not isinstance(result, SessionEnded):
            name, old = ids.get(result.own_id, ""), gone[group_of(result)]
            if not name:
                name = old.pop(0) if old else _free(result.own_id, used)
                used.add(name)
            result = replace(result, known_as="" if name == result.own_id else name)
        found[id_of(result)] = result
    return found


def note_names(
    found: WrittenResults,
    known: WrittenResults,
    was: Folded,
    names: Mapping[str, str],
    results: Iterable[SessionResult],
) -> None:
    """Note under which ids results are written now; of what was before the fold, as it was."""
    gone = {own_id_of(result) for result in was.results}
    found.sessions = {own: name for own, name in known.sessions.items() if own not in was.sessions}
    found.sessions |= {own: name for own, name in names.items() if name}
    found.results = {own: name for own, name in known.results.items() if own not in gone}
    found.results |= {
        result.own_id: result.known_as
        for result in results
        if not isinstance(result, SessionEnded) and result.known_as
    }


def names_before(known: WrittenResults, was: Folded) -> set[str]:
    """Names of what stands before a fold, where they are not usual: nothing else may have them."""
    own = {own_id_of(result) for result in was.results}
    return {
        *(name for session, name in known.sessions.items() if session not in was.sessions),
        *(name for result, name in known.results.items() if result not in own),
    }
