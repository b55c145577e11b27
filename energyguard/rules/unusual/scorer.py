"""Readings of one channel held against what is usual for each device, as scores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

from energyguard.detection.detector import OwnPast, UnusualDetector, UnusualUse
from energyguard.detection.running import ClosedSlots, RunningSlots
from energyguard.detection.scores import Parameters
from energyguard.detection.slots import local_hours
from energyguard.detection.state import CohortState
from energyguard.ledger.channels import channel_of, plain_channel
from energyguard.model.channels import CHANNELS, EnergyDefaults
from energyguard.model.quantities import NANO
from energyguard.model.readings import Bools, Ints
from energyguard.rules.limit_columns import LimitColumns
from energyguard.rules.local_times import RuleCalendars
from energyguard.rules.unusual.answers import PeopleAnswer, RaisedBars
from energyguard.rules.unusual.evidence import UnusualEvidence
from energyguard.rules.valued import DescribedKeys, Scores, ValueRows

shipped = cache(Parameters.shipped)


class UnusualLimits(NamedTuple):
    """How many alerts a week people want to see of a device, in 1e-9; or columns of (n,)."""

    alerts_a_week: Ints | int


class _Shown(NamedTuple):
    """What an alert says, in 1e-9."""

    amounts: tuple[int, int, int]
    """What was observed, what was expected, and in how many weeks there is one such alert."""
    evidence: dict[str, int]


AnswersOf = Callable[[str], Sequence[PeopleAnswer]]
"""The answers of a device, by its name."""
Opened = tuple[int, int, _Shown]
"""The row in which an alert opens, whose it is, and what it says."""


class _Marks(NamedTuple):
    """What readings do: (n,) of each."""

    breaks: Bools
    clears: Bools
    begins: Bools
    """With which an alert begins: it ends with a later one, so that people see it."""


class _Cohort:
    """Devices with slots of one length: ``keys`` of the partition, by their place in it."""

    def __init__(self, detector: UnusualDetector) -> None:
        self.slot_ms = detector.cohort.slot_ms
        self.detector = detector
        self.keys: Ints = np.empty(0, np.int64)
        self.bars = RaisedBars(detector.parameters.kinds)

    def add(self, keys: Ints, budgets: Ints, answers: Iterable[Sequence[PeopleAnswer]]) -> None:
        """Take in devices of which nothing is known, but what their people said of alerts."""
        for place, of_device in enumerate(answers, len(self.keys)):
            self.bars.add(place, of_device)
        self.detector.add(budgets / NANO)
        self.keys = np.append(self.keys, keys)


class UnusualScorer:
    """What is usual of one channel of one partition, and readings held against it.

    Args:
        allowed: how many alerts of each device people want to see.
        calendars: whose hours devices are judged by.
        energy: what is plausible.
        answers: the alerts of a device that were no news to its people.
        by_own: by what of their own past rarities are raised, or lowered.
    """

    def __init__(
        self,
        allowed: LimitColumns[UnusualLimits],
        calendars: RuleCalendars,
        energy: EnergyDefaults,
        answers: AnswersOf,
        by_own: OwnPast,
    ) -> None:
        self._allowed, self._calendars, self._energy = allowed, calendars, energy
        self._answers, self._by_own = answers, by_own
        self._slots: RunningSlots | None = None
        self._cohorts: dict[int, _Cohort] = {}  # by the length of slots
        self._place: Ints = np.empty(0, np.int64)  # of each key in its cohort; -1: in none
        self._is_open: Bools = np.empty(0, bool)
        self._amounts: Ints = np.empty((3, 0), np.int64)  # of each key's newest alert: see _Shown
        self._evidence: dict[int, dict[str, int]] = {}
        self._has_learned = True
        self._saved: Mapping[str, Any] | None = None

    def score(self, rows: ValueRows) -> Scores:
        """Judge the slots that readings end, by what was usual before each, and learn them."""
        ((channel, value),) = rows.value.items()
        slots = self._begin(rows.keys_of(channel))
        order = np.argsort(rows.key, kind="stable")
        closed = slots.take(rows.key[order], rows.time[order], value[order])
        closed = closed._replace(at=order[closed.at])
        marks = _Marks(*np.zeros((3, len(rows)), bool))
        opened: list[Opened] = []
        for slot_ms in np.unique(closed.slot_ms).tolist():
            mine = closed.where(closed.slot_ms == slot_ms)
            cohort = self._cohort(slot_ms, mine.key, rows.devices)
            time_ms = mine.number * slot_ms
            half_hour = self._calendars.moments(rows.clocks, mine.key, time_ms).slot
            opened += self._step(cohort, mine, half_hour, marks)
        return self._scores(rows, marks, opened)

    def describe_again(self, of: DescribedKeys, keys: Ints) -> None:
        """Something else is said of some keys; those of another sign are learned anew."""
        turned = self._begin(of).describe_again(keys)
        self._place[turned] = -1

    def _begin(self, of: DescribedKeys) -> RunningSlots:
        if self._slots is None:
            plain = plain_channel(CHANNELS[of.channel].kind, self._energy)
            self._slots = RunningSlots(plain.kind, lambda key: of.described(key, plain))
            if self._saved is not None:
                by_name = [channel_of(name, plain).is_fed_in for name in of.devices]
                self._load(self._slots, self._saved, of.devices, np.flatnonzero(by_name))
                self._saved = None
        self._slots.grow(len(of.devices))
        if (more := len(of.devices) - len(self._place)) > 0:
            self._place = np.append(self._place, np.full(more, -1))
            self._is_open = np.append(self._is_open, np.zeros(more, bool))
            nothing = np.zeros((3, more), np.int64)
            self._amounts = np.concatenate([self._amounts, nothing], axis=1)
        return self._slots

    def _cohort(self, slot_ms: int, key: Ints, devices: Sequence[str]) -> _Cohort:
        """The cohort of some keys, who come to it if they are new."""
        cohort = self._cohorts.get(slot_ms)
        if cohort is None:
            cohort = self._cohorts[slot_ms] = self._new_cohort(slot_ms)
        new = np.unique(key[self._place[key] < 0])
        if len(new):
            self._place[new] = len(cohort.keys) + np.arange(len(new))
            cohort.add(new, self._budgets(devices, new), self._answered(devices, new))
        return cohort

    def _new_cohort(self, slot_ms: int) -> _Cohort:
        return _Cohort(UnusualDetector(slot_ms, shipped(slot_ms), 0, by_own=self._by_own))

    def _budgets(self, devices: Sequence[str], key: Ints) -> Ints:
        return np.broadcast_to(self._allowed.at(devices, key).alerts_a_week, key.shape)

    def _answered(self, devices: Sequence[str], key: Ints) -> Iterator[Sequence[PeopleAnswer]]:
        return (self._answers(devices[k]) for k in key.tolist())

    def _step(
        self, cohort: _Cohort, closed: ClosedSlots, half_hour: Ints, marks: _Marks
    ) -> Iterator[Opened]:
        """Go through slots; gives the alerts that open: the row, the key, what it says.

        Devices go together for which it is the same half-hour of the week.
        """
        place = self._place[closed.key]
        order = np.lexsort((place, half_hour, closed.number))
        number, place, local = closed.number[order], place[order], half_hour[order]
        key, at, power = closed.key[order], closed.at[order], closed.power_kw[order]
        is_other = (number[1:] != number[:-1]) | (local[1:] != local[:-1])
        first = np.flatnonzero(np.append(True, is_other))
        hours = local_hours(local[first])
        self._has_learned = True
        for hour, start, stop in zip(
            hours, first.tolist(), np.append(first[1:], len(number)).tolist(), strict=True
        ):
            of, now = place[start:stop], int(number[start])
            bars = cohort.bars.at(now * cohort.slot_ms, of)
            found = cohort.detector.step(now, hour, power[start:stop], of, bars)
            self._judge(cohort, now, (of, key[start:stop], at[start:stop]), marks)
            for alert in found:
                row = int(at[start:stop][np.searchsorted(of, alert.device)])
                yield row, int(cohort.keys[alert.device]), _shown(alert, cohort.slot_ms)

    def _judge(
        self, cohort: _Cohort, number: int, of: tuple[Ints, Ints, Ints], marks: _Marks
    ) -> None:
        """Which rows begin an alert, which end one; of a row with several slots the last says."""
        place, key, at = of
        breaks, clears, begins = marks
        hot = cohort.detector.is_hot(number, place)
        begins[at[hot & ~self._is_open[key]]] = True
        over = cohort.detector.is_over(number, place) & self._is_open[key] & ~begins[at]
        breaks[at[hot]], clears[at[hot]] = True, False
        breaks[at[over]], clears[at[over]] = False, True
        self._is_open[key[hot]] = True
        self._is_open[key[over]] = False

    def _scores(self, rows: ValueRows, marks: _Marks, opened: Sequence[Opened]) -> Scores:
        columns = self._amounts[:, rows.key]
        evidence, before = dict(self._evidence) if opened else self._evidence, self._evidence
        place = np.arange(len(rows))
        for row, key, shown in sorted(opened, key=itemgetter(0)):
            self._amounts[:, key] = shown.amounts
            columns[:, (rows.key == key) & (place >= row)] = self._amounts[:, key, None]
            evidence[key] = shown.evidence
        self._evidence = evidence
        observed, expected, weeks = columns
        evidence_at = _evidence_at(rows, before, opened)
        return Scores(
            marks.breaks, marks.clears, weeks, observed, expected, evidence_at=evidence_at
        )

    # Snapshots

    def save(self) -> Any:
        """What is known of all devices, and of the slots that are not over."""
        known, learned = self._known(), self._states()
        return self._saved if self._slots is None else {**known, **learned}

    def parts(self) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """The slots that are not over and alerts; what was learned, where a slot was since."""
        if self._slots is None:
            saved = dict(self._saved or {})
            states = saved.pop("states", None)
            return saved, None if states is None else {"states": states}
        has_learned, self._has_learned = self._has_learned, False
        return self._known(), self._states() if has_learned else None

    def _known(self) -> dict[str, Any]:
        if self._slots is None:
            return {}
        return {
            "slots": self._slots.save(),
            "is_open": np.flatnonzero(self._is_open),
            "amounts": [*self._amounts],
            "evidence": [*self._evidence.items()],
        }

    def _states(self) -> dict[str, Any]:
        saved = [(c, c.detector.save()) for c in self._cohorts.values()]
        states = [[c.slot_ms, c.keys, known, state] for c, (known, state) in saved]
        return {"states": states}

    def restore(self, saved: Any) -> None:
        """Know what another knew.

        Raises:
            KeyError: what was learned is missing.
            ValueError: it was written by a version that keeps other rows.
        """
        for *_, state in saved["states"] if saved else ():
            CohortState.from_bytes(state)  # now: later nobody makes it anew from the log
        self._slots, self._saved = None, saved or None

    def _load(
        self,
        slots: RunningSlots,
        saved: Mapping[str, Any],
        devices: Sequence[str],
        fed_in: Ints,
    ) -> None:
        """Know what was saved; ``fed_in``: what a version counted so that went by names alone."""
        slots.load({"fed_in": fed_in, **saved["slots"]})
        keys = len(slots.slot_ms)
        self._place, self._is_open = np.full(keys, -1), np.zeros(keys, bool)
        self._is_open[saved["is_open"]] = True
        self._amounts = np.stack(saved["amounts"])
        self._evidence = dict(saved["evidence"])
        for slot_ms, of, known, state in saved["states"]:
            cohort = self._cohorts[slot_ms] = self._new_cohort(slot_ms)
            cohort.add(of, self._budgets(devices, of), self._answered(devices, of))
            cohort.detector.load(known, state)
            self._place[of] = np.arange(len(of))


def _shown(alert: UnusualUse, slot_ms: int) -> _Shown:
    observed, expected, weeks = (
        round(amount * NANO) for amount in (alert.value, alert.expected, alert.weeks)
    )
    return _Shown((observed, expected, weeks), UnusualEvidence(alert, slot_ms).amounts())


def _evidence_at(
    rows: ValueRows, before: Mapping[int, dict[str, int]], opened: Sequence[Opened]
) -> Callable[[int], Mapping[str, int]]:
    """What each row says for itself: what its device's newest alert up to there says."""

    def at(row: int) -> Mapping[str, int]:
        key = int(rows.key[row])
        mine = [found for found in opened if found[1] == key and found[0] <= row]
        return max(mine, key=itemgetter(0))[2].evidence if mine else before.get(key, {})

    return at
