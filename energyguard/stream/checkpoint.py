"""Snapshots in ``energyguard.state``: parts in chunks of at most 900 kB, the manifest last.

A snapshot is written in the transaction that moves the positions it belongs to. Parts that did not
change are not written again: the topic is compacted, so the newest of each is there.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from energyguard.log import EARLIEST, LATEST, Log, Records, TopicPartition
from energyguard.model.topics import STATE

CHUNK_BYTES = 900_000
FLOW = "windows"


class Manifest(msgspec.Struct, kw_only=True):
    """What a snapshot consists of, and where its partition stood."""

    position: int  # the next offset to read
    decided: int  # the serial number of the last decision applied; -1: none
    chunks: dict[str, int]  # by part: in how many chunks it lies
    counts: dict[str, int]  # readings by verdict since the beginning
    marks: list[tuple[int, int]]  # newest time and offset, now and then: where to warm-start from


def _prefix(at: TopicPartition) -> str:
    return f"{FLOW}/{at.topic}/{at.partition}/"


def snapshot_records(
    at: TopicPartition, manifest: Manifest, parts: Mapping[str, bytes | None]
) -> Records:
    """The records of a snapshot; the manifest's ``chunks`` are brought up to date."""
    prefix = _prefix(at)
    keys: list[bytes | None] = []
    values: list[bytes | None] = []
    for name, data in parts.items():
        before = manifest.chunks.pop(name, 0)
        pieces: list[bytes | None] = []
        if data is not None:
            pieces = [data[i : i + CHUNK_BYTES] for i in range(0, max(len(data), 1), CHUNK_BYTES)]
            manifest.chunks[name] = len(pieces)
        pieces += [None] * (before - len(pieces))
        keys += [f"{prefix}{name}#{i}".encode() for i in range(len(pieces))]
        values += pieces
    keys.append(f"{prefix}manifest".encode())
    values.append(msgspec.json.encode(manifest))
    where = at.partition % STATE.partitions
    return Records(keys, values, partitions=[where] * len(keys))


def read_snapshot(log: Log, at: TopicPartition) -> tuple[Manifest, dict[str, bytes]] | None:
    """The newest snapshot of a partition, or None."""
    place = TopicPartition(STATE.name, at.partition % STATE.partitions)
    position = log.positions(STATE.name, EARLIEST)[place]
    end = log.positions(STATE.name, LATEST)[place]
    prefix = _prefix(at).encode()
    found: dict[str, bytes] = {}
    while position < end:
        fetched = log.read({place: position}, 10_000, 0)
        if not fetched:
            break
        for part in fetched:
            for key, value in zip(part.keys, part.values, strict=True):
                if key is not None and key.startswith(prefix):
                    name = key[len(prefix) :].decode()
                    if value is None:
                        found.pop(name, None)
                    else:
                        found[name] = value
            position = part.next_offset
    if "manifest" not in found:
        return None
    manifest = msgspec.json.decode(found["manifest"], type=Manifest)
    parts = {
        name: b"".join(found[f"{name}#{i}"] for i in range(chunks))
        for name, chunks in manifest.chunks.items()
    }
    return manifest, parts
