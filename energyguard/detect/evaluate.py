"""Files in, rows out, no services: a rule over readings as if they came through the system.

The whole input is one partition; several files are merged by time. Its end closes every window.
"""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import msgspec
import numpy as np
import pyarrow as pa

from energyguard.config import Settings
from energyguard.detect.rules import Rule
from energyguard.model.channels import LONGEST_GAP_MS
from energyguard.model.readings import EARLIEST_MS, SCHEMA, Verdict, times_of
from energyguard.stream.batch import batch_from
from energyguard.stream.clock import NEVER
from energyguard.stream.operator import Limits, Windows
from energyguard.stream.outcome import Outcome
from energyguard.stream.records import window_alerts
from energyguard.wire import Refused
from energyguard.wire.csv import strings_of
from energyguard.wire.files import read_blocks

_BLOCKS_AHEAD = 3


@dataclass(slots=True)
class Evaluation:
    """What came of an evaluation: readings by verdict, rows written, and the rows refused."""

    counts: Counter[Verdict] = field(default_factory=Counter)
    written: int = 0
    refused: list[tuple[str, Refused]] = field(default_factory=list)

    @property
    def readings(self) -> int:
        """How many readings and refused rows there were."""
        return sum(self.counts.values())


def evaluate(
    rule: Rule,
    paths: Sequence[Path | str],
    out: BinaryIO,
    *,
    episodes: bool = False,
    settings: Settings | None = None,
    shape: str | None = None,
    on_bytes: Callable[[int], None] | None = None,
) -> Evaluation:
    """Evaluate a rule over files (``-``: standard input) and write JSON lines.

    Args:
        rule: the rule.
        paths: files of any shape that ``wire`` reads.
        out: gets system C's alert record per window over the threshold, or alert events.
        episodes: write the alert events instead of the windows.
        settings: lateness and limits; None: the defaults.
        shape: one of ``wire.shapes.SHAPES``; None: whichever each file is.
        on_bytes: is told how many bytes were read.

    Raises:
        NotFound: a file is not there.
    """
    settings = settings or Settings()
    limits = Limits.of(settings.stream, [rule])
    windows = Windows("replay.evaluate", [rule], limits, follow_episodes=episodes)
    result = Evaluation()
    for batch, refused in _ahead(_blocks(paths, shape, settings, on_bytes)):
        for name, row in refused:
            result.counts[row.verdict] += row.count
            result.refused.append((name, row))
        if batch.num_rows:
            _write(windows.process(batch_from(batch)), out, episodes, result)
    if windows.clock.newest > NEVER:
        end = windows.clock.newest + limits.clock.lateness_ms + rule.window_ms + LONGEST_GAP_MS
        _write(windows.advance(end, end=True), out, episodes, result)
    if windows.clock.waiting is not None:
        result.counts[Verdict.AHEAD] += len(windows.clock.waiting)
    return result


Block = tuple[pa.RecordBatch, list[tuple[str, Refused]]]


def _blocks(
    paths: Sequence[Path | str],
    shape: str | None,
    settings: Settings,
    on_bytes: Callable[[int], None] | None,
) -> Iterator[Block]:
    """All files at once, by time: each keeps its own order, none is late because it is second."""

    def read(path: Path | str) -> Iterator[Block]:
        for _, decoded in read_blocks(path, shape, settings.wire, on_bytes=on_bytes):
            yield decoded.batch, [(str(path), row) for row in decoded.refused]

    return read(paths[0]) if len(paths) == 1 else merged([read(path) for path in paths])


def merged(files: Sequence[Iterator[Block]]) -> Iterator[Block]:
    """Merge files by the running maximum of their times, holding a block of each."""
    held: dict[int, tuple[pa.RecordBatch, np.ndarray[tuple[int], np.dtype[np.int64]]]] = {}
    newest = dict.fromkeys(range(len(files)), EARLIEST_MS)
    refused: list[tuple[str, Refused]] = []
    live = set(range(len(files)))
    while live or held:
        for i in sorted(live - held.keys()):
            block = next(files[i], None)
            if block is None:
                live.discard(i)
                continue
            refused += block[1]
            if block[0].num_rows:
                time = np.maximum(np.maximum.accumulate(times_of(block[0])), newest[i])
                newest[i] = int(time[-1])
                held[i] = block[0], time
        if live - held.keys():
            continue
        upto = min((int(time[-1]) for _, time in held.values()), default=0)
        parts, keys = [], []
        for i, (batch, time) in list(held.items()):
            cut = int(np.searchsorted(time, upto, side="right"))
            parts.append(batch.slice(0, cut))
            keys.append(time[:cut])
            held[i] = batch.slice(cut), time[cut:]
            if cut == len(time):
                del held[i]
        if parts or refused:
            whole = pa.Table.from_batches(parts, SCHEMA)
            order = np.argsort(np.concatenate([*keys, []]), kind="stable")
            yield whole.take(pa.array(order)).combine_chunks().to_batches()[0], refused
            refused = []


def _ahead(blocks: Iterable[Block]) -> Iterator[Block]:
    """Read and decode in a thread of its own, a few blocks ahead: Arrow lets go of the lock."""
    ready: queue.Queue[Block | BaseException | None] = queue.Queue(_BLOCKS_AHEAD)

    def read() -> None:
        try:
            for block in blocks:
                ready.put(block)
            ready.put(None)
        except BaseException as error:  # handed to the caller, below
            ready.put(error)

    threading.Thread(target=read, name="decode", daemon=True).start()
    while (block := ready.get()) is not None:
        if isinstance(block, BaseException):
            raise block
        yield block


def _write(outcome: Outcome, out: BinaryIO, episodes: bool, result: Evaluation) -> None:
    result.counts.update(outcome.counts)
    if episodes:
        for event in outcome.events:
            out.write(msgspec.json.encode(event) + b"\n")
        result.written += len(outcome.placed)
        return
    for over in outcome.over:
        out.write(strings_of(window_alerts([(over, outcome.devices)]), "\n"))
        result.written += len(over.key)
