"""What worker and border report: progress by partition, refused rows by reason, window alerts."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import fields

from msgspec.structs import asdict

from energyguard.log import Fetched, TopicPartition
from energyguard.log.records import decoded
from energyguard.model.readings import Verdict
from energyguard.records.dead_letters import DeadLetterHeaders
from energyguard.records.energy_alerts import ENERGY_ALERT, EnergyAlertHeaders
from energyguard.records.progress import PARTITION_PROGRESS, PartitionProgress
from energyguard.service.views import DeadLetter, PartitionView, Quality, WindowAlert

WINDOWS_KEPT = 2_000
SHOWN_BYTES = 4_096


_OF_A_LETTER = ("verdict", "field", "reason", "source", "topic", "shape")
_SHOWN = tuple(field.name for field in fields(PartitionView) if field.name not in ("end", "lag"))


class Reports:
    """A fold of ``energyguard.progress``, ``energyguard.dead-letters`` and ``energy_alerts``.

    One thread writes; readers see each field whole.
    """

    def __init__(self) -> None:
        self.windows: deque[WindowAlert] = deque(maxlen=WINDOWS_KEPT)
        self._progress: dict[TopicPartition, PartitionProgress] = {}
        self.judged_ms: dict[str, int] = {}
        """By topic the newest event time that the worker has let through."""
        self._refused: Counter[tuple[str, str]] = Counter()

    def take_progress(self, fetched: Fetched) -> list[PartitionProgress]:
        """Fold records in; return what is new."""
        found = [progress for _, progress in decoded(PARTITION_PROGRESS.decoder, fetched)]
        for progress in found:
            self._progress[TopicPartition(progress.topic, progress.partition)] = progress
            if progress.newest_ms is not None:
                newest_ms = self.judged_ms.get(progress.topic, progress.newest_ms)
                self.judged_ms[progress.topic] = max(newest_ms, progress.newest_ms)
        return found

    def take_dead_letters(self, fetched: Fetched) -> None:
        """Count the rows of records by verdict and field."""
        for headers in fetched.headers:
            found = DeadLetterHeaders.decode(headers)
            self._refused[found.verdict, found.field] += int(found.rows or 1)

    def take_windows(self, fetched: Fetched) -> None:
        """Keep the newest records."""
        self.windows.extend(window for _, window in windows(fetched))

    def partitions(self, ends: Mapping[TopicPartition, int]) -> list[PartitionView]:
        """How far the worker is; a partition that it never spoke of counts from nothing."""
        known = dict(self._progress)
        written = {at for at, end in ends.items() if end}
        return [
            self._partition(
                known.get(at, PartitionProgress(topic=at.topic, partition=at.partition)),
                ends.get(at, 0),
            )
            for at in sorted(written | set(known))
        ]

    @staticmethod
    def _partition(progress: PartitionProgress, end: int) -> PartitionView:
        end = max(end, progress.position)
        shown = {name: getattr(progress, name) for name in _SHOWN}
        return PartitionView(**shown, end=end, lag=end - progress.position)

    def quality(self, ends: Mapping[TopicPartition, int], dead_letters: int) -> Quality:
        """How readings ended, summed."""
        partitions = self.partitions(ends)
        refused = self._refused.copy()

        def total(name: str) -> int:
            return sum(getattr(partition, name) for partition in partitions)

        def refused_as(verdict: Verdict) -> int:
            return sum(n for (word, _), n in refused.items() if word == verdict)

        return Quality(
            accepted=total("accepted"),
            late=total("late"),
            duplicate=total("duplicate"),
            conflicting=total("conflicting"),
            ahead=total("ahead"),
            malformed=refused_as(Verdict.MALFORMED),
            out_of_range=refused_as(Verdict.OUT_OF_RANGE),
            refused_by={f"{verdict} {field}": n for (verdict, field), n in refused.most_common()},
            dead_letters=dead_letters,
            partitions=tuple(partitions),
        )


def windows(fetched: Fetched) -> list[tuple[int, WindowAlert]]:
    """Records of ``energy_alerts`` with their offsets."""
    return [
        (
            found.offset,
            WindowAlert(
                id=EnergyAlertHeaders.decode(found.headers).id,
                **asdict(window) | {"kwh": float(window.kwh)},
            ),
        )
        for found, window in decoded(ENERGY_ALERT.decoder, fetched)
    ]


def dead_letters(fetched: Fetched) -> list[tuple[int, DeadLetter]]:
    """Records of ``energyguard.dead-letters`` with their offsets, as people read them."""
    return [
        (
            offset,
            DeadLetter(
                offset=offset,
                at_ms=at_ms,
                original=(value or b"")[:SHOWN_BYTES].decode("utf-8", "backslashreplace"),
                size=len(value or b""),
                row=int(found.row or 0),
                **{name: getattr(found, name) for name in _OF_A_LETTER},
            ),
        )
        for offset, at_ms, headers, value in zip(
            fetched.offsets, fetched.timestamps_ms, fetched.headers, fetched.values, strict=True
        )
        for found in (DeadLetterHeaders.decode(headers),)
    ]
