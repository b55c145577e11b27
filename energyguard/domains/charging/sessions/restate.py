"""A signal that comes late: what it makes of the sessions and bills that were written without it.

The journal of its charger is folded anew with it, as if it had come in time. What differs from
what was written is a result's next revision, under the same id; what is no more is withdrawn; what
is new is written as ever. A violation by time alone waits for a minute of event time: the rest of
an offline charger's queue may say that there was none.

All depends on the order of the log only: how it is cut into batches changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from heapq import heappush
from typing import Final

from msgspec.structs import replace

from energyguard.domains.charging.model import Ignored, Restated, Signal
from energyguard.domains.charging.sessions.bay import (
    MAX_SIGNALS,
    Bay,
    WrittenResults,
    base,
    forget,
    joined,
    kept,
    newest_before,
)
from energyguard.domains.charging.sessions.effects import TransitionContext
from energyguard.domains.charging.sessions.naming import (
    names_before,
    names_of,
    note_names,
    paired,
)
from energyguard.domains.charging.sessions.refold import fold, put
from energyguard.domains.charging.sessions.results import (
    SessionResult,
    id_of,
    is_by_time,
    own_id_of,
    text_of,
    time_of,
)
from energyguard.domains.charging.sessions.timers import HELD

MAX_LATE_S: Final = 31 * 86_400
"""What is older than that is a wrong clock's, or of an archive."""
HOLD_S: Final = 60
MAX_REVISIONS: Final = 64
"""Of so many results of a charger it is known how often they were restated."""
REPEATED: Final = "repeated: it came before"


def take_late(h: TransitionContext, bays: dict[str, Bay], signal: Signal, done: int) -> bool:
    """Put a signal where it belongs; False: it is too old to be held against what was then.

    Args:
        h: what all chargers share; results go there.
        bays: of the chargers.
        signal: its second is over.
        done: the second up to which all is over.
    """
    charger, bay = signal.charger, bays.get(signal.charger) or Bay()
    if not bay.is_kept or signal.second <= max(base(bay).second, done - MAX_LATE_S):
        return False
    start = newest_before(bay, signal.second, h.limits.after_s)
    before = kept(bay, charger, start)
    if signal in before:
        h.out.append(Ignored(signal, REPEATED))
        return True
    known, ended = bay.written or WrittenResults(), bay.input_ended
    was = fold(h.limits, charger, start, known, before, done, input_ended=ended)
    signals = put(before, signal)
    now = fold(h.limits, charger, start, known, signals, done, input_ended=ended)
    others = names_before(known, was)
    names = names_of(was.sessions, now.sessions, done, others)
    if names != {own: session.known_as for own, session in now.sessions.items()}:
        renamed = replace(known, sessions=known.sessions | names)
        now = fold(h.limits, charger, start, renamed, signals, done, input_ended=ended)
    written = {id_of(result): result for result in was.results}
    results = paired(written, now.results, others)
    found = _write(h, known, written, results)
    note_names(found, known, was, names, results.values())
    bay = joined(bay, start, now.bay)
    _shorten(h, bay, charger, found, done)
    bay.written = found if found != WrittenResults() else None
    h.out += [ignored for ignored in now.ignored if ignored.signal == signal]
    h.occupied += (bay.session is not None) - _stands(bays.get(charger))
    bays[charger] = bay
    h.touched.add(charger)
    for timer in now.timers:
        heappush(h.timers, timer)
    if found.held:
        found.held_until = done + HOLD_S
        heappush(h.timers, (found.held_until, charger, 0, HELD))
    return True


def release(h: TransitionContext, bays: dict[str, Bay], charger: str, second: int) -> None:
    """Write the violations that waited for more signals, as far as there are any."""
    bay = bays[charger]
    known = bay.written or WrittenResults()
    found = _results_of(h, bay, charger, known, second)
    h.out += [result for result in found if id_of(result) in known.held]
    known.held, known.held_until = [], 0


def _shorten(
    h: TransitionContext, bay: Bay, charger: str, found: WrittenResults, done: int
) -> None:
    """Let the oldest sessions of a journal go, with their names; what is held of them is written.

    Args:
        h: results go there.
        bay: its journal has one signal more now.
        charger: whose bay it is.
        found: what is written of its results now.
        done: the second up to which all is over.
    """
    results: list[SessionResult] = []
    if bay.signals > MAX_SIGNALS:
        if found.held:
            results = _results_of(h, bay, charger, found, done)
        forget(bay)
    second = base(bay).second

    def is_in(own: str) -> bool:
        return int(own[len(charger) + 1 :].partition("/")[0]) >= second

    for result in results:
        if id_of(result) in found.held and not is_in(own_id_of(result)):
            found.held.remove(id_of(result))
            h.out.append(result)
    found.sessions = {own: name for own, name in found.sessions.items() if is_in(own)}
    found.results = {own: name for own, name in found.results.items() if is_in(own)}


def _results_of(
    h: TransitionContext, bay: Bay, charger: str, known: WrittenResults, done: int
) -> list[SessionResult]:
    """What all signals of a bay's journal come to, under the ids that are known of it."""
    signals, ended = kept(bay, charger), bay.input_ended
    return fold(h.limits, charger, base(bay), known, signals, done, input_ended=ended).results


def _stands(bay: Bay | None) -> bool:
    return bay is not None and bay.session is not None


def _write(
    h: TransitionContext,
    known: WrittenResults,
    was: Mapping[str, SessionResult],
    now: Mapping[str, SessionResult],
) -> WrittenResults:
    """Write what differs; gives what is written now."""
    revisions, held = dict(known.revisions), set(known.held)

    def restate(key: str, *results: tuple[SessionResult, bool]) -> None:
        for result, gone in results:
            revisions[key] = revisions.pop(key, 1) + 1  # the newest last
            h.out.append(Restated(result, revisions[key], gone))

    for key, result in was.items():
        if key not in now:
            if key not in held:
                restate(key, (result, True))
            held.discard(key)
    for key, result in now.items():
        old = was.get(key)
        if old is None and key in revisions:
            restate(key, (result, False))
        elif old is None and is_by_time(result):
            held.add(key)
        elif old is None:
            h.out.append(result)
        elif key not in held and text_of(old) != text_of(result):
            moved = [(old, True)] if time_of(old) != time_of(result) else []
            restate(key, *moved, (result, False))
    return WrittenResults(
        revisions=dict(list(revisions.items())[-MAX_REVISIONS:]),
        held=[key for key in known.held if key not in was and key not in now]
        + [key for key in now if key in held],
    )
