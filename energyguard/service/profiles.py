"""What is usual for a device, as the detector learned it: from its snapshots in the log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np

from energyguard.clock import Clock
from energyguard.errors import NotFound
from energyguard.log import LATEST, Log, TopicPartition
from energyguard.model.quantities import NANO
from energyguard.model.selector import DeviceFacts, SiteClock
from energyguard.model.topics import partition_for, repartitioned, source_of
from energyguard.pipeline import DETECTOR
from energyguard.rules.kinds.profile import ProfileRule
from energyguard.rules.kinds.unusual import UnusualRule
from energyguard.rules.profile.calendar import HALF_HOUR_MS, SLOTS, calendar_of, slot_label
from energyguard.rules.profile.profiles import Profiles
from energyguard.rules.profile.running import PER_MICRO
from energyguard.rules.unusual.week import usual_week
from energyguard.service.views import DeviceView
from energyguard.stream.runtime.checkpoint import Saved, SnapshotFollower
from energyguard.stream.windows.snapshot import load, rules_of

KEEP_S = 30.0
PER_UNIT = NANO // PER_MICRO
LearningRule = ProfileRule | UnusualRule


@dataclass(frozen=True, slots=True)
class UsualHalfHour:
    """A half-hour of the week; amounts in the profile's unit, null where too little is known."""

    half_hour: str  # Tue 18:00–18:30
    usual: float | None
    sigma: float | None
    low: float | None  # what is below is unusual, where the rule looks there
    high: float | None  # what is above is unusual
    known_from: int  # half-hours of this time and kind of day


