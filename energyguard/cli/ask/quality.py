"""``quality ahead``: readings ahead of time, and how they are set aside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from energyguard.cli.terminal.call import Call
from energyguard.cli.terminal.output import at
from energyguard.cli.terminal.times import parse_time
from energyguard.clock import SYSTEM

if TYPE_CHECKING:
    import pyarrow as pa

    from energyguard.history import History

Key = tuple[str, str]


def ahead(
    call: Call,
    beyond: Annotated[
        str | None,
        typer.Option(help="Readings from this time on, of any topic.", show_default=False),
    ] = None,
    set_aside: Annotated[
        bool, typer.Option("--set-aside", help="Default ranges no longer end with them.")
    ] = False,
) -> None:
    """List readings that are ahead of time: judged so, or later than now where meters send.

    A simulation or a replay may be ahead of the wall clock, so there only `--beyond` says which
    are wrong. What is set aside stays in the history, and in ranges that are asked for.
    """
    from energyguard.model.quantities import parse_duration

    now_ms = SYSTEM.now_ms()
    limit_ms = now_ms + parse_duration(call.settings.stream.ahead_wall)
    if beyond is not None:
        limit_ms = parse_time(beyond, now_ms)
    with call.history() as history:
        known = judged(history)
        found = counted(history, limit_ms, known, of_any_topic=beyond is not None)
    if set_aside and found.num_rows:
        with call.log() as log:
            put_aside(log, found)
    state = "set aside now" if set_aside else "counted"
    rows = [*_rows(known, "set aside"), *_rows(_times(found), state)]
    call.out.rows(rows, empty="no reading is ahead of time")


def judged(history: History) -> dict[Key, list[int]]:
    """The times of readings that were judged ahead, by device and channel."""
    return _times(history.query("ahead"))


def counted(
    history: History, limit_ms: int, known: dict[Key, list[int]], *, of_any_topic: bool
) -> pa.Table:
    """The readings from a time on that default ranges see: device, channel, time_ms, value."""
    import numpy as np
    import pyarrow as pa

    from energyguard.model.topics import TopicClock
    from energyguard.sinks.history_rows import LATEST_MS
    from energyguard.topics import topic_named

    rows = history.query("all_readings", device="", start_ms=limit_ms, end_ms=LATEST_MS)
    time_ms = rows["time"].cast(pa.timestamp("ms", "UTC")).cast(pa.int64())
    rows = rows.append_column("time_ms", time_ms)
    keep = []
    for device, channel, time, topic in zip(
        *(rows[name].to_pylist() for name in ("device", "channel", "time_ms", "topic")),
        strict=True,
    ):
        row = topic_named(topic)
        fits = of_any_topic or (row is not None and row.clock is TopicClock.WALL)
        keep.append(fits and time not in known.get((device, channel), ()))
    return rows.filter(pa.array(np.array(keep, bool)))


def put_aside(log: Any, rows: pa.Table) -> None:
    """Say of readings that they are ahead: records of ``energyguard.late``, as the worker's."""
    import numpy as np

    from energyguard.model.readings import Verdict, batch_from, batch_of
    from energyguard.model.topics import LATE
    from energyguard.stream.windows.late import set_apart

    for topic in sorted(set(rows["topic"].to_pylist())):
        mine = rows.filter(np.array([name == topic for name in rows["topic"].to_pylist()]))
        value = np.rint(np.asarray(mine["value"]) * 1e9).astype(np.int64)
        columns = (mine[name].to_pylist() for name in ("device", "channel", "time_ms"))
        device, channel, time_ms = columns
        sequence = mine["sequence"].to_pylist()
        batch = batch_of(device, channel, time_ms, value, sequence)
        log.append(LATE.name, set_apart(Verdict.AHEAD, batch_from(batch), topic, -1))


def _times(rows: pa.Table) -> dict[Key, list[int]]:
    found: dict[Key, list[int]] = {}
    columns = (rows[name].to_pylist() for name in ("device", "channel", "time_ms"))
    for device, channel, time_ms in zip(*columns, strict=True):
        found.setdefault((device, channel), []).append(time_ms)
    return found


def _rows(times: dict[Key, list[int]], state: str) -> list[dict[str, Any]]:
    return [
        {
            "device": device,
            "channel": channel,
            "readings": len(found),
            "first": at(min(found)),
            "last": at(max(found)),
            "state": state,
        }
        for (device, channel), found in sorted(times.items())
    ]
