"""What a file would change in a catalogue, and every fault of it, with its line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from energyguard.catalogue.checks import PlannedCatalogue
from energyguard.catalogue.differences import with_fields
from energyguard.catalogue.files.cells import FileRow, from_file
from energyguard.catalogue.files.csv_file import read_csv
from energyguard.catalogue.files.toml_file import read_toml
from energyguard.catalogue.fold import Catalogue
from energyguard.errors import Faulty, Malformed
from energyguard.model.catalogue import Device, Entry, parts_of

READERS = {".csv": read_csv, ".toml": read_toml}


@dataclass
class FileChanges:
    """What a file would change.

    Attributes:
        entries: what it makes new or another, by key.
        new: which of them are not there yet.
        same: how many entries of the file are so already.
        faults: what is wrong, as ``file:line: reason``, in the order of lines.
    """

    entries: dict[str, Entry] = field(default_factory=dict)
    new: list[str] = field(default_factory=list)
    same: int = 0
    faults: list[str] = field(default_factory=list)


def read_changes(data: bytes, name: str, catalogue: Catalogue) -> FileChanges:
    """Hold a file against a catalogue; what is wrong in it is left out, and told.

    Args:
        data: of the file.
        name: its name: ``.toml`` or ``.csv``.
        catalogue: as it is.

    Raises:
        Malformed: the name does not say what it is.
    """
    reader = next((read for end, read in READERS.items() if name.lower().endswith(end)), None)
    if reader is None:
        raise Malformed(f"{name}: a catalogue is {' or '.join(READERS)}", "name")
    faults: list[tuple[int, str]] = []
    text = _decoded(data, faults)
    rows = [] if text is None else list(reader(text, faults))
    changes = FileChanges()
    lines = {row.key: row for row in reversed(rows)}
    for row, entry in _entries(rows, catalogue, faults):
        before = catalogue.entry(row.key)
        if entry == (Device(name="") if before is None and isinstance(entry, Device) else before):
            changes.same += 1
            continue
        changes.entries[row.key] = entry
        if before is None:
            changes.new.append(row.key)
    while wrong := PlannedCatalogue(catalogue, {**changes.entries}).faults():
        for fault in wrong:
            row = lines[fault.key]
            first = fault.field.partition(".")[0]
            at = row.lines.get(first, row.line)
            faults.append((at, ": ".join(part for part in fault if part)))
            changes.entries.pop(fault.key, None)
    changes.new = [key for key in changes.new if key in changes.entries]
    changes.faults = [f"{name}:{line}: {reason}" for line, reason in sorted(faults)]
    return changes


def _entries(
    rows: Iterable[FileRow], catalogue: Catalogue, faults: list[tuple[int, str]]
) -> Iterator[tuple[FileRow, Entry]]:
    first: dict[str, int] = {}
    for row in rows:
        kind, _, _ = row.key.partition("/")
        try:
            parts_of(row.key)
            if row.key in first:
                raise Faulty(f"stands in line {first[row.key]}, too")
            first[row.key] = row.line
            yield row, with_fields(kind, catalogue.entry(row.key), _given(row.fields))
        except (Faulty, ValueError) as error:
            about = error.field if isinstance(error, Faulty) else str(error).partition(":")[0]
            at = row.lines.get((about or "").partition(".")[0], row.line)
            faults += [(at, f"{row.key}: {reason}") for reason in str(error).splitlines()]


def _given(fields: Mapping[str, object]) -> Mapping[str, object]:
    given = from_file(fields)
    if "retired_ms" in fields:
        raise ValueError("retired_ms: write retired = 2026-11-01T00:00:00Z")
    return given


def _decoded(data: bytes, faults: list[tuple[int, str]]) -> str | None:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        faults.append((line, "is not UTF-8: save the file as CSV UTF-8"))
        return None
