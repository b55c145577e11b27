"""Logging set-up, and every metric, declared in one table.

A stage counts with ``METRICS["readings_total"].labels(...)``; ``docs/operations.md`` lists the
table, and a test checks that it does. The libraries are loaded by the first line that is logged and
by the first metric that is counted: a command without either starts sooner, and a program of Flink
has neither of them.
"""

from __future__ import annotations

import io
import logging
import sys
from dataclasses import dataclass
from threading import Lock, RLock, Timer, current_thread
from typing import TYPE_CHECKING, Any, Final, Literal

from energyguard.clock import SYSTEM, Clock
from energyguard.deferred import deferred, missing

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

RESTED_S: Final = 30.0
"""What is so again this soon after its end has not ended."""
FIRST_REMINDER_S: Final = 60.0
MAX_REMINDER_S: Final = 21_600.0
"""What lasts is logged again after a minute, two, four, … and at last each six hours."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A row of the table."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    about: str
    labels: tuple[str, ...] = ()
    unit: str = ""


TABLE = (
    Metric("readings", "counter", "Readings by how they ended.", ("topic", "verdict")),
    Metric("refused", "counter", "Rows refused at the border, by field.", ("shape", "field")),
    Metric("log_appends", "counter", "Records appended.", ("topic",)),
    Metric("log_damaged", "counter", "Damaged appends that a reader went around.", ("topic",)),
    Metric("log_lag", "gauge", "Records a group has not read yet.", ("group", "topic")),
    Metric("watermark_lag_seconds", "gauge", "Newest reading less watermark.", ("topic",)),
    Metric("alerts", "counter", "Alert events, by state.", ("rule", "state")),
    Metric("sums_not_restated", "counter", "Changes of sums of too many parts.", ("rule",)),
    Metric("commits", "counter", "Transactions of the worker.", ("outcome",)),
    Metric("commit_seconds", "histogram", "How long a worker's transaction took."),
    Metric("history_rows", "counter", "Rows inserted into the history.", ("table",)),
    Metric("history_query_seconds", "histogram", "How long a query took.", ("query",)),
    Metric("store_rows", "counter", "Rows for the store, by outcome.", ("outcome",)),
    Metric("store_write_seconds", "histogram", "How long a write to the store took."),
    Metric("store_stalled", "gauge", "1 while the store takes nothing and rows wait."),
    Metric("edge_silent", "gauge", "1 while an edge is silent.", ("edge",)),
    Metric("edge_queued", "gauge", "Records that waited at an edge at its last word.", ("edge",)),
    Metric("edge_lag_seconds", "gauge", "How far what is here of an edge is behind.", ("edge",)),
    Metric("edge_clock_offset_seconds", "gauge", "An edge's clock less the cloud's.", ("edge",)),
    Metric("edge_readings", "counter", "Readings that came from an edge.", ("edge",)),
    Metric("edge_frames", "counter", "What edges said on their lines.", ("edge", "kind")),
    Metric("edge_resent", "counter", "Frames of records that were here already.", ("edge",)),
    Metric("edge_lost", "counter", "Records that an edge has no more, never sent.", ("edge",)),
    Metric("mqtt_messages", "counter", "Messages of a broker.", ("dialect", "outcome")),
    Metric("poll_answers", "counter", "Devices that were asked.", ("kind", "outcome")),
    Metric("poll_silent", "gauge", "1 while a device does not answer.", ("target",)),
    Metric("http_requests", "counter", "Requests by status.", ("route", "status")),
    Metric("connections_closed", "counter", "Connections over their time or cap.", ("reason",)),
    Metric("login_failures", "counter", "Log-ins and tokens that were refused.", ("how",)),
    Metric("sse_clients", "gauge", "Open live streams."),
    Metric("notifications_dropped", "counter", "Live events a slow client was spared."),
)


class _Metrics(dict[str, Any]):
    """The metrics of the table by name, declared when the first is used."""

    def __missing__(self, name: str) -> Any:
        self.declare()
        if name not in self:
            raise KeyError(name)
        return self[name]

    def declare(self) -> None:
        """Have all of them, as Prometheus' library has them."""
        with _DECLARING:
            if not self:
                from prometheus_client import Counter, Gauge, Histogram

                kinds = {"counter": Counter, "gauge": Gauge, "histogram": Histogram}
                self.update(
                    (row.name, kinds[row.kind](f"energyguard_{row.name}", row.about, row.labels))
                    for row in TABLE
                )


