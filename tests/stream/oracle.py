"""The semantics of windows in the plainest code: one reading at a time, every window on its own."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from energyguard.rules.kinds.threshold import ThresholdRule

LATENESS_MS = 600_000


class Seen(NamedTuple):
    device: str
    time: int
    value: int


@dataclass
class Oracle:
    """Sums of interval energies of one partition, window by window, in log order."""

    rule: ThresholdRule
    newest: int | None = None
    sums: dict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))
    first: dict[tuple[str, int], int] = field(default_factory=dict)
    closed: int | None = None
    over: list[tuple[int, str, int]] = field(default_factory=list)
    verdicts: list[str] = field(default_factory=list)
    episodes: dict[str, int] = field(default_factory=dict)  # device: first window's end
    events: list[tuple[str, str, int, int]] = field(default_factory=list)

    def take(self, reading: Seen) -> None:
        rule = self.rule
        newest = reading.time if self.newest is None else max(self.newest, reading.time)
        end = (newest - LATENESS_MS) // rule.slide_ms
        if self.closed is None:
            self.closed = end
        for window in range(self.closed + 1, end + 1):
            self.close(window)
        self.closed, self.newest = max(end, self.closed), newest
        pane = reading.time // rule.slide_ms
        ends = [e for e in range(pane + 1, pane + rule.panes + 1) if e > self.closed]
        identity = (reading.device, reading.time)
        if not ends:
            self.verdicts.append("late")
        elif identity in self.first:
            same = self.first[identity] == reading.value
            self.verdicts.append("duplicate" if same else "conflicting")
        else:
            self.first[identity] = reading.value
            self.verdicts.append("accepted")
            for e in ends:
                self.sums[reading.device, e] += reading.value
            self.raise_(reading.device, ends, reading.time)

    def raise_(self, device: str, ends: list[int], time: int) -> None:
        if device in self.episodes:
            return
        for e in ends:
            total = self.sums.get((device, e), 0)
            if total > self.rule.level:
                self.episodes[device] = e
                self.events.append(("firing", device, time, total))
                return

    def close(self, end: int) -> None:
        for device in sorted({d for d, _ in self.sums}):
            total = self.sums.get((device, end), 0)
            if total > self.rule.level:
                self.over.append((end * self.rule.slide_ms, device, total))
            first = self.episodes.get(device)
            if first is not None and end >= first and total <= self.rule.clear_at:
                del self.episodes[device]
                self.events.append(("resolved", device, end * self.rule.slide_ms, total))
                later = [e for d, e in self.sums if d == device and e > end]
                self.raise_(device, sorted(later), end * self.rule.slide_ms)
