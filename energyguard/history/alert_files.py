"""Alerts as Parquet files that follow the history, in a folder or at an S3 address."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from energyguard.clock import SYSTEM, Clock
from energyguard.errors import ConfigError
from energyguard.history import History
from energyguard.model.topics import DAY_MS
from energyguard.telemetry import logger

REST = 10
"""Writing takes at most one part in so many of the time."""
RETRY_S = 30.0
"""So long it waits when the place takes nothing."""
_PATIENCE: Mapping[str, Any] = {
    "connect_timeout": 5,
    "request_timeout": 30,
    "retry_strategy": pafs.AwsStandardS3RetryStrategy(max_attempts=2),
}
_ALL = 2**32 - 1

_log = logger(__name__)


def open_place(place: str) -> tuple[pafs.FileSystem, str]:
    """A folder, or an address such as ``s3://bucket/folder``, and the path in it.

    Options of ``pyarrow.fs.S3FileSystem`` stand behind a question mark: a region, and for a server
    that is not Amazon's ``?scheme=http&endpoint_override=HOST:PORT``. Keys come from the
    environment (``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``).

    Raises:
        ConfigError: it is no such address.
    """
    try:
        if place.startswith("s3://"):
            address = urlsplit(place)
            system = pafs.S3FileSystem(**_PATIENCE, **dict(parse_qsl(address.query)))
            return system, f"{address.netloc}{address.path}".rstrip("/")
        if "://" in place:
            raise ValueError("an address begins with s3://")
        return pafs.LocalFileSystem(), str(Path(place).absolute())
    except (pa.ArrowException, ValueError, TypeError, OSError) as error:
        raise ConfigError(f"{place!r} is neither a folder nor an address: {error}") from error


class AlertFiles:
    """Two Parquet files a day: changes of alerts, and windows over a threshold.

    A file is written anew, whole, from the history; so a replay changes nothing, and what a crash
    kept from being written is noticed at the next start by the number of rows. While the place
    takes nothing, the days wait, and the history goes on.
    """

    KINDS = ("alerts", "window_alerts")

    def __init__(self, place: str, history: History, clock: Clock = SYSTEM) -> None:
        """Follow ``history``.

        Raises:
            ConfigError: the place is neither a folder nor an address.
        """
        self._system, self._path = open_place(place)
        self._place, self._history, self._clock = place, history, clock
        self._rest_until = 0.0
        self._looked = self._waits = False
        self.stale: set[tuple[str, int]] = set()

    def path(self, kind: str, day: int) -> str:
        """The file of a day, counted from 1970."""
        date = pc.strftime(pa.scalar(day * DAY_MS, pa.timestamp("ms")), "%Y-%m-%d").as_py()
        return f"{self._path}/{kind}-{date[:10]}.parquet"

    def touch(self, kind: str, rows: pa.Table) -> None:
        """Note the days of new rows of a table."""
        if kind in self.KINDS:
            column = rows["time_ms"] if kind == "alerts" else rows["window_end"].cast(pa.int64())
            self.stale |= {(kind, ms // DAY_MS) for ms in pc.unique(column).to_pylist()}

    def settle(self) -> None:
        """Write the files of the days noted; when that is slow, not at every call."""
        if self._clock.monotonic() < self._rest_until:
            return
        started = self._clock.monotonic()
        try:
            if not self._looked:
                self._look()
            for kind, day in sorted(self.stale):
                self._write(kind, day)
                self.stale.discard((kind, day))
        except (OSError, pa.ArrowException) as error:
            if not self._waits:
                _log.error("files of alerts wait", place=self._place, reason=str(error))
            self._waits, self._rest_until = True, self._clock.monotonic() + RETRY_S
            return
        if self._waits:
            _log.info("files of alerts are written again", place=self._place)
        ended = self._clock.monotonic()
        self._waits, self._rest_until = False, ended + REST * (ended - started)

    def _look(self) -> None:
        """Note the days whose file is missing, short, or of an older form."""
        self._system.create_dir(self._path, recursive=True)
        for kind in self.KINDS:
            schema = self._day(kind, 0).schema
            days = self._history.query("alert_days", kind=kind).to_pydict()
            for day, rows in zip(days["day"], days["alerts"], strict=True):
                if (rows, schema) != self._kept(self.path(kind, day)):
                    self.stale.add((kind, day))
        self._looked = True

    def _kept(self, path: str) -> tuple[int, pa.Schema] | None:
        if self._system.get_file_info(path).type is not pafs.FileType.File:
            return None
        with self._system.open_input_file(path) as source:
            file = pq.ParquetFile(source)
            return file.metadata.num_rows, file.schema_arrow

    def _write(self, kind: str, day: int) -> None:
        path = self.path(kind, day)
        with self._system.open_output_stream(f"{path}.new") as sink:
            pq.write_table(self._day(kind, day), sink, compression="zstd")
        self._system.move(f"{path}.new", path)

    def _day(self, kind: str, day: int) -> pa.Table:
        return self._history.query(
            kind, start_ms=day * DAY_MS, end_ms=(day + 1) * DAY_MS, limit=_ALL
        )
