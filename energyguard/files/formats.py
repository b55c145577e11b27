"""The registry of formats: each is a file in ``named/``, found by what it says of itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Final, Protocol

from energyguard.codecs.assembly import PlausibilityLimits
from energyguard.errors import ConfigError
from energyguard.files.found import NO_ANSWERS, FileAnswers, FileReadings
from energyguard.files.tables.delimited import read_delimited
from energyguard.files.tables.reading import KnownLayout

HEAD_BYTES: Final = 65_536
NAMED: Final[tuple[str, ...]] = (
    "nem12",
    "nem13",
    "espi",
    "octopus",
    "octopus_json",
    "inexogy_json",
    "lcl",
    "uci",
    "enedis",
    "enedis_workbook",
    "n3rgy",
    "n3rgy_json",
    "iotawatt",
    "homeassistant_energy",
    "homeassistant_statistics",
    "homeassistant",
    "wiener_netze",
    "emporia",
    "sense",
    "sdge",
    "smt",
    "opower",
    "ausgrid",
    "refit",
    "consumption",
)
"""The formats, in the order in which they are looked for."""


class ReadFile(Protocol):
    """Reads the whole text of a file."""

    def __call__(
        self, data: bytes, name: str, answers: FileAnswers, limits: PlausibilityLimits
    ) -> FileReadings:
        """Its readings.

        Raises:
            Malformed: it is of this format and cannot be read.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFormat:
    """A format of files.

    Attributes:
        name: one word, as people say it: ``--as NAME``.
        title: who writes it, and what.
        source: where its specification is, or who describes it.
        becomes: what its readings are: channels, signs, devices, times.
        left_out: what of it is not read.
        example: a small file.
        answers: what must be said of the example.
        recognises: whether a file that begins so is of it.
        read: reads one.
    """

    name: str
    title: str
    source: str
    becomes: str
    left_out: str
    example: bytes
    recognises: Callable[[bytes], bool]
    read: ReadFile
    answers: FileAnswers = NO_ANSWERS


def of_table(known: KnownLayout, format_name: str) -> ReadFile:
    """Reads files of a named format that is a delimited table."""

    def read(
        data: bytes, name: str, answers: FileAnswers, limits: PlausibilityLimits
    ) -> FileReadings:
        return read_delimited(data, name, answers, limits, known, format_name)

    return read


def headed_by(*words: str) -> Callable[[bytes], bool]:
    """Whether one of the first lines has all of these words, in any case; of ``a|b`` one."""
    wanted = tuple(word.lower().split("|") for word in words)

    def recognises(head: bytes) -> bool:
        lines = head[:HEAD_BYTES].decode(errors="replace").lower().split("\n")[:40]
        return any(all(any(word in line for word in either) for either in wanted) for line in lines)

    return recognises


def begins_with(pattern: str) -> Callable[[bytes], bool]:
    """Whether a file begins as a regular expression says, after blanks."""
    begin = re.compile(pattern.encode(), re.IGNORECASE)
    return lambda head: begin.match(head.lstrip()) is not None


@lru_cache(maxsize=1)
def formats() -> Mapping[str, FileFormat]:
    """All named formats."""
    found: dict[str, FileFormat] = {}
    for module in NAMED:
        file_format: FileFormat = import_module(f"energyguard.files.named.{module}").FORMAT
        found[file_format.name] = file_format
    return found


def format_of(head: bytes, name: str) -> FileFormat | None:
    """The named format of a file; None: it is none of them.

    Args:
        head: how its text begins.
        name: as people say it; empty: found out.

    Raises:
        ConfigError: there is no such format.
    """
    if name:
        if name == TABLE:
            return None
        if name not in formats():
            names = ", ".join((TABLE, *formats()))
            raise ConfigError(f"--as {name}: no such format; there are: {names}")
        return formats()[name]
    return next((found for found in formats().values() if found.recognises(head)), None)


TABLE: Final = "table"
"""The name of the format of any delimited table."""
