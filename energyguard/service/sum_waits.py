"""Which terms rules about sums wait for, or have gone on without: from snapshots in the log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from energyguard.log import LATEST, Log
from energyguard.model.days import HOUR_MS
from energyguard.model.topics import WINDOW_TERMS
from energyguard.pipeline import SUMS
from energyguard.stream.runtime.checkpoint import Unusable, raising_unusable, read_snapshots
from energyguard.stream.sums.operator import SumOperator

LONG_MS: Final = HOUR_MS
"""What is waited for less than this (event time) needs nobody."""


class WaitingSum(NamedTuple):
    """A sum that lacks a device, which never sent anything that its rule looks at."""

    device: str
    """The sum's name: that of a virtual device, or a key such as ``site/lindenhof``."""
    rule: str
    lacks: str
    since_ms: int
    """The last window that has it, or the first that another device of the sum had."""
    goes_on: bool
    """Whether the sum goes on without it; else it waits."""


def waiting_sums(log: Log) -> Iterator[WaitingSum]:
    """All that have waited for long, as of the newest snapshots.

    Raises:
        Unavailable: the log is not there now.
    """
    of = log.positions(WINDOW_TERMS.name, LATEST)
    for _manifest, parts in read_snapshots(log, SUMS.name, of).values():
        operator = SumOperator()
        try:
            with raising_unusable():
                operator.restore(parts)
        except Unusable:  # whoever works on it makes it anew from the log
            continue
        for wait in operator.waits():
            term, since_ms, goes_on = wait.of.term, wait.of.since_ms, wait.of.is_given_up
            if goes_on or wait.of.front_ms - since_ms >= LONG_MS:
                yield WaitingSum(wait.device, wait.rule, term, since_ms, goes_on)
