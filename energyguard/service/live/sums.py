"""What draws how much now, by device, and of any of them together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class LiveSums:
    """The devices as they are now; a hundred thousand of them are a few dictionaries.

    Attributes:
        kw: what each draws that is not silent and measures energy.
        silent: since when (event time, ms) nothing comes of those that fell silent.
    """

    kw: dict[str, float]
    silent: dict[str, int]
    _by_name: dict[str, float | None] = field(default_factory=dict)

    def of(self, devices: Iterable[str]) -> float | None:
        """What some of them draw together; None: of none is it known."""
        known = [self.kw[device] for device in devices if device in self.kw]
        return sum(known) if known else None

    def named(self, name: str, devices: Callable[[], Iterable[str]]) -> float | None:
        """The same of a site or a group, added up once for all who ask by its name."""
        if name not in self._by_name:
            self._by_name[name] = self.of(devices())
        return self._by_name[name]

    def only(self, devices: Collection[str]) -> LiveSums:
        """The same of some devices alone."""
        kw = {device: self.kw[device] for device in devices if device in self.kw}
        silent = {device: self.silent[device] for device in devices if device in self.silent}
        return LiveSums(kw, silent)
