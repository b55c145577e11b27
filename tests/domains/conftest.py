"""A log of its own for every test, a clock that moves when told to, and what lies in the log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pyarrow as pa
import pytest

from energyguard.clock import ManualClock
from energyguard.codecs.records import unpack
from energyguard.log import EARLIEST, LATEST, Log, open_log
from energyguard.log.records import Headers


@pytest.fixture
def log_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'log.db'}"


@pytest.fixture
def log(log_url: str) -> Iterator[Log]:
    opened = open_log(log_url)
    yield opened
    opened.close()


class StopAfter(Event):
    """Set once its clock, which moves by what is waited for, has passed some wall seconds."""

    def __init__(self, clock: ManualClock, seconds: float) -> None:
        super().__init__()
        self._clock, self._end = clock, clock.monotonic() + seconds

    def wait(self, timeout: float | None = None) -> bool:
        self._clock.sleep(timeout or 0.0)
        if self._clock.monotonic() >= self._end:
            self.set()
        return self.is_set()


def records(log: Log, topic: str) -> list[tuple[bytes | None, bytes | None, Headers]]:
    """Everything in a topic, partition by partition."""
    found: list[tuple[bytes | None, bytes | None, Headers]] = []
    ends = log.positions(topic, LATEST)
    for at, position in log.positions(topic, EARLIEST).items():
        while position < ends[at] and (parts := log.read({at: position}, 1000, 0.0)):
            for part in parts:
                found += zip(part.keys, part.values, part.headers, strict=True)
            position = parts[-1].next_offset
    return found


def readings(log: Log, topic: str = "energy_readings") -> list[tuple[int, str, int]]:
    """All readings in a topic as (time, device, value), sorted."""
    batches = [unpack([value])[0] for _, value, _ in records(log, topic) if value]
    return sorted(
        row
        for batch in batches
        for row in zip(
            batch.column("time").cast(pa.int64()).to_pylist(),
            batch.column("device").to_pylist(),
            batch.column("value").to_pylist(),
            strict=True,
        )
    )
