"""What came on the lines, as the cloud's log gets it.

Readings of all edges are packed anew by the partitions of the cloud's topic; what an edge calls
backlog keeps the header that says so. A device belongs to the edge that first sent it: what another
edge sends in its name goes to the dead letters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.clock import SYSTEM, Clock
from energyguard.codecs import RefusedRow
from energyguard.codecs.assembly import PlausibilityLimits
from energyguard.codecs.records import pack, read_records
from energyguard.codecs.refusals import first_bytes
from energyguard.codecs.text.csv import encode
from energyguard.edge.cloud.cloud_end import Arrived
from energyguard.log import Log, Records
from energyguard.log.compacted import CompactedTable
from energyguard.log.dead_letters import dead_letters
from energyguard.log.records import Headers
from energyguard.model.readings import BACKFILL, Verdict
from energyguard.model.topics import ALERTS, DEAD_LETTERS, EDGE_READINGS
from energyguard.records.edges import EDGE_DEVICE, EdgeDevice

Outputs = list[tuple[str, Records]]
"""Records to append, by topic."""


@dataclass
class Unpacked:
    """What is to be appended, and what it is.

    Attributes:
        outputs: records by topic.
        readings: how many, by edge.
        devices: those that came for the first time, by edge.
    """

    outputs: Outputs = field(default_factory=list)
    readings: Counter[str] = field(default_factory=Counter)
    devices: dict[str, list[str]] = field(default_factory=dict)


class Arrivals:
    """Makes records of the cloud's log of batches; knows whose each device is."""

    def __init__(self, log: Log, limits: PlausibilityLimits, clock: Clock = SYSTEM) -> None:
        self._limits, self._clock = limits, clock
        self._owners = CompactedTable(log, EDGE_DEVICE)
        self._owners.refresh()

    def devices(self) -> dict[str, list[str]]:
        """The devices of each edge."""
        found: dict[str, list[str]] = {}
        for device, row in self._owners.rows.items():
            found.setdefault(row.edge, []).append(device)
        return found

    def refresh(self) -> None:
        """Take what has been committed since."""
        self._owners.refresh()

    def released(self, edges: Collection[str]) -> Outputs:
        """What frees the devices of edges that were forgotten."""
        gone = [d.encode() for d, row in self._owners.rows.items() if row.edge in edges]
        return [(EDGE_DEVICE.name, Records(gone, [None] * len(gone)))] if gone else []

    def unpacked(self, arrived: Sequence[Arrived]) -> Unpacked:
        """The records to append for batches, in their order."""
        found, claims = Unpacked(), _Claims(self._owners.rows)
        fresh: list[pa.RecordBatch] = []
        past: list[pa.RecordBatch] = []
        for came in arrived:
            if came.batch.topic == EDGE_READINGS.name:
                self._readings(came, claims, found, fresh, past)
            elif came.batch.topic == ALERTS.name:
                self._alerts(came, claims, found)
            else:
                found.outputs.append(self._foreign_topic(came))
        found.outputs += _packed(fresh, ()) + _packed(past, BACKFILL)
        found.devices = claims.by_edge()
        now_ms = self._clock.now_ms()
        keys = [device.encode() for device in claims.new]
        values = [EDGE_DEVICE.encode(EdgeDevice(edge=e, at_ms=now_ms)) for e in claims.new.values()]
        if keys:
            found.outputs.append((EDGE_DEVICE.name, Records(keys, values)))
        return found

    def _readings(
        self,
        came: Arrived,
        claims: _Claims,
        found: Unpacked,
        fresh: list[pa.RecordBatch],
        past: list[pa.RecordBatch],
    ) -> None:
        batch = came.batch
        read = read_records(batch.values, self._limits, batch.topic)
        if read.bad:
            refused = [bad.refused for bad in read.bad]
            shapes = [bad.shape for bad in read.bad]
            found.outputs.append(_letters(came, refused, shapes))
        readings = read.readings
        found.readings[came.edge] += readings.num_rows
        record = read.record
        if others := claims.claimed(came.edge, pc.unique(readings.column(0)).to_pylist()):
            foreign = pc.is_in(readings.column(0), pa.array([*others], pa.string()))
            refused = [
                _of_another(came.edge, others[device], device, rows)
                for device in others
                if (rows := readings.filter(pc.equal(readings.column(0), device))).num_rows
            ]
            found.outputs.append(_letters(came, refused, ["csv"] * len(refused)))
            ours = pc.invert(foreign)
            readings, record = readings.filter(ours), record[np.asarray(ours)]
        if batch.backfill:
            past.append(readings)
        elif any(batch.headers):
            of_past = np.array([BACKFILL[0] in headers for headers in batch.headers], bool)[record]
            past.append(readings.filter(pa.array(of_past)))
            fresh.append(readings.filter(pa.array(~of_past)))
        else:
            fresh.append(readings)

    def _alerts(self, came: Arrived, claims: _Claims, found: Unpacked) -> None:
        batch = came.batch
        devices = [(key or b"").decode("utf-8", "replace") for key in batch.keys]
        others = claims.claimed(came.edge, dict.fromkeys(devices))
        kept = [i for i, device in enumerate(devices) if device not in others]
        if len(kept) < len(devices):
            refused = [
                RefusedRow(i + 1, Verdict.OUT_OF_RANGE, "device",
                           _reason(came.edge, others[device], device), batch.values[i] or b"")
                for i, device in enumerate(devices)
                if device in others
            ]  # fmt: skip
            found.outputs.append(_letters(came, refused, ["alert"] * len(refused)))
        records = Records(
            [batch.keys[i] for i in kept],
            [batch.values[i] for i in kept],
            [batch.headers[i] for i in kept] if batch.headers else (),
        )
        if kept:
            found.outputs.append((ALERTS.name, records))

    def _foreign_topic(self, came: Arrived) -> tuple[str, Records]:
        """An edge may write to two topics alone."""
        reason = f"edge {came.edge!r} may not write to the topic {came.batch.topic!r}"
        refused = [
            RefusedRow(i + 1, Verdict.OUT_OF_RANGE, "topic", reason, value or b"")
            for i, value in enumerate(came.batch.values)
        ]
        return _letters(came, refused, ["record"] * len(refused))


