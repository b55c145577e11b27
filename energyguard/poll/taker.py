"""From answers to readings in the log: each value at its place, then the border.

The arrival is a value's time: what a device says when it is asked holds now. An answer of which
the log says that it has it is there once; one that could not be read is a dead letter, whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from energyguard.codecs import Decoded, RefusedRow
from energyguard.codecs.formats import decode
from energyguard.codecs.refusals import FILE_SHAPE, Refusals
from energyguard.dialects.names import Placed
from energyguard.errors import Malformed
from energyguard.intake.gateway import Gateway
from energyguard.model.readings import Verdict
from energyguard.model.topics import METER_READINGS
from energyguard.mqtt.dialect import SentValue
from energyguard.mqtt.sent_columns import SentColumns, ValuePlaces
from energyguard.poll.source import ArrivedTelegram, LeftOut, PollAnswer
from energyguard.settings.tree import WireSettings

SOURCE: Final = "poll"


@dataclass(frozen=True, slots=True)
class TimedAnswer:
    """An answer of a device, and when it came.

    Attributes:
        target: the device's name.
        kind: its kind.
        answer: what it said.
        original: the bytes in which it did.
        arrived_ms: when, ms since 1970.
    """

    target: str
    kind: str
    answer: PollAnswer
    original: bytes
    arrived_ms: int


def placed_values(
    places: ValuePlaces, kind: str, answer: PollAnswer
) -> tuple[list[tuple[SentValue, Placed]], list[LeftOut]]:
    """The values of an answer at their places, and what is none, with the reason."""
    found, left_out = list[tuple[SentValue, Placed]](), list(answer.left_out)
    for sent in answer.values:
        place = places.of(sent, kind)
        if isinstance(place, Placed):
            found.append((sent, place))
        else:
            reason = "a mapping leaves it out" if place.skipped else place.reason
            left_out.append(LeftOut(sent.at.name.name, reason))
    return found, left_out


def decoded_telegram(
    telegram: ArrivedTelegram, target: str, wire: WireSettings
) -> tuple[str, Decoded]:
    """The readings of a telegram, of the target and of devices below it, and its shape."""
    return decode(
        telegram.data,
        f"{telegram.shape}:{target}",
        wire,
        now_ms=telegram.arrived_ms,
        mappings=wire.mappings,
    )


class AnswerTaker:
    """Takes answers into the log.

    Args:
        places: where values belong.
        gateway: the border.
        limits: what is plausible.
    """

    def __init__(self, places: ValuePlaces, gateway: Gateway, limits: WireSettings) -> None:
        self._places, self._gateway, self._limits = places, gateway, limits

    def take(self, answers: Sequence[TimedAnswer]) -> None:
        """Take answers in, in one append; durable on return.

        Raises:
            Unavailable: the log takes nothing now; nothing was taken, or all of it comes again.
        """
        self._places.look_again()
        columns, refusals = SentColumns(), Refusals()
        for row, timed in enumerate(answers, 1):
            for sent, place in placed_values(self._places, timed.kind, timed.answer)[0]:
                try:
                    columns.add(sent, place, row, timed.arrived_ms)
                except Malformed as error:
                    refusals.refuse(
                        row,
                        Verdict.MALFORMED,
                        error.field or "message",
                        error.reason,
                        timed.original,
                    )
        decoded = columns.decoded(lambda row: answers[row - 1].original, self._limits, refusals)
        self._gateway.submit(decoded.batch, METER_READINGS.name)
        for row, timed in enumerate(answers, 1):
            self._refuse(
                timed.target, [refused for refused in decoded.refused if refused.row == row]
            )

        for timed in answers:
            for telegram in timed.answer.telegrams:
                shape, found = decoded_telegram(telegram, timed.target, self._limits)
                self._gateway.take(
                    found,
                    topic=METER_READINGS.name,
                    source=f"{SOURCE}:{timed.target}",
                    shape=f"{shape}:{timed.target}",
                )

    def refuse(self, target: str, original: bytes, error: Malformed) -> None:
        """Keep an answer that could not be read as a dead letter.

        Raises:
            Unavailable: the log takes nothing now.
        """
        refusals = Refusals()
        refusals.refuse(1, Verdict.MALFORMED, error.field or "message", error.reason, original)
        self._refuse(target, refusals.rows())

    def _refuse(self, target: str, rows: Sequence[RefusedRow]) -> None:
        if rows:
            self._gateway.refuse(
                rows, topic=METER_READINGS.name, source=f"{SOURCE}:{target}", shape=FILE_SHAPE
            )
