"""Signals of chargers at the border: by a body, by files, by dead letters that are taken again.

A body is one delivery: its signals go to their topic in order of their time, in one append. What
is no signal becomes a dead letter. Files go the same way, moved onto the running clock, or as they
were into a topic of their own.
"""

from __future__ import annotations

import gzip
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from threading import Event

import msgspec
from msgspec.structs import replace

from energyguard.clock import SYSTEM, Clock
from energyguard.codecs import RefusedRow
from energyguard.codecs.charging import SHAPE, message, refused, signal
from energyguard.codecs.refusals import MAX_REFUSED, Refusals
from energyguard.errors import Malformed, NotFound, Rejected, Unavailable
from energyguard.intake.gateway import Gateway
from energyguard.log import Log
from energyguard.model.charging import Signal
from energyguard.model.topics import SIGNALS, signals_topic
from energyguard.telemetry import logger

_FIRST_OBJECT = re.compile(rb"\A(?:\xef\xbb\xbf)?[\s\[]*\{[^{}]*\"charger_id\"\s*:")
_GZIP = b"\x1f\x8b"
_HEAD_BYTES = 4_096
AT_ONCE = 5_000
MAX_WAIT_S = 0.5

Message = tuple[Signal, bytes]
"""A signal, and its message as it came."""


def are_signals(head: bytes) -> bool:
    """Whether what begins so are signals of chargers: the first object names one."""
    return _FIRST_OBJECT.match(head[:_HEAD_BYTES]) is not None


def decode_signals(data: bytes) -> tuple[list[Message], tuple[RefusedRow, ...]]:
    """Signals of JSON lines or of a JSON array, in order of their time; and what is none."""
    found: list[Message] = []
    bad = Refusals(MAX_REFUSED, SHAPE)
    for row, text in _messages(data):
        try:
            found.append((signal(text), text))
        except Rejected as error:
            bad.add(refused(row, text, error))
    found.sort(key=_second)
    return found, bad.rows()


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    data = data.removeprefix(b"\xef\xbb\xbf")
    if data.lstrip()[:1] == b"[":
        try:
            rows = msgspec.json.decode(data, type=list[msgspec.Raw])
        except (msgspec.DecodeError, RecursionError) as error:
            raise Malformed(f"no JSON array: {error}", "body") from error
        yield from ((row, bytes(text)) for row, text in enumerate(rows, 1))
        return
    for row, line in enumerate(data.split(b"\n"), 1):
        if line.strip():
            yield row, line.strip()


def _second(taken: Message) -> int:
    return taken[0].second


def take_signals(
    intake: Gateway, data: bytes, *, source: str, topic: str = SIGNALS.name
) -> tuple[list[Signal], tuple[RefusedRow, ...]]:
    """Take a body of signals in; durable on return.

    Args:
        intake: the border.
        data: JSON lines, or a JSON array.
        source: who sent it.
        topic: where signals of these chargers go.

    Raises:
        Malformed: it is an array that cannot be read.
        Unavailable: the log takes nothing now; ``retry_after`` says when.
    """
    found, bad = decode_signals(data)
    if found:
        intake.signal([(one.charger.encode(), text) for one, text in found], topic)
    intake.refuse(bad, topic=topic, source=source, shape=SHAPE)
    return [one for one, _ in found], bad


@dataclass(frozen=True, kw_only=True)
class SignalReplay:
    """Which files to replay, and how.

    Attributes:
        paths: JSON lines, gzipped or not.
        keep_time: a name: signals keep their times and go to ``charger-station-signals.<name>``.
        speedup: event time by wall time; ``math.inf``: as fast as it can.
        prefix: put before every charger's id.
    """

    paths: Sequence[Path]
    keep_time: str = ""
    speedup: float = 1.0
    prefix: str = ""

    @property
    def topic(self) -> str:
        """Where the signals go."""
        return signals_topic(self.keep_time)


class SignalPlayer:
    """Plays files of signals into a log; what all of them hold is one delivery."""

    def __init__(self, replay: SignalReplay, log: Log, stop: Event, clock: Clock = SYSTEM) -> None:
        self._replay, self._stop, self._clock = replay, stop, clock
        self._intake = Gateway(log)
        self.refused = 0

    def play(self) -> list[int]:
        """Send all signals, or those until ``stop``; gives their seconds in the log.

        Raises:
            NotFound: there is no such file.
        """
        signals = sorted(self._signals(), key=lambda one: one.second)
        if not signals:
            return []
        shift = 0
        if not self._replay.keep_time:
            shift = self._clock.now_ms() // 1000 - signals[0].second
        began, sent = self._clock.monotonic(), 0
        while sent < len(signals) and not self._stop.is_set():
            due = sent
            until = math.inf
            if math.isfinite(self._replay.speedup):
                past_s = (self._clock.monotonic() - began) * self._replay.speedup
                until = signals[0].second + past_s
            while due < min(len(signals), sent + AT_ONCE) and signals[due].second <= until:
                due += 1
            if due == sent:
                self._stop.wait(MAX_WAIT_S)
            elif self._sent([self._moved(one, shift) for one in signals[sent:due]]):
                sent = due
        return [one.second + shift for one in signals[:sent]]

    def _moved(self, one: Signal, shift: int) -> tuple[bytes, bytes]:
        moved = replace(one, charger=self._replay.prefix + one.charger, second=one.second + shift)
        return moved.charger.encode(), message(moved)

    def _sent(self, messages: Sequence[tuple[bytes, bytes]]) -> bool:
        """Append, however long the log needs; given up only on ``stop``."""
        while not self._stop.is_set():
            try:
                self._intake.signal(messages, self._replay.topic)
            except Unavailable as error:
                logger(__name__).warning("the log takes nothing now", reason=str(error))
                self._stop.wait(error.retry_after)
            else:
                return True
        return False

    def _signals(self) -> Iterator[Signal]:
        for path in self._replay.paths:
            found, bad = decode_signals(read_signals(path))
            self.refused += sum(row.count for row in bad)
            source = f"file:{path.name}"
            self._intake.refuse(bad, topic=self._replay.topic, source=source, shape=SHAPE)
            yield from map(itemgetter(0), found)


def read_signals(path: Path, size: int = -1) -> bytes:
    """The bytes of a file, unpacked; or so many of them.

    Raises:
        NotFound: there is no such file, or it cannot be read.
    """
    try:
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP
        with gzip.open(path) if packed else path.open("rb") as file:
            return bytes(file.read(size))
    except OSError as error:
        raise NotFound(f"{path}: {error.strerror or error}") from error


def hold_signals(paths: Iterable[Path]) -> bool:
    """Whether files hold signals of chargers: the first one tells."""
    first = next(iter(paths), None)
    if first is None or not first.is_file():
        return False
    return are_signals(read_signals(first, _HEAD_BYTES))
