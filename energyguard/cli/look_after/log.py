"""``log topics|tail|lag|new|repair``: what is in the log, and who is behind."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from energyguard.cli.look_after.groups import group_lags
from energyguard.cli.terminal.call import Call
from energyguard.cli.terminal.output import at, spell, until_signal
from energyguard.errors import Conflict, NotFound
from energyguard.model.quantities import from_nano, spell_duration
from energyguard.model.topics import Holds
from energyguard.topics import TOPICS, topic_named

if TYPE_CHECKING:
    from energyguard.log import Fetched, Log, Positions, TopicPartition


def topics(call: Call) -> None:
    """List the topics: how much is in each, and how long it is kept."""
    from energyguard.log import EARLIEST, LATEST

    with call.log() as log:
        rows = []
        for topic in TOPICS:
            first, last = (log.positions(topic.name, of) for of in (EARLIEST, LATEST))
            rows.append(
                {
                    "topic": topic.name,
                    "partitions": len(last) or topic.partitions,
                    "records": sum(last.values()) - sum(first.values()),
                    "written": sum(last.values()),
                    "kept": "the newest of each key"
                    if topic.compacted
                    else spell_duration(topic.retention_ms)
                    if topic.retention_ms
                    else "for ever",
                    "about": topic.about,
                }
            )
    call.out.rows(rows)


def lag(
    call: Call,
    everything: Annotated[
        bool, typer.Option("--all", help="Every partition, also where nothing waits.")
    ] = False,
) -> None:
    """Show what waits to be read, by group and partition: the longest first."""
    from energyguard.pipeline import flows_at_work

    with call.log() as log:
        groups = flows_at_work(log.positions, call.settings)
        rows = sorted(group_lags(log, groups), key=lambda row: -row["lag"])
    shown = [row for row in rows if everything or row["lag"]]
    call.out.rows(shown, empty="nothing waits: every group has read what there is")


def new(call: Call) -> None:
    """Begin a new log where the old one is gone or cannot be opened.

    The history stays. What is left of the old file is kept under another name.
    """
    from energyguard.log.sqlite.lost import begin_anew
    from energyguard.processes.registry import living

    settings = call.settings
    if living(settings.data_dir):
        raise Conflict(f"{settings.data_dir}: in use; `energyguard stop` first")
    aside = begin_anew(settings.log_url, settings.data_dir / "history")
    kept = f"; what was left of the old one is {aside}" if aside else ""
    call.out.done(f"a new log begins at {settings.log_url}{kept}", old=aside)


def repair(call: Call) -> None:
    """Make the log's file anew from all that can be read of it, page by page.

    For a file that takes no appends any more. The damaged file is kept.
    """
    from energyguard.log.sqlite.lost import path_of
    from energyguard.log.sqlite.repair import repair as make_anew
    from energyguard.processes.registry import living

    settings = call.settings
    if living(settings.data_dir):
        raise Conflict(f"{settings.data_dir}: in use; `energyguard stop` first")
    path = path_of(settings.log_url)
    if path is None or not path.exists():
        raise NotFound(f"{settings.log_url}: there is no such file")
    done = make_anew(path)
    call.out.done(
        f"{done.appends:,} appends were kept; the damaged file is {done.old}",
        appends=done.appends,
        old=done.old,
    )


def tail(
    call: Call,
    topic: Annotated[str, typer.Argument(help="A topic, as `log topics` lists them.")],
    n: Annotated[int, typer.Option("-n", "--number", min=0, help="So many records first.")] = 10,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")
    ] = False,
) -> None:
    """Show the newest records of a topic; readings one a line."""
    from energyguard.log import EARLIEST, LATEST

    if topic_named(topic) is None:
        names = ", ".join(known.name for known in TOPICS)
        raise NotFound(f"no topic {topic!r}; there are: {names}")
    with call.log() as log, until_signal() as stop:
        first, ends = log.positions(topic, EARLIEST), log.positions(topic, LATEST)
        positions = {place: max(first[place], end - n) for place, end in ends.items()}
        _show(call, sorted(_until(log, positions, ends), key=itemgetter("at"))[-n:] if n else [])
        positions = dict(ends)
        while follow and not stop.is_set():
            for fetched in log.read(positions, 1000, 0.5):
                positions[fetched.at] = fetched.next_offset
                _show(call, _records(fetched))


def _until(
    log: Log, positions: dict[TopicPartition, int], ends: Positions
) -> Iterator[dict[str, Any]]:
    """The records between two positions."""
    while left := {place: offset for place, offset in positions.items() if offset < ends[place]}:
        fetched = log.read(left, 1000, 0)
        if not fetched:
            return
        for batch in fetched:
            positions[batch.at] = batch.next_offset
            yield from _records(batch)


def _records(fetched: Fetched) -> Iterator[dict[str, Any]]:
    held = topic_named(fetched.topic)
    for place, offset in enumerate(fetched.offsets):
        key, headers = fetched.keys[place], fetched.headers[place] if fetched.headers else ()
        yield {
            "topic": fetched.topic,
            "partition": fetched.partition,
            "offset": offset,
            "at": at(fetched.timestamps_ms[place]),
            "key": None if key is None else _text(key),
            "headers": {name: _text(value) for name, value in headers},
            "value": _value(
                held.holds if held else Holds.BYTES, fetched.values[place], fetched.topic
            ),
        }


def _show(call: Call, records: Iterable[dict[str, Any]]) -> None:
    for record in records:
        if call.json:
            call.out.record(record)
            continue
        place = f"{record['topic']}/{record['partition']}@{record['offset']}"
        value = record["value"]
        for line in value if isinstance(value, list) else [value]:
            text = line if isinstance(line, str) else json.dumps(line, ensure_ascii=False)
            print(f"{place}  {record['key'] or '-'}  {text}", flush=True)


def _text(value: bytes) -> str:
    return value.decode(errors="backslashreplace")


def _value(holds: Holds, value: bytes | None, topic: str) -> Any:
    """A record's value as people read it."""
    if value is None:
        return None
    if holds is Holds.READINGS:
        return _readings(value, topic)
    return json.loads(value) if holds is Holds.JSON else _text(value)


def _readings(value: bytes, topic: str) -> list[dict[str, Any]]:
    from energyguard.codecs.records import read_records

    batch = read_records([value], topic=topic).readings
    return [
        {**row, "time": spell(row["time"]), "value": from_nano(row["value"])}
        for row in batch.to_pylist()
    ]
