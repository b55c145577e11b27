"""A file becomes readings: unpacked, as text, by the format that it is of.

What the border knows already (our own CSV, JSON lines, Arrow, Parquet of our columns) is read as
everywhere else, block by block; everything else is looked at as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from energyguard.codecs.assembly import PlausibilityLimits, merge
from energyguard.codecs.formats import decode, plain, sniff
from energyguard.codecs.headers import known
from energyguard.errors import Malformed
from energyguard.files.distinct import contradictions
from energyguard.files.formats import HEAD_BYTES, format_of
from energyguard.files.found import FileAnswers, FileFinding, FileReadings
from energyguard.files.json_table import is_json, is_known_json, json_as_csv
from energyguard.files.known_tables import OtherTable, recognised
from energyguard.files.tables.delimited import read_delimited
from energyguard.files.tables.grid import grid_of
from energyguard.files.text.columnar import MARK, is_known_parquet
from energyguard.files.text.parts import sheets_of, text_of
from energyguard.files.text.unpack import Part, unpacked

_ZIP: Final = b"PK\x03\x04"
_LOOK: Final = 20


def read_file(path: Path, answers: FileAnswers, limits: PlausibilityLimits) -> FileReadings | None:
    """Read a file; None: it is one that the border knows, so it is read as everywhere else.

    Args:
        path: of the file: plain, gzipped, or a zip archive of files of one kind.
        answers: what people say of it.
        limits: what is plausible.

    Raises:
        NotFound: there is no such file.
        OtherTable: it has tables of a domain that are no readings.
        Malformed: it cannot be read, and the message says why.
        ConfigError: an answer is about nothing that there is.
    """
    if not answers.format and not answers.columns and is_known(path):
        return None
    parts = [sheet for part in unpacked(path) for sheet in _sheets(part)]
    return _together([_read(part, answers, limits) for part in parts], path.name)


def is_known(path: Path) -> bool:
    """Whether the border reads a file: by its header, or because its first lines can be taken."""
    from energyguard.codecs.files import first_block

    head = first_block(path)
    if head.startswith(MARK):
        return is_known_parquet(path)
    if known().of_bytes(head) is not None:
        return True
    if head.startswith(_ZIP) or b"\x00" in head or format_of(head, "") is not None:
        return False
    text = plain(head)
    if is_json(text):
        return is_known_json(text)
    first = b"\n".join(text.split(b"\n")[:_LOOK])
    found = sniff(first)
    if found.reason:
        return False
    _, decoded = decode(first, device="device")
    return bool(decoded.batch.num_rows) or (found.header_lines > 0 and not decoded.refused)


def _read(part: Part, answers: FileAnswers, limits: PlausibilityLimits) -> FileReadings:
    findings = list[FileFinding]()
    text, encoding = text_of(part)
    found = format_of(text[:HEAD_BYTES], answers.format)
    if found is None:
        if not answers.format and (tables := recognised(text, part.name)) is not None:
            raise OtherTable(part.name, tables)
        if is_json(text):
            text = json_as_csv(text, part.name)
            findings.append(FileFinding("JSON", part.name, "read as a table"))
        readings = read_delimited(text, part.name, answers, limits)
    else:
        readings = found.read(text, part.name, answers, limits)
        findings.insert(0, FileFinding("format", found.name, found.title))
    return replace(readings, findings=(*findings, *encoding, *readings.findings))


def _sheets(part: Part) -> list[Part]:
    """A file as it is; of a workbook its sheets with a table, which all have the same columns."""
    sheets = sheets_of(part, _has_table)
    if len(sheets) > 1:
        tables = {sheet.name.removeprefix(f"{part.name}:"): sheet.data for sheet in sheets}
        _check_alike(tables, part.name)
    return sheets


def _has_table(data: bytes) -> bool:
    if format_of(data[:HEAD_BYTES], "") is not None:
        return True
    try:
        grid_of(data, "")
    except Malformed:
        return False
    return True


def _check_alike(tables: Mapping[str, bytes], name: str) -> None:
    """Refuse sheets of different tables: one may sum up another one.

    Raises:
        Malformed: their headers differ.
    """
    headers = {title: grid_of(data, name).header for title, data in tables.items()}
    if len(set(headers.values())) > 1:
        titles = ", ".join(repr(title) for title in headers)
        raise Malformed(
            f"{name}: its sheets {titles} have tables of different columns, of which one may sum "
            "up another: save the sheet that is meant as a file of its own",
            "file",
        )


def _together(files: Sequence[FileReadings], name: str) -> FileReadings:
    """The files of an archive as one.

    Raises:
        Malformed: they contradict one another.
    """
    first = files[0]
    if len(files) == 1:
        return first
    findings = [
        FileFinding("archive", f"{len(files)} files", "each read by itself"),
        *first.findings,
    ]
    doubts = tuple(dict.fromkeys(doubt for file in files for doubt in file.doubts))
    refused = [row for file in files for row in file.decoded.refused]
    batches = [file.decoded.batch for file in files]
    decoded = merge(batches, [file.decoded.rows for file in files], refused)
    if what := contradictions(decoded.batch):
        why = f"{name}: {what}: bring the files of each device by themselves, with its --device"
        raise Malformed(why, "file")
    names = all(file.names_device for file in files)
    return replace(
        first, findings=tuple(findings), doubts=doubts, decoded=decoded, names_device=names
    )
