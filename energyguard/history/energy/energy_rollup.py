"""The buckets of energy, replaced where readings came in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.history import Tables
from energyguard.history.energy.energy_buckets import (
    MINUTE_MS,
    Readings,
    coarser_of,
    minutes_of,
)
from energyguard.history.energy.energy_channels import (
    OF_ALL,
    OF_FED_IN,
    Changes,
    describe,
    described,
    plain,
)
from energyguard.history.energy.energy_folds import ChannelFolds, FoldOutcome
from energyguard.history.energy.energy_spans import QUARTER_MS, WARM_UP, FoldSpan, fold_spans
from energyguard.history.energy.energy_writes import Replaced, ReplacedRows, pairs
from energyguard.ledger.channels import EnergyChannel, channel_of, is_named_fed_in
from energyguard.model.days import HOUR_MS
from energyguard.model.topics import DAY_MS
from energyguard.records.tables import TableColumn, memory_table


class TouchedSpan(NamedTuple):
    """The earliest and the latest reading of a device's channel that came in (ms); how many."""

    lo_ms: int
    hi_ms: int
    rows: int = 0


Touched = Mapping[tuple[str, str], TouchedSpan]
"""By device and channel."""
FOLDED = memory_table(
    "folded",
    "Whose readings are folded now; empty between two roll-ups.",
    (
        TableColumn("device", "String"),
        TableColumn("channel", "String"),
        *(
            TableColumn(name, "Int64")
            for name in ("number", "read_from", "read_to", "from_ms", "to_ms")
        ),
    ),
)
MAX_DEVICES = 5_000
"""So many are folded at a time: bounds memory."""
MAX_READINGS = 750_000
"""So many readings are; of one device all of a day, however many these are."""
COARSER = {"rollup_1h": HOUR_MS, "rollup_1d": DAY_MS}
LONG_MS = 31 * DAY_MS  # readings so far apart are not read in one piece

_READINGS = """
SELECT device, toUnixTimestamp64Milli(time) AS ms, value, topic, version
FROM readings FINAL
WHERE topic != 'energyguard.corrections' AND channel = {channel:String}
    AND time >= fromUnixTimestamp64Milli({low:Int64}, 'UTC')
    AND time < fromUnixTimestamp64Milli({high:Int64}, 'UTC')
    AND toStartOfHour(time) >= toStartOfHour(fromUnixTimestamp64Milli({low:Int64}, 'UTC'))
    AND toStartOfHour(time) < fromUnixTimestamp64Milli({high:Int64}, 'UTC')
    AND device IN (SELECT device FROM folded)
"""
_OF_SPANS = f"""
SELECT r.device AS device, r.ms AS ms, r.value AS value, r.topic AS topic, r.version AS version
FROM ({_READINGS}) AS r
INNER JOIN folded AS f ON r.device = f.device
WHERE r.ms >= f.read_from AND r.ms < f.read_to
"""
_WITH_READINGS = """
SELECT DISTINCT toString(device) AS device, toString(channel) AS channel
FROM rollup_1d FINAL WHERE counted > 0
"""
_ALL_DAYS = """
SELECT
    toString(device) AS device, toString(channel) AS channel,
    intDiv(toInt64(toUnixTimestamp(bucket)), 86400) AS day, first_ms AS lo_ms, last_ms AS hi_ms,
    counted AS rows
FROM rollup_1d FINAL
WHERE counted > 0 AND (device, channel) IN (SELECT device, channel FROM touched)
"""


