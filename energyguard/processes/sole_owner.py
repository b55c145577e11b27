"""What one process at a time does: the one that holds the partition of a flow's group."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

from energyguard.errors import Fenced, Unavailable
from energyguard.flow import Flow
from energyguard.log import Log, Membership
from energyguard.telemetry import Condition

SECOND_S = 1.0


def play_alone(
    log: Log, flow: Flow, stop: Event, away: Condition, own: Callable[[Membership], None]
) -> None:
    """Do something while this process holds a group; while another one does, wait.

    Args:
        log: has the group.
        flow: whose group it is.
        stop: ends it.
        away: said while the log is not there, or somebody else took the place meanwhile.
        own: does it, until it loses its place or is told to stop; afterwards it begins anew.
    """
    member = log.join(flow.group, flow.topics)
    try:
        while not stop.is_set():
            try:
                member.poll()
                if member.assigned:
                    away.end()
                    own(member)
                else:
                    stop.wait(SECOND_S)
            except Unavailable as error:
                away.begin(error)
                stop.wait(error.retry_after)
            except Fenced as error:
                away.begin(error)
    finally:
        member.leave()
