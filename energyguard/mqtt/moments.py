"""When a message was measured: its sender's time where that can be true, else its arrival.

A clock that was never set says 1970, or that the future is now: then the arrival counts. A time
without a zone is one of the settings' zone; in the hour that comes twice, the one nearer to the
arrival.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from energyguard.codecs.columns import sixty_fourth
from energyguard.dialects.clocks import plausible
from energyguard.errors import Malformed

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)
_SECONDS_END: Final = 10**11
"""A number below it counts seconds since 1970, else it is ms."""


def epoch_ms(value: Decimal | None, arrived_ms: int) -> int | None:
    """A number of seconds or of milliseconds since 1970; None: it is no time that can be."""
    if value is None or value.adjusted() > 15:
        return None
    seconds = abs(value) < _SECONDS_END
    return plausible(int(value * 1000 if seconds else value), arrived_ms)


def text_ms(text: str, zone: ZoneInfo, arrived_ms: int, field: str) -> int | None:
    """A time written out; None: its clock is not set.

    Raises:
        Malformed: it is no time.
    """
    first, second = _instants(text, zone) or (None, None)
    if first is None or second is None:
        raise Malformed(f"{field} is no time: {sixty_fourth(text)}", field)
    nearer = second if abs(second - arrived_ms) < abs(first - arrived_ms) else first
    return plausible(nearer, arrived_ms)


@lru_cache(maxsize=4_096)
def _instants(text: str, zone: ZoneInfo) -> tuple[int, int] | None:
    """The two instants that a text may mean, which are mostly the same; None: it is no time."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return ((moment - _EPOCH) // _MS,) * 2
        at = moment.replace(tzinfo=zone)
        found = [(at.replace(fold=fold) - _EPOCH) // _MS for fold in (0, 1)]
    except (ValueError, OverflowError):
        return None
    return found[0], found[1]


def time_of(value: object, zone: ZoneInfo, arrived_ms: int, field: str) -> int | None:
    """A time as JSON has it: a number since 1970, or text; None: there is none that holds.

    Raises:
        Malformed: it is no time.
    """
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return text_ms(value, zone, arrived_ms, field)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return epoch_ms(Decimal(value), arrived_ms)
    raise Malformed(f"{field} is no time: {sixty_fourth(str(value))}", field)
