"""What is usual for a device, as the detector learned it: from its snapshots in the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np

from energyguard.clock import Clock
from energyguard.errors import NotFound
from energyguard.log import LATEST, Log, TopicPartition
from energyguard.model.quantities import NANO
from energyguard.model.topics import partition_for, repartitioned
from energyguard.pipeline import DETECTOR
from energyguard.rules.kinds.profile import ProfileRule
from energyguard.rules.profile.calendar import HALF_HOUR_MS, SLOTS, calendar_of, slot_label
from energyguard.rules.profile.profiles import Profiles
from energyguard.rules.profile.running import PER_MICRO
from energyguard.service.views import DeviceView
from energyguard.stream.runtime.checkpoint import Saved, read_snapshots
from energyguard.stream.windows.snapshot import load, rules_of

KEEP_S = 30.0
PER_UNIT = NANO // PER_MICRO


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
    direction: str
    half_hours: tuple[UsualHalfHour, ...]  # of a week, from Monday 00:00 on

    def over(self, start_ms: int, end_ms: int) -> list[tuple[int, UsualHalfHour]]:
        """The half-hours that a time range touches: when each began, and what is usual in it."""
        times = np.arange(start_ms - start_ms % HALF_HOUR_MS, end_ms, HALF_HOUR_MS // 2)
        moments = calendar_of(self.zone, self.holidays).moments(times)
        found = dict(zip(moments.start.tolist(), moments.slot.tolist(), strict=True))
        return [(begin, self.half_hours[slot]) for begin, slot in found.items()]


class DeviceProfiles:
    """Profiles of all devices.

    Args:
        log: has the detector's snapshots; a partition's is read at most every ``KEEP_S`` seconds.
        channels: the channels of a device, with the topics they come in.
        clock: the wall clock.
    """

    def __init__(
        self, log: Log, channels: Callable[[str], Sequence[DeviceView]], clock: Clock
    ) -> None:
        self._log, self._channels, self._clock = log, channels, clock
        self._kept: dict[TopicPartition, tuple[float, Saved | None]] = {}
        self._reading = Lock()

    def get(self, device: str, channel: str = "") -> DeviceProfile:
        """What is usual for a device: of a channel, or of its first that has a profile.

        Raises:
            NotFound: nobody has learned it: no such device is live, no rule of kind ``profile``
                looks at it, or nothing of it is in a snapshot yet.
        """
        rows = [row for row in self._channels(device) if channel in ("", row.channel)]
        for row in rows:
            for topic in (row.topic, repartitioned(row.topic)):
                if (found := self._of(device, row.channel, topic)) is not None:
                    return found
        what = f"{channel} of {device!r}" if channel else repr(device)
        raise NotFound(f"nothing is known of what is usual for {what}")

    def _of(self, device: str, channel: str, topic: str) -> DeviceProfile | None:
        partitions = len(self._log.positions(topic, LATEST))
        if not partitions:
            return None
        saved = self._saved(TopicPartition(topic, partition_for(device.encode(), partitions)))
        if saved is None:
            return None
        parts = saved[1]
        devices: list[str] = load(parts["devices"])[0]
        for rule in rules_of(parts):
            name = f"learned/{rule.id}/{channel}"
            if isinstance(rule, ProfileRule) and device in devices and name in parts:
                learned = load(parts[name])["profiles"]
                if devices.index(device) < len(learned["total"]):
                    return _profile(device, channel, rule, learned, devices.index(device))
        return None

    def _saved(self, at: TopicPartition) -> Saved | None:
        with self._reading:
            now = self._clock.monotonic()
            read_s, saved = self._kept.get(at, (float("-inf"), None))
            if now - read_s >= KEEP_S:
                saved = read_snapshots(self._log, DETECTOR.name, [at]).get(at)
                self._kept[at] = now, saved
            return saved


def _profile(
    device: str, channel: str, rule: ProfileRule, learned: Mapping[str, Any], key: int
) -> DeviceProfile:
    profiles = Profiles()
    profiles.load(learned)
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
    return DeviceProfile(
        device,
        channel,
        rule.id,
        rule.unit,
        rule.zone or "UTC",
        rule.holidays,
        rule.direction.value,
        tuple(half_hours),
    )
