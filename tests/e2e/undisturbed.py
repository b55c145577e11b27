"""What the same readings give where nothing goes wrong, and the records to hold against it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
import pyarrow as pa

from energyguard.codecs.records import unpack
from energyguard.log import EARLIEST, Fetched, Log, Records, open_log
from energyguard.log.records import Headers
from energyguard.model.topics import ENERGY_ALERTS, PROGRESS
from energyguard.rules.registry import open_book
from energyguard.settings.tree import StreamSettings
from energyguard.stream.windows.stage import window_worker

TOPICS = ("energy_readings", "meter_readings", "replay.*")
Row = tuple[bytes | None, bytes | None, Headers]


def fetched(log: Log, topic: str) -> list[Fetched]:
    """All records of a topic, in the order of each partition."""
    at = dict(log.positions(topic, EARLIEST))
    found: list[Fetched] = []
    while parts := log.read(at, 10_000, 0.0):
        found += parts
        at.update({part.at: part.next_offset for part in parts})
    return found


def rows(log: Log, topic: str) -> dict[int, list[Row]]:
    """Keys, values and headers of a topic, by partition."""
    found: dict[int, list[Row]] = {}
    for part in fetched(log, topic):
        records = zip(part.keys, part.values, part.headers, strict=True)
        found.setdefault(part.partition, []).extend(records)
    return found


def readings(log: Log, topic: str) -> pa.Table:
    """All readings of a topic, partition by partition in their order."""
    parts = sorted(fetched(log, topic), key=lambda part: (part.partition, part.offsets[0]))
    return pa.Table.from_batches(
        [unpack([value or b""])[0] for part in parts for value in part.values]
    )


def progress(log: Log, topic: str) -> Counter[str]:
    """What the workers say of a topic: readings by verdict, summed over its partitions."""
    newest = {key: value for part in rows(log, PROGRESS.name).values() for key, value, _ in part}
    said = [msgspec.json.decode(value) for value in newest.values() if value]
    counts: Counter[str] = Counter()
    for one in said:
        if one["topic"] == topic:
            counts.update({k: one[k] for k in ("accepted", "late", "duplicate", "conflicting")})
            counts["ahead"] += one["ahead"]
    return counts


def undisturbed(
    log: Log, topic: str, path: Path, rule: str = "household-demo"
) -> dict[int, list[Row]]:
    """The window alerts of one worker over a copy of a topic's records, in one go."""
    copy = open_log(f"sqlite:///{path}")
    for part in fetched(log, topic):
        where = [part.partition] * len(part)
        copy.append(topic, Records(part.keys, part.values, part.headers, part.timestamps_ms, where))
    settings = StreamSettings(idle="1h")
    worker = window_worker(copy, open_book([], [rule]), settings, TOPICS)
    while worker.step():
        pass
    worker.drain()
    expected = rows(copy, ENERGY_ALERTS.name)
    copy.close()
    return expected


def same_alerts(log: Log, topic: str, tmp_path: Path) -> int:
    """The window alerts are those of an undisturbed run, byte by byte; how many they are."""
    expected = undisturbed(log, topic, tmp_path / "undisturbed.db")
    got = rows(log, ENERGY_ALERTS.name)
    assert got == expected
    many = sum(map(len, got.values()))
    assert many > 100, "too few for this to say anything"
    assert len({headers for part in got.values() for *_, headers in part}) == many
    return many
