"""Labelled faults: readings that are missing, late, doubled, malformed or far too high.

Which reading gets which fault depends on the seed, the home and the time only, so a simulator that
starts again spoils the same readings. The labels go to a ground-truth file, one JSON object a
line: `fault`, `device`, `time`, `detail`. It is written before the readings are, so that after a
kill -9 a label may stand there twice, and none is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from energyguard.domains.household.homes import Homes
from energyguard.domains.household.lines import lines_of
from energyguard.errors import ConfigError
from energyguard.model.readings import SCHEMA, times_of
from energyguard.simulators.noise import streams, uniform

Times = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

FAULTS = ("missing", "late", "duplicate", "malformed", "spike")
LATE_BY_MS = 30 * 60 * 1000
SPIKE_TIMES = 20
# What stands in place of the energy; each is refused for another reason.
_BROKEN = (b"n/a", b"", b"nan", b"-1e9", b"1e9", b"0.01,0.02")


class Label(msgspec.Struct, frozen=True):
    """A line of the ground truth. ``time`` is the reading's own, not that of its arrival."""

    fault: str
    device: str
    time: str
    detail: str


class Spoilt(NamedTuple):
    """What became of some ticks: what is sent and when, the lines nobody can read, the truth."""

    batch: pa.RecordBatch
    arrival_ms: Times  # of each reading of the batch, ascending
    malformed: Sequence[bytes]
    labels: Sequence[Label]


def parse_rates(text: str, faults: Sequence[str] = FAULTS) -> Mapping[str, float]:
    """Read ``missing=0.01,late=0.02``: each the share of readings that get the fault.

    Args:
        text: the shares.
        faults: which there are.

    Raises:
        ConfigError: a name or a share is wrong, or the shares add up to more than 1.
    """
    rates: dict[str, float] = {}
    wrong: list[str] = []
    for part in filter(None, text.split(",")):
        name, _, share = (word.strip() for word in part.partition("="))
        try:
            rates[name] = float(share)
        except ValueError:
            wrong.append(f"--faults: {part!r} is not NAME=SHARE, as in {faults[0]}=0.01")
            continue
        if name not in faults:
            wrong.append(f"--faults: no fault {name!r}; there are: {', '.join(faults)}")
        elif not 0 <= rates[name] <= 1:
            wrong.append(f"--faults: the share of {name!r} is not between 0 and 1: {share}")
    if not wrong and sum(rates.values()) > 1:
        wrong.append("--faults: the shares add up to more than 1")
    if wrong:
        raise ConfigError(*wrong)
    return rates


class Faults:
    """Spoils the readings of homes, at most one fault each.

    Args:
        rates: share of the readings by fault, as ``parse_rates`` gives it.
        homes: whose readings; their seed decides which.
        start_ms: the first tick: nothing older arrives late.
        truth: the ground-truth file, added to; None: labels are only returned.
    """

    def __init__(
        self, rates: Mapping[str, float], homes: Homes, start_ms: int, truth: Path | None = None
    ) -> None:
        self._homes, self._start_ms, self._truth = homes, start_ms, truth
        self._limits = np.cumsum([rates.get(fault, 0.0) for fault in FAULTS])
        self._draws = streams(homes.seed, "faults", np.arange(homes.count))

    def spoil(self, time_ms: Times) -> Spoilt:
        """The readings of these ticks with their faults, and the late ones that are due."""
        clean = self._homes.readings(time_ms)
        fault = self._drawn(time_ms)
        missing, late, doubled, broken, spike = (fault == n for n in range(len(FAULTS)))
        value = clean.column("value").to_numpy() * np.where(spike, SPIKE_TIMES, 1)
        spoilt = clean.set_column(SCHEMA.get_field_index("value"), SCHEMA.field("value"), value)
        copies = np.where(missing | late | broken, 0, np.where(doubled, 2, 1))
        sent = spoilt.take(pa.array(np.repeat(np.arange(copies.size), copies)))

        due_ms = time_ms[time_ms - LATE_BY_MS >= self._start_ms] - LATE_BY_MS
        due = self._homes.readings(due_ms)
        arriving = due.filter(pa.array(self._drawn(due_ms) == FAULTS.index("late")))

        lines = _break(lines_of(clean.filter(pa.array(broken))).splitlines())
        labels = [
            *_labels("missing", clean, missing, repeat("never sent")),
            *_labels("late", arriving, None, repeat(f"sent {LATE_BY_MS // 60_000} minutes later")),
            *_labels("duplicate", clean, doubled, repeat("sent twice")),
            *_labels("malformed", clean, broken, map(bytes.decode, lines)),
            *_labels("spike", clean, spike, repeat(f"{SPIKE_TIMES} times the true energy")),
        ]
        arrival_ms = np.concatenate([times_of(sent), times_of(arriving) + LATE_BY_MS])
        order = np.argsort(arrival_ms, kind="stable")
        batch = pa.concat_batches([sent, arriving]).take(pa.array(order))
        return Spoilt(batch, arrival_ms[order], lines, labels)

    def write_truth(self, labels: Sequence[Label]) -> None:
        """Add labels to the ground-truth file."""
        if self._truth is not None and labels:
            with self._truth.open("ab") as file:
                file.write(msgspec.json.Encoder().encode_lines(labels))

    def _drawn(self, time_ms: Times) -> npt.NDArray[np.int64]:
        """The fault of each reading as its place in ``FAULTS``; beyond the last: none."""
        draw = uniform(self._draws, time_ms[:, None] // 1000).ravel()
        return np.searchsorted(self._limits, draw, side="right")


def _break(lines: Iterable[bytes]) -> list[bytes]:
    """Spoil the last field of CSV lines, each by the way that its own bytes choose."""
    return [line.rpartition(b",")[0] + b"," + _BROKEN[crc32(line) % len(_BROKEN)] for line in lines]


def _labels(
    fault: str, batch: pa.RecordBatch, where: Flags | None, details: Iterable[str]
) -> Iterator[Label]:
    """Labels of the rows, each with its detail."""
    rows = batch if where is None else batch.filter(pa.array(where))
    columns = (rows.column(name).to_pylist() for name in ("device", "time"))
    for device, time, detail in zip(*columns, details, strict=False):
        yield Label(fault, device, f"{time:%Y-%m-%dT%H:%M:%SZ}", detail)
