"""What a detector learns from the history: readings that the log no longer has.

They go through the operator as if they were read in the log, and nothing of it is told. So what is
learned from the history and then the log is what would have been learned from the log alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Protocol

from energyguard.catalogue.revisions import CatalogueRevisions
from energyguard.errors import Unavailable
from energyguard.log import EARLIEST, Log, TopicPartition
from energyguard.model.readings import ReadingBatch
from energyguard.model.topics import source_of
from energyguard.pipeline import DETECTOR
from energyguard.rules.registry import RuleBook
from energyguard.rules.valued import ValueRule
from energyguard.stream.runtime.checkpoint import read_snapshots
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.time.witnesses import Witnesses
from energyguard.stream.windows.limits import WindowLimits
from energyguard.stream.windows.operator import WindowOperator
from energyguard.stream.windows.places import asks_for_places
from energyguard.telemetry import logger

_log = logger(__name__)


class Past(Protocol):
    """Readings that a log no longer has."""

    def before(
        self, topic: str, partitions: int, offsets: Mapping[int, int], channels: Collection[str]
    ) -> Iterator[tuple[int, ReadingBatch]]:
        """The readings below an offset of each partition, in log order; of those named.

        Raises:
            Unavailable: it does not answer.
        """
        ...


def learned_before(
    log: Log,
    topics: Sequence[str],
    book: RuleBook,
    limits: WindowLimits,
    past: Past,
    catalogue: CatalogueRevisions,
) -> dict[TopicPartition, Mapping[str, bytes]]:
    """Snapshots of what came before the log begins, of partitions that have none and need it.

    Where the history does not answer it is told, and what is usual is learned from the log alone.
    """
    rules = [rule for rule in book.running() if isinstance(rule, ValueRule) and rule.learns]
    if any(asks_for_places(rule) or rule.goes_by_energy for rule in rules):
        catalogue.refresh()
    channels = {channel for rule in rules for channel in rule.channels}
    found: dict[TopicPartition, Mapping[str, bytes]] = {}
    for topic, firsts in _shortened(log, topics).items() if rules else ():
        saved = read_snapshots(log, DETECTOR.name, list(firsts))
        offsets = {at.partition: n for at, n in firsts.items() if n > 0 and at not in saved}
        if not offsets:
            continue
        operators: dict[int, WindowOperator] = {}
        try:
            for partition, batch in past.before(topic, len(firsts), offsets, channels):
                if partition not in operators:
                    operators[partition] = _operator(topic, book, limits, catalogue)
                operators[partition].process(batch)
        except Unavailable as error:
            _log.warning("learning from the log alone", topic=topic, reason=str(error))
            continue
        for partition, operator in operators.items():
            for state in operator.values.states:
                state.episodes.clear()  # what is told is of the log
            parts = operator.snapshot()
            at = TopicPartition(topic, partition)
            found[at] = {name: part for name, part in parts.items() if part is not None}
        _log.info("learned from the history", topic=topic, partitions=len(operators))
    return found


def _operator(
    topic: str, book: RuleBook, limits: WindowLimits, catalogue: CatalogueRevisions
) -> WindowOperator:
    operator = WindowOperator(
        source_of(topic),
        book.running(),
        limits,
        witnesses=Witnesses.UNKNOWN,
        flow=DETECTOR.name,
        places_at=partial(catalogue.places_at, topic=source_of(topic)),
    )
    if catalogue.revision:
        operator.places.pin(catalogue.revision, NEVER)
    return operator


def _shortened(log: Log, topics: Sequence[str]) -> dict[str, dict[TopicPartition, int]]:
    """Of each topic of which something was deleted: where its partitions begin."""
    begin: dict[str, dict[TopicPartition, int]] = defaultdict(dict)
    for topic in topics:
        for at, first in log.positions(topic, EARLIEST).items():
            begin[at.topic][at] = first
    return {topic: firsts for topic, firsts in begin.items() if any(firsts.values())}
