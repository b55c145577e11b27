"""What kinds of rules share that judge values as they come: the newest reading of each device.

An operator is columns in, columns out: a kind turns readings into *scores*, a row for each reading.
It says which break the rule and which end an alert, what was observed and what it was held against.
A rule looks at each of its channels by itself, or at all of them *together*: then a row is a moment
of a device for which every channel has told its value. What a kind has to remember or to learn of a
device is in its *scorer*. The episodes, silences and restarts are not its business.

Rules of these kinds run in the flow ``detector``. Late readings say nothing of what is now: a row
is newer than all of its device and channel before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, Protocol, runtime_checkable

from energyguard.ledger.channels import EnergyChannel, channel_of
from energyguard.model.channels import CHANNELS
from energyguard.model.readings import Bools, Ints
from energyguard.rules.local_times import DeviceClocks
from energyguard.rules.rule import Rule

DescriptionAt = Callable[[int, str], EnergyChannel | None]
"""What is said of a key's channel of energy; None: nothing."""


def undescribed(key: int, channel: str) -> EnergyChannel | None:
    """Nobody says anything."""
    return None


class DescribedKeys(NamedTuple):
    """The keys of a channel of one partition."""

    channel: str
    devices: Sequence[str]
    """The name of each; grows."""
    description: DescriptionAt

    def described(self, key: int, plain: EnergyChannel) -> EnergyChannel:
        """What a fold goes by; ``plain``: where nothing is said."""
        return channel_of(self.devices[key], self.description(key, self.channel) or plain)


@dataclass(frozen=True, slots=True)
class ValueRows:
    """Readings in log order: n rows, of which those of a key have rising times.

    Attributes:
        devices: the name of each key; grows.
        key: the number of each row's device: (n,).
        time: ms: (n,).
        value: by channel, 1e-9 of its unit: (n,) each.
        clocks: whose days each device lives by.
        description: what is said of the channels of energy of each key.
    """

    devices: Sequence[str]
    key: Ints
    time: Ints
    value: Mapping[str, Ints]
    clocks: DeviceClocks
    description: DescriptionAt = undescribed

    def __len__(self) -> int:
        return len(self.key)

    def keys_of(self, channel: str) -> DescribedKeys:
        """All keys of a channel."""
        return DescribedKeys(channel, self.devices, self.description)


@dataclass(frozen=True, slots=True)
class Scores:
    """What a rule makes of n readings.

    Attributes:
        breaks: which of them begin an alert: (n,).
        clears: which of them end one: (n,); what does neither lets it last.
        score: how bad each is, for the worst of an episode: (n,).
        observed: what an alert calls observed, 1e-9 of the rule's unit: (n,).
        expected: what it was held against, 1e-9 of the rule's unit: (n,).
        evidence: what else the sentence needs, by name, 1e-9 of each one's unit: (n,) each.
        evidence_at: the same of a row, where rows need other names.
    """

    breaks: Bools
    clears: Bools
    score: Ints
    observed: Ints
    expected: Ints
    evidence: Mapping[str, Ints] = field(default_factory=dict)
    evidence_at: Callable[[int], Mapping[str, int]] = field(default=lambda row: {})


class Scorer(Protocol):
    """One rule over one channel, or over its channels together, of one partition."""

    def score(self, rows: ValueRows) -> Scores:
        """Judge readings; how they are cut into batches changes nothing."""
        ...

    def save(self) -> Any:
        """What it remembers: arrays, numbers, text, lists and dicts of them; None: nothing."""
        ...

    def restore(self, saved: Any) -> None:
        """Remember what was saved, by it or by the rule as it was before a change."""
        ...


@runtime_checkable
class LearningScorer(Scorer, Protocol):
    """A scorer that knows much which changes seldom: a snapshot writes that when it did."""

    def parts(self) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """What ``save`` gives, as two: what changes always, and what seldom does.

        The second is None where it is as it was at the last call; restored are both together.
        """
        ...


@runtime_checkable
class DescribedScorer(Scorer, Protocol):
    """A scorer that goes by what is said of channels of energy."""

    def describe_again(self, of: DescribedKeys, keys: Ints) -> None:
        """Something else is said of some keys: it counts for what comes from now on."""
        ...


class ValueRule(Rule):
    """A rule about values as they come."""

    __slots__ = ()

    flow: ClassVar[str] = "detector"
    together: ClassVar[bool] = False
    """Whether its channels are looked at together."""
    learns: ClassVar[bool] = False
    """Whether it has to know more than a log keeps: then it begins with the history."""
    counts_energy: ClassVar[bool] = False
    """Whether its kind goes by what is said of channels of energy."""

    channels: tuple[str, ...]
    longer_than_ms: int
    """How long it has to last before an alert fires; 0: no time."""

    @property
    def goes_by_energy(self) -> bool:
        """Whether it goes by what is said of channels of energy: it has one, and its kind does."""
        levels = (CHANNELS[name].is_level for name in self.channels)
        return self.counts_energy and not all(levels)

    def scorer(self) -> Scorer:
        """Its operator, with nothing in it yet."""
        raise NotImplementedError

    def still_breaks(self, device: str, observed: int) -> bool:
        """Whether an alert lasts when the rule was changed to this, by what it observed last."""
        return True

    def last_allowed(self, since: int, per_s: int = 1000) -> int:
        """Until when something may last that began at ``since``; ``per_s``: times in s or ms."""
        return since + self.longer_than_ms * per_s // 1000
