"""Values under the name of another kind: what a register shows as energies of intervals, or so.

An interval's energy has no name of its own for it, so a meter's register is easily sent as one. A
value that cannot be one says so by itself; small ones are told apart by how they go on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import pyarrow as pa

from energyguard.codecs import Decoded, RefusedRow
from energyguard.model.readings import Ints, times_of

INTERVAL: Final = "energy_kwh"
REGISTER: Final = "energy_register_kwh"
MIN_RISING: Final = 8
"""Of fewer readings nobody can say it."""
MIN_STEPS_ABOVE: Final = 10
"""A register shows more than so many of its largest steps: intervals that rise do not."""
MAX_STILL: Final = 3
"""It rises once in so many steps at least: its last digit may stand still meanwhile."""
LONG_MS: Final = 20 * 3_600_000
"""Or it rises for so long, as no use does."""
LOOKED_AT: Final = 20_000
"""So many of the first readings of an input are looked at."""
MAX_NAMED: Final = 3


def meant_field(field: str, channel: str, is_below: bool) -> str:
    """The field by whose name a value would be taken that is beyond its bounds; empty: none.

    Args:
        field: as whose value it came.
        channel: of the field.
        is_below: whether it is below what may be, and not above.
    """
    if channel == INTERVAL and not is_below:
        return field.replace("energy_", "energy_register_") if "energy_" in field else REGISTER
    if channel == REGISTER and is_below:
        return field.replace("_register", "") if "_register" in field else INTERVAL
    return ""


def hint_of(rows: Iterable[RefusedRow]) -> str:
    """What to call the values of refused rows, where all that have such a name have the same."""
    meant = {row.meant for row in rows if row.meant}
    if len(meant) != 1:
        return ""
    (field,) = meant
    if "register" in field:
        return f"what a meter's register shows is {field}"
    return f"a register is never negative: the energy of intervals is {field}"


def rising(time: Ints, value: Ints) -> bool:
    """Whether energies of a device, in order of time, go on as what a register shows.

    They never fall, and rise often; and each is many times what they rise by, or they rise for
    nearly a day. A morning of sunshine does neither.
    """
    if len(value) < MIN_RISING or value[0] < 0:
        return False
    step = np.diff(value)
    if step.min() < 0 or MAX_STILL * np.count_nonzero(step) < len(step):
        return False
    return bool(value[0] > MIN_STEPS_ABOVE * step.max() or time[-1] - time[0] >= LONG_MS)


def registers_among(batches: Sequence[pa.RecordBatch]) -> list[str]:
    """Devices whose energies of intervals look like a register's, among the first readings."""
    seen = 0
    parts: list[pa.RecordBatch] = []
    for batch in batches:
        if seen == LOOKED_AT:
            break
        parts.append(batch.slice(0, LOOKED_AT - seen))
        seen += len(parts[-1])
    if seen < MIN_RISING:
        return []
    table = pa.Table.from_batches(parts)
    channel = table["channel"].combine_chunks().dictionary_encode()
    names = channel.dictionary.to_pylist()
    if INTERVAL not in names:
        return []
    mine = channel.indices.to_numpy() == names.index(INTERVAL)
    device = table["device"].combine_chunks().dictionary_encode()
    key = device.indices.to_numpy()
    mine &= np.bincount(key[mine], minlength=len(device.dictionary))[key] >= MIN_RISING
    if not mine.any():
        return []
    key, time, value = key[mine], times_of(table)[mine], np.asarray(table["value"])[mine]
    order = np.lexsort((time, key))
    key, time, value = key[order], time[order], value[order]
    falls = np.zeros(len(device.dictionary), bool)
    falls[key[1:][(np.diff(value) < 0) & (np.diff(key) == 0)]] = True
    key, time, value = (column[~falls[key]] for column in (key, time, value))
    begins = np.flatnonzero(np.diff(key, prepend=-1))
    found = [
        device.dictionary[key[a]].as_py()
        for a, b in pairwise([*begins.tolist(), len(key)])
        if rising(time[a:b], value[a:b])
    ]
    return sorted(found)


def registers_hint(devices: Sequence[str]) -> str:
    """What to do about devices whose energies look like a register's; empty: there are none."""
    if not devices:
        return ""
    named = ", ".join(devices[:MAX_NAMED])
    if len(devices) > MAX_NAMED:
        named += f" and {len(devices) - MAX_NAMED} more"
    return (
        f"{named}: the energies only rise, as what a meter's register shows, and are taken as "
        "what each interval used; a register is energy_register_kwh or energy_register_wh"
    )


def value_hint(decoded: Decoded) -> str:
    """By what name values would be taken as they were meant: those refused, else those taken."""
    return hint_of(decoded.refused) or registers_hint(registers_among([decoded.batch]))
