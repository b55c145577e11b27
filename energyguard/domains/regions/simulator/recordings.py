"""Homes as they were measured: system E's files of 2 s, read once, played as often as wanted.

A recording that is played goes on for ever: each pass begins where the one before ended, and its
register stands where that left it. What is sent at a time depends on the recording and the time
only, so whoever plays it needs no memory, and a register never steps back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.codecs import Decoded
from energyguard.codecs.columns import DEVICE
from energyguard.codecs.files import read_blocks
from energyguard.codecs.sources import device_of
from energyguard.domains.regions.dialect import TENTHS_PER_NANO
from energyguard.errors import ConfigError, NotFound, Rejected
from energyguard.model.quantities import NANO_KW_PER_MW
from energyguard.model.readings import times_of
from energyguard.model.topics import DAY_MS

Ints = npt.NDArray[np.int64]
PREFIX = "household_"
"""What system E puts before a file's name to name its home."""
SHAPE = "household"
_ENDINGS = (".csv", ".csv.gz")
_NEARLY = 50
"""A recording of a day may lack a fiftieth of it, and is played once a day all the same."""


class BrokenLine(NamedTuple):
    """Lines of a file that were not taken: the first, why, and how many they are."""

    file: str
    line: int
    reason: str
    lines: int = 1


@dataclass(frozen=True)
class Recording:
    """A home as it was measured, m rows in the order of their times.

    Attributes:
        node: its name.
        time_ms: when, ms since 1970 UTC.
        power_mw: its power, mW, of either sign.
        energy: its register, 1e-10 kWh.
        broken: lines that were not taken.
    """

    node: str
    time_ms: Ints
    power_mw: npt.NDArray[np.integer]
    energy: Ints
    broken: tuple[BrokenLine, ...] = ()

    def between(self, from_ms: int, to_ms: int) -> slice:
        """The rows of a half-open span."""
        start, stop = np.searchsorted(self.time_ms, (from_ms, to_ms))
        return slice(int(start), int(stop))


class Rows(NamedTuple):
    """Rows of a home: time (ms), power (mW), register (1e-10 kWh)."""

    time_ms: Ints
    power_mw: Ints
    energy: Ints


@dataclass(frozen=True)
class Loop:
    """A recording that is played again and again, at the hours at which it was measured."""

    recording: Recording

    @cached_property
    def period_ms(self) -> int:
        """How long a pass takes: whole days, where the recording is nearly that long."""
        time_ms = self.recording.time_ms
        step = int(np.median(np.diff(time_ms))) if len(time_ms) > 1 else DAY_MS
        span = int(time_ms[-1] - time_ms[0]) + max(1, step)
        days = round(span / DAY_MS) * DAY_MS
        return days if abs(days - span) <= days // _NEARLY and days > span - step else span

    @cached_property
    def gain(self) -> int:
        """By how much the register rises in a pass, 1e-10 kWh."""
        return int(self.recording.energy.max() - self.recording.energy[0])

    def rows(self, after_ms: int, upto_ms: int) -> Rows:
        """The rows after a time, up to another and with it."""
        recording, parts = self.recording, []
        first_ms, last_ms = int(recording.time_ms[0]), int(recording.time_ms[-1])
        for turn in range(
            (after_ms - last_ms) // self.period_ms, (upto_ms - first_ms) // self.period_ms + 1
        ):
            moved = turn * self.period_ms
            rows = recording.between(after_ms - moved + 1, upto_ms - moved + 1)
            parts.append(
                Rows(
                    recording.time_ms[rows] + moved,
                    recording.power_mw[rows].astype(np.int64),
                    recording.energy[rows] + turn * self.gain,
                )
            )
        return Rows(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def files_of(folder: Path) -> tuple[Path, ...]:
    """The files of a folder that may be homes, by name.

    Raises:
        NotFound: there is no such folder, or none in it.
    """
    if not folder.is_dir():
        raise NotFound(f"{folder}: no such folder of household files")
    found = sorted(p for p in folder.iterdir() if p.name.lower().endswith(_ENDINGS))
    if not found:
        raise NotFound(f"{folder}: no household files in it (.csv, .csv.gz)")
    return tuple(found)


def node_of(path: Path) -> str:
    """The name of a file's home, as system E gives it: ``household_`` and the file's name.

    Raises:
        ConfigError: a device cannot be called so.
    """
    name = PREFIX + device_of(path).removeprefix(PREFIX)
    if pc.match_substring_regex(pa.array([name]), f"^{DEVICE.pattern}$")[0].as_py():
        return name
    raise ConfigError(f"{path}: {name!r} cannot name a home: no comma, no quote, 1 to 128 letters")


def distinct(paths: Sequence[Path]) -> tuple[Path, ...]:
    """The same files, if each is a home of its own.

    Raises:
        ConfigError: two have the same name.
    """
    seen: dict[str, Path] = {}
    for path in paths:
        other = seen.setdefault(node_of(path), path)
        if other is not path:
            raise ConfigError(f"{other} and {path} are both the home {node_of(path)}: keep one")
    return tuple(paths)


def read_recording(path: Path) -> Recording:
    """The home of a file: with its title line or without, with milliseconds or without, gzipped
    or not. A line that cannot be read is left out and told.

    Raises:
        NotFound: there is no such file.
        Rejected: nothing of it can be read, or it is no household file.
    """
    parts: list[Rows] = []
    broken: list[BrokenLine] = []
    for shape, decoded in read_blocks(path):
        broken += [BrokenLine(str(path), r.row, r.reason, r.count) for r in decoded.refused]
        if decoded.batch.num_rows and shape != SHAPE:
            raise Rejected(f"{path}: no household file, it holds {shape}", field="row")
        parts.append(_rows_of(decoded))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)] or [np.empty(0)] * 3
    if not len(columns[0]):
        why = f"{path}:{broken[0].line}: {broken[0].reason}" if broken else f"{path}: it is empty"
        raise Rejected(f"{why}; nothing of the file was taken", field="row")
    order = np.argsort(columns[0], kind="stable")
    time_ms, power_mw, energy = (column[order] for column in columns)
    return Recording(node_of(path), time_ms, power_mw, energy, tuple(broken))


def _rows_of(decoded: Decoded) -> Rows:
    """The rows of a block: each gave a power and a register, or neither."""
    batch = decoded.batch
    power, energy = (
        batch.filter(pc.equal(batch.column("channel"), channel))
        for channel in ("power_kw", "energy_register_kwh")
    )
    return Rows(
        times_of(power),
        power.column("value").to_numpy() // NANO_KW_PER_MW,
        energy.column("value").to_numpy() * TENTHS_PER_NANO,
    )
