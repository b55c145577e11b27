"""Which of the readings that were sent count, and with which value, by what people say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.history.corrections.corrected_tables import LAST_VERSION, SENT_READINGS
from energyguard.model.quantities import to_nano
from energyguard.model.readings import Bools, Ints
from energyguard.model.topics import partition_for
from energyguard.records.corrections import WITHDRAWN, Correction
from energyguard.records.readings import READINGS_TABLE
from energyguard.topics import topic_named

PLACES = 2**20
"""A record holds fewer readings than this: a reading's rank in its partition is one number."""
AS_SENT = -1
"""Instead of the number of a correction: the reading counts as it was sent."""


class ImportedRecords(NamedTuple):
    """The records of an import, by topic and partition: their offsets."""

    correction: Correction
    offsets: Mapping[tuple[str, int], Ints]


def imported_records(correction: Correction, rows: pa.Table) -> ImportedRecords:
    """What a correction of an import is about: the records of the query ``import_places``."""
    offsets: dict[tuple[str, int], list[int]] = {}
    for row in rows.to_pylist():
        offsets.setdefault((row["topic"], row["partition"]), []).append(row["offset"])
    by_place = {at: np.array(found, np.int64) for at, found in offsets.items()}
    return ImportedRecords(correction, by_place)


class Effective(NamedTuple):
    """What corrections make of readings.

    Attributes:
        sent: rows of ``sent_readings``: what was ever corrected, with what counts for it now.
        counting: rows of ``readings``: one for each identity of these.
    """

    sent: pa.Table
    counting: pa.Table


def effective(
    rows: pa.Table,
    of_device: Mapping[str, Sequence[Correction]],
    imports: Sequence[ImportedRecords],
    order: Mapping[str, int],
) -> Effective:
    """Apply corrections.

    Args:
        rows: all that was sent, sorted by device, channel, ``ms``, sequence, and what came first in
            the log first; ``kept`` says of each whether it was corrected before.
        of_device: by device its corrections that hold, oldest first.
        imports: those of imports that hold.
        order: by the id of a correction its place in the log.
    """
    device = rows["device"].combine_chunks().cast(pa.string()).dictionary_encode()
    names = device.dictionary.to_pylist()
    code = device.indices.to_numpy().astype(np.int64)
    channel = np.array(rows["channel"].cast(pa.string()).to_pylist(), object)
    ms, sequence = rows["ms"].to_numpy(), rows["sequence"].to_numpy()
    sent_value = rows["value"].to_numpy()
    every: list[Correction] = []
    state, place = np.full(rows.num_rows, AS_SENT), np.full(rows.num_rows, -1)

    def apply(correction: Correction, mask: Bools, begin: int = 0) -> None:
        """Let it count, of the rows from one on, where no newer one does."""
        at = begin + np.flatnonzero(mask)
        at = at[place[at] < order[correction.id]]
        state[at], place[at] = len(every), order[correction.id]
        every.append(correction)

    borders = np.searchsorted(code, np.arange(len(names) + 1)).tolist()
    for name, (begin, end) in zip(names, pairwise(borders), strict=True):
        inside = slice(begin, end)
        for correction in of_device.get(name, ()):
            mask = channel[inside] == correction.channel
            mask &= (ms[inside] >= correction.start_ms) & (ms[inside] < correction.end_ms)
            if correction.of_sequence is not None:
                mask &= sequence[inside] == correction.of_sequence
            apply(correction, mask, begin)
    if imports:
        record = _records(rows, names, code)
        for imported in imports:
            apply(imported.correction, record.among(imported.offsets))
    return _split(rows, every, state, _identities(code, channel, ms, sequence), sent_value)


def _identities(code: Ints, channel: np.ndarray, ms: Ints, sequence: Ints) -> Ints:
    """The number of each row's identity; rows of one are side by side."""
    new = np.ones(len(code), np.bool_)
    if len(code):
        new[1:] = (code[1:] != code[:-1]) | (ms[1:] != ms[:-1]) | (sequence[1:] != sequence[:-1])
        new[1:] |= channel[1:] != channel[:-1]
    return np.cumsum(new) - 1


