"""Bytes in, a receipt out: decode, take in at the border, say what became of each row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from energyguard.config import WireSettings
from energyguard.errors import Malformed, Rejected
from energyguard.log import Log
from energyguard.model.readings import Verdict
from energyguard.model.topics import METER_READINGS
from energyguard.serve.letters import Letter
from energyguard.serve.views import Receipt, RowAnswer
from energyguard.sources.intake import Intake
from energyguard.wire import Refused
from energyguard.wire import charging as signals
from energyguard.wire.refusals import counted
from energyguard.wire.shapes import decode, needs_device

LISTED = 1_000
"""Refused rows that a receipt lists; all of them are dead letters."""


class Reception:
    """Where readings come in over the desk."""

    def __init__(self, log: Log, limits: WireSettings) -> None:
        self._intake = Intake(log)
        self._limits = limits

    def take(
        self,
        data: bytes,
        shape: str | None,
        source: str,
        topic: str = METER_READINGS.name,
        device: str = "",
        headed: bool = True,
    ) -> Receipt:
        """Decode bytes of a shape, or of any shape, and take them in.

        Args:
            data: all of them.
            shape: its name; None: found out.
            source: who sent them.
            topic: where the readings go.
            device: the device, where no column names it.
            headed: whether lines may have a header; those of dead letters have none.

        Raises:
            NotFound: there is no such shape.
            Malformed: no column names the device, and the sender does not.
            Unavailable: the log takes nothing now.
        """
        if needs_device(data, shape) and not device:
            why = "no column names the device, so the sender must: ?device=NAME"
            raise Malformed(why, "device")
        shape, decoded = decode(data, shape, self._limits, device=device, headed=headed)
        self._intake.take(decoded, topic=topic, source=source, shape=shape)
        return _receipt(decoded.batch.num_rows, decoded.refused, topic, shape)

    def take_again(self, letters: Iterable[Letter]) -> Receipt:
        """Decode dead letters again, those that belong together at once, and take them in."""
        whole = Receipt(0, 0, 0, "", "")
        for (topic, shape, source), group in groupby(
            letters, key=lambda letter: (letter[0].topic, letter[0].shape, letter[0].source)
        ):
            bodies = [original for _, original in group]
            if shape == signals.SHAPE:
                part = self._signals(bodies, source, topic)
            else:
                topic = topic or METER_READINGS.name
                part = self.take(b"\n".join(bodies), shape, source, topic, headed=False)
            whole = _sum(whole, part)
        return whole

    def _signals(self, messages: Sequence[bytes], source: str, topic: str) -> Receipt:
        """Signals of chargers go to their topic again; the worker judges what they come to."""
        taken: list[tuple[bytes, bytes]] = []
        refused: list[Refused] = []
        for number, message in enumerate(messages, 1):
            try:
                taken.append((signals.signal(message).charger.encode(), message))
            except Rejected as error:
                refused.append(signals.refused(number, message, error))
        if taken:
            self._intake.signal(taken, topic)
        self._intake.refuse(refused, topic=topic, source=source, shape=signals.SHAPE)
        return _receipt(len(taken), refused, topic, signals.SHAPE)


def _receipt(accepted: int, refused: Sequence[Refused], topic: str, shape: str) -> Receipt:
    out_of_range = counted(row for row in refused if row.verdict is Verdict.OUT_OF_RANGE)
    return Receipt(
        accepted=accepted,
        malformed=counted(refused) - out_of_range,
        out_of_range=out_of_range,
        topic=topic,
        shape=shape,
        refused=tuple(
            RowAnswer(row.row, row.verdict, row.field, row.reason) for row in refused[:LISTED]
        ),
        refused_more=max(0, counted(refused) - min(len(refused), LISTED)),
    )


def _sum(one: Receipt, two: Receipt) -> Receipt:
    refused = one.refused + two.refused
    return Receipt(
        accepted=one.accepted + two.accepted,
        malformed=one.malformed + two.malformed,
        out_of_range=one.out_of_range + two.out_of_range,
        topic=two.topic,
        shape=two.shape,
        refused=refused[:LISTED],
        refused_more=one.refused_more + two.refused_more + max(0, len(refused) - LISTED),
    )