class EnergyRollUp:
    """Replaces the buckets of energy of one history; keeps from where on to fold the next time."""

    def __init__(self, history: Tables) -> None:
        self._history, self._described = history, dict(described(history))
        self._folds: dict[str, ChannelFolds] = {}
        self._to_keep: dict[tuple[str, str], EnergyChannel | None] = {}

    def describe(self, changes: Changes) -> pa.Table:
        """Fold by what is said of channels now; where all their readings lie, by day.

        It is kept when these have been folded anew: whoever stops before begins again.
        """
        for name, facts in changes.items():
            if facts is None:
                self._described.pop(name, None)
            else:
                self._described[name] = facts
        self._to_keep = {**self._to_keep, **changes}
        own = {name for name in changes if name[0] not in (OF_ALL, OF_FED_IN)}
        whose = sorted(own | self._undescribed(changes))
        for device, channel in whose:
            if (folds := self._folds.get(channel)) is not None:
                folds.describe_again(device)
        names = [pa.array([name[at] for name in whose], pa.string()) for at in range(2)]
        none = pa.array(np.zeros(len(whose), np.int64))
        rows = pa.table([*names, none, none], ["device", "channel", "lo_ms", "hi_ms"])
        touch(self._history, rows)
        return self._history.answer(_ALL_DAYS, {})

    def _undescribed(self, changes: Changes) -> set[tuple[str, str]]:
        """Devices whose channels go by what is said of all devices, where that is another now."""
        channels = {channel for device, channel in changes if device == OF_ALL}
        fed_in = {channel for device, channel in changes if device == OF_FED_IN}
        if not channels | fed_in:
            return set()
        rows = self._history.answer(_WITH_READINGS, {}).to_pylist()
        found = {(row["device"], row["channel"]) for row in rows}
        of_all = {name for name in found - self._described.keys() if name[1] in channels}
        return of_all | {name for name in found if name[1] in fed_in and is_named_fed_in(name[0])}

    def keep_described(self) -> None:
        """Keep what is said of channels whose readings have been folded anew."""
        describe(self._history, self._to_keep)
        self._to_keep = {}

    def replace(self, touched: Touched) -> Iterator[Replaced]:
        """Make minutes and quarters anew where readings came in; what was replaced, in lots.

        Of what is coarser the caller makes what is not in it yet (``Replaced.rest``).

        A lot's next fold goes on from here once whoever takes it comes for the next one: who fails
        to write what lies above it, has all of it again the next time.
        """
        spans = self._spans(touched)
        names = sorted(spans, key=lambda name: (name[1], _piece(spans[name]), name[0]))
        for (channel, _), of_one in groupby(names, lambda n: (n[1], _piece(spans[n]))):
            for lot in _lots([(device, touched[device, channel].rows) for device, _ in of_one]):
                mine = [spans[device, channel] for device in lot]
                replaced, folded = self._replace(channel, lot, mine)
                yield replaced
                folded.keep()

    def _of(self, device: str, channel: str) -> EnergyChannel:
        own = self._described.get((device, channel))
        return channel_of(device, own or self._described.get((OF_ALL, channel)) or plain(channel))

    def _spans(self, touched: Touched) -> dict[tuple[str, str], FoldSpan]:
        found: dict[tuple[str, str], FoldSpan] = {}
        cold: dict[tuple[str, str], tuple[int, int]] = {}
        for (device, channel), (lo_ms, hi_ms, _) in touched.items():
            folds = self._folds.get(channel)
            if folds is None:
                folds = self._folds[channel] = ChannelFolds(channel, self._of)
            span = folds.span_from_mark(device, lo_ms, hi_ms)
            if span is None:
                cold[device, channel] = (lo_ms, hi_ms)
            else:
                found[device, channel] = span
        if cold:
            names = [pa.array([name[at] for name in cold]) for at in range(2)]
            ends = [pa.array([of[at] for of in cold.values()]) for at in range(2)]
            touch(self._history, pa.table([*names, *ends], ["device", "channel", "lo_ms", "hi_ms"]))
        for (device, channel), span in fold_spans(self._history, cold).items():
            self._folds[channel].forget(device, span.to_ms)
            found[device, channel] = span
        return found

    def _replace(
        self, channel: str, devices: Sequence[str], spans: Sequence[FoldSpan]
    ) -> tuple[Replaced, FoldOutcome]:
        history = self._history
        self._tell(channel, devices, spans)
        readings, topics = self._readings(channel, devices, spans)
        folded = self._folds[channel].fold(devices, spans, readings)
        readings = folded.in_unit(readings)
        if (reaching := _reaching(spans, folded)) != spans:
            self._tell(channel, devices, spans := reaching)
        from_ms, to_ms = (np.array([s[at] for s in spans], np.int64) for at in (2, 3))
        replaced = Replaced(channel, devices, from_ms, to_ms)
        lot = ReplacedRows(history, replaced, readings, folded.entries, topics)
        is_short = folded.entries.end - folded.entries.start <= MINUTE_MS
        all_short = bool(is_short.all())
        short = folded.entries if all_short else folded.entries.where(is_short)
        minutes = minutes_of(readings, short)
        quarters = coarser_of(minutes, folded.entries.where(~is_short), QUARTER_MS)
        end = lot.put_buckets("rollup_1m", minutes, MINUTE_MS)
        end = max(end, lot.put_buckets("rollup_15m", quarters, QUARTER_MS))
        has_whole = lot.put_whole(quarters, COARSER)
        lot.put_long_entries()
        return replaced._replace(end_ms=end, has_whole=has_whole), folded

    def _tell(self, channel: str, devices: Sequence[str], spans: Sequence[FoldSpan]) -> None:
        """Let the table ``folded`` have these."""
        self._history.execute("TRUNCATE TABLE folded")
        columns = [np.array(column, np.int64) for column in zip(*spans, strict=True)]
        whose = [pa.array(devices), pa.array([channel] * len(devices))]
        numbers = np.arange(len(devices))
        self._history.insert("folded", pa.table([*whose, numbers, *columns], FOLDED.schema))

    def _readings(
        self, channel: str, devices: Sequence[str], spans: Sequence[FoldSpan]
    ) -> tuple[Readings, list[str]]:
        """The readings of these spans by device and time, those of one moment as in the log.

        The engine sorts none, and joins only where spans lie far apart: that took more time than
        to find them.
        """
        starts, ends = (np.array([s[at] for s in spans], np.int64) for at in range(2))
        low, high = int(starts.min()), int(ends.max())
        are_alike = 2 * (ends - starts).sum() >= len(spans) * (high - low)
        parameters = {"channel": channel, "low": str(low), "high": str(high)}
        rows = self._history.answer(_READINGS if are_alike else _OF_SPANS, parameters)
        place = pc.index_in(rows["device"].cast(pa.string()), pa.array(devices, pa.string()))
        topic = rows["topic"].combine_chunks().cast(pa.string()).dictionary_encode()
        key, time = place.to_numpy().astype(np.int64), rows["ms"].to_numpy()
        mine = np.flatnonzero((time >= starts[key]) & (time < ends[key]))
        moment = pairs(key[mine], time[mine])
        order = np.argsort(moment, kind="stable")
        if (np.diff(moment[order]) == 0).any():
            order = np.lexsort((~rows["version"].to_numpy()[mine], moment))
        mine = mine[order]
        topics = topic.indices.to_numpy().astype(np.int64)
        found = Readings(key, time, rows["value"].to_numpy(), topics).where(mine)
        return found, topic.dictionary.to_pylist()


