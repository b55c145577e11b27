"""Snapshots in ``energyguard.state``: parts in chunks of at most 900 kB, the manifest last.

A snapshot is written in the transaction that moves the positions it belongs to. Parts that did not
change are not written again: the topic is compacted, so the newest of each is there. The manifest
has a checksum of each part: where one is missing, or an older one is in its place because the log
was damaged, the snapshot does not hold, and its partition is made anew from the log.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

import msgspec

from energyguard.log import EARLIEST, LATEST, Log, Records, TopicPartition
from energyguard.model.topics import STATE
from energyguard.records.state import SNAPSHOT, Manifest
from energyguard.telemetry import logger

_log = logger(__name__)

CHUNK_BYTES = 900_000
APPLIED = "applied"
Saved = tuple[Manifest, dict[str, bytes]]


class Unusable(Exception):
    """A snapshot that an operator cannot be restored from."""


@contextmanager
def raising_unusable() -> Iterator[None]:
    """Whatever was in a snapshot's bytes: the log has it all.

    Raises:
        Unusable: something was raised within.
    """
    try:
        yield
    except Exception as error:
        raise Unusable(f"{type(error).__name__}: {error}") from error


def snapshot_records(
    flow: str, at: TopicPartition, manifest: Manifest, parts: Mapping[str, bytes | None]
) -> Records:
    """The records of a flow's snapshot; the manifest's ``chunks`` are brought up to date."""
    prefix = f"{flow}/{at.topic}/{at.partition}/"
    keys: list[bytes | None] = []
    values: list[bytes | None] = []
    for name, data in parts.items():
        before = manifest.chunks.pop(name, 0)
        manifest.sums.pop(name, None)
        pieces: list[bytes | None] = []
        if data is not None:
            pieces = [data[i : i + CHUNK_BYTES] for i in range(0, max(len(data), 1), CHUNK_BYTES)]
            manifest.chunks[name] = len(pieces)
            manifest.sums[name] = zlib.crc32(data)
        pieces += [None] * (before - len(pieces))
        keys += [f"{prefix}{name}#{i}".encode() for i in range(len(pieces))]
        values += pieces
    keys.append(f"{prefix}manifest".encode())
    values.append(SNAPSHOT.encode(manifest))
    where = at.partition % STATE.partitions
    return Records(keys, values, partitions=[where] * len(keys))


def applied_record(flow: str, at: TopicPartition, serial: int) -> Records:
    """The record that says which decision took effect where its partition stands.

    A decision that took effect among records is behind the committed position; of one that took
    effect at the end of all records only this tells that what came of it is written.
    """
    key = f"{flow}/{at.topic}/{at.partition}/{APPLIED}".encode()
    return Records([key], [str(serial).encode()], partitions=[at.partition % STATE.partitions])


def read_snapshots(
    log: Log, flow: str, of: Collection[TopicPartition]
) -> dict[TopicPartition, Saved]:
    """A flow's newest snapshots of these partitions: manifest and parts; of some there is none."""
    return read_state(log, flow, of)[0]


def read_state(
    log: Log, flow: str, of: Collection[TopicPartition]
) -> tuple[dict[TopicPartition, Saved], dict[TopicPartition, int]]:
    """``read_snapshots``, and of partitions the last decision that took effect where they stood."""
    found: dict[TopicPartition, dict[str, bytes]] = defaultdict(dict)
    for where in {at.partition % STATE.partitions for at in of}:
        place = TopicPartition(STATE.name, where)
        _read(log, flow.encode(), place, log.positions(STATE.name, EARLIEST)[place], of, found)
    saved: dict[TopicPartition, Saved] = {}
    for at, chunks in found.items():
        if "manifest" in chunks and (snapshot := _whole(chunks)):
            saved[at] = snapshot
        elif "manifest" in chunks:
            _log.error("a snapshot does not hold; it is made anew from the log", partition=str(at))
    applied = {at: int(chunks[APPLIED]) for at, chunks in found.items() if APPLIED in chunks}
    return saved, applied


class SnapshotFollower:
    """A flow's newest snapshots for who looks at them again and again: each record is read once.

    Args:
        log: has them.
        flow: whose.
    """

    def __init__(self, log: Log, flow: str) -> None:
        self._log, self._flow = log, flow.encode()
        self._next: dict[TopicPartition, int] = {}  # where to read on, by whose snapshot it is
        self._chunks: dict[TopicPartition, dict[str, bytes]] = {}
        self._saved: dict[TopicPartition, Saved | None] = {}

    def newest(self, at: TopicPartition) -> Saved | None:
        """The newest snapshot of a partition, the same object while it is; None: there is none."""
        place = TopicPartition(STATE.name, at.partition % STATE.partitions)
        first = self._log.positions(STATE.name, EARLIEST)[place]
        end = self._log.positions(STATE.name, LATEST)[place]
        after = self._next.get(at, end + 1)
        if after > end:  # never read, or the log is another one
            after, self._chunks[at], self._saved[at] = first, {}, None
        chunks = self._chunks[at]
        before = chunks.get("manifest")
        self._next[at] = _read(self._log, self._flow, place, max(after, first), [at], {at: chunks})
        if chunks.get("manifest") is not before:  # it is written last
            self._saved[at] = _whole(chunks) if "manifest" in chunks else None
        return self._saved[at]


def _whole(chunks: Mapping[str, bytes]) -> Saved | None:
    """A snapshot from its chunks; None where one is missing, or is another one's."""
    try:
        manifest = SNAPSHOT.decode(chunks["manifest"])
        parts = {
            name: b"".join(chunks[f"{name}#{i}"] for i in range(many))
            for name, many in manifest.chunks.items()
        }
    except (KeyError, msgspec.DecodeError):
        return None
    holds = all(zlib.crc32(parts.get(name, b"")) == crc for name, crc in manifest.sums.items())
    return (manifest, parts) if holds else None


def _read(
    log: Log,
    flow: bytes,
    place: TopicPartition,
    position: int,
    wanted: Collection[TopicPartition],
    found: Mapping[TopicPartition, dict[str, bytes]],
) -> int:
    """Take the newest chunks that lie in one partition of the topic; how far it was read."""
    end = log.positions(STATE.name, LATEST)[place]
    while position < end:
        fetched = log.read({place: position}, 10_000, 0)
        if not fetched:
            break
        for part in fetched:
            for key, value in zip(part.keys, part.values, strict=True):
                whose, topic, number, name = (key or b"///").split(b"/", 3)
                if whose != flow:
                    continue
                at = TopicPartition(topic.decode(), int(number))
                if at not in wanted:
                    continue
                if value is None:
                    found[at].pop(name.decode(), None)
                else:
                    found[at][name.decode()] = value
            position = part.next_offset
    return position
