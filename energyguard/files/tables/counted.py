"""How a column of energy is counted: per interval, or by a register that only grows."""

from __future__ import annotations

from typing import Final

from energyguard.codecs.headers import VALUES
from energyguard.files.found import FileDoubt, FileFinding
from energyguard.files.tables.layout import ALL, COUNTS, ValueColumn
from energyguard.files.tables.physics import falls_often, grows_slowly, is_register
from energyguard.files.tables.reading import TableRead
from energyguard.files.values.moments import Ints
from energyguard.files.values.words import ENERGY
from energyguard.model.quantities import NANO

_INTERVAL, _REGISTER = COUNTS
_WORDS: Final = "its header says interval, and it grows like a counter"


def counts_of(read: TableRead, column: ValueColumn, nano: Ints, time: Ints, whose: Ints) -> str:
    """``interval`` or ``register``: by the words of its header, else by what is possible.

    Args:
        read: the table; what is open becomes a doubt of it.
        column: one of energy.
        nano: its values, 1e-9 kWh.
        time: of each, in ms.
        whose: of each a number: values of one number follow one another.
    """
    if column.counts == _REGISTER and falls_often(nano, time, whose):
        why = "it falls too often for a register"
        read.findings.append(FileFinding(column.name, _INTERVAL, why))
        return _INTERVAL
    if column.counts == _INTERVAL and not _is_stated(read, column):
        limit = round(read.limits.plausible_kwh * NANO)
        if grows_slowly(nano, time, whose, limit):
            read.doubts.append(_doubt(column.name, column.name, (_REGISTER, _INTERVAL), _WORDS))
            return _INTERVAL
    if column.counts:
        return column.counts
    if column.unit is None:  # that is a doubt already
        return _INTERVAL
    by_physics, why = is_register(nano, time, whose)
    if by_physics is None:
        return _as_others(read, column)
    counts = _REGISTER if by_physics else _INTERVAL
    read.findings.append(FileFinding(column.name, counts, why))
    return counts


def _is_stated(read: TableRead, column: ValueColumn) -> bool:
    """Whether people, a format or a name of ours say how a column is counted."""
    name = column.name.lower()
    stated = {key.lower() for key in read.answers.columns} | set(read.known.columns)
    return bool({name, ALL} & stated) or name in VALUES


def _as_others(read: TableRead, column: ValueColumn) -> str:
    """A column that leaves it open: as all others of energy beside it; else it is in doubt."""
    beside = [each for each in read.layout.values if each.place != column.place
              and each.unit is not None and each.unit.channel == ENERGY]  # fmt: skip
    kinds = {read.counted.get(each.place, each.counts) for each in beside} - {""}
    if read.layout.value is not None and column.place in read.counted:
        kinds.add(read.counted[column.place])  # of another channel of it
    if len(kinds) == 1:
        counts = kinds.pop()
        read.findings.append(FileFinding(column.name, counts, "as the others beside it"))
        return counts
    several = sum(not other.counts for other in read.layout.values) > 1
    several |= read.layout.value is not None
    if not (several and any(doubt.column == ALL for doubt in read.doubts)):
        name = ALL if several else column.name
        read.doubts.append(_doubt(column.name, name, COUNTS))
    return _INTERVAL


def _doubt(name: str, column: str, choices: tuple[str, ...], why: str = "") -> FileDoubt:
    behind = f" ({why})" if why else ""
    question = f"{name!r} may be energy per interval or a counter that only grows{behind}"
    return FileDoubt(question, "--map", choices, column)