class _Claims:
    """Whose devices are, with those that come for the first time."""

    def __init__(self, owners: dict[str, EdgeDevice]) -> None:
        self._owners = owners
        self.new: dict[str, str] = {}

    def claimed(self, edge: str, devices: Collection[str]) -> dict[str, str]:
        """Of these, those of other edges, each with its own; who has none is the edge's now."""
        others = {}
        for device in devices:
            row = self._owners.get(device)
            owner = row.edge if row is not None else self.new.setdefault(device, edge)
            if owner != edge:
                others[device] = owner
        return others

    def by_edge(self) -> dict[str, list[str]]:
        """The new devices of each edge."""
        found: dict[str, list[str]] = {}
        for device, edge in self.new.items():
            found.setdefault(edge, []).append(device)
        return found


def _packed(batches: Sequence[pa.RecordBatch], headers: Headers) -> Outputs:
    """Readings as records of the cloud's topic, each device in its partition, in order."""
    kept = [batch for batch in batches if batch.num_rows]
    if not kept:
        return []
    parts = pack(pa.concat_batches(kept), EDGE_READINGS.partitions)
    partitions, values = zip(*parts, strict=True)
    n = len(values)
    return [(EDGE_READINGS.name, Records([None] * n, values, [headers] * n, (), partitions))]


def _letters(
    came: Arrived, refused: Sequence[RefusedRow], shapes: Sequence[str]
) -> tuple[str, Records]:
    source = f"edge:{came.edge}"
    return (
        DEAD_LETTERS.name,
        dead_letters(refused, [source] * len(refused), came.batch.topic, shapes),
    )


def _of_another(edge: str, owner: str, device: str, rows: pa.RecordBatch) -> RefusedRow:
    """Readings of a device in the name of an edge that it does not belong to."""
    original = first_bytes(encode(rows))
    reason = _reason(edge, owner, device)
    return RefusedRow(1, Verdict.OUT_OF_RANGE, "device", reason, original, rows.num_rows)


def _reason(edge: str, owner: str, device: str) -> str:
    return (
        f"device {device!r} belongs to edge {owner!r}, and edge {edge!r} sent it: give its devices "
        f"a prefix (`edge.prefix`), or let go of the other (`energyguard edge forget {owner}`)"
    )
