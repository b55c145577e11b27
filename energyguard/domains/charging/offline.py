"""Files of chargers' signals against the rule ``charging``: rows out, no services."""

from __future__ import annotations

import heapq
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain, islice
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

import msgspec

from energyguard.codecs import RefusedRow
from energyguard.domains.charging import codec as results
from energyguard.domains.charging import codec as wire
from energyguard.domains.charging.intake import messages_in
from energyguard.domains.charging.model import (
    ChargingTransaction,
    Ignored,
    Occupied,
    Outcome,
    ParkingLimits,
    SessionEnded,
    Signal,
    ViolationRaised,
)
from energyguard.domains.charging.sessions.operator import SessionOperator
from energyguard.domains.charging.sessions.total import seconds
from energyguard.errors import Malformed, Rejected

AT_ONCE = 5_000  # lines
RUN_SIGNALS = 1_000_000
"""Signals that are sorted in memory; of more, runs of so many lie on disk and are merged."""

_SECOND = attrgetter("second")
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(list[Signal])


class ResultTopic(StrEnum):
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
    refused: list[tuple[str, RefusedRow]] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)  # signals that changed nothing, by why
    qualities: Counter[str] = field(default_factory=Counter)  # sessions, by what was inferred


def evaluate(
    files: list[tuple[str, IO[bytes]]],
    out: IO[bytes],
    output: ResultTopic,
    limits: ParkingLimits | None = None,
    on_bytes: Callable[[int], None] = lambda _done: None,
) -> Evaluated:
    """Write one of the results of all files' signals, taken in order of their time.

    Args:
        files: names, and lines of JSON, or a JSON array.
        out: a line of JSON per record.
        output: which result.
        limits: how long cars may stand.
        on_bytes: is told how many bytes have been read.

    Raises:
        Malformed: a file is an array that cannot be read.
    """
    limits, found, read = limits or ParkingLimits(), Evaluated(), 0
    sessions = SessionOperator(limits)
    with TemporaryDirectory(prefix="energyguard-") as folder:
        runs: list[Iterable[Signal]] = []
        held: list[Signal] = []
        for name, lines in files:
            numbered = _numbered(lines, name)
            while some := list(islice(numbered, AT_ONCE)):
                held += [
                    signal
                    for number, line in some
                    if line.strip() and (signal := _signal(line, name, number, found)) is not None
                ]
                read += sum(len(line) for _, line in some)
                on_bytes(read)
                if len(held) >= RUN_SIGNALS:
                    runs.append(_on_disk(sorted(held, key=_SECOND), Path(folder, str(len(runs)))))
                    held = []
        signals = heapq.merge(*runs, sorted(held, key=_SECOND), key=_SECOND)
        while taken := list(islice(signals, AT_ONCE)):
            _write(sessions.process(taken), out, output, limits, found)
    _write(sessions.end(), out, output, limits, found)
    return found


def _numbered(lines: IO[bytes], name: str) -> Iterator[tuple[int, bytes]]:
    """The messages of a file, with the numbers of their rows."""
    for number, line in enumerate(lines, 1):
        if not (text := line.removeprefix(BOM_UTF8).strip()):
            continue
        if text.startswith(b"["):
            try:
                yield from messages_in(text + lines.read())
            except Malformed as error:
                raise Malformed(f"{name}: {error}", error.field) from error
        else:
            yield from chain([(number, text)], enumerate(lines, number + 1))
        return


def _on_disk(signals: list[Signal], path: Path) -> Iterator[Signal]:
    """A sorted run, in a file until it is read."""
    with path.open("wb") as file:
        for i in range(0, len(signals), AT_ONCE):
            data = _ENCODER.encode(signals[i : i + AT_ONCE])
            file.write(len(data).to_bytes(8, "little") + data)

    def read() -> Iterator[Signal]:
        with path.open("rb") as file:
            while size := file.read(8):
                yield from _DECODER.decode(file.read(int.from_bytes(size, "little")))

    return read()


def _signal(line: bytes, name: str, number: int, found: Evaluated) -> Signal | None:
    try:
        signal = wire.signal(line)
    except Rejected as error:
        found.refused.append((name, wire.refused(number, line, error)))
        return None
    found.signals += 1
    return signal


def _write(
    outcomes: list[Outcome],
    out: IO[bytes],
    output: ResultTopic,
    limits: ParkingLimits,
    found: Evaluated,
) -> None:
    for outcome in outcomes:
        if isinstance(outcome, Ignored):
            found.ignored[outcome.reason] += 1
        elif isinstance(outcome, SessionEnded):
            found.qualities[outcome.session.quality] += 1
    for record in records(outcomes, output, limits):
        out.write(record + b"\n")
        found.written += 1


def records(outcomes: list[Outcome], output: ResultTopic, limits: ParkingLimits) -> Iterator[bytes]:
    """Those outcomes that belong to one of the results, as system D writes them."""
    kind = _KINDS[output]
    for outcome in outcomes:
        if type(outcome) is not kind:
            continue
        if isinstance(outcome, SessionEnded):
            yield results.full_session(outcome.session)
        elif isinstance(outcome, ViolationRaised):
            yield results.violation(outcome.session, outcome.what)
        elif isinstance(outcome, ChargingTransaction):
            yield results.transaction_profit(outcome, limits)
        elif isinstance(outcome, Occupied):
            for second in seconds(outcome.first, outcome.last):
                yield results.total_occupied(second, outcome.occupied)


_KINDS: Mapping[ResultTopic, type] = {
    ResultTopic.FULL_SESSIONS: SessionEnded,
    ResultTopic.VIOLATIONS: ViolationRaised,
    ResultTopic.TOTAL_OCCUPIED: Occupied,
    ResultTopic.TRANSACTION_PROFIT: ChargingTransaction,
}
