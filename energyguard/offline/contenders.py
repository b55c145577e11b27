"""What a backtest tries: a rule of any kind, or what is unusual for each device."""

from __future__ import annotations

import io
from typing import NamedTuple, Protocol

import msgspec
import pyarrow as pa

from energyguard.catalogue import Catalogue
from energyguard.detection.detector import DEFAULT_BUDGET
from energyguard.model.alerts import State
from energyguard.model.channels import CHANNELS, Kind
from energyguard.model.selector import SiteClock
from energyguard.offline.evaluate import evaluate
from energyguard.offline.of_history import for_files
from energyguard.offline.reading_files import ReadingFiles
from energyguard.offline.unusual import unusual_in_files
from energyguard.records.alerts import AlertEvent
from energyguard.rules.devices import SelectedRule
from energyguard.rules.rule import Rule
from energyguard.rules.sums import summed_device
from energyguard.settings.tree import Settings

UNUSUAL = "unusual"
"""The name of what needs no rule; ``unusual:0.5`` is another budget."""
_DECODER = msgspec.json.Decoder(AlertEvent)


class PastAlert(NamedTuple):
    """An alert that there would have been: from when it was raised until it ended."""

    device: str
    raised_ms: int
    ended_ms: int


class Contender(Protocol):
    """What is tried."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def text(self) -> str:
        """What it does, in few words."""

    @property
    def learns(self) -> bool:
        """Whether it has nothing to say of a device's first weeks."""

    @property
    def catalogue(self) -> Catalogue:
        """What is said of devices."""

    def of_history(self, catalogue: Catalogue) -> Contender:
        """The same about readings of the history, as its catalogue has their devices."""

    def devices(self, readings: ReadingFiles) -> set[str]:
        """The devices that it is about."""

    def channel(self, readings: ReadingFiles, device: str) -> str:
        """What it looks at of a device."""

    def alerts(self, readings: ReadingFiles, settings: Settings) -> list[PastAlert]:
        """What it would have raised."""


class OfRule:
    """A rule of any kind that ``evaluate`` knows.

    Args:
        rule: the rule, at its site.
        catalogue: what is said of devices, and what a sum is of.
    """

    def __init__(self, rule: Rule, catalogue: Catalogue | None = None) -> None:
        self.rule, self.catalogue = rule, catalogue or Catalogue()
        self.name, self.text = rule.id, rule.text
        self.learns: bool = getattr(rule, "learns", False)
        self._channels: tuple[str, ...] = getattr(rule, "channels", ())

    def of_history(self, catalogue: Catalogue) -> OfRule:
        """The same; where it looks at where devices stand, about all of them."""
        return OfRule(for_files(self.rule), catalogue)

    def devices(self, readings: ReadingFiles) -> set[str]:
        """Those that its selector names and that have what it looks at; or its sum."""
        sum_of = summed_device(self.rule)
        if sum_of and sum_of not in readings.spans:
            return {sum_of}
        wanted, facts = set(self._channels), self.catalogue.facts
        return {
            device
            for device, channels in readings.channels.items()
            if (not wanted or wanted & channels)
            and (not isinstance(self.rule, SelectedRule) or self.rule.selects(device, facts))
        }

    def channel(self, readings: ReadingFiles, device: str) -> str:
        """The first of its channels that the device has; empty: none, as a sum has none."""
        has = readings.channels.get(device, set())
        return next((name for name in self._channels or sorted(has) if name in has), "")

    def alerts(self, readings: ReadingFiles, settings: Settings) -> list[PastAlert]:
        """Its episodes; one that nothing ended goes on to the last reading.

        Raises:
            ConfigError: it looks at where devices stand, or is about a sum, that nobody described.
        """
        out = io.BytesIO()
        evaluate(
            self.rule, readings.paths, out, episodes=True, settings=settings,
            catalogue=self.catalogue,
        )  # fmt: skip
        newest = max(last for _, last in readings.spans.values())
        found: dict[str, PastAlert] = {}
        for line in out.getvalue().splitlines():
            event = _DECODER.decode(line)
            if event.state is State.FIRING and event.id not in found:
                last = readings.spans.get(event.device, (0, newest))[1]
                found[event.id] = PastAlert(event.device, event.time_ms, max(last, event.time_ms))
            elif event.state is State.RESOLVED and event.id in found:
                found[event.id] = found[event.id]._replace(ended_ms=event.time_ms)
        return list(found.values())


class OfUnusual:
    """What is unusual for each device.

    Args:
        budget: alerts per device and week.
        clock: whose days and hours, where no site says any.
        catalogue: what is said of devices.
    """

    learns = True

    def __init__(self, budget: float, clock: SiteClock, catalogue: Catalogue) -> None:
        self.budget, self._clock, self.catalogue = budget, clock, catalogue
        self.name = UNUSUAL if budget == DEFAULT_BUDGET else f"{UNUSUAL}:{budget:g}"
        self.text = f"{budget:g} alerts per device and week"

    def of_history(self, catalogue: Catalogue) -> OfUnusual:
        """The same."""
        return OfUnusual(self.budget, self._clock, catalogue)

    def devices(self, readings: ReadingFiles) -> set[str]:
        """Those that send energy or power."""
        return {device for device in readings.channels if self.channel(readings, device)}

    def channel(self, readings: ReadingFiles, device: str) -> str:
        """The first that has energy."""
        has = sorted(readings.channels.get(device, ()))
        return next((name for name in has if CHANNELS[name].kind is not Kind.STATE), "")

    def alerts(self, readings: ReadingFiles, settings: Settings) -> list[PastAlert]:
        """Those of the detector, as it learns from the first reading on."""
        found = unusual_in_files(
            readings.paths, self.budget, self._clock, settings=settings, catalogue=self.catalogue
        )
        raised, until = (
            found.column(name).cast(pa.int64()).to_pylist() for name in ("opened", "until")
        )
        devices = found.column("device").to_pylist()
        return [
            PastAlert(device, since, end - 1)
            for device, since, end in zip(devices, raised, until, strict=True)
        ]
