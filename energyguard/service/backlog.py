"""How far the history is behind what came: what sums may still lack."""

from __future__ import annotations

from energyguard.clock import Clock
from energyguard.errors import EnergyGuardError
from energyguard.log import Log
from energyguard.log.lag import unread
from energyguard.pipeline import ARCHIVE


def backlog_ms(log: Log, clock: Clock) -> int:
    """How long records have waited that the history has not taken, in ms; 0: none waits.

    Of each topic the partition is looked at in which most records wait. Where the log cannot be
    asked nothing is known, and health says so.
    """
    oldest_ms = now_ms = clock.now_ms()
    try:
        for topic in ARCHIVE.topics:
            waiting = unread(log.positions, topic, ARCHIVE.group)
            at = max(waiting, key=lambda part: len(waiting[part]), default=None)
            if at is None or not waiting[at]:
                continue
            for fetched in log.read({at: waiting[at].start}, 1, 0.0):
                oldest_ms = min(oldest_ms, fetched.timestamps_ms[0])
    except EnergyGuardError:
        return 0
    return now_ms - oldest_ms
