"""Files in, rows out, no services: a rule over readings as if they came through the system.

The whole input is one delivery and one partition: its readings are taken in order of event time.
Its end closes every window.
"""

from __future__ import annotations

import queue
import shutil
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import SpooledTemporaryFile, TemporaryDirectory
from typing import BinaryIO

import msgspec
import pyarrow as pa

from energyguard.catalogue import Catalogue
from energyguard.catalogue.energy import channels_of
from energyguard.catalogue.retirements import periods_of, retired_at
from energyguard.catalogue.revisions import PlacesFrom
from energyguard.catalogue.sums import sum_weights
from energyguard.codecs import RefusedRow
from energyguard.codecs.deliveries import Block, OutOfOrder, in_order, in_runs, merged
from energyguard.codecs.files import read_blocks
from energyguard.codecs.text.csv import strings_of
from energyguard.codecs.value_kinds import LOOKED_AT, registers_among, registers_hint
from energyguard.errors import ConfigError
from energyguard.model.catalogue import GROUP, SITE, SumPeriod
from energyguard.model.readings import Verdict, batch_from
from energyguard.rules.rule import Rule
from energyguard.rules.sums import summed_device, term_rules
from energyguard.settings.tree import Settings
from energyguard.stream.sums.operator import SumOperator
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.windows.channels.energy_state import by_kind
from energyguard.stream.windows.episodes.output import WindowOutput, window_alerts
from energyguard.stream.windows.limits import WindowLimits
from energyguard.stream.windows.operator import WindowOperator
from energyguard.stream.windows.panes.terms import window_terms

TOPIC = "replay.evaluate"
_BLOCK_BYTES = 2 << 20  # so much is read and judged at once: what is held stays small
_BLOCKS_AHEAD = 3
BATCH_OF_DEVICES = 2
"""A batch has so many times more readings than there are devices, if the input has."""
LONGEST_MS = 40 * 86_400_000
"""How long after the newest reading windows are closed: the last interval may be a month's."""
HELD_BYTES = 64 << 20
"""So much of what is written is held in memory until the input is known to be in order."""


@dataclass(slots=True)
class Evaluation:
    """What came of an evaluation: readings by verdict, rows written, and the rows refused.

    Attributes:
        hint: a sentence, where energies look like a register's.
    """

    counts: Counter[Verdict] = field(default_factory=Counter)
    written: int = 0
    refused: list[tuple[str, RefusedRow]] = field(default_factory=list)
    hint: str = ""

    @property
    def readings(self) -> int:
        """How many readings and refused rows there were."""
        return sum(self.counts.values())

    @property
    def has_readings(self) -> bool:
        """Whether there was anything but refused rows."""
        return self.readings > sum(row.count for _, row in self.refused)

    def __str__(self) -> str:
        verdicts = ", ".join(f"{n:,} {verdict.value}" for verdict, n in self.counts.items())
        return f"{self.readings:,} readings ({verdicts or 'none'}), {self.written:,} rows written"


def evaluate(
    rule: Rule,
    paths: Sequence[Path | str],
    out: BinaryIO,
    *,
    episodes: bool = False,
    settings: Settings | None = None,
    shape: str | None = None,
    on_bytes: Callable[[int], None] | None = None,
    catalogue: Catalogue | None = None,
) -> Evaluation:
    """Evaluate a rule over files (``-``: standard input) and write JSON lines.

    Args:
        rule: the rule.
        paths: files of any shape that ``wire`` reads.
        out: gets system C's alert record per window over the threshold, or alert events.
        episodes: write the alert events instead of the windows.
        settings: lateness and limits; None: the defaults.
        shape: the name of a dialect; None: whichever each file is.
        on_bytes: is told how many bytes were read.
        catalogue: sums, of which alert events are written, what is said of channels, and sites.

    Raises:
        NotFound: a file is not there.
        ConfigError: the rule looks at where devices stand, and there is no catalogue that says it;
            or it is about a sum that the catalogue does not have.
    """
    settings = settings or Settings()
    rules, sums = _with_terms(rule, catalogue)
    episodes = episodes or sums is not None
    if rule.needs_catalogue and not (catalogue and (catalogue.devices or catalogue.sites)):
        raise ConfigError(
            f"{rule.id}: its selector looks at where devices stand, and files do not say that: "
            "say what is there by --catalogue FILE"
        )
    with ExitStack() as stack:
        files = [(str(path), stack.enter_context(_again(path))) for path in paths]
        for order, reported in ((in_order, on_bytes), (in_runs, None)):
            blocks = order(_blocks(files, shape, settings, reported))
            # What is written before it is known that all is in order might have to be taken back.
            with SpooledTemporaryFile(HELD_BYTES) as held:
                try:
                    result = _evaluate(rules, blocks, held, episodes, settings, catalogue, sums)  # type: ignore[arg-type]
                except OutOfOrder:
                    continue
                held.seek(0)
                shutil.copyfileobj(held, out)
                break
    return result


