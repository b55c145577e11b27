"""The catalogue for somebody who may not change all of it, or not see all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from energyguard.catalogue import Catalogue
from energyguard.catalogue.changes import Edit
from energyguard.catalogue.checks import known_key
from energyguard.catalogue.differences import with_fields
from energyguard.catalogue.listing import ALL_DEVICES, DeviceFilter
from energyguard.errors import Forbidden, NotFound
from energyguard.model.access import AccessRole, Caller
from energyguard.model.catalogue import DEVICE, Device, Entry, key_of, parts_of
from energyguard.model.selector import DeviceFacts
from energyguard.records.catalogue import CatalogueVersion
from energyguard.service.catalogue.cards import CatalogueCards
from energyguard.service.catalogue.contract import SiteCatalogue
from energyguard.service.catalogue.files import catalogue_text
from energyguard.service.catalogue.views import (
    CatalogueCard,
    EntryChange,
    FoundDevices,
    GroupCard,
    ImportPreview,
    SiteCard,
)
from energyguard.service.limited.site_scope import SiteScope


class LimitedCatalogue:
    """Devices are changed with ``operate``, where they are seen; all else is an admin's.

    Args:
        whole: of all.
        caller: who asks.
        scope: what is seen; None: all.
    """

    def __init__(self, whole: SiteCatalogue, caller: Caller, scope: SiteScope | None) -> None:
        self._whole, self._caller, self._scope = whole, caller, scope

    # What there is, as far as it is seen

    @property
    def entries(self) -> Catalogue:
        """What there is."""
        return self._whole.entries if self._scope is None else self._scope.entries

    def find(
        self, wanted: DeviceFilter = ALL_DEVICES, offset: int = 0, limit: int = 50
    ) -> FoundDevices:
        """A page of the devices that fit, by name."""
        if self._scope is None:
            return self._whole.find(wanted, offset, limit)
        cards, found = self._cards(self._scope), self._scope.listing.find(wanted)
        rows = tuple(cards.row(device) for device in found[offset : offset + limit])
        return FoundDevices(rows, len(found), offset)

    def rule_facts(self, device_id: str, topic: str) -> DeviceFacts:
        """What rules know of a device that is seen; of another its id alone."""
        if self._scope is not None and device_id not in self._scope:
            return DeviceFacts(device_id)
        return self._whole.rule_facts(device_id, topic)

    def detail(self, device_id: str) -> CatalogueCard:
        """A device with all that is known of it.

        Raises:
            NotFound: it is not seen.
        """
        if self._scope is None:
            return self._whole.detail(device_id)
        if device_id not in self._scope:
            raise NotFound(f"no device {device_id!r}")
        return self._cards(self._scope).device(device_id)

    def sites(self) -> list[SiteCard]:
        """Every site, each followed by those in it, by name."""
        return self._whole.sites() if self._scope is None else self._cards(self._scope).sites()

    def site(self, site_id: str) -> SiteCard:
        """One site."""
        whole, scope = self._whole, self._scope
        return whole.site(site_id) if scope is None else self._cards(scope).site(site_id)

    def groups(self) -> list[GroupCard]:
        """Every group, by name."""
        return self._whole.groups() if self._scope is None else self._cards(self._scope).groups()

    def group(self, group_id: str) -> GroupCard:
        """One group."""
        whole, scope = self._whole, self._scope
        return whole.group(group_id) if scope is None else self._cards(scope).group(group_id)

    def history(self, key: str) -> list[EntryChange]:
        """Who changed an entry, when and in what; newest first.

        Raises:
            NotFound: it is not seen.
        """
        if self._scope is not None and self._scope.entries.entry(key) is None:
            raise NotFound(f"nobody ever entered {key}")
        return self._whole.history(key)

    @staticmethod
    def _cards(scope: SiteScope) -> CatalogueCards:
        return CatalogueCards(scope.entries, scope.listing)

    # Changes

    def put(self, edits: Sequence[Edit], by: str) -> Mapping[str, CatalogueVersion]:
        """Change entries.

        Raises:
            Forbidden: one of the edits may not be made; none was.
        """
        for edit in edits:
            self._check(edit.key, edit.entry)
        return self._whole.put(edits, by)

    def change(
        self,
        key: str,
        by: str,
        fields: Mapping[str, object],
        from_ms: int | None = None,
        based_on: int | None = None,
    ) -> CatalogueVersion:
        """Change fields of an entry.

        Raises:
            Forbidden: it may not be changed, or not to this.
        """
        kind = self._kind(key)
        if self._scope is not None:
            self._check(key, with_fields(kind, self.entries.entry(key), fields))
            if based_on is None:  # what was looked at is what is changed
                version = self.entries.version(key)
                based_on = version.revision if version else 0
        return self._whole.change(key, by, fields, from_ms, based_on)

    def remove(self, key: str, by: str, based_on: int | None = None) -> CatalogueVersion:
        """Take an entry out: an admin's.

        Raises:
            Forbidden: the caller is none.
        """
        self._check_admin(key)
        return self._whole.remove(key, by, based_on)

    def undo(self, key: str, by: str, revision: int | None = None) -> CatalogueVersion:
        """Let an entry be as a revision had it.

        Raises:
            Forbidden: it may not be changed, or not to this.
        """
        self._kind(key)
        if self._scope is not None:
            versions = self.entries.history(key)
            chosen = [v.entry for v in versions if v.revision == revision]
            before = versions[-2].entry if len(versions) > 1 else None
            self._check(key, before if revision is None else next(iter(chosen), None))
        return self._whole.undo(key, by, revision)

    def retire(self, device_id: str, by: str, at_ms: int | None = None) -> CatalogueVersion:
        """Say that a device is not there any more, from a time on; None: now."""
        self._check_devices(device_id)
        return self._whole.retire(device_id, by, at_ms)

    def swap(
        self, old: str, new: str, by: str, at_ms: int | None = None
    ) -> Mapping[str, CatalogueVersion]:
        """Let a device take another's place, from a time on; None: now."""
        self._check_devices(old, new)
        return self._whole.swap(old, new, by, at_ms)

    def preview_file(self, data: bytes, name: str) -> ImportPreview:
        """What a file of the catalogue would change: for an admin."""
        self._check_admin(name)
        return self._whole.preview_file(data, name)

    def import_file(
        self, data: bytes, name: str, by: str, skip_faulty: bool = False
    ) -> ImportPreview:
        """Change what a file says: for an admin."""
        self._check_admin(name)
        return self._whole.import_file(data, name, by, skip_faulty)

    def export_file(self, name: str, with_new: bool = False) -> str:
        """The catalogue as a file, as far as it is seen; what nobody entered is at no site."""
        if self._scope is None:
            return self._whole.export_file(name, with_new)
        seen, whole = self._scope.entries, self._whole.entries
        found = {
            key: entry
            for key in seen
            if (entry := seen.entry(key)) is not None and (with_new or whole.is_entered(key))
        }
        return catalogue_text(found, name)

    def _check_admin(self, what: str) -> None:
        """See that the caller may change all of the catalogue.

        Raises:
            Forbidden: it may not.
        """
        if self._scope is not None or not self._caller.may(AccessRole.ADMIN):
            raise Forbidden(f"{what}: this takes the role admin, for all sites")

    def _check_devices(self, *devices: str) -> None:
        for device in devices:
            self._kind(key_of(DEVICE, device))
            if self._scope is not None:
                self._scope.check(device)

    def _kind(self, key: str) -> str:
        """What a key is of, for somebody who may change such.

        Raises:
            Forbidden: the caller may not.
        """
        kind = known_key(key).partition("/")[0]
        admin = self._caller.may(AccessRole.ADMIN) and self._scope is None
        if not admin and (kind != DEVICE or not self._caller.may(AccessRole.OPERATE)):
            needed = AccessRole.OPERATE if kind == DEVICE else AccessRole.ADMIN
            raise Forbidden(f"{key}: to change it takes the role {needed!s}")
        return kind

    def _check(self, key: str, new: Entry | None) -> None:
        """See that an entry may be changed to this.

        Raises:
            Forbidden: it may not.
        """
        self._kind(key)
        if self._scope is None:
            return
        if not isinstance(new, Device) or new.site not in self._scope.entries.sites:
            raise Forbidden(f"{key}: it must stay at your sites")
        for device in (parts_of(key)[1], *(term.device for term in new.terms)):
            self._scope.check(device)
