"""The role ``history``: the log's rows are kept, and the door answers questions about them."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path

from energyguard.clock import SYSTEM, Clock
from energyguard.domain import installed, load
from energyguard.errors import Fenced, Unavailable
from energyguard.history.alert_files import AlertFiles
from energyguard.history.chdb import ChdbHistory
from energyguard.history.client import CARD
from energyguard.history.door import HistoryServer
from energyguard.history.engine_watch import EngineWatch
from energyguard.history.parts import Parts
from energyguard.history.people import People
from energyguard.log import Log
from energyguard.model.quantities import parse_duration
from energyguard.processes.role_log import role_log
from energyguard.settings.tree import Settings
from energyguard.sinks.archive import Archive
from energyguard.sinks.energy_facts import EnergyFacts
from energyguard.sinks.recount import Recount, prepare
from energyguard.sinks.refill import Refill
from energyguard.telemetry import Condition, logger

READ_WAIT_S = 0.2
PAUSES = 10  # an archive that is not behind reads so often in a flush: fewer, larger batches

_log = logger("history")


def run(settings: Settings, stop: threading.Event, clock: Clock = SYSTEM) -> None:
    """Keep everything and answer questions, until ``stop`` is set; then settle and close.

    Raises:
        Unavailable: another process has the folder.
    """
    history = ChdbHistory(settings.data_dir / "history", clock)
    card = Path(settings.data_dir) / CARD
    with (
        closing(history),
        closing(EngineWatch(history.statements)) as watch,
        closing(People(settings.data_dir)) as people,
        closing(HistoryServer(history, settings.history.host, settings.history.port, card)) as door,
        role_log(settings, stop, clock) as log,
    ):
        if log is None:
            return
        for domain in installed():
            for upgrade in domain.upgrades:
                load(upgrade)(history)
        prepare(history, settings.data_dir)
        watch.start()  # an older folder may take its time
        archive = _archive(settings, history, log, people, clock)
        refill = Refill(settings.data_dir, Parts(settings.data_dir, history), archive, log, clock)
        recount = Recount(settings.data_dir, archive)
        facts = EnergyFacts(log, history, archive, settings)
        _log.info("history is open", door=f"http://{door.host}:{door.port}")
        waits = Condition(_log, "history waits", "history goes on")
        while not stop.is_set():
            try:
                archive.step(0.0 if archive.has_past else READ_WAIT_S)
                for step in (refill.step, recount.step, facts.step):
                    step()
                waits.end()
                if not archive.behind and not archive.is_idle:
                    _pause(archive, stop)
            except Fenced as error:  # too long without a poll; the next one joins again
                _log.warning("positions not committed", reason=str(error))
            except Unavailable as error:  # no room, say: what waits is tried again
                waits.begin(error)
                stop.wait(error.retry_after)
        archive.close()
        refill.close()


def _pause(archive: Archive, stop: threading.Event) -> None:
    """Let more come in, unless people wait for what is there."""
    left_s = archive.flush_s / PAUSES
    while left_s > 0 and not archive.has_news and not stop.wait(min(left_s, READ_WAIT_S)):
        left_s -= READ_WAIT_S


def _archive(
    settings: Settings, history: ChdbHistory, log: Log, people: People, clock: Clock
) -> Archive:
    place = settings.history.parquet_alerts
    return Archive(
        history,
        log,
        parse_duration(settings.history.flush) / 1000,
        people,
        AlertFiles(place, history, clock) if place else None,
        clock,
        settings.wire,
    )