def _with_terms(
    rule: Rule, catalogue: Catalogue | None
) -> tuple[list[Rule], Callable[[], SumOperator] | None]:
    """The rules that windows go by, and what adds these up; None: it is about no sum."""
    name, known = summed_device(rule), catalogue or Catalogue()
    is_key = name.partition("/")[0] in (SITE, GROUP)
    weights = sum_weights(name, known) if name else {}
    if is_key and not weights:
        raise ConfigError(
            f"{rule.id}: {name} has no devices: say what is there by --catalogue FILE"
        )
    if weights.keys() <= {name}:
        return [rule], None
    periods, whole = periods_of(weights, known), known.devices.get(name)
    if whole is not None and whole.retired_ms is not None:
        before = (period for period in periods if period.from_ms < whole.retired_ms)
        periods = [*before, SumPeriod(whole.retired_ms, {})]
    rules = [rule, *term_rules([rule], lambda _: periods)]

    def summing() -> SumOperator:
        operator = SumOperator()
        operator.set_rules(rules)
        return operator

    return rules, summing


def _evaluate(
    rules: Sequence[Rule],
    blocks: Iterable[Block],
    out: BinaryIO,
    episodes: bool,
    settings: Settings,
    catalogue: Catalogue | None,
    summing: Callable[[], SumOperator] | None,
) -> Evaluation:
    limits, energy = WindowLimits.of(settings.stream, rules), settings.ledger.defaults
    known = catalogue or Catalogue()
    channels = channels_of(known, energy)

    def places_at(revision: int, time_ms: int) -> PlacesFrom:
        retired, until_ms = retired_at(known, time_ms)
        return PlacesFrom(known.facts, until_ms, None, channels, retired)

    sums = summing() if summing else None
    windows = WindowOperator(
        TOPIC,
        rules,
        limits,
        follow_episodes=episodes,
        places_at=places_at,
        described_by=partial(by_kind, defaults=energy),
    )
    windows.place(0)
    result, beginning = Evaluation(), list[pa.RecordBatch]()
    for batch, refused in _enough(_ahead(blocks), windows.devices):
        for name, row in refused:
            result.counts[row.verdict] += row.count
            result.refused.append((name, row))
        if sum(map(len, beginning)) < LOOKED_AT:
            beginning.append(batch)
        if batch.num_rows:
            _write(windows.process(batch_from(batch)), out, episodes, result, sums)
    if windows.clock.newest > NEVER:
        _write(windows.end(), out, episodes, result, sums)
        end = windows.clock.newest + limits.clock.lateness_ms + rules[0].reach_ms + LONGEST_MS
        _write(windows.advance(end, end=True), out, episodes, result, sums)
    result.hint = registers_hint(registers_among(beginning))
    return result


@contextmanager
def _again(path: Path | str) -> Iterator[Path]:
    """A file that can be read twice: what standard input or a pipe gives is kept on disk."""
    path = Path(path)
    if str(path) != "-" and (path.is_file() or not path.exists()):
        yield path
        return
    with TemporaryDirectory(prefix="energyguard-") as folder, ExitStack() as stack:
        source = sys.stdin.buffer if str(path) == "-" else stack.enter_context(path.open("rb"))
        kept = Path(folder, "stdin" if str(path) == "-" else path.name)
        with kept.open("wb") as file:
            shutil.copyfileobj(source, file)
        yield kept


def _blocks(
    files: Sequence[tuple[str, Path]],
    shape: str | None,
    settings: Settings,
    on_bytes: Callable[[int], None] | None,
) -> Iterator[Block]:
    """The blocks of all files, merged by time where each is in order."""

    def read(name: str, path: Path) -> Iterator[Block]:
        blocks = read_blocks(
            path, shape, settings.wire, block_bytes=_BLOCK_BYTES, on_bytes=on_bytes
        )
        for _, decoded in blocks:
            yield decoded.batch, [(name, row) for row in decoded.refused]

    return read(*files[0]) if len(files) == 1 else merged([read(*file) for file in files])


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


def _enough(blocks: Iterable[Block], devices: Sequence[str]) -> Iterator[Block]:
    """Put blocks together, where readings are few beside devices: each batch costs all of these.

    Args:
        blocks: in order.
        devices: those that are known so far; grows meanwhile.
    """
    parts: list[pa.RecordBatch] = []
    refused: list[tuple[str, RefusedRow]] = []
    for batch, more in blocks:
        parts.append(batch)
        refused += more
        if sum(map(len, parts)) >= BATCH_OF_DEVICES * len(devices):
            yield pa.concat_batches(parts), refused
            parts, refused = [], []
    if parts:
        yield pa.concat_batches(parts), refused


def _write(
    outcome: WindowOutput,
    out: BinaryIO,
    episodes: bool,
    result: Evaluation,
    sums: SumOperator | None,
) -> None:
    result.counts.update(outcome.counts)
    if episodes:
        events = [*outcome.events]
        if sums is not None:
            events += sums.process(window_terms(outcome.closed, outcome.devices, TOPIC))
        for event in events:
            out.write(msgspec.json.encode(event) + b"\n")
        result.written += len(events)
        return
    for breaches in outcome.breaches:
        out.write(strings_of(window_alerts([(breaches, outcome.devices)]), "\n"))
        result.written += len(breaches.key)
