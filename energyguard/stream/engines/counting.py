"""How a job counts energy: what is said of a channel, as no job learns it from its readings.

An interval is spread over the length that is said, a register's difference over the time between
its readings, up to the longest step that is said. What the embedded worker tells by what a meter
did before, or will do next, a job cannot: learned rhythm, powers, registers that go back.

The energy of a reading lies *before* or *after* its time: so a window of a job holds the readings
that are as much older or younger than the window that is reported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import msgspec

from energyguard.ledger.channels import (
    FED_IN_NAMES,
    EnergyChannel,
    is_named_fed_in,
    plain_channel,
)
from energyguard.ledger.plausible import largest_energy
from energyguard.ledger.rhythm import POINT_MS
from energyguard.model.channels import CHANNELS, ENERGY_DEFAULTS, EnergyDefaults, Kind
from energyguard.model.quantities import NANO, spell_duration

MAX_DEVICES: Final = 1_000
"""So many devices may be described otherwise than the others: they stand in the job's text."""
MAX_WINDOWS: Final = 10_000
"""A reading may be in so many windows."""
_LEARNED: Final = "let the embedded worker run it"


class CountedAs(NamedTuple):
    """What a job knows of a device's channel."""

    length_ms: int  # of an interval; 0: a point
    stamp_is_end: int  # 1: of an interval the time is its end
    largest: int  # of an interval 1e-9 kWh at most, of a register W
    export: int  # the same of what was fed in


class JobCounting(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of the channel that a job reads; durations in ms of event time."""

    channel: str = "energy_kwh"
    length_ms: int = POINT_MS  # of an interval; of at most a minute it is a point at its time
    stamp_is_end: bool = False
    step_ms: int = 0  # of a register: the longest time between two readings whose difference counts
    energy: EnergyDefaults = ENERGY_DEFAULTS
    described: Mapping[str, EnergyChannel] = {}  # devices of which something else is said

    @property
    def is_register(self) -> bool:
        """Whether differences are counted."""
        return CHANNELS[self.channel].kind is Kind.REGISTER

    @property
    def of_all(self) -> CountedAs:
        """What holds of a device of which nothing else is said."""
        channel = plain_channel(CHANNELS[self.channel].kind, self.energy)
        return self._facts(
            channel._replace(length_ms=self.length_ms, stamp_is_end=self.stamp_is_end)
        )

    @property
    def devices(self) -> dict[str, CountedAs]:
        """What holds of those of which something else is said."""
        of_all, found = self.of_all, dict[str, CountedAs]()
        for device, channel in sorted(self.described.items()):
            length_ms = channel.length_ms or channel.cadence_ms or self.length_ms
            found[device] = self._facts(channel._replace(length_ms=length_ms))
        return {device: facts for device, facts in found.items() if facts != of_all}

    def _facts(self, channel: EnergyChannel) -> CountedAs:
        power, export = channel.largest_power_w, channel.largest_export_w
        if self.is_register:
            return CountedAs(0, 0, power, 0)
        duration = max(channel.length_ms, POINT_MS)
        length = 0 if duration == POINT_MS else duration
        largest, fed_in = (largest_energy(of, duration) for of in (power, export or power))
        return CountedAs(length, int(channel.stamp_is_end and length > 0), largest, fed_in)

    @property
    def fed_in(self) -> tuple[str, ...]:
        """The devices of which somebody says that the channel counts what is fed in."""
        return tuple(sorted(name for name, of in self.described.items() if of.is_fed_in))

    @property
    def fed_in_names(self) -> str:
        """The names that say it where nobody else does, as a pattern; empty: of none."""
        return FED_IN_NAMES if self.is_register else ""

    @property
    def not_by_name(self) -> tuple[str, ...]:
        """The devices of which somebody says something else than their names do."""
        found = [n for n, of in self.described.items() if of.sign and is_named_fed_in(n)]
        return tuple(sorted(found)) if self.is_register else ()

    def before_ms(self, slide_ms: int) -> int:
        """How much older than a window a reading may be that speaks of it, in whole slides."""
        return self._reach_ms(slide_ms, stamp_is_end=False)

    def after_ms(self, slide_ms: int) -> int:
        """How much younger it may be, in whole slides."""
        return self._reach_ms(slide_ms, stamp_is_end=True)

    def _reach_ms(self, slide_ms: int, *, stamp_is_end: bool) -> int:
        """The longest step of a register, or interval of such stamps, in whole slides."""
        facts = [self.of_all, *self.devices.values()]
        longest = max((f.length_ms for f in facts if f.stamp_is_end == stamp_is_end), default=0)
        return -(-(self.step_ms if self.is_register else longest) // slide_ms) * slide_ms

    def explain(self) -> str:
        """How energy is counted, in a sentence."""
        if self.is_register:
            return (
                f"{self.channel}: differences of readings in order, spread over the time between "
                f"them, up to {spell_duration(self.step_ms)}; one that goes back, is implausible "
                "or comes after longer counts nothing, and is told; no rhythm is learned; what is "
                "fed in has no window above a level"
            )
        facts = self.of_all
        length = f"{spell_duration(facts.length_ms)} from its time on"
        if facts.stamp_is_end:
            length = f"the {spell_duration(facts.length_ms)} before its time"
        how = f"spread over {length}" if facts.length_ms else "at its time: at most a minute long"
        others = f"; {len(self.devices)} devices as they are described" if self.devices else ""
        return f"{self.channel}: each {how}{others}; no rhythm is learned: say longer lengths"

    def faults(self, slide_ms: int, window_ms: int) -> Iterator[str]:
        """What no job can count, and what to do."""
        kind = CHANNELS[self.channel].kind if self.channel in CHANNELS else Kind.STATE
        if kind not in (Kind.INTERVAL, Kind.REGISTER):
            what = "a power holds for its meter's rhythm, which is learned" * (kind is Kind.POWER)
            yield f"{self.channel}: {what or 'it is no energy'}; {_LEARNED}"
            return
        if self.is_register and self.step_ms <= 0:
            yield (
                f"{self.channel}: say the longest step between two readings (--step 20m): "
                "a job learns no rhythm"
            )
        if self.is_register and self.energy.largest_export_w:
            yield f"{self.channel}: ledger.largest_export_kw: a register that runs back; {_LEARNED}"
        if self.length_ms < 0 or self.step_ms < 0:
            yield "a length or a step below 0"
        reach = self.before_ms(slide_ms) + self.after_ms(slide_ms) + window_ms
        if reach > MAX_WINDOWS * slide_ms:
            yield (
                f"a reading would be in {reach // slide_ms} windows, {MAX_WINDOWS} at most: "
                "use a longer slide, or a shorter length or step"
            )
        if len(self.devices) > MAX_DEVICES:
            yield (
                f"{len(self.devices)} devices are described otherwise than the others, "
                f"{MAX_DEVICES} at most: say what holds of most of them (--length, --stamp)"
            )
        for device, channel in sorted(self.described.items()):
            for feature in _only_the_worker(channel):
                yield f"{device}: {self.channel}: {feature}; {_LEARNED}"


def _only_the_worker(channel: EnergyChannel) -> Iterator[str]:
    """What is said of a channel that a job cannot count."""
    if channel.scales:
        yield "what is sent is not in its unit (scale)"
    if channel.kind is not Kind.REGISTER:
        return
    if channel.resets_daily:
        yield "a counter of today (resets)"
    if channel.rollover:
        yield f"a register that begins again at {channel.rollover // NANO} kWh (digits)"
    if channel.largest_export_w:
        yield "a register that runs back (max_export_kw)"
