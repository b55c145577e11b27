"""What the channels of a partition say about a batch, before it becomes records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from energyguard.stream.windows.episodes import EpisodeEvent, RuleState
from energyguard.stream.windows.output import Breaches
from energyguard.stream.windows.states import LimitState


class AlertTransition(NamedTuple):
    """What happened to an episode of a rule."""

    state: RuleState | LimitState
    event: EpisodeEvent


@dataclass(slots=True)
class Collected:
    """What the channels say of a batch."""

    breaches: list[Breaches] = field(default_factory=list)
    transitions: list[AlertTransition] = field(default_factory=list)
    follow_episodes: bool = True
