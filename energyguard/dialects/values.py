"""Values under their senders' names become readings: one end of all dialects that have names.

A dialect gives columns (which name, what time, what number, in which row); here names are placed,
numbers scaled, and what is not taken is refused with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from energyguard.codecs import Decoded, RefusedRow
from energyguard.codecs.arrow_columns import nanos_of_floats
from energyguard.codecs.assembly import TableRows, assemble
from energyguard.codecs.columns import Ints, TableReadings
from energyguard.codecs.context import DecodeContext
from energyguard.codecs.refusals import REST_BYTES, Refusals
from energyguard.codecs.row_by_row import BEYOND
from energyguard.dialects.mapping import mapping_of
from energyguard.dialects.names import NotPlaced, Placed, ValueName
from energyguard.model.readings import Verdict

Floats = npt.NDArray[np.float64]
_NAMES_SHOWN = 5


@dataclass(frozen=True, slots=True, eq=False)
class NamedValues:
    """n values of k names, in the order in which they came.

    Attributes:
        names: k names.
        name: n places in ``names``.
        time_ms: n times, ms since 1970 UTC.
        number: n numbers as they were sent; one that is not finite is refused.
        row: n numbers of the rows in which they stood; several may stand in one.
        original: gives the bytes of the row of a value at a place.
    """

    names: Sequence[ValueName]
    name: Ints
    time_ms: Ints
    number: Floats
    row: Ints
    original: Callable[[int], bytes]

    def take(self, places: Ints) -> NamedValues:
        """Those at some places."""
        return NamedValues(
            self.names,
            self.name[places],
            self.time_ms[places],
            self.number[places],
            self.row[places],
            lambda place: self.original(int(places[place])),
        )


def readings_of_names(
    values: NamedValues, dialect: str, shape: str, context: DecodeContext, refusals: Refusals
) -> Decoded:
    """The readings that values are; one that is not taken costs its neighbours nothing.

    Args:
        values: what was sent.
        dialect: whose names they are, for mappings.
        shape: how the bytes of their rows are decoded again.
        context: what is plausible, and which mappings there are.
        refusals: has what was refused before, and gets what is refused here.
    """
    mapping = mapping_of(context.mappings)
    places = [mapping.place(name, dialect) for name in values.names]
    fits = np.array([isinstance(place, Placed) for place in places], np.bool_)
    is_placed = fits[values.name] if len(places) else np.zeros(0, np.bool_)
    left = None
    if not is_placed.all():
        left = _left_out(values.take(np.flatnonzero(~is_placed)), places, shape)
        values = values.take(np.flatnonzero(is_placed))
    nano, beyond = _nanos(values, places)
    if beyond.any():
        for place in np.flatnonzero(beyond).tolist():
            why = f"{values.names[values.name[place]].name} {BEYOND}: {values.number[place]}"
            original, row = values.original(place), int(values.row[place])
            refusals.refuse(row, Verdict.OUT_OF_RANGE, "value", why, original)
        sound = np.flatnonzero(~beyond)
        values, nano = values.take(sound), nano[sound]
    part = TableReadings(
        "value",
        _texts([place.device if isinstance(place, Placed) else "" for place in places], values),
        _texts([place.channel if isinstance(place, Placed) else "" for place in places], values),
        values.time_ms,
        nano,
    )
    rows = TableRows(values.row, values.original, "time", context.limits)
    decoded = assemble([part], rows, refusals)
    return decoded if left is None else replace(decoded, refused=(*decoded.refused, left))


def _texts(of_name: Sequence[str], values: NamedValues) -> pa.Array:
    """A text of each value, by its name."""
    return pa.array(of_name, pa.string()).take(pa.array(values.name, pa.int64()))


def _nanos(
    values: NamedValues, places: Sequence[Placed | NotPlaced]
) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Numbers in 1e-9 of their channel's unit, and which are none."""
    times = np.array([p.times if isinstance(p, Placed) else 1 for p in places], np.float64)
    per = np.array([p.per if isinstance(p, Placed) else 1 for p in places], np.float64)
    number = values.number
    if len(places) and (times != 1).any():
        number = number * times[values.name]
    if len(places) and (per != 1).any():
        number = number / per[values.name]
    return nanos_of_floats(pa.array(number, pa.float64()))


def _left_out(
    values: NamedValues, places: Sequence[Placed | NotPlaced], shape: str
) -> RefusedRow | None:
    """All values whose names lead nowhere, as one; None: somebody wants them left out."""
    names = np.unique(values.name)
    kept = [
        (name, place)
        for name in names.tolist()
        if isinstance(place := places[name], NotPlaced) and not place.skipped
    ]
    if not kept:
        return None
    mine = np.flatnonzero(np.isin(values.name, [name for name, _ in kept]))
    reasons = list(dict.fromkeys(place.reason for _, place in kept))
    more = f"; and {len(reasons) - _NAMES_SHOWN} more" if len(reasons) > _NAMES_SHOWN else ""
    rows = values.row[mine]
    first_of_row = mine[np.flatnonzero(np.diff(rows, prepend=-1))]
    originals, size = [], 0
    for place in first_of_row.tolist():
        original = values.original(place)
        size += len(original) + 1
        if size > REST_BYTES:
            break
        originals.append(original)
    why = f"not taken: {'; '.join(reasons[:_NAMES_SHOWN])}{more}"
    return RefusedRow(
        int(rows[0]), Verdict.MALFORMED, "name", why, b"\n".join(originals), len(mine), shape
    )
