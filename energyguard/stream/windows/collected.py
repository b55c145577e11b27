"""What the lanes of a partition say about a batch, before it becomes records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from energyguard.stream.windows.episodes import EpisodeEvent, RuleState
from energyguard.stream.windows.output import Over


class Event(NamedTuple):
    """Something to tell of an episode of a rule."""

    watch: RuleState
    told: EpisodeEvent


@dataclass(slots=True)
class Collected:
    """What lanes tell of a batch."""

    over: list[Over] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    follow_episodes: bool = True
