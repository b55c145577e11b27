"""*That was us*: alerts of a device that its people knew about, and what that changes.

Each raises the bar of its kind, for this device alone, by one nat: such alerts are e times as rare
from then on. It fades by half in 14 days, by event time. An answer is written in the rule, so it
has its place in the log as any change of a rule: replays, restarts and other workers go by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, NamedTuple

import numpy as np

from energyguard.detection.scores import UNLIKE
from energyguard.detection.state import Floats
from energyguard.detection.text import WORDS
from energyguard.model.readings import Ints
from energyguard.rules.fields import written

HALF_LIFE_MS: Final = 14 * 86_400_000
NATS: Final = 1.0
MAX_ANSWERS: Final = 12
"""The newest of a device that are kept: of older ones hardly anything is left."""


class PeopleAnswer(NamedTuple):
    """That an alert was no news to the device's people."""

    kind: str
    at_ms: int
    """When the alert began, by event time; it counts from then on."""

    def __str__(self) -> str:
        """As people write it: ``leak 2026-03-01T14:15:00.000+00:00``."""
        moment = datetime.fromtimestamp(self.at_ms / 1000, UTC)
        return f"{self.kind} {moment.isoformat(timespec='milliseconds')}"


def read_answers(text: str) -> tuple[PeopleAnswer, ...]:
    """What is written in a rule.

    Raises:
        ValueError: an answer is not a kind and a time, or there are too many.
    """
    found = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        kind, _, moment = part.partition(" ")
        if kind not in WORDS:
            raise ValueError(f"no kind {kind!r}; there are: {', '.join(WORDS)}")
        at = datetime.fromisoformat(moment.strip())
        if at.tzinfo is None:
            raise ValueError(f"{moment.strip()!r} has no offset, such as +00:00")
        found.append(PeopleAnswer(kind, round(at.timestamp() * 1000)))
    if len(found) > MAX_ANSWERS:
        raise ValueError(f"{len(found)} answers; {MAX_ANSWERS} are kept")
    return tuple(found)


def write_answers(answers: Iterable[PeopleAnswer]) -> str:
    """As they are written in a rule: the newest, oldest first."""
    return ", ".join(map(str, sorted(set(answers), key=_at)[-MAX_ANSWERS:]))


def _at(answer: PeopleAnswer) -> tuple[int, str]:
    return answer.at_ms, answer.kind


def _normal(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text such as: leak 2026-03-01T14:15:00+00:00")
    return write_answers(read_answers(value))


Answers = Annotated[
    str,
    written(
        "alerts that were no news: `leak 2026-03-01T14:15:00+00:00`, with commas between",
        _normal,
        str,
        may_go=True,
    ),
]


class RaisedBars:
    """By how much bars of devices are raised.

    Args:
        kinds: those that scores are of.
    """

    def __init__(self, kinds: Sequence[str]) -> None:
        self._row = {kind: row for row, kind in enumerate((*kinds, UNLIKE))}
        self._kind, self._place, self._at = np.empty((3, 0), np.int64)

    def add(self, place: int, answers: Iterable[PeopleAnswer]) -> None:
        """Know the answers of the device at a place."""
        for answer in answers:
            row = self._row[answer.kind]
            self._kind = np.append(self._kind, row)
            self._place = np.append(self._place, place)
            self._at = np.append(self._at, answer.at_ms)

    def at(self, time_ms: int, of: Ints) -> Floats | None:
        """(kinds and the label-free channel, places) nats at a time; None: no bar is raised.

        Args:
            time_ms: when.
            of: the places of the devices in question.
        """
        if not len(self._at):
            return None
        age_ms = time_ms - self._at
        nats = np.where(age_ms >= 0, NATS * 0.5 ** (np.maximum(age_ms, 0) / HALF_LIFE_MS), 0.0)
        every = np.zeros((len(self._row), max(int(of.max(initial=0)), int(self._place.max())) + 1))
        np.add.at(every, (self._kind, self._place), nats)
        return every[:, of].astype(np.float32)