_DECLARING = Lock()
METRICS = _Metrics()


def registry() -> CollectorRegistry:
    """What Prometheus' library tells: every metric of the table, whether it was used or not."""
    from prometheus_client import REGISTRY

    METRICS.declare()
    return REGISTRY


def set_up_logging(level: str, role: str) -> None:
    """Write one line per event to stderr: time, level, role, event, fields."""
    structlog = _structlog_alone()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
            if sys.stderr.isatty()
            else structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(_Stderr()),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(role=role)
    for noisy in ("uvicorn.error", "nicegui"):  # a bad request, an unknown page: no news
        logging.getLogger(noisy).setLevel(logging.ERROR)


class _Stderr(io.TextIOBase):
    """What is standard error at the time of each line: whoever sets up logging may outlive it."""

    def write(self, text: str) -> int:
        """Write a part of a line."""
        return sys.stderr.write(text)

    def flush(self) -> None:
        """Let it be seen."""
        sys.stderr.flush()


def _structlog_alone() -> Any:
    """Structlog without what it loads and nothing here uses: 15 MB in each of our processes.

    rich makes tracebacks colourful; asyncio is for its asynchronous methods.
    """
    with missing("rich"), deferred("asyncio"):
        import structlog
    return structlog


class Condition:
    """Something that is so for a while: logged seldom, as it begins, and when it is over.

    A line for each kind of error, and while it lasts a reminder now and then, ever more seldom. A
    full disk, say, lets a small write through between two that fail: what comes back so soon after
    its end is the same still, and its next end is logged once it has rested.
    """

    def __init__(self, log: Any, begins: str, ends: str, clock: Clock = SYSTEM) -> None:
        self._log, self._begins, self._ends, self._clock = log, begins, ends, clock
        self._lock = RLock()
        self._kinds: set[type[BaseException]] = set()
        self._began_s = self._logged_s = 0.0
        self._ended_s = -RESTED_S
        self._reminder_s = FIRST_REMINDER_S
        self._rest: Timer | None = None
        self._returned = False

    def begin(self, error: BaseException, **fields: Any) -> None:
        """It is so, because of an error."""
        now_s = self._clock.monotonic()
        with self._lock:
            if self._rest is not None:
                self._rest.cancel()
                self._rest = None
            if not self._kinds:
                self._returned = now_s < self._ended_s + RESTED_S
                if not self._returned:
                    self._began_s, self._reminder_s = now_s, FIRST_REMINDER_S
            if type(error) in self._kinds:
                if now_s < self._logged_s + self._reminder_s:
                    return
                self._reminder_s = min(2 * self._reminder_s, MAX_REMINDER_S)
                fields["for_s"] = round(now_s - self._began_s)
            self._kinds.add(type(error))
            self._logged_s = now_s
            self._log.warning(self._begins, reason=str(error), **fields)

    def end(self) -> None:
        """It is so no longer."""
        with self._lock:
            if not self._kinds or self._rest is not None:
                return
            if not self._returned:
                self._over()
                return
            self._rest = Timer(RESTED_S, self._rested)
            self._rest.daemon = True
            self._rest.start()

    def _rested(self) -> None:
        with self._lock:
            if self._rest is current_thread():  # else it began again meanwhile
                self._rest = None
                self._over()

    def _over(self) -> None:
        self._kinds.clear()
        self._ended_s = self._clock.monotonic()
        self._log.info(self._ends)


class _Logger:
    """A logger of structlog that is made with its first line."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._made: Any = None

    def __getattr__(self, method: str) -> Any:
        if self._made is None:
            structlog = _structlog_alone()
            self._made = structlog.get_logger(module=self._module)
        return getattr(self._made, method)


def logger(name: str) -> Any:
    """The logger of a module."""
    return _Logger(name)


__all__ = [
    "METRICS",
    "TABLE",
    "Condition",
    "Metric",
    "logger",
    "registry",
    "set_up_logging",
]
