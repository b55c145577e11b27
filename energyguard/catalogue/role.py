"""The role ``catalogue``: the one owner of the catalogue, until it is told to stop."""

from __future__ import annotations

from threading import Event

from energyguard.catalogue.owner import CatalogueOwner
from energyguard.log import Log, Membership, Records
from energyguard.log.compacted import CompactedTable
from energyguard.model.topics import CATALOGUE as CATALOGUE_TOPIC
from energyguard.pipeline import CATALOGUE
from energyguard.processes.role_log import role_log
from energyguard.processes.sole_owner import play_alone
from energyguard.records.catalogue import CATALOGUE_ENTRY
from energyguard.settings.tree import Settings
from energyguard.telemetry import Condition, logger

WAIT_S = 0.25
MAX_RECORDS = 4096

_log = logger(__name__)


def run(settings: Settings, stop: Event) -> None:
    """Take requests until told to stop."""
    with role_log(settings, stop) as log:
        if log is None:
            return
        away = Condition(_log, "changes of the catalogue wait", "they are taken again")
        play_alone(log, CATALOGUE, stop, away, lambda member: _own(log, member, stop))


def _own(log: Log, member: Membership, stop: Event) -> None:
    """Be the owner while the group's partition is this member's."""
    table = CompactedTable(log, CATALOGUE_ENTRY)
    table.refresh()
    owner = CatalogueOwner(table.rows)
    positions = dict(member.assigned)
    while not stop.is_set():
        if member.poll():
            return
        fetched = log.read(positions, MAX_RECORDS, WAIT_S)
        if not fetched:
            continue
        values = owner.take(fetched)
        moved = {part.at: part.next_offset for part in fetched}
        with log.transaction(member) as transaction:
            if values:
                keys = [key.encode() for key in values]
                transaction.append(CATALOGUE_TOPIC.name, Records(keys, list(values.values())))
            transaction.move(moved)
        positions |= moved
