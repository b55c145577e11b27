"""JSON objects that one program wrote, all alike: lines of CSV without a look at each of them.

What stands between the values is the same in each object, so it is replaced in the whole block at
once. That every line is a sound object is shown by what is left: the marks in their order, and
numbers as JSON has them.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from energyguard.codecs.columns import Ints

_FIRST = re.compile(
    rb'(\{ *"timestamp" *: *")[^"\\\n]*(" *, *"household_id" *: *")[^"\\\n]*'
    rb'(" *, *"energy_kwh" *: *)[^ "\\\n}]+( *\})(?:\n|\Z)'
)
Codes = npt.NDArray[np.uint8]
_ENDS = bytes.maketrans(b"\x01\x02", b",,")


def lines_alike(text: bytes) -> bytes | None:
    """Lines of ``timestamp,household_id,energy_kwh`` from lines of JSON; None: look at each.

    Args:
        text: lines, the last one without its end.
    """
    found = _FIRST.match(text)
    if found is None:
        return None
    head, first, second, tail = found.groups()
    if not text.endswith(tail):
        return None
    marked = text.removeprefix(head).removesuffix(tail)
    marked = marked.replace(first, b"\x01").replace(second, b"\x02")
    marked = marked.replace(tail + b"\n" + head, b"\n")
    if any(odd in marked for odd in (b'"', b"\\", b",")):
        return None
    codes = np.frombuffer(marked, np.uint8)
    borders = np.flatnonzero(codes < ord(" "))
    lines = len(borders) // 3 + 1
    if not np.array_equal(codes[borders], np.tile([1, 2, 10], lines).astype(np.uint8)[:-1]):
        return None
    ends = np.append(borders[2::3], len(codes))
    return marked.translate(_ENDS) if _numbers(codes, borders[1::3] + 1, ends) else None


def _numbers(codes: Codes, begin: Ints, end: Ints) -> bool:
    """Whether fields begin and end as numbers of JSON do, without an exponent."""
    if (begin >= end).any():
        return False
    begin = begin + (codes[begin] == ord("-"))
    if not (begin < end).all() or not (_digits(codes[begin]) & _digits(codes[end - 1])).all():
        return False
    second = codes[np.minimum(begin + 1, end - 1)]
    if ((codes[begin] == ord("0")) & (begin + 1 < end) & _digits(second)).any():
        return False
    raised = np.flatnonzero((codes | 32) == ord("e")) if _may_be_raised(codes) else begin[:0]
    field = np.searchsorted(begin, raised, "right") - 1
    return not ((field >= 0) & (raised < end[field])).any()


def _digits(codes: Codes) -> npt.NDArray[np.bool_]:
    return (codes >= ord("0")) & (codes <= ord("9"))


def _may_be_raised(codes: Codes) -> bool:
    text = codes.tobytes()
    return b"e" in text or b"E" in text
