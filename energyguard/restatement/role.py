"""The roles ``restate`` and ``restate-past``: until they are told to stop."""

from __future__ import annotations

from contextlib import closing
from threading import Event

from energyguard.errors import Fenced, Unavailable
from energyguard.flow import Flow
from energyguard.history import History
from energyguard.processes.role_log import role_log
from energyguard.restatement.restater import Restater
from energyguard.rules.registry import book_of
from energyguard.settings.tree import Settings
from energyguard.telemetry import Condition, logger

WAIT_S = 0.5
LOOK_S = 0.5

_log = logger(__name__)


def run(settings: Settings, stop: Event, history: History, flow: Flow) -> None:
    """Restate alerts until told to stop.

    Args:
        settings: the settings tree.
        stop: ends it.
        history: has readings and alerts; where it is not there it is waited for.
        flow: what is read.
    """
    with role_log(settings, stop) as log:
        if log is None:
            return
        waits = Condition(_log, "alerts wait to be restated", "alerts are restated again")
        with closing(Restater(log, history, settings, book_of(settings), flow=flow)) as restater:
            while not stop.is_set():
                try:
                    if not restater.step(WAIT_S):
                        stop.wait(LOOK_S)
                    waits.end()
                except Fenced as error:
                    _log.warning("positions not committed", reason=str(error))
                except Unavailable as error:
                    waits.begin(error)
                    stop.wait(error.retry_after)
