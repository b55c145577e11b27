"""Files of chargers' signals against the rule ``charging``: rows out, no services."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import IO

from energyguard.errors import OutOfRange, Rejected
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
from energyguard.model.readings import Verdict
from energyguard.stream.sessions import Sessions
from energyguard.wire import Refused
from energyguard.wire import charging as wire

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
        verdict = Verdict.OUT_OF_RANGE if isinstance(error, OutOfRange) else Verdict.MALFORMED
        found.refused.append(
            (name, Refused(number, verdict, error.field or "row", error.reason, line))
        )
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
    for outcome in outcomes:
        match outcome, output:
            case Closed(), Output.FULL_SESSIONS:
                yield wire.full_session(outcome.stay)
            case Violated(), Output.VIOLATIONS:
                yield wire.violation(outcome.stay, outcome.what)
            case Occupied(), Output.TOTAL_OCCUPIED:
                yield wire.total_occupied(outcome.second, outcome.occupied)
            case Charge(), Output.TRANSACTION_PROFIT:
                yield wire.transaction_profit(outcome, limits)
