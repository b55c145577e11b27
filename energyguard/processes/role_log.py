"""The log of a role: it is waited for, and closed at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Event

from energyguard.clock import SYSTEM, Clock
from energyguard.log import Log, open_log
from energyguard.log.waiting import is_there
from energyguard.settings.tree import Settings


@contextmanager
def role_log(settings: Settings, stop: Event, clock: Clock = SYSTEM) -> Iterator[Log | None]:
    """The log of the settings, once it answers; None where it does not and ``stop`` is set.

    Raises:
        ConfigError: there is no such log.
    """
    with closing(open_log(settings.log_url, clock, settings.session_s, settings.log.kafka)) as log:
        yield log if is_there(log, stop) else None
