"""One channel of a topic, live: the newest reading of each device, and what that draws."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from energyguard.ledger.scales import KeyScales
from energyguard.model.channels import CHANNELS, MAX_GAP_MS, Kind
from energyguard.model.quantities import NANO
from energyguard.service.live.follow import MISSED
from energyguard.service.live.meant import MeantChannels

HOUR_MS = 3_600_000
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
NEVER = np.iinfo(np.int64).min


class LiveChannel:
    """One channel of a topic: the newest reading of each device, by the device's number."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.kind = CHANNELS[name].kind if name in CHANNELS else Kind.STATE
        self.unit = CHANNELS[name].unit if name in CHANNELS else ""
        self.time_ms: Ints = np.empty(0, np.int64)
        self.value: Ints = np.empty(0, np.int64)
        self.step_ms: Ints = np.empty(0, np.int64)
        self.step_before: Ints = np.empty(0, np.int64)
        self.kw: Floats = np.empty(0)
        self.fed_in = np.empty(0, bool)
        self.scales = KeyScales()
        self._meant_at = (0, 0)  # by which revision of the catalogue, of how many devices

    def take(self, device: Ints, time_ms: Ints, value: Ints, size: int, gap: bool) -> None:
        """Fold n readings in.

        Args:
            device: n device numbers below ``size``.
            time_ms: n event times.
            value: n values in 1e-9 of the unit.
            size: how many devices the topic has.
            gap: readings before these were left out, so the last step is not known.
        """
        self.grow(size)
        order = np.lexsort((time_ms, device))
        device, time_ms, value = device[order], time_ms[order], value[order]
        last = np.flatnonzero(np.append(device[1:] != device[:-1], True))
        last = last[time_ms[last] > self.time_ms[device[last]]]
        at, newest, amount = device[last], time_ms[last], value[last]
        before = np.maximum(last - 1, 0)
        inside = (last > 0) & (device[before] == at) & (time_ms[before] < newest)
        previous_ms = np.where(inside, time_ms[before], self.time_ms[at])
        previous = np.where(inside, value[before], self.value[at])
        known = previous_ms != NEVER
        step = np.where(known, newest - np.where(known, previous_ms, 0), 0)
        if gap and self.kind is Kind.INTERVAL:
            step = np.where(~inside & (self.step_ms[at] > 0), self.step_ms[at], step)
        self.kw[at] = self._power(amount, previous, step)
        self.step_before[at] = self.step_ms[at]
        self.time_ms[at], self.value[at], self.step_ms[at] = newest, amount, step

    def know_meant(self, meant: MeantChannels, names: pa.Array) -> None:
        """Know what is said of devices: of new ones, or of all by a new revision."""
        revision, known = self._meant_at
        if revision != meant.revision:
            self.fed_in, self.scales, known = np.empty(0, bool), KeyScales(), 0
            revision = meant.revision
        if known < len(names):
            fed_in, scales = meant.of(names.slice(known), self.name)
            self.fed_in = np.append(self.fed_in, fed_in)
            self.scales.grow(scales)
        self._meant_at = revision, len(names)

    def drawn(self) -> Floats:
        """(devices,) kW as they are meant: scaled, and below 0 where what is counted is fed in."""
        kw = self.kw * self.factors()
        turned = self.fed_in[: len(kw)]
        if self.kind is not Kind.REGISTER:
            turned = turned & (kw > 0)
        return np.where(turned, 0.0 - kw, kw)

    def factors(self) -> Floats:
        """(devices,) times what their newest readings count."""
        return self.scales.factors(np.arange(len(self.kw)), self.time_ms[: len(self.kw)])

    def live(self, now_ms: int, silent_ms: int) -> npt.NDArray[np.bool_]:
        """Which devices have sent lately: their own pace counts, of two steps the shorter."""
        allowed = np.maximum(silent_ms, MISSED * self.usual_ms())
        lately: npt.NDArray[np.bool_] = self.time_ms >= now_ms - allowed
        return lately

    def usual_ms(self) -> Ints:
        """The step of each device, 0 where it is not known: of its last two the shorter."""
        before = np.where(self.step_before > 0, self.step_before, self.step_ms)
        return np.minimum(self.step_ms, before)

    def _power(self, amount: Ints, previous: Ints, step: Ints) -> Floats:
        if self.kind is Kind.POWER:
            return amount / NANO
        if self.kind is Kind.STATE:
            return np.full(len(amount), np.nan)
        interval = self.kind is Kind.INTERVAL  # its energy is of its step, however long
        energy = amount if interval else amount - previous
        fit = (step > 0) & (step <= (HOUR_MS if interval else MAX_GAP_MS))
        return np.where(fit, energy / NANO * HOUR_MS / np.where(fit, step, 1), np.nan)

    def grow(self, size: int) -> None:
        """Make room for so many devices."""
        if size > len(self.time_ms):
            self.time_ms = grown(self.time_ms, size, NEVER)
            self.value = grown(self.value, size, 0)
            self.step_ms = grown(self.step_ms, size, 0)
            self.step_before = grown(self.step_before, size, 0)
            self.kw = np.append(self.kw, np.full(size - len(self.kw), np.nan))


def grown(values: Ints, size: int, fill: int) -> Ints:
    """An array with at least so many entries, the new ones with this value."""
    return np.append(values, np.full(max(0, size - len(values)), fill))
