"""``/metrics``: what this process counts, and what the log says of the others.

Worker and history are processes of their own. How readings ended, how far the worker is and how far
each group is behind is in the log, so whoever serves can tell it, wherever they run.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from threading import Lock

from prometheus_client import generate_latest

from energyguard.errors import EnergyGuardError
from energyguard.log.lag import unread
from energyguard.model.readings import IN_THE_WORKER, Verdict
from energyguard.pipeline import flows_at_work
from energyguard.service.contract import Service
from energyguard.telemetry import METRICS, registry

_VERDICTS = (Verdict.ACCEPTED, *IN_THE_WORKER)
_EDGE_GAUGES = ("edge_silent", "edge_queued", "edge_lag_seconds", "edge_clock_offset_seconds")


class Scrape:
    """Brings the metrics up to date when they are asked for."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._counted: Counter[tuple[str, str]] = Counter()
        self._of_edges: Counter[tuple[str, str]] = Counter()
        self._lock = Lock()

    def text(self) -> bytes:
        """The metrics in Prometheus' text format."""
        with self._lock:
            self._readings()
            self._lag()
            self._edges()
        return bytes(generate_latest(registry()))

    def _readings(self) -> None:
        """Counters by verdict, and how far the watermark is behind the newest reading."""
        seen: Counter[tuple[str, str]] = Counter()
        behind: dict[str, list[int]] = defaultdict(list)
        for partition in self._service.quality().partitions:
            for verdict in _VERDICTS:
                seen[partition.topic, verdict.value] += getattr(partition, verdict.value)
            if partition.newest_ms is not None and partition.watermark_ms is not None:
                behind[partition.topic].append(partition.newest_ms - partition.watermark_ms)
        for (topic, name), count in (seen - self._counted).items():
            METRICS["readings"].labels(topic, name).inc(count)
        self._counted |= seen
        for topic, lags in behind.items():
            METRICS["watermark_lag_seconds"].labels(topic).set(max(lags) / 1000)

    def _lag(self) -> None:
        """Records that each group has not read yet."""
        try:
            positions = self._service.positions
            for flow in flows_at_work(positions, self._service.settings):
                for topic in flow.topics:
                    lag = sum(map(len, unread(positions, topic, flow.group).values()))
                    METRICS["log_lag"].labels(flow.group, topic).set(lag)
        except EnergyGuardError:
            return  # the log is busy: the last word stands

    def _edges(self) -> None:
        """How the lines of edges are; of one that is forgotten nothing is told."""
        for name in _EDGE_GAUGES:
            METRICS[name].clear()
        seen: Counter[tuple[str, str]] = Counter()
        for edge in self._service.edges.all():
            seen["edge_readings", edge.edge] = edge.readings
            seen["edge_lost", edge.edge] = edge.lost
            if edge.state == "forgotten":
                continue
            METRICS["edge_silent"].labels(edge.edge).set(edge.state == "silent")
            METRICS["edge_queued"].labels(edge.edge).set(edge.queued)
            if edge.lag_ms is not None:
                METRICS["edge_lag_seconds"].labels(edge.edge).set(edge.lag_ms / 1000)
            if edge.offset_ms is not None:
                METRICS["edge_clock_offset_seconds"].labels(edge.edge).set(edge.offset_ms / 1000)
        for (name, edge_name), count in (seen - self._of_edges).items():
            METRICS[name].labels(edge_name).inc(count)
        self._of_edges |= seen
