"""What is known of the devices of a channel of energy, key by key, and kept over a restart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from energyguard.ledger.channels import EnergyChannel, channel_of, plain_channel
from energyguard.ledger.entries import Entries
from energyguard.ledger.ledger import Ledger
from energyguard.model.channels import (
    CHANNELS,
    ENERGY_DEFAULTS,
    MAX_GAP_MS,
    EnergyDefaults,
    Kind,
    Measure,
)
from energyguard.model.readings import Bools, Ints
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.windows.channels.bounded import bounded_keys, goes_by_bounds
from energyguard.stream.windows.channels.channel_lane import ChannelLane
from energyguard.stream.windows.channels.channel_operator import ChannelOperator
from energyguard.stream.windows.episodes.output import AlertTransition
from energyguard.stream.windows.limits import ChannelLimits
from energyguard.stream.windows.panes.entry_registers import EntryRegisters
from energyguard.stream.windows.places import DevicePlaces
from energyguard.stream.windows.readings.numbering import by_key_and_time
from energyguard.stream.windows.readings.verdicts import LaneRows
from energyguard.stream.windows.rhythm.patience import Patience

POINT_MS = 63_000
"""Readings of an interval of at most a minute, give or take a twentieth, are points."""
LONG_STEPS = 3
"""Of eight steps so many may be longer: the usual one is still a minute at most."""
ANY = 2**60
"""1e-9 kWh: nobody has looked at what the windows of a key have at most."""
DescriptionOf = Callable[[str, str], EnergyChannel]
"""What is said of a device's channel."""


def by_kind(device: str, channel: str, defaults: EnergyDefaults = ENERGY_DEFAULTS) -> EnergyChannel:
    """Nothing is said of it: it is as its kind is."""
    return plain_channel(CHANNELS[channel].kind, defaults)


