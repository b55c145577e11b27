"""Values under their senders' names become readings: one end of all dialects that have names.

A dialect gives columns (which name, what time, what number, in which row); here names are placed,
numbers scaled, and what is not taken is refused with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from energyguard.codecs import Decoded, RefusedRow
from energyguard.codecs.arrow.columns import nanos_of_floats
from energyguard.codecs.assembly import TableRows, assemble
from energyguard.codecs.columns import Ints, TableReadings
from energyguard.codecs.context import DecodeContext
from energyguard.codecs.refusals import REST_BYTES, Refusals
from energyguard.codecs.text.row_by_row import BEYOND
from energyguard.dialects.names import NotPlaced, Placed
from energyguard.model.readings import Verdict

Floats = npt.NDArray[np.float64]
_NAMES_SHOWN = 5


@dataclass(frozen=True, slots=True, eq=False)
class NamedValues:
    """n values of k names, in the order in which they came.

    Attributes:
        places: of each name, where its values belong.
        name: n places in ``places``.
        time_ms: n times, ms since 1970 UTC.
        number: n numbers as they were sent; one that is not finite is refused.
        row: n numbers of the rows in which they stood; several may stand in one.
        original: gives the bytes of the row of a value at a place.
    """

    places: Sequence[Placed | NotPlaced]
    name: Ints
    time_ms: Ints
    number: Floats
    row: Ints
    original: Callable[[int], bytes]

    def take(self, places: Ints) -> NamedValues:
        """Those at some places."""
        return NamedValues(
            self.places,
            self.name[places],
            self.time_ms[places],
            self.number[places],
            self.row[places],
            lambda place: self.original(int(places[place])),
        )


def readings_of_names(
    values: NamedValues, shape: str, context: DecodeContext, refusals: Refusals
) -> Decoded:
    """The readings that values are; one that is not taken costs its neighbours nothing.

    Args:
        values: what was sent.
        shape: how the bytes of their rows are decoded again.
        context: what is plausible.
        refusals: has what was refused before, and gets what is refused here.
    """
    left = None
    kinds = {*map(type, values.places)}
    if NotPlaced in kinds:
        fits = np.array([type(place) is Placed for place in values.places], np.bool_)
        is_placed = fits[values.name] if len(values.name) else np.zeros(0, np.bool_)
        left = _left_out(values.take(np.flatnonzero(~is_placed)), shape)
        values = values.take(np.flatnonzero(is_placed))
    places = values.places if kinds == {Placed} else _all_placed(values.places)
    placed = cast(Sequence[Placed], places)
    devices, channels = [place.device for place in placed], [place.channel for place in placed]
    times, per = [place.times for place in placed], [place.per for place in placed]
    nano, beyond = _nanos(values, times, per)
    if beyond.any():
        for place in np.flatnonzero(beyond).tolist():
            channel = channels[values.name[place]]
            why = f"the value for {channel} {BEYOND}: {values.number[place]}"
            original, row = values.original(place), int(values.row[place])
            refusals.refuse(row, Verdict.OUT_OF_RANGE, "value", why, original)
        sound = np.flatnonzero(~beyond)
        values, nano = values.take(sound), nano[sound]
    texts = (pa.array(of_name, pa.string()) for of_name in (devices, channels))
    device, channel = (text.take(pa.array(values.name, pa.int64())) for text in texts)
    part = TableReadings("value", device, channel, values.time_ms, nano)
    rows = TableRows(values.row, values.original, "time", context.limits)
    decoded = assemble([part], rows, refusals)
    return decoded if left is None else replace(decoded, refused=(*decoded.refused, left))


def _all_placed(places: Sequence[Placed | NotPlaced]) -> Sequence[Placed]:
    """Places, with something where there is none: no value has it."""
    nowhere = Placed("", "")
    return [place if type(place) is Placed else nowhere for place in places] or [nowhere]


def _nanos(
    values: NamedValues, times: Sequence[int], per: Sequence[int]
) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Numbers in 1e-9 of their channel's unit, and which are none."""
    number = values.number
    for factor, scaled in ((times, np.multiply), (per, np.divide)):
        if {*factor} != {1}:
            number = scaled(number, np.array(factor, np.float64)[values.name])
    return nanos_of_floats(pa.array(number, pa.float64()))


def _left_out(values: NamedValues, shape: str) -> RefusedRow | None:
    """All values whose names lead nowhere, as one; None: somebody wants them left out."""
    names = np.unique(values.name)
    kept = [
        (name, place)
        for name in names.tolist()
        if isinstance(place := values.places[name], NotPlaced) and not place.skipped
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
