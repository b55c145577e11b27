"""Changes of the catalogue: requests to its owner, and what became of them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from threading import Event
from typing import NamedTuple

from energyguard.catalogue.fold import Catalogue
from energyguard.clock import SYSTEM, Clock
from energyguard.errors import Conflict, Unavailable
from energyguard.log import Log, Records, TopicPartition
from energyguard.log.compacted import CompactedReader
from energyguard.model.catalogue import Entry
from energyguard.model.topics import CATALOGUE, CATALOGUE_CHANGES
from energyguard.pipeline import CATALOGUE as OWNER
from energyguard.records.catalogue import CATALOGUE_REQUEST, CatalogueRequest, CatalogueVersion

WAIT_S = 15.0
"""Longer than an owner that was killed keeps its place from the next one."""
LOOK_S = 0.01

_REQUESTS = TopicPartition(CATALOGUE_CHANGES.name, 0)


class Edit(NamedTuple):
    """What somebody wants an entry to be; ``based_on`` None: whatever it is now."""

    key: str
    entry: Entry | None
    from_ms: int | None = None
    based_on: int | None = None


class CatalogueChanges:
    """Asks the owner for changes of a catalogue.

    Args:
        log: where requests go.
        catalogue: what the changes are based on; it has them when a call returns.
        clock: the wall clock.
    """

    def __init__(self, log: Log, catalogue: Catalogue, clock: Clock = SYSTEM) -> None:
        self._log, self._catalogue, self._clock = log, catalogue, clock
        self._reader = CompactedReader(log, CATALOGUE.name)

    def refresh(self) -> None:
        """Take into the catalogue what was written since."""
        for part in self._reader.unread():
            self._catalogue.take(part)

    def put(self, edits: Sequence[Edit], by: str) -> Mapping[str, CatalogueVersion]:
        """Change entries; returns the versions that hold, by key, when they do.

        Each edit is for itself: of those that are refused the others hold.

        Raises:
            Conflict: somebody else changed some of them meanwhile; they are named.
            Unavailable: nobody takes requests now.
        """
        now_ms = self._clock.now_ms()
        requests = {edit.key: self._request(edit, by, now_ms) for edit in edits}
        keys = [key.encode() for key in requests]
        values = [CATALOGUE_REQUEST.encode(request) for request in requests.values()]
        ends = self._log.append(CATALOGUE_CHANGES.name, Records(keys, values))
        self._await(ends[_REQUESTS], requests)
        held = {key: self._held(key, request) for key, request in requests.items()}
        if refused := [key for key, version in held.items() if version is None]:
            shown = ", ".join(refused[:5]) + (" …" if len(refused) > 5 else "")
            raise Conflict(f"somebody else changed {shown} meanwhile; look, and change it again")
        return {key: version for key, version in held.items() if version is not None}

    def _request(self, edit: Edit, by: str, now_ms: int) -> CatalogueRequest:
        based_on = self._revision_of(edit.key) if edit.based_on is None else edit.based_on
        return CatalogueRequest(
            id=secrets.token_hex(8),
            based_on=based_on,
            entry=edit.entry,
            from_ms=edit.from_ms,
            by=by,
            at_ms=now_ms,
        )

    def _revision_of(self, key: str) -> int:
        newest = self._catalogue.version(key)
        return newest.revision if newest else 0

    def _held(self, key: str, request: CatalogueRequest) -> CatalogueVersion | None:
        if self._catalogue.version(key) is None:
            return None
        versions = self._catalogue.history(key)
        return next((v for v in reversed(versions) if v.request == request.id), None)

    def _await(self, end: int, requests: Mapping[str, CatalogueRequest]) -> None:
        """Wait until the owner has decided everything before an offset, and that can be read.

        On Kafka a transaction's positions may be seen a little before its records.
        """
        deadline = self._clock.monotonic() + WAIT_S
        never = Event()
        while not (self._is_decided(end) and self._is_here(requests)):
            if self._clock.monotonic() > deadline:
                raise Unavailable(
                    "nobody takes changes of the catalogue now: does the role `catalogue` run? "
                    "The change may still be made when it does",
                    retry_after=WAIT_S,
                )
            never.wait(LOOK_S)

    def _is_decided(self, end: int) -> bool:
        """Whether the owner's group has come as far as an offset."""
        at = self._log.positions(CATALOGUE_CHANGES.name, OWNER.group)
        return at.get(_REQUESTS, 0) >= end

    def _is_here(self, requests: Mapping[str, CatalogueRequest]) -> bool:
        """Whether what was decided can be read: of what is refused, the version that was first."""
        self.refresh()
        return all(self._revision_of(key) != r.based_on for key, r in requests.items())