class EnergyState(ChannelOperator):
    """What is known of the keys of a channel. Keys are device numbers, dense over the partition."""

    registers: EntryRegisters

    def __init__(
        self,
        channel: str,
        limits: ChannelLimits,
        places: DevicePlaces,
        described_by: DescriptionOf = by_kind,
    ) -> None:
        super().__init__(channel, limits, places)
        kind = self.measure.kind
        self._described_by = described_by
        self.measure = Measure(kind)  # entries are 1e-9 kWh, whatever made them
        self.registers = EntryRegisters(self.measure)
        self.base = Ledger(kind, self.described)  # of the readings that left the ring
        self.head = Ledger(kind, self.described)  # of all; of interval energies only if apart
        self.holds = Patience(limits.lateness_ms, waits_for_next=kind is not Kind.INTERVAL)
        self.folded: Ints = np.empty(0, np.int64)  # of each key, until when readings are in `base`
        self.is_quick: Bools = np.empty(0, bool)
        self._largest: Ints = np.empty(0, np.int64)  # what a point may have at most
        self._length: Ints = np.empty(0, np.int64)  # of an interval, where that is said
        self._is_as_sent: Bools = np.empty(0, bool)  # whose values count as they are
        self.ceiling: Ints = np.empty((0, 0), np.int64)
        """By rule: no window of a key that is apart has more, but for what is in ``pace``."""
        self.pace: Ints = np.empty((0, 0), np.int64)
        """By rule: no window has more of the entries that are as long as it, and do not overlap."""
        self._paced: Ints = np.empty(0, np.int64)  # until when entries are in the pace
        self._tail: Ints = np.empty(0, np.int64)  # nor more than this, where its power holds
        self._is_stale: Bools = np.empty(0, bool)  # whether the head lacks readings
        self._since: Ints = np.empty(0, np.int64)  # since when all of a quick key are points
        self._long: Ints = np.empty(0, np.int64)  # how many of the last steps were long, at most
        self._border = NEVER

    def described(self, key: int) -> EnergyChannel:
        """What is said of a key's channel."""
        device = self.places.devices[key]
        found = self.places.described(key, self.channel)
        return channel_of(device, found or self._described_by(device, self.channel))

    def grow(self, keys: int) -> None:
        """Make room for so many keys."""
        super().grow(keys)
        more = len(self.newest) - len(self.folded)
        if more > 0:
            self.folded = np.concatenate([self.folded, np.full(more, NEVER)])
            self.is_quick = np.concatenate([self.is_quick, np.zeros(more, bool)])
            self._is_stale = np.concatenate([self._is_stale, np.zeros(more, bool)])
            nothing = np.zeros(more, np.int64)
            self._long = np.concatenate([self._long, nothing])
            self._tail = np.concatenate([self._tail, nothing])
            self._since = np.concatenate([self._since, nothing])
            nothing = np.zeros((len(self.ceiling), more), np.int64)
            self.ceiling = np.concatenate([self.ceiling, nothing], axis=1)
            self.pace = np.concatenate([self.pace, nothing], axis=1)
            self._paced = np.concatenate([self._paced, np.full(more, NEVER)])
        self.holds.grow(len(self.newest))
        self._describe(keys)

    def _describe(self, keys: int) -> None:
        """Ask what is said of new keys."""
        if keys > (known := len(self._largest)):
            self._need()
            largest, length, as_sent = self._points_of(range(known, keys))
            self._largest = np.concatenate([self._largest, largest])
            self._length = np.concatenate([self._length, length])
            self._is_as_sent = np.concatenate([self._is_as_sent, as_sent])
            self.base.grow(keys)
            self.head.grow(keys)

    def _need(self) -> None:
        """Know which keys sums need: these are waited for less long."""
        keys = len(self.newest)
        terms = [state for state in self.rule_states if state.term is not None]
        needed = [state.limits.selected(keys) for state in terms]
        self.holds.need(np.logical_or.reduce(needed) if needed else None)

    def _points_of(self, keys: Iterable[int]) -> tuple[Ints, Ints, Bools]:
        """Of each key the most that a point may count, its intervals' length, whether it counts as
        it is sent.

        A length is 0 where nobody says it.
        """
        channels = [self.described(key) for key in keys]
        largest = [single.largest_power_w * 60_000 * 5 // 18 for single in channels]
        length = [single.length_ms for single in channels]
        as_sent = [single.is_as_sent for single in channels]
        return np.array(largest, np.int64), np.array(length, np.int64), np.array(as_sent, bool)

    def place_anew(self, newest: int) -> list[AlertTransition]:
        """Devices may stand elsewhere, or be described otherwise, from now on."""
        for state in filter(goes_by_bounds, self.rule_states):
            state.limits.forget()
        self._set_bounded_apart()
        keys = self.places.described_anew(self.channel)
        if len(keys := keys[keys < len(self._largest)]):
            self._describe_anew(keys)
        found = super().place_anew(newest)
        self._need()
        return found

    def _describe_anew(self, keys: Ints) -> None:
        """Something else is said of some keys: what is kept of them is folded by that.

        They are apart from now on, until their next reading shows whether they are quick.
        """
        self.base.describe_again(keys)
        self.head.describe_again(keys)
        found = self._points_of(keys.tolist())
        self._largest[keys], self._length[keys], self._is_as_sent[keys] = found
        self._set_apart(keys)

    def _set_apart(self, keys: Ints) -> None:
        """Some keys are apart from now on; what their windows have at most is not known."""
        is_changed = np.zeros(len(self.is_quick), bool)
        is_changed[keys] = True
        self.is_quick &= ~is_changed
        for state in self.rule_states:
            state.apart = ~self.is_quick
        self.registers.leave(is_changed)
        self._is_stale[keys] = self.newest[keys] > NEVER
        self.ceiling[:, keys] = ANY

    def _set_bounded_apart(self) -> None:
        """Those of which a rule wants the bounds are followed by their entries."""
        bounded = bounded_keys(self.rule_states, len(self.is_quick))
        if bounded is not None and (bounded & self.is_quick).any():
            self._set_apart(np.flatnonzero(bounded & self.is_quick))

    # Snapshots

    def save(self) -> dict[str, Any]:
        """Holds, folds, and which keys are quick."""
        quick = np.flatnonzero(self.is_quick)
        return {
            "holds": self.holds.save(),
            "folded": self.folded,
            "stale": np.flatnonzero(self._is_stale),
            "quick": [quick, self._long[quick], self._since[quick]],
            "border": self._border,
            "tail": self._tail,
            "gaps": [[key, *gap] for key, gap in self.gaps.items()],
            "ledgers": [self.base.snapshot(), self.head.snapshot()],
        }

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Be as at a snapshot; of an older version, go on from its newest readings."""
        if "ledgers" not in saved:
            self._restore_older()
            return
        self.holds.restore(saved["holds"])
        self.folded, self._border = saved["folded"], saved["border"]
        self._is_stale = np.zeros(len(self.folded), bool)
        self._is_stale[saved["stale"]] = True
        self.gaps.update({key: (since, until) for key, since, until in saved.get("gaps", [])})
        quick, long, since = saved["quick"]
        self.is_quick, self._long = np.zeros(len(self.folded), bool), np.zeros_like(self.folded)
        self.is_quick[quick], self._long[quick] = True, long
        self._tail, self._since = saved["tail"], np.zeros_like(self.folded)
        self._since[quick] = since
        for ledger, data in zip((self.base, self.head), saved["ledgers"], strict=True):
            ledger.restore(data)
        self.grow(len(self.newest))

    def _restore_older(self) -> None:
        """A snapshot that knew no ledger: the newest reading that left the ring begins it."""
        registers = self.registers
        known = np.flatnonzero(registers.old_time > 0)
        self.base.fold(known, registers.old_time[known], registers.old_value[known])
        self.folded[known] = registers.old_time[known] + 1
        self._is_stale[: len(self.newest)] = self.newest > NEVER

    def widen(self, other: ChannelLane) -> None:
        """Hold the past that another has, which has just read more of it."""
        super().widen(other)
        assert isinstance(other, EnergyState)
        known = min(len(self.folded), len(other.folded))
        self.base, self.folded[:known] = other.base, other.folded[:known]
        self.base.grow(len(self.folded))

    def _falls_silent(self, newest_ms: Ints, newest: int) -> Bools:
        """Whether windows close that end after the newest readings of keys."""
        return newest_ms < newest - self.limits.lateness_ms

    def _past(self, apart: Bools, rows: LaneRows) -> dict[int, tuple[Ints, Ints]]:
        """Times and values of the readings of keys before a piece, from the ring."""
        key, time, value = self.ring.of_keys(apart)
        order = np.argsort(key, kind="stable")
        key, time, value = key[order], time[order], value[order]
        new = np.bincount(rows.key, minlength=len(self.newest))
        if not len(key):
            return {}
        ends = np.flatnonzero(np.append(key[1:] != key[:-1], True)) + 1
        found: dict[int, tuple[Ints, Ints]] = {}
        for single, a, b in zip(
            key[ends - 1].tolist(), [0, *ends[:-1].tolist()], ends.tolist(), strict=True
        ):
            stop = b - int(new[single])
            times, values = time[a:stop], value[a:stop]
            kept = times >= self.folded[single]
            times, values = times[kept], values[kept]
            by_time = np.argsort(times, kind="stable")
            found[single] = times[by_time], values[by_time]
        return found

    def _counted(self, which: Bools) -> tuple[Entries, Ints, Ints]:
        """The entries of some keys as far as the ring reaches; keys and times of readings."""
        keys, number = np.flatnonzero(which), np.cumsum(which) - 1
        key, time, value = self.ring.of_keys(which)
        kept = time >= self.folded[key]
        key, time, value = key[kept], time[kept], value[kept]
        order = by_key_and_time(key, time)
        key, time, value = key[order], time[order], value[order]
        entries = self.base.of(keys).fold(number[key], time, value)
        return replace(entries, key=keys[entries.key]), key, time

    def _let_go(self, newest: int) -> None:
        """Readings that no window will need go into the base.

        Windows of a key in doubt are open for longer than its hold says.
        """
        horizon = newest - sum(self.limits) - MAX_GAP_MS
        is_open = self.holds.decided - self.limits.horizon_ms - MAX_GAP_MS
        before = np.minimum(horizon - 2 * self.holds.hold, is_open)
        if (gone := self.ring.let_go(before, self.folded, horizon)) is None:
            return
        self.base.fold(*gone)
        self.folded = np.maximum(self.folded, before)
        self.registers.remember_gone(*gone)


NO_NUMBERS = np.empty(0, np.int64)