@dataclass(frozen=True, slots=True)
class DeviceProfile:
    """What is usual for a device and channel, by a rule that runs."""

    device: str
    channel: str
    rule: str
    unit: str  # of an energy: what half an hour has
    zone: str
    holidays: tuple[str, ...]
    direction: str  # in which a border raises; empty: none does, a rule weighs more than them
    half_hours: tuple[UsualHalfHour, ...]  # of a week, from Monday 00:00 on

    def over(self, start_ms: int, end_ms: int) -> list[tuple[int, UsualHalfHour]]:
        """The half-hours that a time range touches: when each began, and what is usual in it."""
        times = np.arange(start_ms - start_ms % HALF_HOUR_MS, end_ms, HALF_HOUR_MS // 2)
        moments = calendar_of(self.zone, self.holidays).moments(times)
        found = dict(zip(moments.start.tolist(), moments.slot.tolist(), strict=True))
        return [(begin, self.half_hours[slot]) for begin, slot in found.items()]


class _Snapshot:
    """What a detector's snapshot has of one partition, decoded as it is asked for."""

    def __init__(self, saved: Saved) -> None:
        self.saved = saved
        self._learned: dict[str, Mapping[str, Any] | None] = {}

    @cached_property
    def places(self) -> Mapping[str, int]:
        """The devices, and where each stands among them."""
        devices: list[str] = load(self.saved[1]["devices"])[0]
        return {device: place for place, device in enumerate(devices)}

    @cached_property
    def rules(self) -> list[LearningRule]:
        """The rules that learn."""
        return [rule for rule in rules_of(self.saved[1]) if isinstance(rule, LearningRule)]

    @cached_property
    def channels(self) -> list[str]:
        """The channels that something is learned of."""
        names = (name.split("/") for name in self.saved[1] if name.startswith("learned/"))
        return sorted({channel for _, _, channel in names})

    def learned(self, rule: str, channel: str) -> Mapping[str, Any] | None:
        """What a rule has learned of a channel; None: nothing."""
        name = f"learned/{rule}/{channel}"
        if name not in self._learned:
            data = self.saved[1].get(name)
            self._learned[name] = None if data is None else load(data)
        return self._learned[name]


class DeviceProfiles:
    """Profiles of all devices.

    Args:
        log: has the detector's snapshots; what is new of a partition's is read at most every
            ``KEEP_S`` seconds.
        channels: the channels of a device, with the topics they come in.
        facts: what rules know of a device that sends to a topic.
        clock: the wall clock.
    """

    def __init__(
        self,
        log: Log,
        channels: Callable[[str], Sequence[DeviceView]],
        facts: Callable[[str, str], DeviceFacts],
        clock: Clock,
    ) -> None:
        self._log, self._channels, self._facts, self._clock = log, channels, facts, clock
        self._snapshots = SnapshotFollower(log, DETECTOR.name)
        self._kept: dict[TopicPartition, tuple[float, _Snapshot | None]] = {}
        self._reading = Lock()

    def get(self, device: str, channel: str = "", rule: str = "") -> DeviceProfile:
        """What is usual for a device.

        Args:
            device: whose.
            channel: of which of its channels; empty: of the first of which it is known.
            rule: by which rule; empty: by the first that knows.

        Raises:
            NotFound: nobody has learned it: no rule of kind ``profile`` or ``unusual`` looks at it,
                or nothing of it is in a snapshot yet.
        """
        for topic, name in self._candidates(device):
            if channel not in ("", name):
                continue
            if (found := self._of(device, name, topic, rule)) is not None:
                return found
        what = f"{channel} of {device!r}" if channel else repr(device)
        raise NotFound(f"nothing is known of what is usual for {what}")

    def _candidates(self, device: str) -> Iterator[tuple[str, str]]:
        """The topics and channels that it may be learned from; of one that is not live, all."""
        if rows := self._channels(device):
            for row in rows:
                yield row.topic, row.channel
                yield repartitioned(row.topic), row.channel
            return
        ends = [self._log.positions(topic.name, LATEST) for topic in DETECTOR.reads]
        for topic in dict.fromkeys(at.topic for found in ends for at, end in found.items() if end):
            snapshot = self._of_partition(device, topic)
            for channel in snapshot.channels if snapshot is not None else ():
                yield topic, channel

    def _of_partition(self, device: str, topic: str) -> _Snapshot | None:
        partitions = len(self._log.positions(topic, LATEST))
        if not partitions:
            return None
        return self._snapshot(TopicPartition(topic, partition_for(device.encode(), partitions)))

    def _of(self, device: str, channel: str, topic: str, by: str) -> DeviceProfile | None:
        snapshot = self._of_partition(device, topic)
        if snapshot is None or (place := snapshot.places.get(device)) is None:
            return None
        for rule in snapshot.rules:
            learned = snapshot.learned(rule.id, channel)
            if learned is None or by not in ("", rule.id):
                continue
            found = _LEARNED[type(rule)](rule, learned, place)
            if found is not None:
                site = self._facts(device, source_of(topic)).clock
                return _profile(device, channel, rule, rule.calendars.clock(site), found)
        return None

    def _snapshot(self, at: TopicPartition) -> _Snapshot | None:
        with self._reading:
            now = self._clock.monotonic()
            read_s, known = self._kept.get(at, (float("-inf"), None))
            if now - read_s >= KEEP_S:
                saved = self._snapshots.newest(at)
                if saved is None or known is None or known.saved is not saved:
                    known = None if saved is None else _Snapshot(saved)
                self._kept[at] = now, known
            return known


def _profile(
    device: str,
    channel: str,
    rule: LearningRule,
    clock: SiteClock,
    half_hours: tuple[UsualHalfHour, ...],
) -> DeviceProfile:
    direction = rule.direction.value if isinstance(rule, ProfileRule) else ""
    zone = clock.zone or "UTC"
    return DeviceProfile(
        device, channel, rule.id, rule.unit, zone, clock.holidays, direction, half_hours
    )


def _by_half_hours(
    rule: ProfileRule, learned: Mapping[str, Any], key: int
) -> tuple[UsualHalfHour, ...] | None:
    """Half-hours of a profile, and the deviations beyond which they are unusual."""
    if key >= len(learned["profiles"]["total"]):
        return None
    profiles = Profiles()
    profiles.load(learned["profiles"])
    usual = profiles.usual(np.full(SLOTS, key), np.arange(SLOTS))
    columns = (usual.mean / PER_UNIT, usual.sigma / PER_UNIT, usual.seen)
    half_hours = []
    for slot, (mean, sigma, seen) in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
        label, far = slot_label(slot), sigma * rule.sigmas / NANO
        half_hours.append(
            UsualHalfHour(label, mean, sigma, mean - far, mean + far, int(seen))
            if seen >= rule.needs
            else UsualHalfHour(label, None, None, None, None, int(seen))
        )
    return tuple(half_hours)


def _by_hours(
    rule: UnusualRule, learned: Mapping[str, Any], key: int
) -> tuple[UsualHalfHour, ...] | None:
    """The hours that the detector goes by, each for its two half-hours."""
    week = usual_week(learned, key)
    if week is None:
        return None
    columns = [np.repeat(column, SLOTS // len(column)).tolist() for column in week]
    return tuple(
        UsualHalfHour(slot_label(slot), expected, (high - low) / 2, low, high, visits)
        for slot, (expected, low, high, visits) in enumerate(zip(*columns, strict=True))
    )


_LEARNED: Mapping[type[LearningRule], Callable[..., tuple[UsualHalfHour, ...] | None]] = {
    ProfileRule: _by_half_hours,
    UnusualRule: _by_hours,
}
"""How what each kind of rule has learned of a device is read."""
