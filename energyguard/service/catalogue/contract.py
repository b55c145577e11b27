"""What page, API and CLI may rely on of the catalogue; in full: ``catalogue.py`` beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from energyguard.catalogue import Catalogue
from energyguard.catalogue.changes import Edit
from energyguard.catalogue.listing import ALL_DEVICES, DeviceFilter
from energyguard.model.selector import DeviceFacts
from energyguard.records.catalogue import CatalogueVersion
from energyguard.service.catalogue.views import (
    CatalogueCard,
    EntryChange,
    FoundDevices,
    GroupCard,
    ImportPreview,
    SiteCard,
)


class SiteCatalogue(Protocol):
    """Sites, devices and groups, and their changes."""

    @property
    def entries(self) -> Catalogue:
        """What there is, as of now."""

    def find(
        self, wanted: DeviceFilter = ALL_DEVICES, offset: int = 0, limit: int = 50
    ) -> FoundDevices:
        """A page of the devices that fit, by name."""

    def detail(self, device_id: str) -> CatalogueCard:
        """A device with all that is known of it."""

    def rule_facts(self, device_id: str, topic: str) -> DeviceFacts:
        """What rules know of a device that sends to a topic: entered, or by its id."""

    def sites(self) -> list[SiteCard]:
        """Every site, each followed by those in it, by name."""

    def site(self, site_id: str) -> SiteCard:
        """One site."""

    def groups(self) -> list[GroupCard]:
        """Every group, by name."""

    def group(self, group_id: str) -> GroupCard:
        """One group."""

    def history(self, key: str) -> list[EntryChange]:
        """Who changed an entry, when and in what; newest first."""

    def put(self, edits: Sequence[Edit], by: str) -> Mapping[str, CatalogueVersion]:
        """Change entries; the versions that hold, by key."""

    def change(
        self,
        key: str,
        by: str,
        fields: Mapping[str, object],
        from_ms: int | None = None,
        based_on: int | None = None,
    ) -> CatalogueVersion:
        """Change fields of an entry, as they are in JSON; None: as nobody said it."""

    def remove(self, key: str, by: str, based_on: int | None = None) -> CatalogueVersion:
        """Take an entry out; its history stays."""

    def undo(self, key: str, by: str, revision: int | None = None) -> CatalogueVersion:
        """Let an entry be as a revision had it; None: as before the newest change."""

    def retire(self, device_id: str, by: str, at_ms: int | None = None) -> CatalogueVersion:
        """Say that a device is not there any more, from a time on; None: now."""

    def preview_file(self, data: bytes, name: str) -> ImportPreview:
        """What a file of the catalogue would change, and what is wrong in it."""

    def import_file(
        self, data: bytes, name: str, by: str, skip_faulty: bool = False
    ) -> ImportPreview:
        """Change what a file says; nothing where something is wrong in it, or all the rest."""

    def export_file(self, name: str, with_new: bool = False) -> str:
        """The catalogue as a file: `.toml` all of it, `.csv` its devices."""

    def swap(
        self, old: str, new: str, by: str, at_ms: int | None = None
    ) -> Mapping[str, CatalogueVersion]:
        """Let a device take another's place, from a time on; None: now."""
