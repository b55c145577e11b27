"""What a flow is: it reads topics and writes topics. What a role is: a process that plays flows.

``pipeline.py`` has the product's own; a domain brings some in its `Domain`.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter

from energyguard.model.topics import Topic


@dataclass(frozen=True, slots=True)
class Flow:
    """What a stage does: ``through`` is the module of its operator; ``group`` keeps its position.

    A flow without a group follows from the newest record on, for itself alone. ``tables`` are
    topics that it reads whole, from their beginning, without a position.
    """

    name: str
    reads: tuple[Topic, ...]
    through: str
    writes: tuple[Topic, ...]
    group: str = ""
    tables: tuple[Topic, ...] = ()

    @property
    def topics(self) -> tuple[str, ...]:
        """The names of what it follows; one may end in ``*``."""
        return tuple(topic.name for topic in self.reads)


@dataclass(frozen=True, slots=True)
class Role:
    """What a process plays, until it is told to stop.

    ``run`` refers to its function, which takes the settings and an event and returns when the event
    is set, after it has drained; ``steps`` to what a simulator without a function of its own does.
    ``scenario`` is the demonstration that the role is. ``needs`` is the setting without which
    ``up`` does not play it; ``beside`` the role in whose process ``up`` plays it. Where processors
    are few, one with a ``niceness`` gives way: an alert is awaited, a row of the history can wait.
    """

    name: str
    run: str
    flows: tuple[Flow, ...] = ()
    steps: str = ""
    scenario: str = ""
    needs: str = ""
    beside: str = ""
    niceness: int = 0

    def is_wanted(self, settings: object) -> bool:
        """Whether the settings ask for it."""
        return not self.needs or bool(attrgetter(self.needs)(settings))
