"""Rules that do not wait for the line: the worker and the detector, over an edge's outbox alone.

They are the cloud's rules on the records that the cloud gets, and an alert's id is made of topic,
rule, device, channel and window: so the alerts are the cloud's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from energyguard.clock import SYSTEM, Clock
from energyguard.errors import ConfigError
from energyguard.log import Log
from energyguard.model.topics import EDGE_READINGS
from energyguard.pipeline import DETECTOR, WINDOWS
from energyguard.rules.registry import RuleBook, book_of
from energyguard.settings.tree import Settings
from energyguard.stream.runtime.worker import Worker
from energyguard.stream.time.alignment import DecodedReadings
from energyguard.stream.windows.detector import detector_worker
from energyguard.stream.windows.stage import window_worker
from energyguard.stream.windows.task import WindowTask

RuleWorker = Worker[WindowTask, DecodedReadings]


def edge_book(settings: Settings) -> RuleBook:
    """The rules of ``edge.rules``.

    Raises:
        ConfigError: there is no such rule, a file of rules cannot be used, or a rule looks at
            more of devices than their ids: an edge has no catalogue.
    """
    rules = settings.rules.model_copy(update={"use": settings.edge.rules})
    book = book_of(settings.model_copy(update={"rules": rules}))
    if far := [rule.id for rule in book.active() if rule.needs_catalogue]:
        raise ConfigError(
            *(
                f"edge.rules: {name!r} looks at where devices stand, which only the cloud knows; "
                "let its selector look at ids"
                for name in far
            )
        )
    return book


def edge_rules(log: Log, settings: Settings, clock: Clock = SYSTEM) -> Sequence[RuleWorker]:
    """The members of the groups ``worker`` and ``detector`` that ``edge.rules`` need.

    Each is to be run in a thread of its own; of a group without a rule there is none.

    Args:
        log: the edge's.
        settings: the rules, and how far readings may be late.
        clock: for all of it.

    Raises:
        ConfigError: there is no such rule, or a file of rules cannot be used.
    """
    made: dict[str, Callable[..., RuleWorker]] = {
        WINDOWS.name: window_worker,
        DETECTOR.name: detector_worker,
    }
    flows = {rule.flow for rule in edge_book(settings).active()}
    topics = [EDGE_READINGS.name]
    return [
        make(log, edge_book(settings), settings.stream, topics, clock, settings.wire).begin_small()
        for flow, make in made.items()
        if flow in flows
    ]
