"""The catalogue from a file and into one: behind the facade."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from energyguard.catalogue import Catalogue
from energyguard.catalogue.changes import Edit
from energyguard.catalogue.files import FileChanges, read_changes, write_csv, write_toml
from energyguard.catalogue.listing import DeviceFilter, DeviceListing
from energyguard.errors import Faulty, Malformed
from energyguard.model.catalogue import Device, Entry
from energyguard.records.catalogue import CatalogueVersion
from energyguard.service.catalogue.views import ImportPreview

AT_ONCE = 4_000
"""So many changes are asked for together: what a transaction of the owner has about."""
MAX_FAULTS = 1_000
"""So many faults of a file are listed."""


class CatalogueFiles(ABC):
    """What is done with files.

    Attributes:
        entries: what there is, as of now.
    """

    entries: Catalogue
    _listing: DeviceListing

    @abstractmethod
    def put(self, edits: Sequence[Edit], by: str) -> Mapping[str, CatalogueVersion]:
        """Change entries."""

    @abstractmethod
    def meet_all(self) -> None:
        """Let who ever sent be in the list."""

    def preview_file(self, data: bytes, name: str) -> ImportPreview:
        """What a file of the catalogue would change, and what is wrong in it.

        Args:
            data: of the file.
            name: its name, which says what it is: ``.toml`` or ``.csv``.

        Raises:
            Malformed: the name does not say it.
        """
        return _preview(read_changes(data, name, self.entries))

    def import_file(
        self, data: bytes, name: str, by: str, skip_faulty: bool = False
    ) -> ImportPreview:
        """Change what a file says; what it does not name stays as it is.

        Args:
            data: of the file.
            name: its name, which says what it is: ``.toml`` or ``.csv``.
            by: who does it.
            skip_faulty: leave out what is wrong; else nothing is changed where something is.

        Raises:
            Faulty: something is wrong in it; each fault has its line.
            Malformed: the name does not say what it is.
            Conflict: somebody else changed some of it meanwhile; the rest holds.
        """
        changes = read_changes(data, name, self.entries)
        if changes.faults and not skip_faulty:
            left_out = len(changes.faults) - MAX_FAULTS
            more = (f"{name}: and {left_out} more",) if left_out > 0 else ()
            raise Faulty(*changes.faults[:MAX_FAULTS], *more)
        edits = [Edit(key, entry) for key, entry in changes.entries.items()]
        for begin in range(0, len(edits), AT_ONCE):
            self.put(edits[begin : begin + AT_ONCE], by)
        return _preview(changes, len(edits))

    def export_file(self, name: str, with_new: bool = False) -> str:
        """The catalogue as a file, which read again changes nothing.

        Args:
            name: of the file: ``.toml`` has all that people entered, ``.csv`` the devices.
            with_new: also devices that nobody entered: to give them names in a spreadsheet.

        Raises:
            Malformed: the name says neither.
        """
        found: dict[str, Entry] = {
            key: entry
            for key in self.entries
            if (entry := self.entries.entry(key)) is not None
            and (with_new or self.entries.is_entered(key))
        }
        if with_new:
            self.meet_all()
            for device in self._listing.find(DeviceFilter(state="new")):
                found.setdefault(f"device/{device}", Device(name=""))
        return catalogue_text(found, name)


def catalogue_text(found: Mapping[str, Entry], name: str) -> str:
    """Entries as a file.

    Args:
        found: the entries, by key.
        name: of the file: ``.toml`` has all of them, ``.csv`` the devices.

    Raises:
        Malformed: the name says neither.
    """
    if name.lower().endswith(".toml"):
        return write_toml(found)
    if name.lower().endswith(".csv"):
        devices = {
            key.partition("/")[2]: entry
            for key, entry in found.items()
            if isinstance(entry, Device)
        }
        return write_csv(devices)
    raise Malformed(f"{name}: a catalogue is .toml or .csv", "name")


def _preview(changes: FileChanges, written: int = 0) -> ImportPreview:
    new = set(changes.new)
    return ImportPreview(
        new=tuple(changes.new),
        changed=tuple(key for key in changes.entries if key not in new),
        same=changes.same,
        faults=tuple(changes.faults[:MAX_FAULTS]),
        written=written,
    )
