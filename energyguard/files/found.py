"""What is known of a file: what people answered, what was found, what is open, its readings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from energyguard.codecs import Decoded
from energyguard.errors import Malformed


@dataclass(frozen=True, slots=True)
class FileAnswers:
    """What people say of a file, beside the file.

    Attributes:
        format: the name of its format; empty: found out.
        zone: of its local times (IANA); empty: nobody says it.
        usual_zone: the zone that is assumed where nothing says one; empty: none is.
        device: whose readings they are, where no column says so; above columns that are devices.
        columns: by the name of a column, its role: ``time``, ``ignore``, ``energy_wh`` …
    """

    format: str = ""
    zone: str = ""
    usual_zone: str = ""
    device: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)

    def key(self) -> str:
        """What was answered, as text: other answers make other readings of the same file."""
        columns = ",".join(f"{name}={role}" for name, role in sorted(self.columns.items()))
        given = (self.device, self.format, self.zone or self.usual_zone, columns)
        return "|".join(given).rstrip("|")

    def answering(self, doubt: FileDoubt, answer: str) -> FileAnswers:
        """The same, with a doubt answered."""
        if doubt.option == "--zone":
            return replace(self, zone=answer)
        return self.with_role(doubt.column, answer)

    def with_role(self, column: str, role: str) -> FileAnswers:
        """The same, with what a column is; an empty role leaves it to the file."""
        others = {name: known for name, known in self.columns.items() if name != column}
        return replace(self, columns=others | ({column: role} if role else {}))


NO_ANSWERS: Final = FileAnswers()
OFFSET: Final = "its times say their offset"
SECONDS: Final = "its times are seconds since 1970"
MARKET_TIME: Final = "market time"
FIXED_ZONE: Final = (OFFSET, SECONDS, MARKET_TIME)
"""Why nobody has to say the zone of a file."""


class FileFinding(NamedTuple):
    """Something that was found out: ``decimal mark``, ``,``, ``5 of 5 numbers have one``."""

    what: str
    value: str
    why: str


class FileDoubt(NamedTuple):
    """A question that a file leaves open.

    Attributes:
        question: a sentence.
        option: the option that answers it: ``--zone``, ``--map``.
        choices: the answers that there are, the likeliest first; empty: any.
        column: the column that ``--map`` is about.
    """

    question: str
    option: str
    choices: tuple[str, ...] = ()
    column: str = ""

    def sentence(self) -> str:
        """The question, with how it is answered."""
        first = self.choices[0] if self.choices else "…"
        value = f'"{self.column}={first}"' if self.column else first
        others = f" (or {', '.join(self.choices[1:])})" if self.choices[1:] else ""
        return f"{self.question}: {self.option} {value}{others}"


class FileColumn(NamedTuple):
    """A column of a table, as it is read.

    Attributes:
        name: its header; ``*`` stands for all columns of a wide table.
        role: as people would say it: ``time``, ``energy_wh``; empty: not known yet.
        cells: the first of them.
    """

    name: str
    role: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileReadings:
    """A file that was read.

    Attributes:
        format: its format's name.
        findings: what was found out, and why.
        doubts: what is open; of a file with a doubt nothing may be taken.
        decoded: its readings, with their rows, and the rows refused.
        names_device: whether the file says whose readings they are.
        head: its first lines.
        columns: of a table; of other formats none.
    """

    format: str
    findings: tuple[FileFinding, ...]
    doubts: tuple[FileDoubt, ...]
    decoded: Decoded
    names_device: bool = True
    head: tuple[str, ...] = ()
    columns: tuple[FileColumn, ...] = ()


def check_doubts(name: str, doubts: Sequence[FileDoubt]) -> None:
    """Let a file without doubts pass.

    Raises:
        Malformed: it leaves a question open; the sentence has the option that answers it.
    """
    if doubts:
        questions = "; ".join(doubt.sentence() for doubt in doubts)
        raise Malformed(f"{name}: {questions}", "file")
