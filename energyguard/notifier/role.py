"""The role ``notifier``: tells people of alerts, until it is told to stop."""

from __future__ import annotations

from contextlib import closing
from threading import Event

from energyguard.errors import Fenced, Unavailable
from energyguard.notifier.notifier import Notifier
from energyguard.notifier.report_words import Services
from energyguard.processes.role_log import role_log
from energyguard.rules.registry import book_of
from energyguard.settings.tree import Settings
from energyguard.telemetry import Condition, logger

WAIT_S = 0.5

_log = logger("notifier")


def run(settings: Settings, stop: Event, services: Services) -> None:
    """Tell people until told to stop.

    Args:
        settings: the settings tree.
        stop: ends it.
        services: opens what knows what was used, for reports.
    """
    with role_log(settings, stop) as log:
        if log is None:
            return
        waits = Condition(_log, "messages wait", "messages are sent again")
        with closing(Notifier(log, settings, book_of(settings), services)) as notifier:
            while not stop.is_set():
                try:
                    notifier.step(WAIT_S)
                    waits.end()
                except Fenced as error:
                    _log.warning("planned again", reason=str(error))
                except Unavailable as error:
                    waits.begin(error)
                    stop.wait(error.retry_after)
