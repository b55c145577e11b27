"""The fold: what the readings of a channel say was used, key by key.

    ledger = Ledger(Kind.REGISTER, lambda key: EnergyChannel(Kind.REGISTER))
    ledger.grow(2)
    ledger.fold(key, time, value)    # entries that are made or replaced
    ledger.end()                     # what is still open, as far as is known

It looks at no clock and no batch: the same readings, cut in any way, come to the same entries. Who
learns of an earlier reading takes a copy of the key from before it (``of``), folds again, and may
stop as soon as the copy is the ``same`` as one that was kept at a later reading.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np

from energyguard.ledger.channels import EnergyChannel
from energyguard.ledger.entries import Entries
from energyguard.ledger.intervals import IntervalFolds
from energyguard.ledger.meant import in_unit, meant
from energyguard.ledger.powers import PowerFolds
from energyguard.ledger.registers.descriptions import Descriptions
from energyguard.ledger.registers.fold import Doubts, RegisterFolds
from energyguard.ledger.rhythm import MIN_STEPS, rhythm_of, sorted_columns
from energyguard.ledger.rows import NOTHING
from energyguard.ledger.runs import Numbers
from energyguard.ledger.scale_changes import (
    fold_by_scales,
    follows_by_scales,
    go_by_doubts,
    go_by_times,
    implausible_by_scales,
)
from energyguard.model.channels import Kind
from energyguard.model.readings import Bools, Ints

_Snapshot = tuple[bytes, dict[int, list[tuple[int, int]]]]


class Ledger:
    """The folds of all keys of one channel; keys are numbers from 0."""

    def __init__(self, kind: Kind, described: Callable[[int], EnergyChannel]) -> None:
        """Begin without a key.

        Args:
            kind: what the channel's readings are: intervals, registers or powers.
            described: what is said of the channel of a key; asked once, when the key is new.

        Raises:
            ValueError: the readings of the channel are no energy.
        """
        if kind not in _FOLDS:
            raise ValueError(f"a channel of kind {kind.value!r} has no energy to count")
        self.kind = kind
        self._channels = Descriptions(described)
        self._fold = _FOLDS[kind](self._channels)

    @property
    def keys(self) -> int:
        """How many keys there are."""
        return self._fold.rows.size

    def grow(self, keys: int) -> None:
        """Have keys 0 to ``keys`` - 1; those that are there stay as they are."""
        self._channels.grow(keys)
        self._fold.rows.grow(keys)

    def describe_again(self, keys: Ints) -> Bools:
        """Ask anew what is said of the channels of some keys; for readings from now on.

        Returns:
            (K,) of which what was counted before has another scale now.
        """
        before = [self._channels.channel(key).scales for key in keys.tolist()]
        self._channels.again(keys)
        self._go_by_newest(keys.tolist())
        after = [self._channels.channel(key).scales for key in keys.tolist()]
        return np.array([a != b for a, b in zip(before, after, strict=True)], np.bool_)

    def is_fed_in(self, keys: Ints) -> Bools:
        """(K,) which of some keys count what is fed in, so that it is below 0."""
        return self._channels.where("is_fed_in", keys)

    def fold(self, key: Ints, time: Ints, value: Ints) -> Entries:
        """Take readings.

        Args:
            key: whose each is; sorted by key and time.
            time: ms, none earlier than those that its key has had. Of equal times of a key
                intervals add up, the first register and the last power count.
            value: 1e-9 kWh, of powers 1e-9 kW.

        Returns:
            the entries that are made or replaced, sorted by key and stamp; what replaces another
            has its key and stamp, which is not newer than the key's newest reading of before. Its
            columns may be shared and are not to be written to.
        """
        if not len(key):
            return Entries.none()
        if self._channels.timed:
            return self._meant(fold_by_scales(self._fold, self._channels, key, time, value))
        return self._meant(self._fold.fold(key, time, value))

    def follows(self, key: Ints, time: Ints, value: Ints) -> Bools:
        """Which readings make an entry of their own each, and change no other, whatever comes next.

        Args:
            key: as of ``fold``, which has yet to take them.
            time: the same.
            value: the same.

        Returns:
            (n,) those before the first of each key that may not; of powers none.
        """
        if self._channels.timed:
            return follows_by_scales(self._fold, self._channels, key, time, value)
        return self._fold.follows(key, time, value)

    def implausible(self, key: Ints, time: Ints, value: Ints) -> Bools:
        """(n,) which powers are larger than is plausible: these are as if they were not there."""
        assert isinstance(self._fold, PowerFolds)
        if self._channels.timed:
            return implausible_by_scales(self._fold, self._channels, key, time, value)
        return self._fold.implausible(key, value)

    def in_unit(self, key: Ints, time: Ints, value: Ints) -> Ints:
        """(n,) values as they were sent, in the channel's unit; their sign stays."""
        return in_unit(self._channels, key, time, value)

    def end(self) -> Entries:
        """The entries of what is open, as far as is known, if nothing more comes.

        What is in doubt is as the best explanation has it, what waits for its rhythm counts, the
        newest power holds for one cadence. The fold stays as it is and can go on.
        """
        return self._meant(self._fold.end())

    def recent(self) -> Entries:
        """The entries, as they are now, that readings to come may replace.

        Whoever folds again from an earlier state takes these of that state, and all that the fold
        then makes: together they are all entries from the first of these on, and a reading that has
        none among them is in doubt now. Where it stops, as
        its state is the ``same`` as one of before, those of that state are as they were.
        """
        return self._meant(self._fold.recent())

    def waits(self) -> Bools:
        """(keys,) whose newest reading has no entry yet that counts: in doubt, or no rhythm."""
        return self._fold.waits()

    def in_doubt(self) -> Bools:
        """(keys,) of which readings may still be explained otherwise."""
        found = np.zeros(self.keys, np.bool_)
        found[[*self._doubts()]] = True
        return found

    def newest_ms(self) -> Ints:
        """(keys,) the time of the newest reading of each; ``NOTHING`` before the first."""
        fold = self._fold
        newest = fold.rows.newest if isinstance(fold, RegisterFolds) else fold.rows.time[:, -1]
        return newest[: self.keys]

    def begun(self) -> Bools:
        """(keys,) which have had a reading."""
        begun: Bools = self.newest_ms() != NOTHING
        return begun

    def cadence_ms(self) -> Ints:
        """(keys,) how often each sends: what is said, else the lower median of its newest steps.

        0 where fewer than three steps are known.
        """
        return np.where(self._given() > 0, self._given(), self._learned(0))

    def usual_ms(self) -> Ints:
        """(keys,) the longest usual step of each: the second longest of its newest eight.

        Never less than a cadence that is said; 0 where fewer than three steps are known.
        """
        return np.maximum(self._learned(1), self._given())

    def longest_ms(self) -> Ints:
        """(keys,) the longest of the newest eight steps of each; 0: there is none."""
        longest: Ints = self._fold.steps().max(axis=1, initial=0).astype(np.int64)
        return longest

    def steps_known(self) -> Ints:
        """(keys,) of how many steps the rhythm is, up to eight."""
        return self._rhythm()[2]

    def of(self, keys: Ints) -> Ledger:
        """A copy of the folds of some keys, which are numbered from 0 in it."""
        part = Ledger.__new__(Ledger)
        part.kind = self.kind
        part._channels = self._channels.of(keys)
        part._fold = _FOLDS[self.kind](part._channels)
        part._fold.rows = self._fold.rows.of(keys)
        self._pass_doubts(part, {int(key): place for place, key in enumerate(keys)})
        return part

    def put(self, keys: Ints, other: Ledger) -> None:
        """Take the folds of another ledger, numbered from 0, for some keys of this."""
        self._drop_doubts(keys)
        self._fold.rows.put(keys, other._fold.rows)  # type: ignore[arg-type]
        self._go_by_newest(keys.tolist())
        other._pass_doubts(self, dict(enumerate(keys.tolist())))

    def forget(self, keys: Ints) -> None:
        """Have no readings of some keys any more; what is said of them is asked again."""
        self._drop_doubts(keys)
        self._fold.rows.forget(keys)
        self._channels.again(keys)

    def same(self, other: Ledger) -> Bools:
        """(keys,) which folds go on as those of the other do, with nothing in doubt in either."""
        equal = self._fold.rows.same(other._fold.rows)  # type: ignore[arg-type]
        for ledger in (self, other):
            open_keys = np.array([*ledger._doubts()], np.int64)
            equal[open_keys[open_keys < len(equal)]] = False
        return equal

    def snapshot(self) -> bytes:
        """All that is kept, as bytes."""
        return msgspec.msgpack.encode([self._fold.rows.snapshot(), self._doubts()])

    def restore(self, saved: bytes) -> None:
        """Take what a snapshot has."""
        rows, doubts = msgspec.msgpack.decode(saved, type=_Snapshot)
        self._fold.rows.restore(rows)
        self._channels.grow(self._fold.rows.size)
        if isinstance(self._fold, RegisterFolds):
            self._fold.folds.clear()
            go_by_doubts(self._channels, doubts)
            self._fold.open(doubts)
        self._go_by_newest(list(self._channels.timed))

    def _meant(self, entries: Entries) -> Entries:
        return meant(entries, self._channels, self.kind)

    def _doubts(self) -> Doubts:
        return self._fold.doubts() if isinstance(self._fold, RegisterFolds) else {}

    def _pass_doubts(self, other: Ledger, numbers: dict[int, int]) -> None:
        """Give what is in doubt to another, where the keys have other numbers."""
        if isinstance(other._fold, RegisterFolds):
            passed = {numbers[k]: found for k, found in self._doubts().items() if k in numbers}
            go_by_doubts(other._channels, passed)
            other._fold.open(passed)
            other._go_by_newest([*passed])

    def _go_by_newest(self, keys: list[int]) -> None:
        """Go by the scales that hold at the newest readings of some keys."""
        if self._channels.timed:
            go_by_times(self._channels, keys, self.newest_ms())

    def _drop_doubts(self, keys: Ints) -> None:
        if isinstance(self._fold, RegisterFolds):
            for key in keys.tolist():
                self._fold.folds.pop(key, None)

    def _rhythm(self) -> tuple[Ints, Ints, Ints]:
        steps: Numbers = self._fold.steps()
        return rhythm_of(sorted_columns([*steps.T]))

    def _given(self) -> Ints:
        keys = np.arange(self.keys)
        return np.broadcast_to(self._channels.column("cadence_ms", keys), keys.shape)

    def _learned(self, which: int) -> Ints:
        """(keys,) cadence (0) or longest usual step (1), where enough steps are known."""
        rhythm = self._rhythm()
        return np.where(rhythm[2] >= MIN_STEPS, rhythm[which], 0)


_FOLDS: dict[Kind, type[IntervalFolds] | type[RegisterFolds] | type[PowerFolds]] = {
    Kind.INTERVAL: IntervalFolds, Kind.REGISTER: RegisterFolds, Kind.POWER: PowerFolds,
}  # fmt: skip
