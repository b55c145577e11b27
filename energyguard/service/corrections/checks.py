"""Whether a correction can be made: there are such readings, and the channel has such values."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from energyguard.clock import Clock
from energyguard.errors import Malformed, NotFound, OutOfRange
from energyguard.history.corrections.correction_book import CorrectionBook
from energyguard.history.energy.preferred import PREFERRED
from energyguard.model.channels import CHANNELS
from energyguard.model.quantities import from_nano, to_nano
from energyguard.model.topics import DAY_MS
from energyguard.records.corrections import Correction
from energyguard.service.corrections.contract import WantedCorrection

MAX_SPAN_MS: Final = 3_660 * DAY_MS
MAX_READINGS: Final = 10_000


class CorrectionChecks:
    """Looks at corrections before they are made.

    Args:
        book: those that there are.
        query: asks the history.
        clock: the wall clock.
    """

    def __init__(self, book: CorrectionBook, query: Callable[..., pa.Table], clock: Clock) -> None:
        self._book, self._query, self._clock = book, query, clock

    def checked(self, wanted: WantedCorrection) -> tuple[WantedCorrection, str]:
        """A correction that can be made, and the channel that it is about.

        Raises:
            Malformed, OutOfRange, NotFound: it cannot.
        """
        if not wanted.device:
            raise Malformed("device: say whose readings they are", "device")
        if not 0 < wanted.until_ms - wanted.start_ms <= MAX_SPAN_MS:
            raise Malformed("end: must be after the start, and within ten years", "end")
        if wanted.value and wanted.end_ms is not None:
            raise Malformed("value: is of one reading; a span of them can be wrong", "value")
        channel = wanted.channel or self._channel(wanted)
        if channel not in CHANNELS:
            raise Malformed(f"channel: there is none {channel!r}: {', '.join(CHANNELS)}", "channel")
        if wanted.value:
            wanted = wanted._replace(value=_value(wanted.value, channel))
        if not self.readings(wanted, channel).num_rows and not self._is_known(wanted, channel):
            self._refuse(wanted, channel)
        return wanted, channel

    def _channel(self, wanted: WantedCorrection) -> str:
        """The channel of the readings that are meant, where nobody said it."""
        rows = self.readings(wanted, "")
        there: set[str] = set(rows["channel"].cast(pa.string()).to_pylist())
        there |= {c.channel for c in self._book.of_device(wanted.device) if _touches(c, wanted)}
        if not there:
            self._refuse(wanted, "")
        for name in PREFERRED:
            if name in there:
                return name
        if len(there) > 1:
            raise Malformed(f"channel: say which: {', '.join(sorted(there))}", "channel")
        return there.pop()

    def readings(self, wanted: WantedCorrection, channel: str) -> pa.Table:
        """The readings that are meant, as they count now; of an empty channel of all."""
        rows = self._query(
            "readings",
            device=wanted.device,
            channel=channel,
            start_ms=wanted.start_ms,
            end_ms=wanted.until_ms,
            limit=MAX_READINGS,
        )
        if wanted.sequence is None:
            return rows
        return rows.filter(pc.equal(rows["sequence"], wanted.sequence))

    def _is_known(self, wanted: WantedCorrection, channel: str) -> bool:
        """Whether readings there were corrected: one that is wrong can be given a value."""
        mine = self._book.of_device(wanted.device)
        return any(c.channel == channel and _touches(c, wanted) for c in mine)

    def _refuse(self, wanted: WantedCorrection, channel: str) -> None:
        when = datetime.fromtimestamp(wanted.start_ms / 1000, UTC).isoformat()
        if wanted.start_ms > self._clock.now_ms():
            raise OutOfRange(f"start: {when} is still to come", "start")
        what = f"{channel} " if channel else ""
        where = f"at {when}" if wanted.end_ms is None else f"from {when} on, up to the end given"
        raise NotFound(
            f"no {what}reading of {wanted.device!r} {where}; energyguard readings "
            f"{wanted.device} lists them"
        )


def _value(text: str, channel: str) -> str:
    """A value in the channel's unit, as the log has it."""
    known = CHANNELS[channel]
    try:
        nano = to_nano(text.strip())
    except ValueError as error:
        raise Malformed(f"value: {error}", "value") from None
    if not known.lowest <= nano / 10**9 <= known.highest:
        raise OutOfRange(
            f"value: {text} {known.unit} is not between {known.lowest:,g} and "
            f"{known.highest:,g} {known.unit}",
            "value",
        )
    return from_nano(nano)


def _touches(correction: Correction, wanted: WantedCorrection) -> bool:
    return correction.start_ms < wanted.until_ms and correction.end_ms > wanted.start_ms
