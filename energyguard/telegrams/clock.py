"""When a telegram was made: by the meter's clock where that can be true, else when it came."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from energyguard.codecs.columns import sixty_fourth
from energyguard.dialects.clocks import plausible
from energyguard.errors import Malformed

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)
_DIGITS: Final = re.compile(r"\d{12}", re.ASCII)


def clock_ms(text: str, offset_h: int | None, zone: ZoneInfo, arrived_ms: int, field: str) -> int:
    """A time ``YYMMDDhhmmss`` of a meter's own clock, in ms since 1970 UTC.

    Args:
        text: the twelve digits.
        offset_h: hours before UTC, where the meter says by a flag which; None: it does not.
        zone: of meters that do not. In the hour that comes twice, the time nearer to the arrival.
        arrived_ms: when the telegram came; 0: nobody knows.
        field: what it is called there.

    Raises:
        Malformed: it is no time.
    """
    try:
        if not _DIGITS.fullmatch(text):
            raise ValueError(text)
        wall = datetime.fromisoformat(f"20{text[:6]}T{text[6:]}")
    except ValueError:
        raise Malformed(f"{field} is no time: {sixty_fourth(text)}", field) from None
    if offset_h is not None:
        return (wall.replace(tzinfo=UTC) - timedelta(hours=offset_h) - _EPOCH) // _MS
    both = [(wall.replace(tzinfo=zone, fold=fold) - _EPOCH) // _MS for fold in (0, 1)]
    return min(both, key=lambda found: abs(found - arrived_ms)) if arrived_ms else both[0]


def made_ms(own_ms: int | None, arrived_ms: int) -> int:
    """When a telegram's values were so.

    Args:
        own_ms: by the meter's clock; None: it has none.
        arrived_ms: when it came; 0: nobody knows.

    Raises:
        Malformed: nothing says it.
    """
    if own_ms is not None and (not arrived_ms or plausible(own_ms, arrived_ms) is not None):
        return own_ms
    if arrived_ms:
        return arrived_ms
    raise Malformed("it has no time, and of a file nobody knows when it came", "time")
