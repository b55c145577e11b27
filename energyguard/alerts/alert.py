"""One alert as the book knows it: what the worker saw and what people did, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from energyguard.model.alerts import Severity, State
from energyguard.model.quantities import from_nano
from energyguard.records.alerts import AlertAction, AlertEvent


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert now. Amounts count 1e-9 of ``unit``; times are event times unless said.

    ``state`` is what to show; ``condition`` is what the worker says of the device, whatever
    people did: pending, firing, resolved or unknown.
    """

    id: str
    rule: str
    device: str
    channel: str
    topic: str
    severity: Severity
    state: State
    condition: State
    since_ms: int  # the reading that began it
    changed_ms: int  # the worker's last word
    window_start_ms: int
    window_end_ms: int
    observed: int
    expected: int
    peak: int
    unit: str
    about: str
    acknowledged_by: str | None = None
    acknowledged_at_ms: int | None = None  # wall time
    silenced_by: str | None = None
    silenced_until_ms: int | None = None  # wall time
    note: str = ""  # the newest note of a person
    reason: str = ""  # why it is resolved, where no window says so
    is_below: bool = False  # little is the bad sign: the peak is the lowest
    restated: int = 0  # how often late or corrected readings have made it another one
    standing: str = ""  # the standing silence that it is under
    logged_ms: int = 0  # when the log took the worker's last word, wall time
    evidence: Mapping[str, int] = field(default_factory=dict)  # of what raised it, 1e-9

    @property
    def open(self) -> bool:
        """Whether it may still need someone: everything but resolved."""
        return self.condition is not State.RESOLVED

    @property
    def held(self) -> bool:
        """Whether a person has it, or wanted it quiet."""
        return self.state is State.SILENCED or self.acknowledged_by is not None

    @property
    def measured(self) -> bool:
        """Whether it holds a sum against a level; a silence does not."""
        return bool(self.unit)

    @property
    def sentence(self) -> str:
        """What happened, how it stands and who has it, in one sentence."""
        if not self.measured:
            over = "; it sends again" if self.condition is State.RESOLVED else ""
            over = over or (self._silence if self.state is State.SILENCED else "")
            return self.about + over + (f"; {self.acknowledged_by} has it" if self._held else "")
        words = _STANDING[self.state].format(
            peak=from_nano(self.peak), unit=self.unit, silenced_by=self.silenced_by
        )
        if self.reason:
            words += f": {self.reason}"
        elif self.restated:
            words += "; counted anew with readings that came late"
        return self.about + words + (f"; {self.acknowledged_by} has it" if self._held else "")

    @property
    def _silence(self) -> str:
        return _STANDING[State.SILENCED].format(silenced_by=self.silenced_by)

    @property
    def _held(self) -> bool:
        return self.open and bool(self.acknowledged_by)


_STANDING: Mapping[State, str] = {
    State.PENDING: "; not for long enough yet",
    State.FIRING: "",
    State.ACKNOWLEDGED: "",
    State.SILENCED: "; silenced by {silenced_by}",
    State.RESOLVED: "; over now, {peak} {unit} at its peak",
    State.UNKNOWN: "; the device is silent since, so nobody knows whether it is over",
}


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """A line of an alert's story: an event or an action, and when the log took it (wall)."""

    at_ms: int
    what: AlertEvent | AlertAction
