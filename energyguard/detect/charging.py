"""Files of chargers' signals against the rule ``charging``: rows out, no services."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import IO

from energyguard.errors import Rejected
from energyguard.model.charging import (
    Charge,
    Closed,
    Ignored,
    Limits,
    Occupied,
    Outcome,
    Signal,
    Violated,
)
from energyguard.stream.sessions import Sessions
from energyguard.wire import Refused
from energyguard.wire import charging as wire
from energyguard.wire import charging_results as results

AT_ONCE = 5_000  # lines


class Output(StrEnum):
    """Which of the four results."""

    FULL_SESSIONS = "full-sessions"
    VIOLATIONS = "violations"
    TOTAL_OCCUPIED = "total-occupied"
    TRANSACTION_PROFIT = "transaction-profit"


@dataclass
class Evaluated:
    """What became of the lines."""

    signals: int = 0
    written: int = 0
    refused: list[tuple[str, Refused]] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)  # signals that changed nothing, by why
    qualities: Counter[str] = field(default_factory=Counter)  # stays, by what was inferred


def evaluate(
    files: list[tuple[str, IO[bytes]]],
    out: IO[bytes],
    output: Output,
    limits: Limits | None = None,
    on_bytes: Callable[[int], None] = lambda _done: None,
) -> Evaluated:
    """Write one of the results of all files' signals, read one after the other.

    Args:
        files: names, and lines of JSON.
        out: a line of JSON per record.
        output: which result.
        limits: how long cars may stand.
        on_bytes: is told how many bytes have been read.
    """
    limits, found, read = limits or Limits(), Evaluated(), 0
    sessions = Sessions(limits)
    for name, lines in files:
        numbered = enumerate(lines, 1)
        while some := list(islice(numbered, AT_ONCE)):
            signals = [
                signal
                for number, line in some
                if line.strip() and (signal := _signal(line, name, number, found)) is not None
            ]
            _write(sessions.process(signals), out, output, limits, found)
            read += sum(len(line) for _, line in some)
            on_bytes(read)
    _write(sessions.end(), out, output, limits, found)
    return found


def _signal(line: bytes, name: str, number: int, found: Evaluated) -> Signal | None:
    try:
        signal = wire.signal(line)
    except Rejected as error:
        found.refused.append((name, wire.refused(number, line, error)))
        return None
    found.signals += 1
    return signal


def _write(
    outcomes: list[Outcome], out: IO[bytes], output: Output, limits: Limits, found: Evaluated
) -> None:
    for outcome in outcomes:
        if isinstance(outcome, Ignored):
            found.ignored[outcome.reason] += 1
        elif isinstance(outcome, Closed):
            found.qualities[outcome.stay.quality] += 1
    for record in records(outcomes, output, limits):
        out.write(record + b"\n")
        found.written += 1


def records(outcomes: list[Outcome], output: Output, limits: Limits) -> Iterator[bytes]:
    """Those outcomes that belong to one of the results, as system D writes them."""
    kind = _KINDS[output]
    for outcome in outcomes:
        if type(outcome) is not kind:
            continue
        if isinstance(outcome, Closed):
            yield results.full_session(outcome.stay)
        elif isinstance(outcome, Violated):
            yield results.violation(outcome.stay, outcome.what)
        elif isinstance(outcome, Charge):
            yield results.transaction_profit(outcome, limits)
        elif isinstance(outcome, Occupied):
            for second in range(outcome.first, outcome.last + 1):
                yield results.total_occupied(second, outcome.occupied)


_KINDS: Mapping[Output, type] = {
    Output.FULL_SESSIONS: Closed,
    Output.VIOLATIONS: Violated,
    Output.TOTAL_OCCUPIED: Occupied,
    Output.TRANSACTION_PROFIT: Charge,
}