def _lots(devices: Sequence[tuple[str, int]]) -> Iterator[Sequence[str]]:
    """Devices, each with its number of readings, that are folded together."""
    lot: list[str] = []
    readings = 0
    for device, rows in devices:
        readings += rows + WARM_UP
        if lot and (readings > MAX_READINGS or len(lot) == MAX_DEVICES):
            yield lot
            lot, readings = [], rows + WARM_UP
        lot.append(device)
    if lot:
        yield lot


def _reaching(spans: Sequence[FoldSpan], folded: FoldOutcome) -> Sequence[FoldSpan]:
    """Spans from where the entries of their readings begin: that may be before the first of them.

    From a mark on all is as it is: what reaches back from there was counted before.
    """
    entries = folded.entries
    from_ms = np.array([span.from_ms for span in spans], np.int64)
    mine = (entries.stamp >= from_ms[entries.key]) & (entries.end > entries.start)
    first = from_ms.copy()
    np.minimum.at(first, entries.key[mine], entries.start[mine] // QUARTER_MS * QUARTER_MS)
    first = np.where(folded.from_mark, from_ms, first)
    return [
        span if at == span.from_ms else span._replace(from_ms=at)
        for span, at in zip(spans, first.tolist(), strict=True)
    ]


def touch(history: Tables, rows: pa.Table) -> None:
    """Let the table ``touched`` have these rows: device, channel, from and to in ms."""
    history.execute("TRUNCATE TABLE touched")
    history.insert("touched", rows.select(["device", "channel", "lo_ms", "hi_ms"]))


def _piece(span: FoldSpan) -> tuple[int, int]:
    """Spans of one piece are read together."""
    return span.read_from // LONG_MS, span.read_to // LONG_MS
