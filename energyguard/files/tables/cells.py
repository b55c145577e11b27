"""Columns of numbers: plain ones at once, the others each once, as people write them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.codecs.columns import LONG_NUMBER, tidy_number
from energyguard.errors import Malformed
from energyguard.files.tables.grid import MAX_CELL
from energyguard.files.values.moments import Bools
from energyguard.files.values.numbers import NO_VALUES, Numbers, Units

NUMBER_TYPE: Final = pa.decimal128(28, 9)
_PLAIN: Final = r"^[+-]?(?:\d{1,18}(?:\.\d{0,9})?|\.\d{1,9})$"
EMPTY_WORDS: Final = pa.array(["", *sorted(NO_VALUES)])


@dataclass(frozen=True, slots=True)
class NumberCells:
    """n numbers: ``values`` are decimals of nine places, null where ``empty`` or ``bad``."""

    values: pa.Array
    empty: Bools
    bad: Bools


def numbers_in(texts: pa.Array, reader: Numbers, units: Units) -> NumberCells:
    """Read a column of numbers.

    Args:
        texts: n cells.
        reader: how the file writes numbers.
        units: what may stand beside a number, and how many of the column's unit it is.
    """
    plain = texts
    if reader.commas and not reader.points:
        plain = pc.replace_substring(texts, ",", ".")
        dotted = pc.match_substring(texts, ".")
        plain = pc.if_else(dotted, texts, plain) if pc.any(dotted).as_py() else plain
    none = np.zeros(len(texts), bool)
    ambiguous = reader.commas and pc.any(pc.match_substring(texts, ".")).as_py()
    if not ambiguous:
        try:
            return NumberCells(plain.cast(NUMBER_TYPE), none, none)
        except pa.ArrowException:
            pass
    return _carefully(texts, plain, reader, units)


def _carefully(texts: pa.Array, plain: pa.Array, reader: Numbers, units: Units) -> NumberCells:
    """The same, where some cell is not plainly a number."""
    sound = pc.match_substring_regex(plain, _PLAIN)
    if reader.commas:
        sound = pc.and_(sound, pc.invert(pc.match_substring(texts, ".")))
    words = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    empty = np.asarray(pc.and_(pc.is_in(words, EMPTY_WORDS), pc.invert(sound)))
    odd = np.flatnonzero(~np.asarray(sound) & ~empty)
    encoded = texts.take(pa.array(odd)).dictionary_encode()
    read = [_number(text, reader, units) for text in encoded.dictionary.to_pylist()]
    values = pa.array(read, pa.string()).take(encoded.indices)
    whole = pc.if_else(sound, plain, pa.scalar(None, pa.string()))
    mask = np.zeros(len(texts), bool)
    mask[odd] = True
    whole = pc.replace_with_mask(whole, pa.array(mask), values)
    bad = mask.copy()
    bad[odd] = np.asarray(pc.is_null(values))
    return NumberCells(whole.cast(NUMBER_TYPE), empty, bad)


def _number(text: str, reader: Numbers, units: Units) -> str | None:
    """A number as a plain one; None: it is none."""
    text = text.strip()
    if len(text) > MAX_CELL:
        return None
    if LONG_NUMBER.fullmatch(text) and ("e" in text or "E" in text or not reader.commas):
        plain = tidy_number(text)
    else:
        try:
            plain = tidy_number(format(reader.number(text, units), "f"))
        except Malformed:
            return None
    whole = plain.lstrip("+-").partition(".")[0]
    return plain if len(whole) <= 18 and _is_plain(plain) else None


def _is_plain(text: str) -> bool:
    try:
        return Decimal(text).is_finite() and "e" not in text.lower()
    except ArithmeticError:
        return False