class _RecordsOfRows(NamedTuple):
    """Where each row lay in the log."""

    topics: list[str]
    topic: Ints
    partition: Ints
    offset: Ints

    def among(self, offsets: Mapping[tuple[str, int], Ints]) -> Bools:
        """Which rows were in some records."""
        found = np.zeros(len(self.topic), np.bool_)
        for (topic, partition), some in offsets.items():
            if topic in self.topics:
                mine = (self.topic == self.topics.index(topic)) & (self.partition == partition)
                found |= mine & np.isin(self.offset, some)
        return found


def _records(rows: pa.Table, names: Sequence[str], code: Ints) -> _RecordsOfRows:
    topic = rows["topic"].combine_chunks().cast(pa.string()).dictionary_encode()
    topics = topic.dictionary.to_pylist()
    partition = np.full(rows.num_rows, -1)
    number = topic.indices.to_numpy()
    for at, name in enumerate(topics):
        if (known := topic_named(name)) is not None:
            of_name = np.array([partition_for(d.encode(), known.partitions) for d in names])
            partition = np.where(number == at, of_name[code], partition)
    return _RecordsOfRows(topics, number, partition, offsets_of(rows["version"].to_numpy()))


def offsets_of(version: npt.NDArray[np.uint64]) -> Ints:
    """The offsets of records by the versions of their readings, which were sent, not corrected."""
    found: Ints = ((np.uint64(LAST_VERSION) - version) // np.uint64(PLACES)).astype(np.int64)
    return found


def _split(
    rows: pa.Table, every: Sequence[Correction], state: Ints, identity: Ints, sent_value: Ints
) -> Effective:
    corrected = state != AS_SENT
    is_wrong = np.array([*(c.says_wrong for c in every), False])[state]
    number = int(identity[-1]) + 1 if len(identity) else 0
    concerned = np.zeros(number, np.bool_)
    concerned[identity[corrected | rows["kept"].to_numpy().astype(np.bool_)]] = True
    ids = pa.array([*(c.id for c in every), ""])
    values = np.array([*(to_nano(c.new_value) if c.new_value else 0 for c in every), 0], np.int64)
    value = np.where(corrected, values[state], sent_value)

    mine = np.flatnonzero(concerned[identity])
    named = ids.take(pa.array(np.where(corrected[mine], state[mine], len(every))))
    sent = _columns(rows.take(pa.array(mine))).append_column("correction", named)

    counts = np.flatnonzero(~is_wrong)
    counting_id, first = np.unique(identity[counts], return_index=True)
    newest = np.full(number, -1)
    newest[counting_id] = counts[first]
    none = newest < 0
    newest[none] = np.unique(identity, return_index=True)[1][none]
    chosen, none = newest[concerned], none[concerned]
    base = _columns(rows.take(pa.array(chosen)))
    replaced = {
        "value": np.where(none, 0, value[chosen]),
        "topic": pc.if_else(pa.array(none), WITHDRAWN, base["topic"].cast(pa.string())),
        "version": np.full(len(chosen), LAST_VERSION, np.uint64),
    }
    counting = pa.table({name: replaced.get(name, base[name]) for name in base.column_names})
    return Effective(sent.cast(SENT_READINGS.schema), counting.cast(READINGS_TABLE.schema))


def _columns(rows: pa.Table) -> pa.Table:
    """The columns of the table ``readings``, times as such."""
    time = rows["ms"].cast(pa.timestamp("ms", "UTC"))
    names = ("device", "channel", "value", "sequence", "topic", "version")
    columns = {name: rows[name] for name in names} | {"time": time}
    return pa.table({column.name: columns[column.name] for column in READINGS_TABLE.columns})
