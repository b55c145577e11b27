"""Sites, devices and groups as people see and change them: the catalogue behind the facade."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from threading import Lock

import msgspec

from energyguard.audit import AuditTrail
from energyguard.catalogue import Catalogue
from energyguard.catalogue.changes import CatalogueChanges, Edit
from energyguard.catalogue.checks import PlannedCatalogue, known_key
from energyguard.catalogue.differences import changed_fields, with_fields
from energyguard.catalogue.energy import with_direction
from energyguard.catalogue.known import Known, KnownPlaces
from energyguard.catalogue.listing import ALL_DEVICES, DeviceFilter, DeviceListing
from energyguard.catalogue.terms import with_successor
from energyguard.clock import Clock
from energyguard.domain import load
from energyguard.errors import Conflict, Faulty, NotFound
from energyguard.log import Fetched, Log
from energyguard.model.catalogue import DEVICE, Entry
from energyguard.model.selector import DeviceFacts
from energyguard.model.topics import CATALOGUE
from energyguard.pipeline import PLACES
from energyguard.records.catalogue import CatalogueVersion
from energyguard.service.catalogue.cards import CatalogueCards
from energyguard.service.catalogue.files import CatalogueFiles
from energyguard.service.catalogue.views import (
    CatalogueCard,
    EntryChange,
    FieldChange,
    FoundDevices,
    GroupCard,
    SiteCard,
)
from energyguard.service.intake.senders import Senders

MAX_NAMED = 10
"""Entries that the audit names of a change; the others have their history."""
PAST_WAIT_S = 2.0
"""How long who looks for a device waits for the history, the first time."""


class CatalogueVerbs(CatalogueFiles):
    """The catalogue, and its changes. Thread-safe.

    Attributes:
        entries: what there is, as of now.
        senders: the devices that ever sent; None: nobody knows.

    Args:
        log: where changes go.
        zone: of what stands nowhere.
        clock: the wall clock.
    """

    def __init__(self, log: Log, zone: str, clock: Clock) -> None:
        self.entries = Catalogue(zone)
        self.senders: Senders | None = None
        self._listing = DeviceListing(self.entries)
        self._cards = CatalogueCards(self.entries, self._listing)
        self._changes, self._clock = CatalogueChanges(log, self.entries, clock), clock
        self._changing, self._audit = Lock(), AuditTrail(log, clock)
        self._known: Mapping[str, KnownPlaces] = {
            name: load(places.fold)() for name, places in PLACES.items()
        }
        self._seeing = Lock()
        self.takers: Mapping[str, Callable[[Fetched], object]] = {
            CATALOGUE.name: self.entries.take,
            **{
                topic.name: partial(self._take_known, name)
                for name, places in PLACES.items()
                for topic in places.topics
            },
        }

    # What there is

    def find(
        self, wanted: DeviceFilter = ALL_DEVICES, offset: int = 0, limit: int = 50
    ) -> FoundDevices:
        """A page of the devices that fit, by name: entered, known to a domain, or senders."""
        self.meet_all()
        found = self._listing.find(wanted)
        rows = tuple(self._cards.row(device) for device in found[offset : offset + limit])
        return FoundDevices(rows, len(found), offset)

    def detail(self, device_id: str) -> CatalogueCard:
        """A device with all that is known of it.

        Raises:
            NotFound: it never sent, and nobody entered it.
        """
        self.meet_all()
        return self._cards.device(device_id)

    def rule_facts(self, device_id: str, topic: str) -> DeviceFacts:
        """What rules know of a device that sends to a topic: entered, or by its id."""
        return self._cards.rule_facts(device_id, topic, self._known.values())

    def sites(self) -> list[SiteCard]:
        """Every site, each followed by those in it, by name."""
        self.meet_all()
        return self._cards.sites()

    def site(self, site_id: str) -> SiteCard:
        """One site.

        Raises:
            NotFound: there is none.
        """
        return self._cards.site(site_id)

    def groups(self) -> list[GroupCard]:
        """Every group, by name."""
        return self._cards.groups()

    def group(self, group_id: str) -> GroupCard:
        """One group.

        Raises:
            NotFound: there is none.
        """
        return self._cards.group(group_id)

    def history(self, key: str) -> list[EntryChange]:
        """Who changed an entry, when and in what; newest first.

        Raises:
            NotFound: nobody ever entered it.
        """
        versions = self.entries.history(known_key(key))
        before: Entry | None = None
        found = []
        for version in versions:
            what = "changed" if before is not None else "entered"
            fields = changed_fields(before, version.entry)
            found.append(
                EntryChange(
                    revision=version.revision,
                    by=version.by,
                    at_ms=version.at_ms,
                    from_ms=version.from_ms,
                    what="taken out" if version.entry is None else what,
                    fields=tuple(FieldChange(*field) for field in fields),
                )
            )
            before = version.entry
        return found[::-1]

    # Changes

    def put(self, edits: Sequence[Edit], by: str) -> Mapping[str, CatalogueVersion]:
        """Change entries; the versions that hold, by key.

        Raises:
            Faulty: some of them cannot be so; nothing was changed.
            Conflict: somebody else changed one of them meanwhile; the others hold.
            Unavailable: nobody takes changes now.
        """
        for edit in edits:
            known_key(edit.key)
        with self._changing:
            self._check(edits)
            versions = self._changes.put(edits, by)
        names, more = [edit.key for edit in edits[:MAX_NAMED]], len(edits) - MAX_NAMED
        about = ", ".join(names) + (f" and {more} more" if more > 0 else "")
        self._audit.note("catalogue change", by, about)
        return versions

    def change(
        self,
        key: str,
        by: str,
        fields: Mapping[str, object],
        from_ms: int | None = None,
        based_on: int | None = None,
    ) -> CatalogueVersion:
        """Change fields of an entry, as they are in JSON; None: as nobody said it.

        ``labels`` and ``channels`` are changed by name: ``{"floor": None}`` takes one out. What
        only a domain knows, or only sends, is entered by it.

        Raises:
            Faulty: it cannot be so, or there is no such field.
            Conflict: somebody else changed it meanwhile.
        """
        kind = known_key(key).partition("/")[0]
        fields = {n: v.strip() if isinstance(v, str) else v for n, v in fields.items()}
        entry = with_fields(kind, self.entries.entry(key), fields)
        return self.put([Edit(key, entry, from_ms, based_on)], by)[key]

    def remove(self, key: str, by: str, based_on: int | None = None) -> CatalogueVersion:
        """Take an entry out; its history stays. What it is of, sends on.

        Raises:
            NotFound: nobody has entered it.
            Faulty: others stand in it, or are made of it; they are named.
        """
        version = self.entries.version(known_key(key))
        if version is None or version.entry is None:
            raise NotFound(f"nobody has entered {key}")
        return self.put([Edit(key, None, None, based_on)], by)[key]

    def undo(self, key: str, by: str, revision: int | None = None) -> CatalogueVersion:
        """Let an entry be as a revision had it; None: as before the newest change.

        Raises:
            NotFound: it never was as of this revision.
        """
        versions = self.entries.history(known_key(key))
        if revision is None:
            entry = versions[-2].entry if len(versions) > 1 else None
        else:
            found = [version for version in versions if version.revision == revision]
            if not found:
                raise NotFound(f"{key} has no revision {revision}")
            entry = found[0].entry
        if entry == versions[-1].entry:
            raise Conflict(f"{key} is so already")
        return self.put([Edit(key, entry, None, versions[-1].revision)], by)[key]

    def retire(self, device_id: str, by: str, at_ms: int | None = None) -> CatalogueVersion:
        """Say that a device is not there any more, from a time on; None: now."""
        at_ms = self._clock.now_ms() if at_ms is None else at_ms
        return self.change(f"{DEVICE}/{device_id}", by, {"retired_ms": at_ms})

    def swap(
        self, old: str, new: str, by: str, at_ms: int | None = None
    ) -> Mapping[str, CatalogueVersion]:
        """Let a device take another's place, from a time on; None: now.

        The new one gets the place, groups, labels and name of the old one, where it has none, and
        counts beside it in the virtual devices of which that is a part.

        Raises:
            Faulty: it cannot be so.
        """
        at_ms = self._clock.now_ms() if at_ms is None else at_ms
        self.meet_all()
        before, after = self._cards.device(old).device, self.entries.devices.get(new)
        gone = {"retired_ms": at_ms, "replaced_by": new}
        entry = with_fields(DEVICE, before, gone)
        placed = with_fields(DEVICE, before, {"retired_ms": None, "replaced_by": None})
        if after is not None:
            own = msgspec.to_builtins(after)
            placed = with_fields(DEVICE, placed, {n: v for n, v in own.items() if v and n != "is"})
        placed = with_direction(placed, new, old)
        edits = [Edit(f"{DEVICE}/{old}", entry), Edit(f"{DEVICE}/{new}", placed)]
        for name, sum_of in list(self.entries.devices.items()):
            if (after_it := with_successor(sum_of, old, new)) != sum_of and name not in (old, new):
                edits.append(Edit(f"{DEVICE}/{name}", after_it))
        return self.put(edits, by)

    def _check(self, edits: Sequence[Edit]) -> None:
        """See that changes can be so.

        Raises:
            Faulty: they cannot.
        """
        planned = {edit.key: edit.entry for edit in edits}
        if len(planned) < len(edits):
            raise Faulty("the same entry stands there twice")
        if faults := PlannedCatalogue(self.entries, planned).faults():
            raise Faulty(*map(str, faults), field=faults[0].field or None)

    # Who sends, and what domains know

    def meet(self) -> None:
        """Let who sends now be in the list; the past is not asked."""
        if self.senders is not None:
            self._add(self.senders.new())

    def meet_all(self) -> None:
        """Let who ever sent be in the list."""
        if self.senders is not None:
            self._add(self.senders.new(PAST_WAIT_S))

    def _add(self, senders: Iterable[tuple[str, str]]) -> None:
        news = list(senders)
        self._listing.add_senders(device for device, _ in news)
        with self._seeing:
            for name, places in self._known.items():
                for device, topic in news:
                    self._see(name, places.sender(device, topic))

    def _take_known(self, name: str, fetched: Fetched) -> None:
        with self._seeing:
            self._see(name, self._known[name].take(fetched))

    def _see(self, name: str, known: Known) -> None:
        for key, entry in known:
            self.entries.see(key, entry, name)
