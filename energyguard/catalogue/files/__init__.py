"""The catalogue as a file: TOML for all of it, CSV for its devices.

    cells.py     what stands in a file instead of a field: times, signed parts
    csv_file.py  a row a device, for spreadsheets
    toml_file.py a table an entry
    reading.py   what a file would change, and every fault of it with its line

What a file does not name stays as it is: a CSV of ``id,name`` gives names, and nothing else.
"""

from __future__ import annotations

from energyguard.catalogue.files.cells import from_file, to_file
from energyguard.catalogue.files.csv_file import fields_of, write_csv
from energyguard.catalogue.files.reading import FileChanges, read_changes
from energyguard.catalogue.files.toml_file import write_toml

__all__ = [
    "FileChanges",
    "fields_of",
    "from_file",
    "read_changes",
    "to_file",
    "write_csv",
    "write_toml",
]
