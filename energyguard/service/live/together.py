"""What the devices of all topics say together: what time it is, what is drawn, how many send."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa

from energyguard.service.live.channel import HOUR_MS
from energyguard.service.live.devices import Draws, LiveDevices
from energyguard.service.views import NOTHING, Drawn, Freshness


def main_clock(of_topics: Iterable[LiveDevices], now_ms: int) -> Freshness:
    """The topic that says what time it is: of those that are live meters, else what most send to.

    A simulation runs ahead of the others by hours or years: the furthest clock would be its own.
    """
    known = [
        (fresh, devices.wall, len(devices.names))
        for devices in of_topics
        if (fresh := devices.fresh(now_ms)).newest_ms is not None
    ]
    best = max(known, key=lambda k: (k[0].live, k[1], k[2], k[0].newest_ms), default=None)
    return NOTHING if best is None else best[0]


def sum_kw(of_topics: Mapping[str, LiveDevices], now_ms: int, apart: Collection[str] = ()) -> Drawn:
    """Of all topics together: of those that are live, else of all, as it was last.

    A simulation or a replay that ended over an hour ago is not counted at all; a meter is. Who
    sends to several topics is one device, and sends where it does to any.

    Args:
        of_topics: by their names.
        now_ms: the wall clock.
        apart: topics with a clock of their own: their devices are counted, and not what they draw.
    """
    every = {
        name: devices.now(now_ms)
        for name, devices in sorted(of_topics.items())
        if devices.wall or (devices.pulse.received_ms or 0) >= now_ms - HOUR_MS
    }
    together = [part for name, part in every.items() if name not in apart]
    live = any(part.live for part in together)
    counted = [part for part in together if part.live or not live]
    sending, devices = _counted([part.draws for part in every.values()])
    return Drawn(
        kw=_kw([part.draws for part in counted]),
        at_ms=max((part.at_ms for part in counted if part.at_ms is not None), default=None),
        sending=sending,
        silent=devices - sending,
        live=live,
    )


def _counted(of_topics: Sequence[Draws]) -> tuple[int, int]:
    """How many devices send, and how many there are."""
    if not of_topics:
        return 0, 0
    names = pa.concat_arrays([draws.devices for draws in of_topics]).dictionary_encode()
    sends = np.concatenate([draws.sends for draws in of_topics])
    return len(np.unique(names.indices.to_numpy()[sends])), len(names.dictionary)


def _kw(of_topics: Sequence[Draws]) -> float | None:
    """What is drawn, of each device by the first topic that knows; None: none does."""
    known = [(draws.devices, draws.kw, ~np.isnan(draws.kw)) for draws in of_topics]
    if not any(there.any() for _, _, there in known):
        return None
    names = pa.concat_arrays([devices.filter(pa.array(there)) for devices, _, there in known])
    kw = np.concatenate([drawn[there] for _, drawn, there in known])
    _, first = np.unique(names.dictionary_encode().indices.to_numpy(), return_index=True)
    return float(kw[first].sum())
